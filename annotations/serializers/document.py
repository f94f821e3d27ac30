"""The shapes of the interface's answers, for its description; the hot lists are written by PostgreSQL itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.models import Source


class AnnotationSerializer(serializers.Serializer[Any]):
    """One labelled object."""

    id = serializers.UUIDField(help_text="Made by the client that drew it.")
    label = serializers.UUIDField()
    frame = serializers.IntegerField(allow_null=True, help_text="The frame of a video; null on an image.")
    geometry = serializers.DictField(
        help_text=(
            "{type, ...} in pixels: box {x, y, w, h}; rbox {cx, cy, w, h, angle} in degrees clockwise; polygon "
            "{rings: [[[vertex_id, x, y], ...], ...]}, the first ring outer, the others holes; polyline "
            "{points: [[vertex_id, x, y], ...]}; keypoints {points: [[x, y, visibility], ...]} in the order of the "
            "label's skeleton; mask {size: [h, w], counts} (COCO's compressed RLE; `blob` for a stored one); tag {}."
        )
    )
    attributes = serializers.DictField()
    keyframes = serializers.DictField(allow_null=True, help_text="A track: {frame: {geometry, outside, occluded}}.")
    source = serializers.ChoiceField(Source.choices)
    confidence = serializers.FloatField(allow_null=True)
    detection_id = serializers.IntegerField(allow_null=True, help_text="The number that people call it by.")
    group = serializers.UUIDField(allow_null=True, help_text="Shapes that belong together.")
    z = serializers.IntegerField(help_text="Drawn above those with a lower one.")
    geom_rev = serializers.IntegerField()
    track_rev = serializers.IntegerField()
    created_rev = serializers.IntegerField()
    updated_rev = serializers.IntegerField()
    author = serializers.UUIDField(allow_null=True)
    updated_by = serializers.UUIDField(allow_null=True)
    updated_at = serializers.DateTimeField()
    deleted = serializers.BooleanField()


class AnnotationListSerializer(serializers.Serializer[Any]):
    rev = serializers.IntegerField(help_text="The item's revision that this is the state of.")
    results = AnnotationSerializer(many=True)


class TxSerializer(serializers.Serializer[Any]):
    """A transaction of ops, applied all or not at all."""

    client_id = serializers.CharField(max_length=64)
    tx_id = serializers.CharField(max_length=64, help_text="New for each transaction; repeating it is safe.")
    base_rev = serializers.IntegerField(min_value=0, help_text="The newest revision that the author had seen.")
    ops = serializers.ListField(
        child=serializers.DictField(),
        max_length=200,
        help_text=(
            "{op: create, id, label, geometry, frame?, attributes?, keyframes?, group?, z?}; {op: update, id, set: "
            "{label?, geometry?, attributes?, frame?, group?, z?, source: human?}, geom_rev?}, a merge per property; "
            "{op: delete, id}; {op: restore, id}; {op: vertex, id, ring, do: move|insert|remove, vertex, after?, x?, "
            "y?, geom_rev?}; {op: keyframe, id, frame, set: {geometry?, outside?, occluded?, attributes?} | null}; "
            "{op: track, id, do: split, frame, new}, {do: merge, other}, {do: trim, first, last}, each with the "
            "track_rev that the author had seen (of the other: other_rev); without it nobody else's keyframe may be "
            "newer than base_rev. The journal then holds the plain ops that a track op amounts to."
        ),
    )
    undo_of = serializers.CharField(max_length=64, required=False, help_text="Take back one's own transaction.")


class ReceiptSerializer(serializers.Serializer[Any]):
    tx_id = serializers.CharField()
    rev = serializers.IntegerField()
    overwritten = serializers.ListField(child=serializers.DictField())
    skipped = serializers.ListField(child=serializers.DictField())


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a transaction was refused; nothing of it was applied."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    current = serializers.DictField(allow_null=True, help_text="The annotation in the way.")
    retryable = serializers.BooleanField()
