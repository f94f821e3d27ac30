"""Running one claimed training job: dataset, child process, model, and a clear end whatever happens.

The row is the truth. This process holds the job by its attempt token, says every two seconds that it is
alive, and looks twice a second whether it is still wanted. If it dies, its child dies with it, and the
reaper queues the job again from its last checkpoint.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction

from projects import jobs
from projects.jobs import Heartbeat, Interrupted, JobError
from projects.models import Job
from projects.models.job import ACTIVE, ENDED, Status
from training import registry, supervisor
from training.datasets import export
from training.engines.base import Plan
from training.models import Version
from training.progress import Recorder
from training.supervisor import Ending

_log = logging.getLogger(__name__)

_CHECK_S = 0.5
_SPARE_BYTES = 2**30  # for checkpoints and exports
_HELD = ACTIVE


class Run:
    """One attempt at a job."""

    def __init__(self, job: Job, stopping: Callable[[], bool] = lambda: False) -> None:
        self.job = job
        self.folder = folder_of(job.pk)
        self.record = Recorder(job)
        self._stopping = stopping
        self._heartbeat = Heartbeat(job)
        self._checked_at = 0.0

    def go(self) -> None:
        """Carry the job to an end, or to the queue again when this worker is told to stop."""
        sweep()
        with self._heartbeat:
            try:
                ending = self._work()
            except Interrupted as interruption:
                ending = Ending(interruption.reason)
            except JobError as error:
                ending = Ending("refused", error={"code": error.code, "detail": error.detail})
            except DatabaseError:
                raise  # nothing can be said now; the reaper will
            except Exception as error:
                _log.exception("job %s failed", self.job.pk)
                ending = Ending(
                    "refused", error={"code": "engine", "detail": f"{type(error).__name__}: {error}"[:1000]}
                )
            self._end(ending)

    def _work(self) -> Ending:
        if not self.job.move(Status.RUNNING, expect=(Status.STARTING,), phase="prepare"):
            raise Interrupted(self.check() or "gone")
        version = Version.objects.get(pk=self.job.params["version"])
        plan = self._prepare(version)
        ending = supervisor.run(plan, home(), self.record, self.check)
        if ending.reason == "finished" and ending.result is not None:
            self._succeed(version, ending)
        return ending

    def _prepare(self, version: Version) -> Plan:
        """The dataset on disk; what an earlier attempt exported is used again."""
        params = self.job.params
        self.folder.mkdir(parents=True, exist_ok=True)
        data, complete = self.folder / "dataset" / "data.yaml", self.folder / "dataset.complete"
        if not complete.exists():
            preflight(export.size(version))
            shutil.rmtree(data.parent, ignore_errors=True)
            exported = export.export(version, data.parent, self._exported)
            self.record.log(f"{exported.pictures} pictures of {version} written for training")
            complete.touch()
        checkpoint = _checkpoint(self.folder)
        if checkpoint:
            self.record.log("going on from the last checkpoint")
        return Plan(
            engine=params["engine"],
            model=params["model"],
            params=params["params"],
            labels=[label["name"] for label in version.labels],
            folder=str(self.folder),
            data=str(data),
            checkpoint=checkpoint,
            extra={"weights": str(settings.WEIGHTS_DIR), "devices": settings.TRAINING_DEVICES},
        )

    def _exported(self, done: int, total: int) -> None:
        if time.monotonic() - self._checked_at < _CHECK_S:
            return
        self._checked_at = time.monotonic()
        reason = self.check()
        if reason:
            raise Interrupted(reason)
        self.record.enter("prepare", done / max(total, 1))

    def check(self) -> str:
        """Why this attempt should end; empty while it should go on."""
        if self._heartbeat.lost:
            return "gone"
        row = Job.objects.filter(pk=self.job.pk).values("status", "attempt_token").first()
        if row is None or row["attempt_token"] != self.job.attempt_token or row["status"] not in _HELD:
            return "gone"
        if row["status"] == Status.CANCELLING:
            return "cancelled"
        return "stopped" if self._stopping() else ""

    def _succeed(self, version: Version, ending: Ending) -> None:
        """The model and the job's end are stored together or not at all."""
        result = ending.result or {}
        for attempt in result.get("calls_out", ()):
            self.record.log(f"WARNING refused a call out: {attempt}")
        with transaction.atomic():
            model = registry.register(self.job, version, result)
            metrics = {**self.record.metrics, **result["metrics"], "seconds": round(result.get("seconds", 0.0), 2)}
            metrics.pop("eta_s", None)
            done = self.job.move(
                Status.SUCCEEDED,
                expect=_HELD,
                phase="",
                progress=1.0,
                metrics=metrics,
                result={"model": str(model.pk), "version": str(version.pk)},
            )
            if not done:
                registry.discard(model)
                transaction.set_rollback(True)

    def _end(self, ending: Ending) -> None:
        if ending.reason == "stopped":
            if self.job.move(Status.QUEUED, expect=_HELD):
                jobs.dispatch(self.job)
            return
        if ending.reason == "gone":
            return
        if ending.reason == "cancelled":
            self.job.move(Status.CANCELLED, expect=_HELD, phase="")
        elif ending.error is not None:
            self.job.move(Status.FAILED, expect=_HELD, error=ending.error)
        shutil.rmtree(self.folder, ignore_errors=True)


def run(job_id: uuid.UUID | str, stopping: Callable[[], bool] = lambda: False) -> None:
    """Claim a queued job and carry it to its end; nothing happens when somebody else has it.

    Args:
        job_id: Of a job of kind "train".
        stopping: Whether this worker has been told to end; the job then goes back to the queue.
    """
    job = Job.claim(job_id)
    if job is not None:
        Run(job, stopping).go()


def folder_of(job_id: uuid.UUID | str) -> Path:
    return Path(settings.DATA_DIR, "training", str(job_id))


def home() -> Path:
    """Where the libraries of training children keep their settings."""
    return Path(settings.DATA_DIR, "training", "home")


def preflight(needed: int) -> None:
    """Refuse to start what the disk cannot hold.

    Raises:
        JobError: with how much is missing.
    """
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.DATA_DIR).free
    wanted = needed + _SPARE_BYTES
    if free < wanted:
        raise JobError(
            "disk",
            f"Training needs {wanted / 2**30:.1f} GB in {settings.DATA_DIR}, and {free / 2**30:.1f} GB are free: "
            "delete something or move the data folder.",
        )


def sweep() -> None:
    """Delete the folders of jobs that ended elsewhere: cancelled while lost, or deleted."""
    for folder in (settings.DATA_DIR / "training").glob("*-*"):
        with suppress(ValueError):
            job = Job.objects.filter(pk=uuid.UUID(folder.name)).first()
            if job is None or job.status in ENDED:
                shutil.rmtree(folder, ignore_errors=True)


def _checkpoint(folder: Path) -> str:
    """The last checkpoint that an earlier attempt left; empty when there is none."""
    found = sorted(folder.glob("checkpoint.*"), key=lambda path: path.stat().st_mtime)
    found = [path for path in found if path.suffix != ".new"]
    return str(found[-1]) if found else ""
