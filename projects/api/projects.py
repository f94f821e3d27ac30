"""`projects/`: projects and their label schema."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, ProtectedError, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django_filters.rest_framework import FilterSet, UUIDFilter
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, etags
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Item, Label, Project, User
from projects.models.job import ACTIVE
from projects.pagination import CursorPages
from projects.problems import Problem, invalid
from projects.serializers.projects import (
    ChangeProjectSerializer,
    LabelSerializer,
    NewProjectSerializer,
    ProjectSerializer,
)

_STREET = {"name": "Street", "task": "detect", "labels": [{"name": "person"}, {"name": "car", "color": "#56B4E9"}]}


def _projects() -> QuerySet[Project]:
    items = Item.objects.filter(project=OuterRef("pk")).order_by().values("project").annotate(n=Count("pk"))
    return Project.objects.annotate(item_count=Coalesce(Subquery(items.values("n")), 0)).prefetch_related("labels")


def _as_json(user: Any, project: Project) -> dict[str, Any]:
    fresh = access.fetch(_projects(), user, project.pk)
    return ProjectSerializer(fresh, context={"ranks": access.project_ranks(user, [project.pk])}).data


class _Filters(FilterSet):
    """By the team's bare id: a list of all teams to choose from would tell which exist."""

    team = UUIDFilter(field_name="team")

    class Meta:
        model = Project
        fields = ("task",)


@extend_schema_view(get=extend_schema(operation_id="projects_list", tags=["projects"], summary="My projects"))
class Projects(generics.ListAPIView[Project]):
    serializer_class = ProjectSerializer
    filterset_class = _Filters

    def get_queryset(self) -> Any:
        return access.visible(_projects(), self.request.user)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        page = args[0] if args and isinstance(args[0], list) else []
        ranks = access.project_ranks(self.request.user, [project.pk for project in page]) if page else {}
        kwargs["context"] = {**self.get_serializer_context(), "ranks": ranks}
        return ProjectSerializer(*args, **kwargs)

    @extend_schema(
        operation_id="projects_create",
        tags=["projects"],
        request=NewProjectSerializer,
        responses={201: ProjectSerializer},
        examples=[OpenApiExample("Street", _STREET, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a project with its labels."""
        form = NewProjectSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        labels = wanted.pop("labels", [])
        assert isinstance(request.user, User)
        team = wanted.pop("team", None)
        if team is None:
            team = access.own_team(request.user).pk
        access.require_in_team(request.user, team, Act.CREATE_PROJECTS)
        with transaction.atomic():
            project = Project.objects.create(team_id=team, created_by=request.user, **wanted)
            for label in labels:
                project.add_label(**label)
        return etags.answer(request, _as_json(request.user, project), 201)


class OneProject(APIView):
    @extend_schema(operation_id="projects_get", tags=["projects"], responses=ProjectSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """A project with its labels."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        return etags.answer(request, _as_json(request.user, project))

    @extend_schema(
        operation_id="projects_change", tags=["projects"], request=ChangeProjectSerializer, responses=ProjectSerializer
    )
    def patch(self, request: Request, project_id: uuid.UUID) -> Response:
        """Change the name or the description (managers). `If-Match` guards against overwriting."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.EDIT_PROJECT)
        etags.require_match(request, _as_json(request.user, project))
        if isinstance(request.data, dict) and request.data.get("task", project.task) != project.task:
            raise invalid("/task", "The task is chosen once: make another project for another task.", "fixed")
        form = ChangeProjectSerializer(project, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        form.save()
        return etags.answer(request, _as_json(request.user, project))

    @extend_schema(
        operation_id="projects_delete",
        tags=["projects"],
        parameters=[OpenApiParameter("confirm", str, required=True, description="The project's name.")],
        responses={204: None},
    )
    def delete(self, request: Request, project_id: uuid.UUID) -> Response:
        """Delete a project with its items, labels, versions, models and pipelines (owners). For good."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.DELETE_PROJECT)
        etags.require_match(request, _as_json(request.user, project))
        if request.query_params.get("confirm") != project.name:
            detail = f"This deletes {project.items.count()} items and all their labels for good. To confirm, "
            raise invalid("/confirm", f"{detail}repeat it with ?confirm= and the project's name.", "unconfirmed")
        busy = project.jobs.filter(status__in=ACTIVE).count()
        if busy:
            raise Problem(409, "jobs-running", f"{busy} of its jobs still run: cancel them first.")
        project.erase()
        return Response(status=204)


class _LabelPages(CursorPages):
    ordering = ("ordinal", "id")


_NAME_TAKEN = (
    "The project has a label of this name already, upper and lower case being one: rename that one or choose another."
)


@extend_schema_view(get=extend_schema(operation_id="labels_list", tags=["labels"], summary="A project's labels"))
class Labels(generics.ListAPIView[Label]):
    queryset = Label.objects.none()  # for the description of the interface only
    serializer_class = LabelSerializer
    pagination_class = _LabelPages

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        return access.visible(Label.objects.filter(project=project), self.request.user)

    @extend_schema(
        operation_id="labels_create",
        tags=["labels"],
        request=LabelSerializer,
        responses={201: LabelSerializer},
        examples=[OpenApiExample("Bus", {"name": "bus", "color": "#009E73"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Add a label, with the next class index (managers)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.EDIT_LABELS)
        form = LabelSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            label = project.add_label(**form.validated_data)
        except IntegrityError:
            raise invalid("/name", _NAME_TAKEN, "duplicate") from None
        return etags.answer(request, LabelSerializer(label).data, 201)


class OneLabel(APIView):
    def _label(self, project_id: uuid.UUID, label_id: uuid.UUID, act: Act = Act.VIEW) -> Label:
        return access.fetch(Label.objects.filter(project=project_id), self.request.user, label_id, act)

    @extend_schema(operation_id="labels_get", tags=["labels"], responses=LabelSerializer)
    def get(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """A label."""
        return etags.answer(request, LabelSerializer(self._label(project_id, label_id)).data)

    @extend_schema(operation_id="labels_change", tags=["labels"], request=LabelSerializer, responses=LabelSerializer)
    def patch(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """Rename or recolour a label, or change its attributes (managers). Its annotations follow."""
        label = self._label(project_id, label_id, Act.EDIT_LABELS)
        etags.require_match(request, LabelSerializer(label).data)
        form = LabelSerializer(label, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                form.save()
        except IntegrityError:
            raise invalid("/name", _NAME_TAKEN, "duplicate") from None
        return etags.answer(request, form.data)

    @extend_schema(operation_id="labels_delete", tags=["labels"], responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """Delete a label that no annotation uses (managers)."""
        label = self._label(project_id, label_id, Act.EDIT_LABELS)
        etags.require_match(request, LabelSerializer(label).data)
        try:
            label.retire()
        except ProtectedError:
            uses = label.uses()
            count = "1 annotation uses" if uses == 1 else f"{uses} annotations use"
            detail = f"{count} the label {label.name!r}, deleted ones that can be restored included: rename it instead."
            raise Problem(409, "label-in-use", detail, uses=uses) from None
        return Response(status=204)
