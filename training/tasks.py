"""Thin Celery shells."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from projects import jobs, worker
from training import runner
from training.assist import prelabel
from training.datasets.restore import restore
from training.datasets.version import DatasetError, freeze, recipe_of
from training.models import Version
from training.similar import keeping


@shared_task(name="training.tasks.run_training_job")
def run_training_job(job_id: str) -> None:
    with worker.put_back_when_told():
        runner.run(job_id, worker.stopping)


@shared_task(name="training.tasks.run_auto_label_job")
def run_auto_label_job(job_id: str) -> None:
    with worker.put_back_when_told():
        prelabel.run(job_id, worker.stopping)


@shared_task(name="training.tasks.run_freeze_job")
def run_freeze_job(job_id: str) -> None:
    jobs.carry(job_id, _freeze)


@transaction.atomic
def _freeze(held: jobs.Held) -> None:
    """The version and the job's end together: a claim that was lost meanwhile leaves no second version."""
    job = held.job
    try:
        version = freeze(
            job.project,
            job.created_by,
            job.params["name"],
            recipe=recipe_of(job.params),
            step=lambda done, total: held.step(done, total, "read"),
        )
    except DatasetError as error:
        raise jobs.JobError(error.code, error.detail) from error
    held.finish({"version": str(version.pk)})


@shared_task(name="training.tasks.run_restore_job")
def run_restore_job(job_id: str) -> None:
    jobs.carry(job_id, _restore)


@transaction.atomic
def _restore(held: jobs.Held) -> None:
    """The project and the job's end together."""
    version = Version.objects.select_related("project__team").filter(pk=held.job.params["version"]).first()
    if version is None:
        raise jobs.JobError("no-version", "The version was deleted meanwhile.")
    project = restore(version, held.job, held.job.params["name"], lambda done, total: held.step(done, total, "write"))
    held.finish({"project": str(project.pk)})


@shared_task(name=keeping.TASK)
def embed_items(project_id: str | None = None) -> int:
    """Make the points of items that have none, of one project or of all. Returns how many."""
    return keeping.catch_up(project_id)
