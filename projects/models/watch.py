"""Places that are looked at for new files: folders of the server, and prefixes of S3 buckets."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models.item import Item
from projects.models.people import User
from projects.models.project import Project


class WatchKind(models.TextChoices):
    FOLDER = "folder", "Folder of the server"
    S3 = "s3", "S3 prefix"


class FileState(models.TextChoices):
    WAITING = "waiting", "Waiting"  # seen once; taken when the next look finds it unchanged
    TAKEN = "taken", "Taken"
    REFUSED = "refused", "Refused"


class Watch(models.Model):
    """A place whose new files become items (see `projects.watching`)."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="watches")
    kind = models.CharField(max_length=6, choices=WatchKind.choices)
    config = models.JSONField(default=dict, help_text="{folder | endpoint, bucket, prefix, region; into}; no secrets.")
    secret = models.TextField(blank=True, editable=False, help_text="Encrypted keys; never returned.")
    enabled = models.BooleanField(default=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        if self.kind == WatchKind.FOLDER:
            return str(self.config.get("folder", ""))
        return f"s3://{self.config.get('bucket', '')}/{self.config.get('prefix', '')}"


class WatchedFile(models.Model):
    """A file of a watched place. `mark` changes when the file does: size and time, or S3's ETag."""

    PROJECT_PATH = "watch__project"

    watch = models.ForeignKey(Watch, models.CASCADE, related_name="files")
    key = models.CharField(max_length=1024, help_text="The path below the folder or prefix.")
    mark = models.CharField(max_length=100)
    state = models.CharField(max_length=7, choices=FileState.choices, default=FileState.WAITING)
    problem = models.JSONField(null=True, blank=True, help_text="{code, detail}: why it was refused.")
    item = models.ForeignKey(Item, models.SET_NULL, null=True, blank=True, related_name="+")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("watch", "key")
        constraints = (models.UniqueConstraint(fields=("watch", "key"), name="watched_once"),)

    def __str__(self) -> str:
        return self.key
