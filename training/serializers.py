"""Versions, models and what is asked of them, as the REST interface shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import serializers

from annotations.exports import filters
from annotations.exports.filters import FilterError
from projects.media import signed_url
from projects.serializers.fields import Strict
from training.datasets import augment, outlines, preprocess
from training.datasets.preprocess import RecipeError
from training.models import Model, Version, VersionFrame


class SplitSerializer(Strict):
    train = serializers.FloatField(min_value=0.01, max_value=1, required=False, help_text="What the others leave.")
    val = serializers.FloatField(min_value=0.01, max_value=0.9, required=False, help_text="Share for validation; 0.2.")
    test = serializers.FloatField(min_value=0, max_value=0.9, required=False, help_text="Share for the test; 0.")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    stratify = serializers.BooleanField(required=False, help_text="Spread classes evenly over the sides; true.")
    near_duplicates = serializers.BooleanField(
        required=False, help_text="Keep pictures that nearly are the same one on one side; true."
    )


class Recipe(serializers.JSONField):
    """A part of a version's recipe, read by whoever carries it out."""

    def __init__(self, read: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(required=False, **options)
        self._read = read

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self._read(super().to_internal_value(data) or {})
        except (FilterError, RecipeError) as error:
            detail: Any = [error.detail]
            for step in reversed([step for step in error.pointer.split("/") if step]):
                detail = {step: detail}
            raise serializers.ValidationError(detail) from error


def _read_filters(given: Any) -> Any:
    if isinstance(given, dict) and given.pop("approved", False):
        given = {**given, "states": ["approved"]}
    return filters.parse(given)


def _aliases(given: Any) -> dict[str, list[str]]:
    """`{class: [other names]}`; `{other name: class}` is understood as well."""
    if not isinstance(given, dict):
        raise RecipeError("", 'Aliases are an object, such as {"car": ["Automobile", "auto"]}.')
    table: dict[str, list[str]] = {}
    for name, others in given.items():
        if isinstance(others, str):
            table.setdefault(others, []).append(name)
        elif isinstance(others, list) and all(isinstance(other, str) for other in others):
            table.setdefault(name, []).extend(others)
        else:
            raise RecipeError(f"/{name}", "These are the class's other names: a list of texts.")
    return table


class NewVersionSerializer(Strict):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    split = SplitSerializer(required=False)
    filters = Recipe(
        _read_filters,
        help_text="As of an export: labels, states, splits, authors, sources, items, confidence, only_labelled; "
        "`approved: true` takes approved items only.",
    )
    preprocess = Recipe(
        preprocess.parse,
        help_text="`{tile: {width, height, overlap, keep}, resize: {mode, width, height}, greyscale: true, "
        "contrast: {clip}}`",
    )
    augment = Recipe(
        augment.parse,
        help_text="`{copies, seed, <step>: {amount, chance}}`; the steps are "
        + ", ".join(step.name for step in augment.STEPS)
        + ".",
    )
    sources = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=20, help_text="Further projects of the same team."
    )
    aliases = Recipe(_aliases, help_text="`{class: [other names of it]}`: they become one class.")


class PreviewSerializer(NewVersionSerializer):
    samples = serializers.IntegerField(min_value=0, max_value=8, required=False, default=4)
    first = serializers.IntegerField(min_value=0, max_value=10_000, required=False, default=0, help_text="Which ones.")


class RestoreVersionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="", help_text="Its name.")


class VersionSerializer(serializers.ModelSerializer[Version]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    parent = serializers.UUIDField(source="parent_id", read_only=True, allow_null=True)
    created_by = serializers.UUIDField(source="created_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Version
        fields = (
            "id",
            "project",
            "number",
            "name",
            "task",
            "content_hash",
            "labels",
            "split",
            "filters",
            "preprocess",
            "augment",
            "sources",
            "aliases",
            "counts",
            "parent",
            "created_by",
            "created_at",
        )
        read_only_fields = fields


class VersionFrameSerializer(serializers.ModelSerializer[VersionFrame]):
    item = serializers.UUIDField(
        source="item_id", read_only=True, allow_null=True, help_text="Null when deleted since."
    )
    asset = serializers.UUIDField(source="asset_id", read_only=True)
    source = serializers.UUIDField(source="source_id", read_only=True, allow_null=True, help_text="Its project.")
    width = serializers.IntegerField(source="asset.width", read_only=True)
    height = serializers.IntegerField(source="asset.height", read_only=True)
    thumbnail = serializers.SerializerMethodField(help_text="A signed address that expires; of images only.")

    class Meta:
        model = VersionFrame
        fields = (
            "id",
            "item",
            "asset",
            "source",
            "path",
            "frame",
            "rev",
            "split",
            "group",
            "width",
            "height",
            "thumbnail",
            "shape_count",
            "shapes",
        )
        read_only_fields = fields

    def to_representation(self, row: VersionFrame) -> dict[str, Any]:
        labels = self.context.get("labels")
        if labels is None:
            return super().to_representation(row)
        paths = outlines.drawn(row.shapes, labels, row.asset.width, row.asset.height)
        return {**super().to_representation(row), "outlines": paths}

    def get_thumbnail(self, row: VersionFrame) -> str | None:
        return signed_url(row.asset.thumbnail) if row.frame is None and row.asset.thumbnail else None


class NewTrainingSerializer(Strict):
    engine = serializers.CharField(default="yolo", help_text="yolo")
    model = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="tiny, yolo11n.yaml, ... or weights of the server."
    )
    preset = serializers.CharField(required=False, allow_blank=True, max_length=40, help_text="quick or balanced.")
    version = serializers.UUIDField(required=False, allow_null=True, help_text="By default what is labelled now.")
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    params = serializers.DictField(required=False, help_text="epochs, imgsz, batch, device, lr, seed.")


class ModelSerializer(serializers.ModelSerializer[Model]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    version = serializers.UUIDField(source="version_id", read_only=True, allow_null=True)
    job = serializers.UUIDField(source="job_id", read_only=True, allow_null=True)
    created_by = serializers.UUIDField(source="created_by_id", read_only=True, allow_null=True)
    onnx = serializers.SerializerMethodField(help_text="A signed address that expires.")

    class Meta:
        model = Model
        fields = (
            "id",
            "project",
            "name",
            "engine",
            "version",
            "job",
            "labels",
            "params",
            "metrics",
            "onnx",
            "stage",
            "created_by",
            "created_at",
        )
        read_only_fields = fields

    def get_onnx(self, model: Model) -> str | None:
        return signed_url(model.onnx) if model.onnx else None


class PictureSerializer(serializers.Serializer[Any]):
    """multipart/form-data."""

    file = serializers.FileField(help_text="One picture.")


class DetectionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()
    confidence = serializers.FloatField()
    geometry = serializers.JSONField(help_text="{type: box, x, y, w, h} in pixels of the upright picture.")


class PredictionSerializer(serializers.Serializer[Any]):
    detections = DetectionSerializer(many=True)
    speed_ms = serializers.FloatField(help_text="Letterbox, network and suppression; not the decoding of the file.")
    width = serializers.IntegerField(help_text="Of the upright picture.")
    height = serializers.IntegerField()


class ThresholdsSerializer(serializers.Serializer[Any]):
    """The query of a prediction."""

    confidence = serializers.FloatField(min_value=0, max_value=1, default=0.25)
    iou = serializers.FloatField(min_value=0, max_value=1, default=0.5)
