"""What: projects and their label schema."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from projects.ids import uuid7
from projects.models.people import Role, Team, User

# Okabe and Ito's eight colours, told apart by colour-blind people too; black is last for dark pictures.
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")


class Task(models.TextChoices):
    DETECT = "detect", "Detect objects (boxes)"
    SEGMENT = "segment", "Segment (polygons and masks)"
    OBB = "obb", "Detect rotated objects"
    POSE = "pose", "Pose (keypoints)"
    CLASSIFY = "classify", "Classify images (tags)"
    ANOMALY = "anomaly", "Find anomalies"


class Project(models.Model):
    """A label schema, its items, versions, models and pipelines."""

    PROJECT_PATH = "pk"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="projects")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    task = models.CharField(max_length=12, choices=Task.choices, default=Task.DETECT)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class ProjectMembership(models.Model):
    """A role in one project only, for somebody outside its team."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="project_memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.ANNOTATOR)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("project", "user"), name="one_membership_a_project"),)

    def __str__(self) -> str:
        return f"{self.user.name}: {self.role} of {self.project}"


class Label(models.Model):
    """A class of the schema."""

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=120)
    color = models.CharField(
        max_length=7, validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", "A colour looks like #E69F00.")]
    )
    ordinal = models.PositiveIntegerField(default=0, help_text="Class index in exports and models.")
    attributes = models.JSONField(default=list, blank=True)
    skeleton = models.JSONField(null=True, blank=True)
    aliases = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("ordinal", "id")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="one_label_a_name"),)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.color:
            self.color = PALETTE[self.ordinal % len(PALETTE)]
        super().save(*args, **kwargs)
