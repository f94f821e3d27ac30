"""What the calls about work take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.models import Part
from annotations.serializers.people import PersonNameSerializer
from projects.models.item import State
from projects.models.library import Kind
from projects.serializers.items import ItemSerializer

MOST_AT_ONCE = 500
MOST_ASSIGNED = 5000


class ChangeStateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(State.choices)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=1000)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        seen = serializers.ChoiceField(
            State.choices, required=False, default=None, allow_null=True, help_text="The state that you saw."
        )
        return {**super().get_fields(), "from": seen}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["state"] == State.SENT_BACK and not attrs["reason"].strip():
            detail = "Say what has to be mended: the annotator reads it in the editor."
            raise serializers.ValidationError({"reason": detail}, "required")
        return attrs


class BulkStateSerializer(ChangeStateSerializer):
    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)


class _RefusedSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField()
    path = serializers.CharField()
    detail = serializers.CharField()


class BulkStepSerializer(serializers.Serializer[Any]):
    changed = serializers.ListField(child=serializers.UUIDField())
    refused = _RefusedSerializer(many=True)


class _StepSerializer(serializers.Serializer[Any]):
    to = serializers.ChoiceField(State.choices)
    by = PersonNameSerializer(allow_null=True)
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    rev = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.ChoiceField(State.choices), **super().get_fields()}


class _SentBackSerializer(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class StateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(State.choices)
    sent_back = _SentBackSerializer(allow_null=True, help_text="Why, while it is sent back.")
    offers = serializers.ListField(child=serializers.ChoiceField(State.choices), help_text="Where you can take it.")
    history = _StepSerializer(many=True)


class _ItemFilterSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(State.choices, required=False)
    kind = serializers.ChoiceField(Kind.choices, required=False)
    label = serializers.UUIDField(required=False)
    q = serializers.CharField(required=False, max_length=200)
    unassigned = serializers.BooleanField(required=False, default=False)
    search = serializers.CharField(
        required=False, max_length=4000, help_text="A query as `GET projects/{id}/items` takes it, without the rest."
    )


class AssignSerializer(serializers.Serializer[Any]):
    """Which items, to whom, and how: name `items` or a `filter`."""

    items = serializers.ListField(child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST_ASSIGNED)
    filter = _ItemFilterSerializer(required=False)
    people = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)
    how = serializers.ChoiceField(
        [("hand", "All to the one person"), ("evenly", "In turns"), ("need", "To those with the fewest open items")],
        default="evenly",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "role": serializers.ChoiceField(Part.choices, default=Part.ANNOTATE)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("items" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Name one of `items` and `filter`.", "one-of")
        if attrs["how"] == "hand" and len(attrs["people"]) != 1:
            raise serializers.ValidationError({"people": "By hand all goes to one person: name one."}, "one")
        return attrs | {"part": attrs["role"]}


class UnassignSerializer(serializers.Serializer[Any]):
    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_ASSIGNED)
    role = serializers.ChoiceField(Part.choices, default=Part.ANNOTATE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"part": attrs["role"]}


class RemovedSerializer(serializers.Serializer[Any]):
    removed = serializers.IntegerField()


class AssignmentSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField()
    path = serializers.CharField()
    state = serializers.ChoiceField(State.choices)
    user = PersonNameSerializer()
    role = serializers.ChoiceField(Part.choices)
    at = serializers.DateTimeField()


class AssignmentListSerializer(serializers.Serializer[Any]):
    results = AssignmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NextItemSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(Part.choices, default=Part.ANNOTATE)
    after = serializers.UUIDField(required=False, default=None, allow_null=True, help_text="The item you come from.")


class NextSerializer(serializers.Serializer[Any]):
    item = ItemSerializer(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="The path of its editor.")
    detail = serializers.CharField(help_text="Why there is none.")
