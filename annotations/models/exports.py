"""What an export or a conversion has written, until it expires."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Job, Project


class Export(models.Model):
    """An archive that a job of the kind "export" or "convert" left in the storage."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="exports")
    job = models.OneToOneField(Job, models.CASCADE, related_name="export")
    file = models.FileField(max_length=255)
    original_name = models.CharField(max_length=255, help_text="What the browser calls it.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True, help_text="It is swept away from then on.")

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.original_name


@receiver(post_delete, sender=Export)
def _delete_archive(instance: Export, **_: Any) -> None:
    """The file goes when the row is gone for good; what a crash leaves is swept later."""
    name, storage = instance.file.name, instance.file.storage
    transaction.on_commit(lambda: storage.delete(name))
