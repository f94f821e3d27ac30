"""The unit of labelling work: an asset linked into a project."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models.library import Asset
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


class Item(models.Model):
    """A document of live labelling. `rev` counts its transactions without a gap, in commit order.

    `rev` and everything in `annotations` change through `annotations.journal.commit` only.
    """

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="items")
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="items")
    path = models.CharField(max_length=500, help_text="Relative path: the key in imports and exports.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.TO_DO)
    split = models.CharField(max_length=5, choices=Split.choices, default=Split.AUTO, blank=True)
    rev = models.PositiveBigIntegerField(default=0, editable=False)
    epoch = models.UUIDField(default=uuid.uuid4, editable=False, help_text="Changes when a backup is restored.")
    annotation_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("path", "id")
        constraints = (models.UniqueConstraint(fields=("project", "path"), name="one_item_a_path"),)
        indexes = (models.Index(fields=("project", "created_at", "id"), name="items_newest"),)

    def __str__(self) -> str:
        return self.path
