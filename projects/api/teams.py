"""`teams/`: teams, their members, and invitations by link."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, etags
from projects.access import Act
from projects.idempotency import idempotent
from projects.links import invitation_url
from projects.models import Invitation, Membership, Role, Team, User
from projects.models.people import InvitationRefused, RoleRefused
from projects.problems import Problem, invalid
from projects.serializers.teams import (
    AcceptSerializer,
    AddMemberSerializer,
    InvitationSerializer,
    MemberSerializer,
    NewInvitationSerializer,
    RoleSerializer,
    TeamSerializer,
)

_TAGS = ["teams"]


def person_by_email(email: str, team_id: uuid.UUID) -> User:
    """The active person with this address.

    Raises:
        ValidationError: there is none; says how to invite them.
    """
    person = User.objects.filter(email=email.lower(), is_active=True).first()
    if person is None:
        hint = f"POST /api/v1/teams/{team_id}/invitations makes an invitation link to send them."
        raise invalid("/email", f"Nobody here has the address {email}. {hint}", "unknown-person")
    return person


@extend_schema_view(get=extend_schema(operation_id="teams_list", tags=_TAGS, summary="My teams"))
class Teams(generics.ListAPIView[Team]):
    serializer_class = TeamSerializer

    def get_queryset(self) -> Any:
        return access.teams(self.request.user)

    @extend_schema(
        operation_id="teams_create",
        tags=_TAGS,
        request=TeamSerializer,
        responses={201: TeamSerializer},
        examples=[OpenApiExample("A lab", {"name": "Lab"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a team; the caller owns it."""
        form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        with transaction.atomic():
            team = form.save()
            Membership.objects.create(team=team, user=request.user, role=Role.OWNER)
        return Response(self.get_serializer(team).data, status=201)


