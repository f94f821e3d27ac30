"""Teams, members and invitations as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects import access
from projects.models import Invitation, Membership, Role, Team
from projects.serializers.auth import PersonSerializer
from projects.serializers.fields import Choice


class TeamSerializer(serializers.ModelSerializer[Team]):
    role = serializers.SerializerMethodField(help_text="The caller's role.")

    class Meta:
        model = Team
        fields = ("id", "name", "personal", "role", "created_at")
        read_only_fields = ("id", "personal", "created_at")

    def get_role(self, team: Team) -> str:
        known = getattr(team, "my_role", None)
        return known or access.team_rank(self.context["request"].user, team.pk).name.lower()


class MemberSerializer(serializers.ModelSerializer[Membership]):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "created_at")
        read_only_fields = ("id", "created_at")


class AddMemberSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    role = Choice(choices=Role.choices, default=Role.ANNOTATOR)


class RoleSerializer(serializers.Serializer[Any]):
    role = Choice(choices=Role.choices)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    open = serializers.BooleanField(read_only=True)
    created_by = PersonSerializer(read_only=True)

    class Meta:
        model = Invitation
        fields = ("id", "role", "open", "created_by", "created_at", "expires_at", "accepted_at")
        read_only_fields = ("id", "created_at", "expires_at", "accepted_at")


class NewInvitationSerializer(InvitationSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")
    url = serializers.CharField(read_only=True, help_text="The link to send.")

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "token", "url")


class AcceptSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=64)
