"""Thin Celery shells."""

from __future__ import annotations

from celery import shared_task

from annotations import relabel
from annotations.exports import conversions, exporting
from annotations.figures import keeping
from annotations.findings import running as running_checks
from annotations.imports import files, running, starting
from annotations.mirror import writing
from annotations.people import sessions
from projects import jobs
from projects.models import Project


@shared_task(name=relabel.TASK)
def run_label_job(job_id: str) -> None:
    relabel.run(job_id)


@shared_task(name=exporting.TASK)
def run_export_job(job_id: str) -> None:
    jobs.carry(job_id, exporting.work)


@shared_task(name=conversions.TASK)
def run_convert_job(job_id: str) -> None:
    jobs.carry(job_id, conversions.work)


@shared_task
def sweep_exports() -> int:
    """Delete exports that have expired. Returns how many."""
    return exporting.sweep()


@shared_task(name=starting.TASK)
def run_import_job(job_id: str) -> None:
    jobs.carry(job_id, running.work)


@shared_task
def sweep_imports() -> int:
    """Delete files of imports that were kept for their day. Returns how many imports'."""
    return files.sweep()


@shared_task
def end_sessions() -> int:
    """End the sessions that everybody has left. Returns how many."""
    return sessions.sweep()


@shared_task
def mirror_journals() -> int:
    """Keep the storage's copy of the labels up. Returns how many items were behind."""
    return writing.catch_up()


@shared_task(name=keeping.TASK)
def count_figures(project_id: str, seconds: float = 20.0) -> None:
    """Count a project's items; what is left then is another message, so that others have their turn."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None and not keeping.catch_up(project, seconds):
        count_figures.delay(project_id)


@shared_task(name=running_checks.TASK)
def run_check_job(job_id: str) -> None:
    jobs.carry(job_id, running_checks.work)
