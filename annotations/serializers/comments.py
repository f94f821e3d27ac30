"""What the calls about threads and comments take and give."""

from __future__ import annotations

import math
from typing import Any

from rest_framework import serializers

from annotations.serializers.people import PersonNameSerializer

MOST_LETTERS = 4000


class CommentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    author = PersonNameSerializer(allow_null=True)
    text = serializers.CharField(help_text="Empty once it is deleted.")
    mentions = PersonNameSerializer(many=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField()


class ThreadSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    item = serializers.UUIDField()
    annotation = serializers.UUIDField(allow_null=True, help_text="The shape that it is about, even a deleted one.")
    frame = serializers.IntegerField(allow_null=True)
    x = serializers.FloatField(allow_null=True, help_text="Pixels of the upright picture.")
    y = serializers.FloatField(allow_null=True)
    created_by = PersonNameSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    resolved_by = PersonNameSerializer(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    comments = CommentSerializer(many=True)


class ThreadListSerializer(serializers.Serializer[Any]):
    results = ThreadSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    people = PersonNameSerializer(many=True, help_text="Who can be mentioned: those who may see the item.")


class SaySerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MOST_LETTERS, help_text="`@name` or `@email` mentions a person.")


class OpenThreadSerializer(SaySerializer):
    annotation = serializers.UUIDField(required=False, allow_null=True)
    frame = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    x = serializers.FloatField(required=False, allow_null=True)
    y = serializers.FloatField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        x, y = attrs.get("x"), attrs.get("y")
        if (x is None) != (y is None):
            raise serializers.ValidationError({"x": "A point has both x and y."})
        if x is not None and not (math.isfinite(x) and math.isfinite(y)):
            raise serializers.ValidationError({"x": "Must be a finite number of pixels."})
        return attrs


class ChangeCommentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MOST_LETTERS, required=False)
    deleted = serializers.BooleanField(required=False, help_text="False brings a deleted comment back.")
