"""Where frames come from, what runs on them, and the frames that were kept."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Item, Project, User
from training.models import Model


class SourceKind(models.TextChoices):
    FILE = "file", "Video of this project"
    RTSP = "rtsp", "RTSP camera"
    HTTP = "http", "HTTP camera or stream"
    WEBCAM = "webcam", "Camera of this machine"
    FOLDER = "folder", "Folder of images"
    SYNTHETIC = "synthetic", "Synthetic conveyor"


class Source(models.Model):
    """Where a pipeline's frames come from."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="sources")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=SourceKind.choices)
    config = models.JSONField(default=dict, help_text="{item | url | device | path | seed, fps?}; no secrets.")
    secret = models.TextField(blank=True, editable=False, help_text="Encrypted credentials; never returned.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class PipelineState(models.TextChoices):
    STOPPED = "stopped", "Stopped"
    STARTING = "starting", "Starting"
    RUNNING = "running", "Running"
    PASSTHROUGH = "passthrough", "Running without a model"
    RECONNECTING = "reconnecting", "Reconnecting"
    FAILED = "failed", "Failed"


class Pipeline(models.Model):
    """A source, a model and an overlay. `wanted` is what people asked for, `state` what is."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="pipelines")
    name = models.CharField(max_length=120)
    source = models.ForeignKey(Source, models.CASCADE, related_name="pipelines")
    model = models.ForeignKey(Model, models.SET_NULL, null=True, blank=True, related_name="pipelines")
    follow_model = models.BooleanField(default=False, help_text="Takes each new model of the project when trained.")
    overlay = models.JSONField(default=dict, help_text="{mode: synced | live | none, confidence}")
    wanted = models.BooleanField(default=False, help_text="Whether it should run.")
    state = models.CharField(max_length=12, choices=PipelineState.choices, default=PipelineState.STOPPED)
    reason = models.CharField(max_length=500, blank=True)
    state_since = models.DateTimeField(default=timezone.now)
    worker = models.CharField(max_length=100, blank=True, editable=False, help_text="Who holds the lease.")
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    metrics = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Capture(models.Model):
    """A frame kept from a stream, as an item with the detections as suggestions."""

    PROJECT_PATH = "pipeline__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="captures")
    item = models.ForeignKey(Item, models.CASCADE, related_name="captures")
    model = models.ForeignKey(Model, models.SET_NULL, null=True, related_name="+")
    detections = models.JSONField(default=list)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.pipeline} at {self.created_at:%Y-%m-%d %H:%M:%S}"
