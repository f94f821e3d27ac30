"""How far the storage's copy of each journal is (see `annotations.mirror`)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from projects.models import Item


class ItemMirror(models.Model):
    """What the storage has of an item."""

    PROJECT_PATH = "item__project"

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="mirror")
    folder = models.CharField(max_length=120)
    rev = models.PositiveBigIntegerField(default=0)
    blob = models.PositiveBigIntegerField(default=0, help_text="The last mask blob that was written.")
    segments = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.folder} up to {self.rev}"


class MirrorGone(models.Model):
    """The folder of an item that was deleted: its copy goes too. (One that no row knows of may be all that is left.)"""

    folder = models.CharField(max_length=120, primary_key=True)

    def __str__(self) -> str:
        return self.folder


@receiver(post_delete, sender=ItemMirror)
def _note_gone(instance: ItemMirror, **_: Any) -> None:
    MirrorGone.objects.get_or_create(folder=instance.folder)
