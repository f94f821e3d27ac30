"""Run lengths of masks that are too large for the journal."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.models import Item, User


class MaskBlob(models.Model):
    """COCO's compressed run lengths of a large mask: stored once an item, named by what they are, never changed."""

    PROJECT_PATH = "item__project"

    item = models.ForeignKey(Item, models.CASCADE, related_name="mask_blobs")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the run lengths, in hexadecimal.")
    counts = models.TextField(help_text="COCO's compressed run lengths, for the size of the item's picture.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "digest"), name="blob_once_an_item"),)

    def __str__(self) -> str:
        return f"mask {self.digest[:12]}"
