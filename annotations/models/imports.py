"""What an import brought, besides the shapes that the journal tells of."""

from __future__ import annotations

from django.db import models

from projects.models import Item, Job


class ImportedItem(models.Model):
    """An item that an import added: when the import is undone it goes, unless somebody has worked on it since."""

    PROJECT_PATH = "item__project"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="+")
    item = models.OneToOneField(Item, models.CASCADE, related_name="imported")

    def __str__(self) -> str:
        return f"item {self.item_id} of import {self.job_id}"
