"""What: projects and their label schema."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from projects import live
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
    team_id: uuid.UUID
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    task = models.CharField(max_length=12, choices=Task.choices, default=Task.DETECT)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def add_label(self, name: str, color: str = "", **fields: Any) -> Label:
        """Append a class to the schema, with the next free class index."""
        Project.objects.select_for_update().get(pk=self.pk)
        return Label.objects.create(project=self, name=name, color=color, ordinal=self.next_ordinal(), **fields)

    def next_ordinal(self) -> int:
        """The class index behind the last one ever given: exports and models remember those of deleted labels."""
        last = Label.every.filter(project=self).aggregate(last=models.Max("ordinal"))["last"]
        return 0 if last is None else int(last) + 1

    @transaction.atomic
    def erase(self) -> None:
        """Delete the project with its items, their labels and journals. The team's library keeps the files.

        The items are locked first, so that an edit on its way either is in or finds no item; and they go
        before the labels, which annotations protect. The jobs as well: each event of theirs takes their lock.
        """
        Project.objects.select_for_update().get(pk=self.pk)
        list(self.items.select_for_update().values_list("pk"))
        list(self.jobs.select_for_update().values_list("pk"))
        people = User.objects.filter(
            models.Q(memberships__team=self.team_id) | models.Q(project_memberships__project=self)
        )
        message = {"type": "access", "project": str(self.pk), "role": None}
        for person in people.values_list("pk", flat=True).distinct():
            live.publish_on_commit(live.person_room(person), message)
        self.items.all().delete()
        self.delete()


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


def name_key(name: str) -> str:
    """Two labels of a project never have the same one of these; the database holds it as well."""
    return " ".join(name.split()).lower()


class LiveLabels(models.Manager["Label"]):
    """Those that people can use: neither deleted nor merged into another."""

    def get_queryset(self) -> models.QuerySet[Label]:
        return super().get_queryset().filter(retired_at__isnull=True)


class Label(models.Model):
    """A class of the schema.

    A deleted label is retired, not erased: its class index is never given away, and it can come back. One that was
    merged names the label that took its place, so that work which was on its way with the old one is not lost.
    """

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="labels")
    project_id: uuid.UUID
    name = models.CharField(max_length=120)
    color = models.CharField(
        max_length=7, validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", "A colour looks like #E69F00.")]
    )
    ordinal = models.PositiveIntegerField(default=0, help_text="Class index in exports and models.")
    attributes = models.JSONField(default=list, blank=True)
    skeleton = models.JSONField(null=True, blank=True)
    aliases = models.JSONField(default=list, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+")

    every = models.Manager["Label"]()
    objects = LiveLabels()

    class Meta:
        ordering = ("ordinal", "id")
        base_manager_name = "every"
        default_manager_name = "objects"
        # Not even in another case: whoever reads `car` and `Car` takes them for one class, and so do importers.
        constraints = (
            models.UniqueConstraint(
                "project", Lower("name"), name="one_label_a_name", condition=models.Q(retired_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.color:
            self.color = PALETTE[self.ordinal % len(PALETTE)]
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Erase a label that nothing uses: for administrators; people `retire` theirs.

        Counted first: the relation protects as well, but loads every row that it protects, 19 s for 100,000.

        Raises:
            ProtectedError: annotations use it.
        """
        self._refuse_if_used()
        return super().delete(*args, **kwargs)

    def retire(self) -> None:
        """Take a label that no annotation uses out of the schema; `restore` brings it back.

        Raises:
            ProtectedError: annotations use it.
        """
        self._refuse_if_used()
        self.retired_at = timezone.now()
        self.save(update_fields=["retired_at"])

    def restore(self) -> None:
        """Bring a retired label back, under another name if its own is taken meanwhile."""
        taken = {name_key(name) for name in Label.objects.filter(project=self.project).values_list("name", flat=True)}
        name, n = self.name, 2
        while name_key(name) in taken:
            name, n = f"{self.name[:112]} ({n})", n + 1
        self.name, self.retired_at, self.merged_into = name, None, None
        self.save(update_fields=["name", "retired_at", "merged_into"])

    def _refuse_if_used(self) -> None:
        if self.uses():
            raise models.ProtectedError("Annotations use this label.", set())

    def uses(self) -> int:
        """How many rows (annotations) use this label, those that can be restored included."""
        kept = [
            relation
            for relation in self._meta.related_objects
            if relation.on_delete is models.PROTECT  # type: ignore[attr-defined]
        ]
        return sum(
            relation.related_model._base_manager.filter(**{relation.field.name: self}).count() for relation in kept
        )


@receiver((post_save, post_delete), sender=ProjectMembership)
def _ring_for_membership(
    sender: type[ProjectMembership], instance: ProjectMembership, signal: Any, **kwargs: Any
) -> None:
    """As for teams: the person's open sockets hear of it."""
    role = None if signal is post_delete else instance.role
    message = {"type": "access", "project": str(instance.project_id), "role": role}
    live.publish_on_commit(live.person_room(instance.user_id), message)


@receiver((post_save, post_delete), sender=Label)
def _ring_for_label(sender: type[Label], instance: Label, **kwargs: Any) -> None:
    """Pages that show the schema read it again."""
    live.publish_on_commit(live.project_room(instance.project_id), {"type": "labels"})
