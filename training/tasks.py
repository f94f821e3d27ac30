"""Thin Celery shells, and what a worker does when it is told to end or its master dies."""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from celery import shared_task
from celery.signals import worker_process_init, worker_shutting_down
from django.db import transaction

from projects.models import Job
from projects.models.job import ACTIVE, Status
from training import jobs, runner
from training.assist import prelabel
from training.child import die_with
from training.datasets.version import DatasetError, freeze

# One byte shared with the forked pool process: a worker told to end has no other way to say so to a running task.
_STOPPING = mmap.mmap(-1, 1)
_busy = False
_asked = False


@shared_task(name="training.tasks.run_training_job")
def run_training_job(job_id: str) -> None:
    with _put_back_when_told():
        runner.run(job_id, stopping)


@shared_task(name="training.tasks.run_auto_label_job")
def run_auto_label_job(job_id: str) -> None:
    with _put_back_when_told():
        prelabel.run(job_id, stopping)


@contextmanager
def _put_back_when_told() -> Iterator[None]:
    """A job that looks at `stopping` goes back to the queue before this process ends."""
    global _busy
    _busy = True
    try:
        yield
    finally:
        _busy = False
        if _asked:  # now that the job is back in the queue, do what was asked
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


@shared_task(name="training.tasks.run_freeze_job")
def run_freeze_job(job_id: str) -> None:
    job = Job.claim(job_id)
    if job is None:
        return
    with runner.Heartbeat(job):
        try:
            _freeze(job)
        except DatasetError as error:
            job.move(Status.FAILED, expect=ACTIVE, error={"code": error.code, "detail": error.detail})
        job.move(Status.CANCELLED, expect=(Status.CANCELLING,))


@transaction.atomic
def _freeze(job: Job) -> None:
    """The version and the job's end together: a claim that was lost meanwhile leaves no second version."""
    version = freeze(job.project, job.created_by, job.params["name"], job.params["split"])
    result = {"version": str(version.pk)}
    if not job.move(Status.SUCCEEDED, expect=(Status.STARTING,), progress=1.0, result=result):
        transaction.set_rollback(True)


@shared_task(name="training.tasks.reap_lost_jobs")
def reap_lost_jobs() -> None:
    jobs.reap()


def stopping() -> bool:
    return _STOPPING[0] != 0


@worker_shutting_down.connect
def _shutting_down(**extra: Any) -> None:
    _STOPPING[0] = 1


@worker_process_init.connect
def _leash(**extra: Any) -> None:
    """A pool process dies with its master, and on SIGTERM first puts its job back."""
    die_with(os.getppid())
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> None:
    global _asked
    if not _busy:
        raise SystemExit(0)
    _STOPPING[0] = 1
    _asked = True
