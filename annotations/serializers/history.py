"""What the calls about an item's journal take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.checks import MAX_REV
from annotations.serializers.document import AnnotationSerializer, ReceiptSerializer
from annotations.serializers.people import PersonNameSerializer


class JournalRowSerializer(serializers.Serializer[Any]):
    rev = serializers.IntegerField()
    tx_id = serializers.CharField()
    client_id = serializers.CharField()
    actor = PersonNameSerializer(allow_null=True)
    at = serializers.DateTimeField()
    ops = serializers.ListField(child=serializers.DictField(), help_text="What took effect.")


class HistorySerializer(serializers.Serializer[Any]):
    results = JournalRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChangeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    properties = serializers.ListField(child=serializers.CharField(), help_text="What differs.")
    before = AnnotationSerializer()
    after = AnnotationSerializer()


class DiffSerializer(serializers.Serializer[Any]):
    """`from` and `to` are the revisions compared."""

    to = serializers.IntegerField()
    added = AnnotationSerializer(many=True)
    removed = AnnotationSerializer(many=True)
    changed = ChangeSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.IntegerField(), **super().get_fields()}


class RestoreSerializer(serializers.Serializer[Any]):
    """Which state to bring back, as a whole or of some shapes."""

    rev = serializers.IntegerField(min_value=0, max_value=MAX_REV, help_text="The revision to go back to.")
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=10_000, help_text="Only these shapes."
    )
    client_id = serializers.RegexField(r"^[A-Za-z0-9._:-]{1,64}$", required=False)
    tx_id = serializers.RegexField(
        r"^[A-Za-z0-9._:-]{1,48}$", required=False, help_text="New for each request; repeating it is safe."
    )


class RestoredSerializer(serializers.Serializer[Any]):
    rev = serializers.IntegerField(help_text="The item's revision now.")
    txs = ReceiptSerializer(many=True)
