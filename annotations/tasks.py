"""Thin Celery shells."""

from __future__ import annotations

from celery import shared_task

from annotations import relabel
from annotations.people import sessions


@shared_task(name=relabel.TASK)
def run_label_job(job_id: str) -> None:
    relabel.run(job_id)


@shared_task
def end_sessions() -> int:
    """End the sessions that everybody has left. Returns how many."""
    return sessions.sweep()
