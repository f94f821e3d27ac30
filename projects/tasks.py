"""Chores of the library and of sign-in (thin Celery shells)."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from projects import frame_items, jobs, playback
from projects.idempotency import KEPT_FOR
from projects.intake import ASSETS, look_again
from projects.models import Asset, KeptAnswer, Video
from projects.uploads import by_address, staging, store
from projects.watching import looking

# An upload that is being stored has files before it has rows; none takes this long.
ORPHAN_AGE = timedelta(days=1)


@shared_task
def sweep_orphans(older_than_s: float = ORPHAN_AGE.total_seconds()) -> int:
    """Delete stored files that no row knows: what a crash between the file and its row left. Returns how many."""
    before = timezone.now() - timedelta(seconds=older_than_s)
    folders = [f"{team}/{part}" for team in _folders(ASSETS) for part in _names(team)]
    return sum(_sweep(folder, before) for folder in folders)


def _names(folder: str) -> list[str]:
    return default_storage.listdir(folder)[0]


def _folders(root: str) -> list[str]:
    return [f"{root}/{name}" for name in _names(root)] if default_storage.exists(root) else []


def _sweep(folder: str, before: datetime) -> int:
    names = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    known: set[str] = set()
    for rows, fields in (
        (Asset.objects, ("file", "upright", "thumbnail", "preview", "tiles")),
        (Video.objects, ("proxy", "packets")),
    ):
        for field in fields:
            known.update(rows.filter(**{f"{field}__in": names}).values_list(field, flat=True))
    lost = [name for name in names if name not in known and default_storage.get_modified_time(name) < before]
    for name in lost:
        default_storage.delete(name)
    return len(lost)


@shared_task
def make_playback() -> int:
    """Make what browsers need to decode the videos that wait for it. Returns how many were made."""
    return playback.drain()


@shared_task
def forget_expired() -> int:
    """Delete what can no longer be used: refresh tokens, sessions and kept answers. Returns how many rows."""
    now = timezone.now()
    expired = (
        OutstandingToken.objects.filter(expires_at__lt=now),
        Session.objects.filter(expire_date__lt=now),
        KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR),
    )
    return sum(rows.delete()[0] for rows in expired)


@shared_task
def reap_lost_jobs() -> None:
    jobs.reap()


@shared_task
def stage_uploads() -> int:
    """Inspect the complete uploads that wait for it. Returns how many were."""
    return staging.drain()


@shared_task
def stage_late_uploads() -> None:
    staging.wake_late()


@shared_task
def expire_uploads() -> int:
    """Delete uploads whose time is over, and what crashes left of others. Returns how many files and rows."""
    return staging.expire() + store.sweep_files()


@shared_task
def look_at_pictures(most: int = 2000) -> int:
    """Note how pictures look that came before this was noted. Returns how many."""
    waiting = Asset.objects.filter(brightness=None).exclude(thumbnail="").order_by("pk")[:most]
    return sum(look_again(asset) is not None for asset in waiting)


@shared_task(name=by_address.TASK)
def run_fetch_job(job_id: str) -> None:
    jobs.carry(job_id, by_address.work)


@shared_task(name=frame_items.TASK)
def run_frames_job(job_id: str) -> None:
    jobs.carry(job_id, frame_items.work)


@shared_task
def look_at_watches() -> int:
    """Look for new files at every watched place. Returns how many became items."""
    return looking.look_at_all()
