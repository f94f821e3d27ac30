"""Who works on what: assignments, leases of 'next item', consensus and ground truth."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Item, Project, User


class Part(models.TextChoices):
    """What somebody does with an item."""

    ANNOTATE = "annotate", "Annotate"
    REVIEW = "review", "Review"


class Assignment(models.Model):
    """An item that is somebody's to annotate, or to review; one person each."""

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, models.CASCADE, related_name="assignments")
    part = models.CharField(max_length=8, choices=Part.choices, default=Part.ANNOTATE)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("at", "id")
        constraints = (models.UniqueConstraint(fields=("item", "part"), name="one_assignment_a_part"),)

    def __str__(self) -> str:
        return f"{self.user_id} has to {self.part} {self.item_id}"


class Claim(models.Model):
    """A lease: 'next item' gave it to this person, and gives it to nobody else while they are at it.

    It holds while its person edits or their editor says that it is open, see `annotations.work.claims`.
    """

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="claims")
    user = models.ForeignKey(User, models.CASCADE, related_name="claims")
    part = models.CharField(max_length=8, choices=Part.choices)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "part"), name="one_claim_a_part"),)

    def __str__(self) -> str:
        return f"{self.user_id} holds {self.item_id}"


class Consensus(models.Model):
    """An item that several people label without seeing each other's work: one blind copy each."""

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.OneToOneField(Item, models.CASCADE, related_name="consensus")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    merged_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    merged_at = models.DateTimeField(null=True, blank=True)
    merge_txs = models.JSONField(default=list, help_text="The merge's transactions in the journal, in order.")

    class Meta:
        verbose_name_plural = "consensus"

    def __str__(self) -> str:
        return f"Consensus on {self.item_id}"


class Score(models.Model):
    """How one person's blind copy of a ground-truth item compares with the truth."""

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.OneToOneField(Item, models.CASCADE, related_name="score", help_text="The blind copy.")
    user = models.ForeignKey(User, models.CASCADE, related_name="scores")
    precision = models.FloatField()
    recall = models.FloatField()
    mean_iou = models.FloatField(null=True, help_text="Over matched shapes; none where nothing matched.")
    label_accuracy = models.FloatField(null=True)
    by_label = models.JSONField(default=dict, help_text="{label: [true positives, false positives, misses]}")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id}: precision {self.precision:.2f}, recall {self.recall:.2f}"


class WorkRules(models.Model):
    """How a project hands out work."""

    PROJECT_PATH = "project"

    project = models.OneToOneField(Project, models.CASCADE, primary_key=True, related_name="work_rules")
    ground_truth_rate = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text="Share of 'next item' that is a blind copy of ground truth, 0 to 0.5.",
    )

    class Meta:
        verbose_name_plural = "work rules"

    def __str__(self) -> str:
        return f"Work in {self.project_id}"
