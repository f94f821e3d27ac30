"""What people say to each other about a place in an item."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models import Item, User


class Thread(models.Model):
    """Comments pinned to a shape, to a point of a frame, or to the item as a whole; open until it is resolved.

    `annotation` is no foreign key: a shape that was deleted, or never came, must not take its comments along.
    """

    PROJECT_PATH = "item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="threads")
    annotation = models.UUIDField(null=True, blank=True, help_text="The shape that it is about.")
    frame = models.PositiveIntegerField(null=True, blank=True)
    x = models.FloatField(null=True, blank=True, help_text="Where it is pinned, in pixels of the upright picture.")
    y = models.FloatField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "id")
        indexes = (models.Index(fields=("item", "resolved_at"), name="threads_open"),)

    def __str__(self) -> str:
        return f"Comments on {self.item_id}"


class Comment(models.Model):
    """One thing said in a thread."""

    PROJECT_PATH = "thread__item__project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=4000)
    mentions = models.ManyToManyField(User, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.text[:60]
