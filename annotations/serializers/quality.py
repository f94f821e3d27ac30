"""What the figures of people and labels look like."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


def _share(says: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=f"{says}; null where there is nothing to tell from.")


class _PersonSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    open = serializers.IntegerField(help_text="Items that are theirs and still to be submitted, now.")
    in_review = serializers.IntegerField()
    approved = serializers.IntegerField()
    shapes = serializers.IntegerField(help_text="Of those they drew, how many are there now.")
    edits = serializers.IntegerField(help_text="Changes of shapes that were there.")
    corrected_share = _share("Share of their shapes that a reviewer changed or deleted")
    sent_back_rate = _share("Share of the decisions on their work that sent it back")
    agreement_f1 = _share("F1 with the others of a consensus")
    kappa = _share("Cohen's, over labels")
    truth_items = serializers.IntegerField(help_text="How many blind copies of ground truth they submitted.")
    truth_precision = _share("Mean over these, at an IoU of 0.5")
    truth_recall = _share("Mean over these")
    active_s = serializers.FloatField(help_text="Seconds in which they did something in the editor.")


class _LabelSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    shapes = serializers.IntegerField()
    corrected_share = _share("Share of its shapes that a reviewer changed or deleted")
    agreement_f1 = _share("F1 of people who labelled the same item blind")
    truth_precision = _share("On ground truth: of what was drawn, how much is right")
    truth_recall = _share("On ground truth: of what is there, how much was found")


class QualitySerializer(serializers.Serializer[Any]):
    people = _PersonSerializer(many=True)
    labels = _LabelSerializer(many=True)