class OneTeam(generics.GenericAPIView[Team]):
    serializer_class = TeamSerializer

    @extend_schema(operation_id="teams_get", tags=_TAGS)
    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """A team."""
        team = access.fetch(Team.objects.all(), request.user, team_id)
        return etags.answer(request, self.get_serializer(team).data)

    @extend_schema(operation_id="teams_rename", tags=_TAGS)
    def patch(self, request: Request, team_id: uuid.UUID) -> Response:
        """Rename a team (managers)."""
        team = access.fetch(Team.objects.all(), request.user, team_id, Act.MANAGE_PEOPLE)
        etags.require_match(request, self.get_serializer(team).data)
        form = self.get_serializer(team, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        form.save()
        return etags.answer(request, form.data)


@extend_schema_view(get=extend_schema(operation_id="team_members_list", tags=_TAGS, summary="A team's members"))
class TeamMembers(generics.ListAPIView[Membership]):
    queryset = Membership.objects.none()  # for the description of the interface only
    serializer_class = MemberSerializer

    def get_queryset(self) -> Any:
        team = access.fetch(Team.objects.all(), self.request.user, self.kwargs["team_id"])
        return access.visible(Membership.objects.filter(team=team), self.request.user).select_related("user")

    @extend_schema(
        operation_id="team_members_add",
        tags=_TAGS,
        request=AddMemberSerializer,
        responses={201: MemberSerializer},
        examples=[OpenApiExample("Bob", {"email": "bob@example.org", "role": "annotator"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Add somebody who has an account (managers)."""
        rank = access.require_in_team(request.user, team_id, Act.MANAGE_PEOPLE)
        form = AddMemberSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        access.require_grant(rank, form.validated_data["role"])
        person = person_by_email(form.validated_data["email"], team_id)
        member, made = Membership.objects.get_or_create(
            team_id=team_id, user=person, defaults={"role": form.validated_data["role"]}
        )
        if not made:
            raise Problem(409, "member-already", f"{person.name} is a member already, with the role {member.role}.")
        return Response(MemberSerializer(member).data, status=201)


class TeamMember(generics.GenericAPIView[Membership]):
    serializer_class = MemberSerializer

    def _member(self, team_id: uuid.UUID, member_id: uuid.UUID, *roles: str) -> Membership:
        """The membership, which the caller may give `roles` or, if it is their own, leave."""
        rows = Membership.objects.filter(team=team_id).select_related("team", "user")
        member = access.fetch(rows, self.request.user, member_id)
        if roles or member.user_id != self.request.user.pk:
            rank = access.require_in_team(self.request.user, team_id, Act.MANAGE_PEOPLE)
            access.require_grant(rank, member.role, *roles)
        return member

    @extend_schema(operation_id="team_members_change", tags=_TAGS, request=RoleSerializer, responses=MemberSerializer)
    def patch(self, request: Request, team_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        """Change a member's role (managers; nobody gives or takes a role above their own)."""
        form = RoleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        member = self._member(team_id, member_id, form.validated_data["role"])
        try:
            member.change_role(form.validated_data["role"])
        except RoleRefused as refused:
            raise Problem(409, refused.code, refused.detail) from None
        return Response(MemberSerializer(member).data)

    @extend_schema(operation_id="team_members_remove", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, team_id: uuid.UUID, member_id: uuid.UUID) -> Response:
        """Remove a member (managers), or leave the team oneself."""
        member = self._member(team_id, member_id)
        try:
            member.remove()
        except RoleRefused as refused:
            raise Problem(409, refused.code, refused.detail) from None
        return Response(status=204)


@extend_schema_view(get=extend_schema(operation_id="invitations_list", tags=_TAGS, summary="A team's invitations"))
class Invitations(generics.ListAPIView[Invitation]):
    queryset = Invitation.objects.none()  # for the description of the interface only
    serializer_class = InvitationSerializer

    def get_queryset(self) -> Any:
        access.require_in_team(self.request.user, self.kwargs["team_id"], Act.MANAGE_PEOPLE)
        rows = Invitation.objects.filter(team=self.kwargs["team_id"]).select_related("created_by")
        return access.visible(rows, self.request.user)

    @extend_schema(
        operation_id="invitations_create",
        tags=_TAGS,
        request=RoleSerializer,
        responses={201: NewInvitationSerializer},
        examples=[OpenApiExample("For an annotator", {"role": "annotator"}, request_only=True)],
    )
    @idempotent(secrets=("token", "url"))
    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Make a link that lets one person join within a week. It is in this answer and nowhere else."""
        rank = access.require_in_team(request.user, team_id, Act.MANAGE_PEOPLE)
        form = RoleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        access.require_grant(rank, form.validated_data["role"])
        team = access.fetch(Team.objects.all(), request.user, team_id)
        made: Any
        made, token = Invitation.make(team, form.validated_data["role"], request.user)
        made.token = token
        made.url = invitation_url(request, token)
        return Response(NewInvitationSerializer(made).data, status=201)


class OneInvitation(APIView):
    @extend_schema(operation_id="invitations_revoke", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, team_id: uuid.UUID, invitation_id: uuid.UUID) -> Response:
        """Revoke an invitation (managers)."""
        rows = Invitation.objects.filter(team=team_id)
        access.fetch(rows, request.user, invitation_id, Act.MANAGE_PEOPLE).delete()
        return Response(status=204)


class AcceptInvitation(APIView):
    @extend_schema(
        operation_id="invitations_accept", tags=_TAGS, request=AcceptSerializer, responses={201: TeamSerializer}
    )
    def post(self, request: Request) -> Response:
        """Join the team that an invitation is for."""
        form = AcceptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            invitation = Invitation.find(form.validated_data["token"])
            invitation.accept(request.user)
        except InvitationRefused as refused:
            status = 404 if refused.code == "unknown" else 410
            raise Problem(status, refused.code, refused.detail) from None
        return Response(TeamSerializer(invitation.team, context={"request": request}).data, status=201)
