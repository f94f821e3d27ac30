"""The rows behind a document. `annotations.journal` is the only writer of both tables."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from projects.models import Item, Label, User


class Source(models.TextChoices):
    HUMAN = "human", "A person"
    MODEL = "model", "A model: a suggestion until a person accepts it"
    IMPORT = "import", "An import"


class Annotation(models.Model):
    """One labelled object of an item; the fold of the item's journal.

    On an image `frame` is null. On a video a shape that has `keyframes` is a track; one that has a
    `frame` and no keyframes lives on that frame alone. Deletion is soft: `deleted` shapes can be restored.
    """

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, editable=False, help_text="Made by the client that drew it.")
    item = models.ForeignKey(Item, models.CASCADE, related_name="annotations")
    label = models.ForeignKey(Label, models.PROTECT, related_name="annotations")
    frame = models.PositiveIntegerField(null=True, blank=True)
    geometry = models.JSONField(help_text="{type, ...}: see the interface's description.")
    attributes = models.JSONField(default=dict, blank=True)
    keyframes = models.JSONField(null=True, blank=True, help_text="{frame: {geometry, outside, occluded}}")
    source = models.CharField(max_length=6, choices=Source.choices, default=Source.HUMAN)
    confidence = models.FloatField(null=True, blank=True)
    detection_id = models.PositiveIntegerField(null=True, blank=True, help_text="The number people call it by.")
    group = models.UUIDField(null=True, blank=True, help_text="Shapes of the same group belong together.")
    z = models.IntegerField(default=0, help_text="Drawn above those with a lower one.")
    geom_rev = models.PositiveBigIntegerField(default=0, help_text="Item rev of the last geometry change.")
    track_rev = models.PositiveBigIntegerField(default=0)
    touched = models.JSONField(default=dict, help_text="{property: [rev, user, time]}: who wrote it last.")
    deleted = models.BooleanField(default=False)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_rev = models.PositiveBigIntegerField()
    updated_rev = models.PositiveBigIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (
            models.Index(fields=("item", "frame"), name="annotations_of_frame"),
            GinIndex(
                fields=("attributes",),
                name="annotations_by_attribute",
                opclasses=("jsonb_path_ops",),
                condition=~models.Q(attributes={}),
            ),
        )

    def __str__(self) -> str:
        return f"{self.geometry.get('type', 'shape')} {self.id}"


class JournalTx(models.Model):
    """One committed transaction of ops, and what would take it back."""

    PROJECT_PATH = "item__project"

    id = models.BigAutoField(primary_key=True)
    item = models.ForeignKey(Item, models.CASCADE, related_name="journal")
    item_id: uuid.UUID
    rev = models.PositiveBigIntegerField()
    client_id = models.CharField(max_length=64)
    tx_id = models.CharField(max_length=64)
    payload_hash = models.BinaryField(max_length=32)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ops = models.JSONField()
    inverse = models.JSONField(default=list)
    overwritten = models.JSONField(default=list, help_text="What the author's ack said was overwritten.")
    skipped = models.JSONField(default=list, help_text="What an undo left alone, since others wrote it last.")
    undo_of = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "journal transaction"
        ordering = ("item", "rev")
        constraints = (
            models.UniqueConstraint(fields=("item", "rev"), name="journal_gapless"),
            models.UniqueConstraint(fields=("item", "client_id", "tx_id"), name="journal_idempotent"),
        )

    def __str__(self) -> str:
        return f"rev {self.rev} of {self.item_id}"
