"""Counts of items, which add up to those of a project (see `annotations.figures`)."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from projects.models import Item, Project


class ItemFigures(models.Model):
    """What one item adds to its project's figures, as of a revision."""

    PROJECT_PATH = "project"

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="figures")
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    rev = models.PositiveBigIntegerField()
    counts = models.JSONField(default=dict, help_text="{what: how many}: see `annotations.figures.counting`.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (GinIndex(fields=("counts",), name="figures_by_key"),)

    def __str__(self) -> str:
        return f"figures of {self.item_id} at {self.rev}"


class ProjectFigures(models.Model):
    """The sum of all items' counts."""

    PROJECT_PATH = "project"

    project = models.OneToOneField(Project, models.CASCADE, primary_key=True, related_name="figures")
    counts = models.JSONField(default=dict)
    stale = models.BooleanField(default=False, help_text="Items went: the sum is made anew.")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"figures of {self.project_id}"


@receiver(post_delete, sender=ItemFigures)
def _sum_anew(instance: ItemFigures, **_: Any) -> None:
    ProjectFigures.objects.filter(project=instance.project_id, stale=False).update(stale=True)
