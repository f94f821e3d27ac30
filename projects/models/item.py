"""The unit of labelling work: an asset linked into a project."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from projects.ids import uuid7
from projects.models.library import INDEX_FIELDS, Asset
from projects.models.people import User
from projects.models.project import Project


class State(models.TextChoices):
    TO_DO = "to-do", "To do"
    IN_PROGRESS = "in-progress", "In progress"
    IN_REVIEW = "in-review", "In review"
    APPROVED = "approved", "Approved"
    SENT_BACK = "sent-back", "Sent back"


class Split(models.TextChoices):
    AUTO = "", "Chosen when a version is frozen"
    TRAIN = "train", "Train"
    VAL = "val", "Validation"
    TEST = "test", "Test"


class ItemQuerySet(models.QuerySet["Item"]):
    def with_asset(self) -> ItemQuerySet:
        """With all that a list shows, in one query; the index of a video, which may be megabytes, stays behind."""
        rows = self.select_related("asset", "asset__video")
        return rows.defer(*(f"asset__video__{name}" for name in INDEX_FIELDS))

    def labelled(self, labels: Iterable[uuid.UUID]) -> ItemQuerySet:
        """Items with at least one shape of one of the labels.

        The shapes are another app's; they are reached through their relation to this one. Ids rather than
        names: PostgreSQL knows how rare each label is, and starts from the rare ones.
        """
        shapes = self.model._meta.get_field("annotations").related_model._default_manager
        return self.filter(Exists(shapes.filter(label__in=list(labels), item=OuterRef("pk"), deleted=False)))

    def search(self, words: str) -> ItemQuerySet:
        """Items whose path has each of the words in it."""
        found = self
        for word in words.split()[:8]:
            found = found.filter(path__icontains=word)
        return found


class _OriginalManager(models.Manager.from_queryset(ItemQuerySet)):  # type: ignore[misc]
    """What lists, counts, versions and exports are made of: blind copies are nobody's but their person's."""

    def get_queryset(self) -> ItemQuerySet:
        return super().get_queryset().filter(replica_of__isnull=True)  # type: ignore[no-any-return]


class Item(models.Model):
    """A document of live labelling. `rev` counts its transactions without a gap, in commit order.

    `rev` and everything in `annotations` change through `annotations.journal.commit` only, and `state` through
    `projects.states.change` (a first edit through the journal). A blind copy is an item of its own that only
    the person it is for, and reviewers, may know of; `objects` leaves it out, `every` has it.
    """

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="items")
    project_id: uuid.UUID
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="items")
    path = models.CharField(max_length=500, help_text="Relative path: the key in imports and exports.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.TO_DO)
    split = models.CharField(max_length=5, choices=Split.choices, default=Split.AUTO, blank=True)
    rev = models.PositiveBigIntegerField(default=0, editable=False)
    epoch = models.UUIDField(default=uuid.uuid4, editable=False, help_text="Changes when a backup is restored.")
    annotation_count = models.PositiveIntegerField(default=0, editable=False)  # without a model's suggestions
    detections = models.PositiveIntegerField(default=0, editable=False, help_text="The highest detection id given.")
    ground_truth = models.BooleanField(default=False, help_text="Its labels are the truth that people are scored by.")
    replica_of = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, editable=False, related_name="replicas"
    )
    replica_for = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, editable=False, related_name="blind_copies"
    )
    source = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="taken", help_text="Its video."
    )
    source_frame = models.PositiveIntegerField(null=True, blank=True, editable=False, help_text="Which frame of it.")
    external_id = models.CharField(
        max_length=200, blank=True, default="", db_default="", editable=False, help_text="How a program calls it."
    )
    augmentation = models.JSONField(null=True, blank=True, editable=False, help_text="How a program made its picture.")
    synced = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False, help_text="SHA-256 of what was sent last."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = _OriginalManager()
    every = ItemQuerySet.as_manager()

    class Meta:
        ordering = ("path", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "path"), condition=models.Q(replica_of__isnull=True), name="one_item_a_path"
            ),
            models.UniqueConstraint(
                fields=("project", "external_id"), condition=~models.Q(external_id=""), name="one_item_an_external_id"
            ),
            models.UniqueConstraint(fields=("replica_of", "replica_for"), name="one_blind_copy_a_person"),
        )
        indexes = (
            models.Index(fields=("project", "created_at", "id"), name="items_newest"),
            models.Index(fields=("project", "updated_at", "id"), name="items_changed"),
            models.Index(fields=("project", "annotation_count", "id"), name="items_by_shapes"),
        )

    def __str__(self) -> str:
        return self.path


class StateChange(models.Model):
    """One step of an item through its states: who, when, from, to, and why it was sent back."""

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="state_changes")
    before = models.CharField(max_length=12, choices=State.choices)
    after = models.CharField(max_length=12, choices=State.choices)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(max_length=1000, blank=True)
    rev = models.PositiveBigIntegerField(help_text="The item's revision at that moment.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=("item", "at"), name="state_changes_of_item"),)

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
