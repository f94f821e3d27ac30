"""Versions, models and the predictions they make."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from pgvector.django import HnswIndex, VectorField

from projects.ids import uuid7
from projects.models import Asset, Item, Job, Project, User
from projects.models.project import Task


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
    """An immutable dataset snapshot under a content hash: items, their revs, labels, split, and how pictures are made.

    Pictures that are cut, resized or augmented are not stored: the recipes, the content hash and a picture's own key
    make each of them again, to the last pixel.
    """

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    task = models.CharField(max_length=12, choices=Task.choices, default=Task.DETECT)
    content_hash = models.CharField(
        max_length=64, help_text="SHA-256 over labels, items, revs, shapes, split, preprocess and augment."
    )
    labels = models.JSONField(help_text="[{id, name, ordinal, color, attributes, skeleton, aliases}] as they were.")
    split = models.JSONField(default=dict, help_text="How items were split: {train, val, test, seed, method, notes}.")
    filters = models.JSONField(default=dict, blank=True, help_text="Which items and shapes were taken; all when empty.")
    preprocess = models.JSONField(default=dict, blank=True, help_text="{tile, resize, greyscale, contrast}")
    augment = models.JSONField(default=dict, blank=True, help_text="{copies, seed, and a step: {amount, chance}}")
    sources = models.JSONField(default=list, blank=True, help_text="[{project, name}] where there are several.")
    aliases = models.JSONField(default=dict, blank=True, help_text="{class: [other names of it]}")
    counts = models.JSONField(
        default=dict, help_text="{images, shapes, geometries: {type: n}, train, val, test, labels: {name: n}, ...}"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children", help_text="What came before it."
    )
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
    source = models.ForeignKey(Project, models.SET_NULL, null=True, related_name="+", help_text="Whose item it was.")
    path = models.CharField(max_length=700)
    frame = models.PositiveIntegerField(null=True, blank=True)
    rev = models.PositiveBigIntegerField()
    split = models.CharField(max_length=5)
    group = models.CharField(max_length=64, blank=True, help_text="What it must not be parted from by the split.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of its pixels' file, frame and shapes.")
    shape_count = models.PositiveIntegerField(default=0)
    shapes = models.JSONField(help_text="[{id, label, geometry, attributes}] as they were at rev.")

    class Meta:
        ordering = ("version", "path", "frame")
        indexes = (models.Index(fields=("version", "id"), name="frames_of_version"),)

    def __str__(self) -> str:
        return self.path if self.frame is None else f"{self.path} frame {self.frame}"


class Restoration(FrozenModel):
    """A project that was made of a version: its labels and items as they were, to be worked on apart."""

    PROJECT_PATH = "project"

    project = models.OneToOneField(Project, models.CASCADE, related_name="restored_from")
    version = models.ForeignKey(Version, models.SET_NULL, null=True, related_name="restorations")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)


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


class ItemEmbedding(models.Model):
    """A point that stands for how an item's picture looks: pictures that are alike lie in nearly the same direction."""

    PROJECT_PATH = "item__project"
    LOOK = "look"
    SIZE = 256

    item = models.ForeignKey(Item, models.CASCADE, related_name="embeddings")
    kind = models.CharField(max_length=60, help_text='"look", or "model:<id>" for the features of a trained model.')
    vector = VectorField(dimensions=SIZE, help_text="Of length 1.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "kind"), name="one_embedding_a_kind"),)
        indexes = (HnswIndex(fields=("vector",), name="embeddings_near", opclasses=("vector_cosine_ops",)),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id}"
