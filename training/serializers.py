"""Versions, models and what is asked of them, as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.media import signed_url
from projects.serializers.fields import Strict
from training.models import Model, Version


class SplitSerializer(serializers.Serializer[Any]):
    val = serializers.FloatField(min_value=0.01, max_value=0.9, required=False, help_text="Share for validation; 0.2.")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


def _left_out(value: Any) -> None:
    if value:
        raise serializers.ValidationError("A version cannot have this yet: leave it out.", "unsupported")


class NewVersionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    split = SplitSerializer(required=False)
    filters = serializers.JSONField(required=False, validators=[_left_out], help_text="Not yet: has to be empty.")
    preprocess = serializers.JSONField(required=False, validators=[_left_out], help_text="Not yet: has to be empty.")
    augment = serializers.JSONField(required=False, validators=[_left_out], help_text="Not yet: has to be empty.")


class VersionSerializer(serializers.ModelSerializer[Version]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    created_by = serializers.UUIDField(source="created_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Version
        fields = (
            "id",
            "project",
            "number",
            "name",
            "content_hash",
            "labels",
            "split",
            "counts",
            "created_by",
            "created_at",
        )
        read_only_fields = fields


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
