"""What the assist calls take and give."""

from __future__ import annotations

import math
from typing import Any

from rest_framework import serializers

from projects.models import Item
from projects.problems import invalid
from projects.serializers.fields import Choice
from training.assist.motion import METHODS
from training.assist.outline import FORMS
from training.assist.propagate import MOST_FRAMES

_FARTHEST = 1e6
_MOST_CLICKS = 50
_SMALLEST = 4  # pixels: less is a slip of the hand


class Number(serializers.FloatField):
    """A finite coordinate in pixels."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if isinstance(data, str | bool) or not math.isfinite(value) or abs(value) > _FARTHEST:
            raise serializers.ValidationError(f"Expected a finite number of pixels up to {_FARTHEST:.0f}.")
        return float(value)


class BoxSerializer(serializers.Serializer[Any]):
    x = Number()
    y = Number()
    w = Number(min_value=0)
    h = Number(min_value=0)


def box_in(item: Item, box: dict[str, float], where: str = "/box") -> tuple[float, float, float, float]:
    """x, y, w, h of the part of a box that lies in the item's picture.

    Raises:
        ValidationError: hardly anything of it does.
    """
    width, height = item.asset.width, item.asset.height
    left, top = max(box["x"], 0.0), max(box["y"], 0.0)
    right, bottom = min(box["x"] + box["w"], width), min(box["y"] + box["h"], height)
    if right - left < _SMALLEST or bottom - top < _SMALLEST:
        raise invalid(
            where, f"Draw a box of at least {_SMALLEST} x {_SMALLEST} pixels inside the picture ({width} x {height})."
        )
    return left, top, right - left, bottom - top


class CutOutSerializer(serializers.Serializer[Any]):
    frame = serializers.IntegerField(min_value=0, required=False, allow_null=True, default=None)
    box = BoxSerializer(help_text="In pixels, around the object with a little of what is behind it.")
    label = serializers.UUIDField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "as": _form()}  # a word of Python's: no attribute can have this name


def _form() -> Choice:
    return Choice(choices=FORMS, default="polygon", help_text="What to make of it.")


class PropagateSerializer(serializers.Serializer[Any]):
    annotation = serializers.UUIDField(help_text="The shape to follow.")
    frame = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, default=None, help_text="For a track: where to start from."
    )
    frames = serializers.IntegerField(min_value=1, max_value=MOST_FRAMES, default=10, help_text="How many to go on.")
    method = Choice(choices=METHODS, default="flow")


class SimilarSerializer(serializers.Serializer[Any]):
    annotation = serializers.UUIDField(help_text="The shape to find more of.")
    frame = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, default=None, help_text="For a track: the frame to look at."
    )
    confidence = serializers.FloatField(min_value=0.01, max_value=1, default=0.25, help_text="Of the model's.")


class ClicksField(serializers.ListField):
    """[[x, y, 1 | 0], ...]: clicks on the object (1) and on what does not belong to it (0)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            child=serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3),
            min_length=1,
            max_length=_MOST_CLICKS,
            **options,
        )


def clicks_in(item: Item, points: list[list[float]]) -> list[tuple[float, float, bool]]:
    """Checked clicks.

    Raises:
        ValidationError: one is not in the picture, or none is on the object.
    """
    width, height = item.asset.width, item.asset.height
    for n, (x, y, on) in enumerate(points):
        if not (0 <= x <= width and 0 <= y <= height):  # true for NaN too
            raise invalid(f"/points/{n}", f"The point lies outside of the picture ({width} x {height} pixels).")
        if on not in (0, 1):
            raise invalid(f"/points/{n}", "A point is [x, y, 1] on the object, or [x, y, 0] beside it.")
    if not any(on for _, _, on in points):
        raise invalid("/points", "At least one point has to be on the object.")
    return [(x, y, bool(on)) for x, y, on in points]


class ClickSerializer(serializers.Serializer[Any]):
    frame = serializers.IntegerField(min_value=0, required=False, allow_null=True, default=None)
    points = ClicksField(help_text="[[x, y, 1 on the object or 0 beside it], ...] in pixels.")
    label = serializers.UUIDField()
    replaces = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The suggestion that fewer clicks have given."
    )

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "as": _form()}


class ToolSerializer(serializers.Serializer[Any]):
    ready = serializers.BooleanField()
    detail = serializers.CharField(help_text="What is missing, and how to get it.")


class ToolsSerializer(serializers.Serializer[Any]):
    click = ToolSerializer()
    model = serializers.CharField(help_text="The deployed model that 'find more like this' asks; empty without one.")


class SuggestionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.UUIDField()
    frame = serializers.IntegerField(allow_null=True)
    geometry = serializers.DictField()
    keyframes = serializers.DictField(allow_null=True)
    confidence = serializers.FloatField()


class SuggestionsSerializer(serializers.Serializer[Any]):
    """The suggestions that were added to the item; everybody in its room has got them too."""

    rev = serializers.IntegerField(help_text="The item's revision with them.")
    annotations = SuggestionSerializer(many=True)
    note = serializers.CharField(help_text="What a person should know of how they came about; may be empty.")


class StopSerializer(serializers.Serializer[Any]):
    frame = serializers.IntegerField()
    reason = serializers.CharField()


class PropagatedSerializer(SuggestionsSerializer):
    """`annotations` is empty where a suggested track was continued."""

    annotation = serializers.UUIDField(help_text="The suggested track.")
    last = serializers.IntegerField(help_text="The last frame that the object was found on.")
    stopped = StopSerializer(allow_null=True, help_text="Where and why the object was lost.")


class OriginSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the shape.")
    tool = serializers.CharField(help_text="model, grabcut, click, similar or propagate.")
    model = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(help_text="The model's; empty where there is none.")


class OriginsSerializer(serializers.Serializer[Any]):
    results = OriginSerializer(many=True)
