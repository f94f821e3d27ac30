"""What a person should hear of: somebody mentioned them, sent their work back, or long work of theirs ended."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models.people import User
from projects.models.project import Project


class Notice(models.Model):
    """One notification; it is nobody's but its person's."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    project = models.ForeignKey(Project, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, help_text="mention, reply, sent-back, approved, assigned, ...")
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, help_text="The path of the page that it leads to.")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("user", "read_at", "-created_at"), name="notices_unread"),)

    def __str__(self) -> str:
        return self.text
