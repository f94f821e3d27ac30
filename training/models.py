"""Versions, models and the predictions they make."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Asset, Item, Job, Project, User


class Frozen(RuntimeError):
    """Somebody tried to change what is immutable."""


class FrozenRows(models.QuerySet[Any]):
    def update(self, **fields: Any) -> NoReturn:
        raise Frozen(f"{self.model.__name__} is immutable: freeze a new version instead.")

    def bulk_update(self, *args: Any, **fields: Any) -> NoReturn:
        self.update()


class FrozenModel(models.Model):
    """A row that is written once. It can be deleted with its project, but there is no way to change it."""

    objects = FrozenRows.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"

    def save(self, *args: Any, **fields: Any) -> None:
        if not self._state.adding:
            raise Frozen(f"{type(self).__name__} {self.pk} is immutable: freeze a new version instead.")
        super().save(*args, **fields)


class Version(FrozenModel):
    """An immutable dataset snapshot: items, their revs, labels and split, under a content hash."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 over labels, items, revs, shapes and split.")
    labels = models.JSONField(help_text="[{id, name, ordinal}] as they were.")
    split = models.JSONField(default=dict, help_text="How items were split: {train, val, seed}.")
    counts = models.JSONField(default=dict, help_text="{images, boxes, train, val, labels: {name: n}}")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("project", "number"), name="one_version_a_number"),)

    def __str__(self) -> str:
        return self.name or f"Version {self.number}"


class VersionFrame(FrozenModel):
    """One picture of a version: an image item, or one labelled frame of a video item, with its shapes."""

    PROJECT_PATH = "version__project"

    version = models.ForeignKey(Version, models.CASCADE, related_name="frames")
    item = models.ForeignKey(Item, models.SET_NULL, null=True, related_name="+")
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="+")
    path = models.CharField(max_length=500)
    frame = models.PositiveIntegerField(null=True, blank=True)
    rev = models.PositiveBigIntegerField()
    split = models.CharField(max_length=5)
    shapes = models.JSONField(help_text="[{id, label, geometry, attributes}] as they were at rev.")

    class Meta:
        ordering = ("version", "path", "frame")

    def __str__(self) -> str:
        return self.path if self.frame is None else f"{self.path} frame {self.frame}"


class Stage(models.TextChoices):
    CANDIDATE = "candidate", "Candidate"
    DEPLOYED = "deployed", "Deployed"
    RETIRED = "retired", "Retired"


class Model(models.Model):
    """A trained or uploaded set of weights with metrics, exports and a stage."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="models")
    name = models.CharField(max_length=120)
    engine = models.CharField(max_length=20)
    version = models.ForeignKey(Version, models.SET_NULL, null=True, related_name="models")
    job = models.OneToOneField(Job, models.SET_NULL, null=True, related_name="model")
    labels = models.JSONField(help_text="[{id, name}] in the order of the class index.")
    params = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict, help_text="{map50, map50_95, precision, recall}")
    weights = models.FileField(max_length=255, blank=True, help_text="The engine's own checkpoint.")
    onnx = models.FileField(max_length=255, blank=True, help_text="What predictions are made with.")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CANDIDATE)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name
