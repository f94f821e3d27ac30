"""Sources, pipelines and captures as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.models import Project
from streaming import configs
from streaming.models import Capture, Pipeline, Source, SourceKind
from training.models import Model

MODES = ("synced", "live", "none")


class SourceSerializer(serializers.ModelSerializer[Source]):
    name = serializers.CharField(max_length=120, required=False, help_text="By default made from the config.")
    config = serializers.JSONField(
        required=False,
        help_text="file: {item}; rtsp, http: {url, user?, password?}; webcam: {device}; folder: {path, fps?}; "
        "synthetic: {seed?, width?, height?, fps?}. Passwords are stored encrypted and never returned.",
    )
    has_credentials = serializers.SerializerMethodField()

    class Meta:
        model = Source
        fields = ("id", "name", "kind", "config", "has_credentials", "created_at")
        read_only_fields = ("id", "created_at")

    def get_has_credentials(self, source: Source) -> bool:
        return bool(source.secret)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs.get("kind") or (self.instance.kind if self.instance else "")
        if self.instance and "config" not in attrs and kind == self.instance.kind:
            return attrs
        config = attrs.get("config", {})
        if not isinstance(config, dict):
            raise serializers.ValidationError({"config": "Expected an object."})
        checked = configs.check(self.context["project"], kind, config)
        attrs |= {"config": checked.config, "secret": checked.secret}
        if not self.instance:
            attrs.setdefault("name", checked.name[:120])
        return attrs


class OverlaySerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(
        choices=MODES,
        default="synced",
        help_text="synced: on the frame they were found in; live: on every frame, the latest; none: not drawn.",
    )
    confidence = serializers.FloatField(min_value=0.01, max_value=1.0, default=0.25)


class _OfProject(serializers.PrimaryKeyRelatedField):
    """A row of the pipeline's own project; others do not exist here."""

    def get_queryset(self) -> Any:
        project: Project | None = self.context.get("project")
        rows = super().get_queryset()
        return rows.filter(project=project) if project is not None else rows.none()


class PipelineSerializer(serializers.ModelSerializer[Pipeline]):
    name = serializers.CharField(max_length=120, required=False, help_text="By default the source's.")
    source = _OfProject(queryset=Source.objects.all())
    model = _OfProject(queryset=Model.objects.all(), required=False, allow_null=True)
    overlay = OverlaySerializer(required=False)
    sinks = serializers.ListField(child=serializers.UUIDField(), required=False, write_only=True, max_length=0)
    follow_model = serializers.BooleanField(required=False)
    whep = serializers.SerializerMethodField(help_text="Where a WHEP player watches it.")

    class Meta:
        model = Pipeline
        fields = (
            "id",
            "name",
            "source",
            "model",
            "follow_model",
            "overlay",
            "sinks",
            "wanted",
            "state",
            "reason",
            "state_since",
            "whep",
            "created_at",
        )
        read_only_fields = ("id", "wanted", "state", "reason", "state_since", "created_at")

    @extend_schema_field(OpenApiTypes.STR)
    def get_whep(self, pipeline: Pipeline) -> str:
        return reverse("whep", args=[pipeline.pk])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("sinks", None)
        if not self.instance:
            attrs.setdefault("name", attrs["source"].name)
            attrs.setdefault("overlay", {"mode": "synced", "confidence": 0.25})
        elif "overlay" in attrs:
            attrs["overlay"] = {**self.instance.overlay, **self._given_overlay(attrs["overlay"])}
        return attrs

    def _given_overlay(self, overlay: dict[str, Any]) -> dict[str, Any]:
        """Only what was sent: a changed threshold leaves the mode as it is."""
        sent = self.initial_data.get("overlay", {})
        return {key: value for key, value in overlay.items() if key in sent}


class MetricsSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    reason = serializers.CharField()
    state_since = serializers.DateTimeField()
    metrics = serializers.JSONField(
        help_text="{at, fps, frames and dropped by stage, latency_ms, inference_ms: {p50, p95}, viewers, encoders, "
        "reconnects, errors, size}; empty while it does not run."
    )


class CaptureSerializer(serializers.ModelSerializer[Capture]):
    url = serializers.SerializerMethodField(help_text="The editor's page on the item.")

    class Meta:
        model = Capture
        fields = ("id", "pipeline", "item", "model", "detections", "url", "created_at")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_url(self, capture: Capture) -> str:
        return f"/items/{capture.item_id}/"


__all__ = [
    "CaptureSerializer",
    "MetricsSerializer",
    "OverlaySerializer",
    "PipelineSerializer",
    "SourceKind",
    "SourceSerializer",
]
