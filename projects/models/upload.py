"""Files on their way in: received in pieces, staged for review, then committed to the project or discarded."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from projects.ids import uuid7
from projects.models.item import Item
from projects.models.library import Asset
from projects.models.people import User
from projects.models.project import Project


class BatchState(models.TextChoices):
    OPEN = "open", "Open"
    COMMITTED = "committed", "Committed"
    DISCARDED = "discarded", "Discarded"


class UploadState(models.TextChoices):
    RECEIVING = "receiving", "Receiving"
    COMPLETE = "complete", "Complete"  # every byte is here; not inspected yet, or no picture and no video
    STAGED = "staged", "Staged"  # its asset is in the library, its item waits for a word
    COMMITTED = "committed", "Committed"
    DISCARDED = "discarded", "Discarded"
    REFUSED = "refused", "Refused"


class UploadBatch(models.Model):
    """What one person sends to a project and looks through before it enters it."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="upload_batches")
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=BatchState.choices, default=BatchState.OPEN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "upload batch"
        verbose_name_plural = "upload batches"
        indexes = (models.Index(fields=("project", "created_by", "state"), name="batches_of_person"),)

    def __str__(self) -> str:
        return self.name or f"batch of {self.created_at:%Y-%m-%d %H:%M}"


class Upload(models.Model):
    """One file of a batch. `offset` counts the bytes that are truly on disk, and is only ever raised under the
    lock of the partial file (see `projects.uploads.store`)."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    project_id: uuid.UUID
    batch = models.ForeignKey(UploadBatch, models.CASCADE, related_name="uploads")
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=500, help_text="The item's path, the key in exports; folders are kept.")
    length = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes; none while the client defers it.")
    offset = models.PositiveBigIntegerField(default=0)
    metadata = models.JSONField(default=dict, blank=True, help_text="What the client said of the file, name to text.")
    file = models.CharField(max_length=255, blank=True, help_text="The bytes, below UPLOADS_DIR; none once they moved.")
    state = models.CharField(max_length=9, choices=UploadState.choices, default=UploadState.RECEIVING)
    at_once = models.BooleanField(default=False, help_text="Becomes an item without waiting for a review.")
    sha256 = models.CharField(max_length=64, blank=True)
    problem = models.JSONField(null=True, blank=True, help_text="{code, detail}: why it was refused.")
    asset = models.ForeignKey(Asset, models.SET_NULL, null=True, blank=True, related_name="uploads")
    asset_is_new = models.BooleanField(default=False, help_text="The library has the asset from this upload.")
    item = models.ForeignKey(Item, models.SET_NULL, null=True, blank=True, related_name="+")
    position = models.PositiveIntegerField(default=0, help_text="The order that the person chose.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("position", "created_at", "id")
        indexes = (models.Index(fields=("batch", "position", "created_at"), name="uploads_of_batch"),)

    def __str__(self) -> str:
        return self.path

    @property
    def location(self) -> Path:
        """Where the bytes lie while they are an upload's."""
        return Path(settings.UPLOADS_DIR) / self.file


@receiver(post_delete, sender=Upload)
def _delete_bytes(instance: Upload, **_: Any) -> None:
    """The bytes go when the row is gone for good; what a crash leaves is swept later (`projects.uploads.store`)."""
    if instance.file:
        transaction.on_commit(lambda: instance.location.unlink(missing_ok=True))
