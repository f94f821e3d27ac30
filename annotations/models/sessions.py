"""Annotation sessions: people who work on one item at the same time."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Item, User


class Purpose(models.TextChoices):
    LABEL = "label", "Label"
    REVIEW = "review", "Review"
    GROUND_TRUTH = "ground-truth", "Ground truth"


class AnnotationSession(models.Model):
    """From the first person who opens an item for work to the last who leaves it; at most one open an item."""

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="sessions")
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.LABEL)
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When somebody last was there.")
    ended_at = models.DateTimeField(null=True, blank=True)
    first_rev = models.PositiveBigIntegerField(default=0)
    last_rev = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=models.Q(ended_at__isnull=True), name="one_open_session_an_item"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.item_id}"


class Participant(models.Model):
    """What one person did in a session."""

    PROJECT_PATH = "session__item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(AnnotationSession, models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)
    active_s = models.FloatField(default=0, help_text="Seconds in which they did something.")
    shapes = models.PositiveIntegerField(default=0, help_text="Shapes they drew.")
    edits = models.PositiveIntegerField(default=0, help_text="Ops on shapes that were there.")

    class Meta:
        ordering = ("joined_at",)
        constraints = (models.UniqueConstraint(fields=("session", "user"), name="one_participant_a_session"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.session_id}"
