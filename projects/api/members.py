"""`projects/{id}/members`: who may work in one project, by name."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.api.teams import person_by_email
from projects.idempotency import idempotent
from projects.models import Membership, Project, ProjectMembership
from projects.serializers.projects import ProjectMemberSerializer
from projects.serializers.teams import AddMemberSerializer, RoleSerializer

_LIST = inline_serializer(
    "ProjectMemberList",
    {"results": ProjectMemberSerializer(many=True), "next": serializers.URLField(allow_null=True)},
)


class Members(APIView):
    @extend_schema(operation_id="project_members_list", tags=["projects"], responses=_LIST)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """Everybody with a role in the project, those who have it by the team included."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        by_name = ProjectMembership.objects.filter(project=project).select_related("user")
        by_team = Membership.objects.filter(team=project.team_id).select_related("user")
        rows = [*access.visible(by_name, request.user), *by_team]
        return Response({"results": ProjectMemberSerializer(rows, many=True).data, "next": None})

    @extend_schema(
        operation_id="project_members_add",
        tags=["projects"],
        request=AddMemberSerializer,
        responses={200: ProjectMemberSerializer, 201: ProjectMemberSerializer},
        examples=[OpenApiExample("Bob", {"email": "bob@example.org", "role": "annotator"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Give somebody who has an account a role in this project; a second time it changes the role (managers)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.MANAGE_PEOPLE)
        form = AddMemberSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        role = form.validated_data["role"]
        person = person_by_email(form.validated_data["email"], project.team_id)
        held = ProjectMembership.objects.filter(project=project, user=person).values_list("role", flat=True)
        access.require_grant(access.project_rank(request.user, project_id), role, *held)
        member, made = ProjectMembership.objects.update_or_create(project=project, user=person, defaults={"role": role})
        return Response(ProjectMemberSerializer(member).data, status=201 if made else 200)


class OneMember(APIView):
    def _member(self, project_id: uuid.UUID, member_id: uuid.UUID, *roles: str) -> ProjectMembership:
        rows = ProjectMembership.objects.filter(project=project_id).select_related("user")
        member = access.fetch(rows, self.request.user, member_id)
        if roles or member.user_id != self.request.user.pk:
            rank = access.require(self.request.user, project_id, Act.MANAGE_PEOPLE)
            access.require_grant(rank, member.role, *roles)
        return member

    @extend_schema(
        operation_id="project_members_change",
        tags=["projects"],
        request=RoleSerializer,
        responses=ProjectMemberSerializer,
    )
    def patch(self, request: Request, project_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        """Change the role that somebody has by name (managers)."""
        form = RoleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        member = self._member(project_id, member_id, form.validated_data["role"])
        member.role = form.validated_data["role"]
        member.save(update_fields=("role",))
        return Response(ProjectMemberSerializer(member).data)

    @extend_schema(operation_id="project_members_remove", tags=["projects"], responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        """Take away a role given by name (managers), or leave oneself."""
        self._member(project_id, member_id).delete()
        return Response(status=204)
