"""States, assignments and 'next item' under /api/v1/."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Assignment, Part
from annotations.serializers.work import (
    AssignmentListSerializer,
    AssignSerializer,
    BulkStateSerializer,
    BulkStepSerializer,
    ChangeStateSerializer,
    NextItemSerializer,
    NextSerializer,
    RemovedSerializer,
    StateSerializer,
    UnassignSerializer,
)
from annotations.work import assigning, claims, progress
from annotations.work.desk import state_json
from projects import access, states
from projects.access import Act
from projects.items import item_json
from projects.models import Item, Project
from projects.problems import Problem, invalid
from projects.states import StateConflict

_TAGS = ["work"]
_MOST_ASSIGNMENTS = 2000


class ItemState(APIView):
    """The state of one item."""

    @extend_schema(operation_id="items_state", tags=_TAGS, responses=StateSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """The state, its changes (newest first, at most 50), and the states that you can take it to."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        return Response(state_json(item, access.project_rank(request.user, item.project_id)))

    @extend_schema(
        operation_id="items_state_change",
        tags=_TAGS,
        request=ChangeStateSerializer,
        responses={
            200: StateSerializer,
            409: OpenApiResponse(description="It is no longer in the state `from`; `state` is what it is in now."),
        },
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Submit an item for review or take it back (annotators); approve it or send it back (reviewers).

        With `from`, the state that the person saw, a stale page cannot overwrite somebody else's decision.
        """
        item = access.fetch(Item.every.all(), request.user, item_id)
        form = ChangeStateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        rank = access.require(request.user, item.project_id, states.act_for(item.state, wanted["state"]))
        try:
            states.change(item.pk, wanted["state"], request.user, wanted["reason"], seen=wanted["from"])
        except StateConflict as conflict:
            raise Problem(409, "state-changed", str(conflict), state=conflict.state) from None
        item.refresh_from_db()
        return Response(state_json(item, rank))


class ItemStates(APIView):
    """The states of many items of a project."""

    @extend_schema(
        operation_id="items_states_change", tags=_TAGS, request=BulkStateSerializer, responses=BulkStepSerializer
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Take up to 500 items to a state (submitting: annotators; approving and sending back: reviewers).

        Each goes by itself: `refused` names those that your role may not take there, and why.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.ANNOTATE)
        form = BulkStateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        rows = access.visible(Item.objects.filter(project=project, pk__in=wanted["items"]), request.user)
        changed, refused = [], []
        for item in rows.order_by("pk"):
            try:
                if states.change(item.pk, wanted["state"], request.user, wanted["reason"]) is not None:
                    changed.append(str(item.pk))
            except PermissionDenied as error:
                refused.append({"item": str(item.pk), "path": item.path, "detail": str(error)})
        return Response({"changed": changed, "refused": refused})


class Assignments(APIView):
    """Whose items are whose."""

    @extend_schema(
        operation_id="assignments_list",
        tags=_TAGS,
        parameters=[OpenApiParameter("user", str, description="Only this person's: an id, or `me`.")],
        responses=AssignmentListSerializer,
    )
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """A project's assignments (everybody in it), oldest first, at most 2000."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        rows = access.visible(Assignment.objects.filter(item__project=project), request.user)
        whose = request.query_params.get("user")
        if whose:
            rows = rows.filter(user=request.user.pk if whose == "me" else _uuid(whose, "/user"))
        rows = rows.select_related("user", "item")[:_MOST_ASSIGNMENTS]
        return Response({"results": [_assignment_json(row) for row in rows], "next": None})

    @extend_schema(
        operation_id="assignments_create",
        tags=_TAGS,
        request=AssignSerializer,
        responses={201: AssignmentListSerializer},
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Assign items to people (managers): all to one, evenly in turns, or to those with the fewest open ones.

        Name `items`, or a `filter` of the project's items. An item that is assigned already goes over. 400 where
        one of `people` is nobody of the project, or has a role too low for the part.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.MANAGE_PEOPLE)
        form = AssignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        try:
            people = assigning.able(project, wanted["people"], wanted["part"])
        except assigning.NotAble as error:
            raise invalid("/people", str(error)) from None
        rows = access.visible(Item.objects.filter(project=project), request.user)
        try:
            rows = assigning.chosen(rows, project, wanted.get("items"), wanted.get("filter"), request.user)
        except assigning.NotAble as error:
            raise invalid("/filter/search", str(error)) from None
        made = assigning.assign(project, rows, people, wanted["how"], wanted["part"], request.user)
        return Response({"results": [_assignment_json(row) for row in made[:_MOST_ASSIGNMENTS]], "next": None}, 201)

    @extend_schema(
        operation_id="assignments_delete", tags=_TAGS, request=UnassignSerializer, responses={200: RemovedSerializer}
    )
    def delete(self, request: Request, project_id: uuid.UUID) -> Response:
        """Take items off people again (managers); what they have drawn stays. `removed` is how many there were."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.MANAGE_PEOPLE)
        form = UnassignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        rows = access.visible(Assignment.objects.filter(item__project=project), request.user)
        rows = rows.filter(item__in=form.validated_data["items"], part=form.validated_data["part"])
        with transaction.atomic():
            removed, _ = rows.delete()
        return Response({"removed": removed})


def _uuid(text: str, where: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise invalid(where, f"{text[:40]!r} is no id.") from None


def _assignment_json(row: Assignment) -> dict[str, Any]:
    return {
        "item": str(row.item_id),
        "path": row.item.path,
        "state": row.item.state,
        "user": {"id": str(row.user_id), "name": row.user.name},
        "role": row.part,
        "at": row.at.isoformat(),
    }


class NextItem(APIView):
    @extend_schema(operation_id="next_item", tags=_TAGS, request=NextItemSerializer, responses=NextSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """The next item for you, which nobody else is given while you are at it (annotators; `review`: reviewers).

        One's own assignments come first, then what was sent back, then what nobody has begun. `item` is null
        when there is nothing for you; `detail` then says why. It is held for
        15 minutes, and again with each `POST items/{id}/claim`.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id)
        form = NextItemSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        part = form.validated_data["role"]
        access.require(request.user, project.pk, Act.REVIEW if part == Part.REVIEW else Act.ANNOTATE)
        item = claims.next_item(project, request.user, part, form.validated_data["after"])
        if item is None:
            return Response({"item": None, "url": None, "detail": progress.why_nothing(project, part)})
        row = access.visible(Item.every.with_asset(), request.user).get(pk=item.pk)
        return Response({"item": item_json(row), "url": reverse("editor", args=[item.pk]), "detail": ""})


class ItemClaim(APIView):
    """The lease of 'next item' on one item; the editor renews it while it is open."""

    @extend_schema(operation_id="claim_renew", tags=_TAGS, request=None, responses={204: None, 404: None})
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Say that you are still at an item that 'next item' gave you; 404 `no-claim` where you do not hold it."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        if not claims.renew(item.pk, request.user):
            raise Problem(404, "no-claim", "You do not hold this item (any more): ask for the next item.")
        return Response(status=204)

    @extend_schema(operation_id="claim_release", tags=_TAGS, request=None, responses={204: None})
    def delete(self, request: Request, item_id: uuid.UUID) -> Response:
        """Say that you left an item: after a minute others may be given it, unless you come back or began it."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        claims.leave(item.pk, request.user)
        return Response(status=204)
