"""Long work: one row a job, whose state only moves by conditional updates, and its log of events."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from projects import live
from projects.ids import uuid7
from projects.models.people import User
from projects.models.project import Project


class Status(models.TextChoices):
    QUEUED = "queued", "Queued"
    STARTING = "starting", "Starting"
    RUNNING = "running", "Running"
    CANCELLING = "cancelling", "Cancelling"
    CANCELLED = "cancelled", "Cancelled"
    PAUSING = "pausing", "Pausing"
    PAUSED = "paused", "Paused"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    LOST = "lost", "Lost"


ENDED = (Status.CANCELLED, Status.SUCCEEDED, Status.FAILED)
ACTIVE = (Status.STARTING, Status.RUNNING, Status.CANCELLING, Status.PAUSING)


class Job(models.Model):
    """A piece of long work with progress, log, result and cancel.

    The row is the truth and the queue only a doorbell: a worker runs a job when its conditional update
    from `queued` succeeded, and every later write carries the attempt token of that claim, so that a
    message delivered twice, or a worker thought dead that comes back, changes nothing.
    """

    PROJECT_PATH = "project"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    project_id: uuid.UUID
    kind = models.CharField(max_length=20, help_text="train, freeze, import, export, ...")
    title = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    phase = models.CharField(max_length=40, blank=True)
    progress = models.FloatField(default=0, help_text="0 to 1.")
    params = models.JSONField(default=dict, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="{code, detail}: what, and how to mend it.")
    metrics = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_by_id: uuid.UUID | None
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    attempt_token = models.UUIDField(null=True, blank=True, editable=False)
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("project", "-created_at"), name="jobs_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.title or self.id}"

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @classmethod
    def claim(cls, job_id: uuid.UUID | str) -> Job | None:
        """Take a queued job for this process; None when somebody else has it or it is no longer queued."""
        now, token = timezone.now(), uuid.uuid4()
        taken = cls.objects.filter(pk=job_id, status=Status.QUEUED).update(
            status=Status.STARTING,
            attempt=F("attempt") + 1,
            attempt_token=token,
            started_at=now,
            heartbeat_at=now,
        )
        if not taken:
            return None
        job = cls.objects.select_related("project").get(pk=job_id)
        job.record("status", {"status": Status.STARTING})
        return job

    def beat(self) -> bool:
        """Say that the holder is alive; False when the job is no longer this holder's."""
        return bool(self._mine().update(heartbeat_at=timezone.now()))

    def move(self, status: str, *, expect: tuple[str, ...], **fields: Any) -> bool:
        """Change the status if it is one of `expect` and this holder's claim still stands.

        Returns:
            Whether the row changed. The event is stored in the same transaction.
        """
        if status in ENDED:
            fields.setdefault("ended_at", timezone.now())
        with transaction.atomic():
            if not self._mine().filter(status__in=expect).update(status=status, **fields):
                return False
            self.status = status
            for name, value in fields.items():
                setattr(self, name, value)
            public = {name: fields[name] for name in ("phase", "error", "result", "progress") if name in fields}
            self.record("status", {"status": status, **public})
        return True

    def request_cancel(self) -> bool:
        """Ask the job to end: at once when nobody runs it, else its holder sees `cancelling` and stops.

        It takes no claim, because whoever asks does not hold the job. Asking twice is no error.

        Returns:
            False when the job had ended already; the row is read again in any case.
        """
        waiting = (Status.QUEUED, Status.PAUSED, Status.LOST)
        held = (Status.STARTING, Status.RUNNING, Status.PAUSING)
        with transaction.atomic():
            rows = Job.objects.filter(pk=self.pk)
            rows.select_for_update().get()
            if rows.filter(status__in=waiting).update(status=Status.CANCELLED, ended_at=timezone.now()):
                self.record("status", {"status": Status.CANCELLED})
            elif rows.filter(status__in=held).update(status=Status.CANCELLING):
                self.record("status", {"status": Status.CANCELLING})
            self.refresh_from_db()
        return self.status in (Status.CANCELLED, Status.CANCELLING)

    def lose(self, silent_s: float) -> bool:
        """Take the job from a holder whose heartbeat is older than `silent_s` seconds.

        From then on nothing that the old holder writes has an effect, should it still live.

        Returns:
            Whether the job was taken: False when it ended, beat again or was taken by somebody else.
        """
        limit = timezone.now() - timedelta(seconds=silent_s)
        with transaction.atomic():
            stale = self._mine().filter(status__in=ACTIVE, heartbeat_at__lt=limit)
            if not stale.update(status=Status.LOST, attempt_token=None):
                return False
            self.status, self.attempt_token = Status.LOST, None
            self.record("status", {"status": Status.LOST})
        return True

    @property
    def times_lost(self) -> int:
        return self.events.filter(kind="status", payload__status=Status.LOST).count()

    def report(self, kind: str, payload: dict[str, Any], **fields: Any) -> bool:
        """Store an event together with the row's `fields`, if this holder's claim still stands."""
        if not self._append(self._mine(), kind, payload, **fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def record(self, kind: str, payload: dict[str, Any]) -> None:
        """Append an event and ring the project's doorbell when it commits. A job that was deleted has no story.

        Kinds: status, progress, metrics, batch, log, picture. `seq` is gapless in a job, so a page that
        joins late reads the stored events and then follows the live ones without a hole.
        """
        self._append(Job.objects.filter(pk=self.pk), kind, payload)

    @transaction.atomic
    def _append(self, rows: models.QuerySet[Job], kind: str, payload: dict[str, Any], **fields: Any) -> bool:
        """The update comes first: it holds the row, so that nobody deletes the job under its new event."""
        if not rows.update(last_seq=F("last_seq") + 1, **fields):
            return False
        self.last_seq = Job.objects.values_list("last_seq", flat=True).get(pk=self.pk)
        event = JobEvent.objects.create(job=self, seq=self.last_seq, kind=kind, payload=payload)
        live.publish_on_commit(
            live.project_room(self.project_id),
            {
                "type": "job",
                "job": str(self.pk),
                "kind": self.kind,
                "event": {"seq": event.seq, "kind": kind, "at": event.at.isoformat(), **payload},
            },
        )
        return True

    def _mine(self) -> models.QuerySet[Job]:
        return Job.objects.filter(pk=self.pk, attempt_token=self.attempt_token)


class JobEvent(models.Model):
    """One line of a job's story."""

    PROJECT_PATH = "job__project"

    job = models.ForeignKey(Job, models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("job", "seq")
        constraints = (models.UniqueConstraint(fields=("job", "seq"), name="job_events_gapless"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"
