"""What the calls about annotation sessions take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.models import AnnotationSession
from annotations.models.sessions import Purpose
from annotations.people import sessions
from annotations.serializers.people import PersonNameSerializer
from projects.views.pictures import thumbnail_url


class SessionParticipantSerializer(serializers.Serializer[Any]):
    user = PersonNameSerializer()
    joined_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    here = serializers.BooleanField(help_text="At work now.")
    active_s = serializers.FloatField(help_text="Seconds in which they did something.")
    shapes = serializers.IntegerField(help_text="Shapes they drew.")
    edits = serializers.IntegerField(help_text="Changes of shapes that were there.")


class SessionItemSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    path = serializers.CharField()
    thumbnail = serializers.CharField()


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    item = SessionItemSerializer()
    purpose = serializers.ChoiceField(Purpose.choices)
    started_by = PersonNameSerializer(allow_null=True)
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text="When somebody was last there.")
    ended_at = serializers.DateTimeField(allow_null=True)
    first_rev = serializers.IntegerField()
    last_rev = serializers.IntegerField(allow_null=True)
    participants = SessionParticipantSerializer(many=True)

    def to_representation(self, instance: AnnotationSession) -> dict[str, Any]:
        return sessions.session_json(instance, thumbnail_url)


class ChangeSessionSerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(Purpose.choices)
