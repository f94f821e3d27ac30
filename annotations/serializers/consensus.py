"""What the calls about consensus and ground truth take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.models import WorkRules
from annotations.serializers.work import MOST_AT_ONCE
from projects.models.item import State


class StartConsensusSerializer(serializers.Serializer[Any]):
    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)
    people = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)
    k = serializers.IntegerField(
        required=False, min_value=2, max_value=100, help_text="People an item; all if left out."
    )


class _CopySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    copy = serializers.UUIDField(help_text="Their blind copy, an item.")
    state = serializers.ChoiceField(State.choices)
    shapes = serializers.IntegerField(allow_null=True, help_text="Null until they have submitted.")


class _FiguresSerializer(serializers.Serializer[Any]):
    mean_iou = serializers.FloatField(allow_null=True, help_text="Over matched shapes (IoU of at least 0.5).")
    f1 = serializers.FloatField(help_text="2 n / (|a| + |b|), n the matched shapes with the same label.")
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's, over labels; what only one drew is a class.")
    matched = serializers.IntegerField()


class _PairSerializer(_FiguresSerializer):
    a = serializers.UUIDField()
    b = serializers.UUIDField()


class ConsensusSerializer(serializers.Serializer[Any]):
    item = serializers.UUIDField()
    path = serializers.CharField()
    people = _CopySerializer(many=True)
    pairs = _PairSerializer(many=True)
    whole = _FiguresSerializer(allow_null=True)
    merged_at = serializers.DateTimeField(allow_null=True)


class _LabelFiguresSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField()
    drawn = serializers.IntegerField()
    f1 = serializers.FloatField()
    mean_iou = serializers.FloatField(allow_null=True)


class ConsensusListSerializer(serializers.Serializer[Any]):
    results = ConsensusSerializer(many=True)
    labels = _LabelFiguresSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MergedSerializer(serializers.Serializer[Any]):
    shapes = serializers.IntegerField()


class GroundTruthSerializer(serializers.Serializer[Any]):
    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)
    on = serializers.BooleanField(default=True)


class MarkedSerializer(serializers.Serializer[Any]):
    changed = serializers.ListField(child=serializers.UUIDField())
    refused = serializers.ListField(child=serializers.UUIDField())
    detail = serializers.CharField()


class WorkRulesSerializer(serializers.ModelSerializer[WorkRules]):
    class Meta:
        model = WorkRules
        fields = ("ground_truth_rate",)
