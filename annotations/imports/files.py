"""Where the files of imports lie until they are through: a folder for each job, swept away after a day."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db.models import ProtectedError
from django.http import Http404

from projects.jobs import JobError
from projects.models import Asset, Job
from projects.uploads import store
from projects.uploads.protocol import TusError

KEPT_FOR_S = 24 * 3600.0
_FILE, _ASSETS = "file", "assets"


def _root() -> Path:
    return Path(settings.DATA_DIR) / "imports"


def folder_of(job_id: uuid.UUID | str) -> Path:
    return _root() / str(uuid.UUID(str(job_id)))


def keep(job_id: uuid.UUID, upload: File[Any]) -> None:
    """Put a file that came with a call where the job's worker finds it."""
    folder = folder_of(job_id)
    folder.mkdir(parents=True, mode=0o700)
    target = folder / _FILE
    if hasattr(upload, "temporary_file_path"):
        shutil.copyfile(upload.temporary_file_path(), target)
        return
    with target.open("wb") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)


def kept(job_id: str) -> Path | None:
    """The file that a job kept, with its day begun anew; None when it is gone."""
    path = folder_of(job_id) / _FILE
    if not path.is_file():
        return None
    path.parent.touch()
    return path


def path_of(job: Job, source: dict[str, str]) -> Path:
    """The file that a job is about.

    Raises:
        JobError: it is gone, or was never whole.
    """
    if "upload" in source:
        try:
            return store.open_complete(source["upload"], job.created_by)
        except (TusError, Http404) as error:
            detail = getattr(error, "detail", "The upload is gone: send the file again.")
            raise JobError("file-gone", str(detail)) from error
    path = kept(source["kept"])
    if path is None:
        raise JobError("file-gone", "The file is kept for a day, which is over: send it again.")
    return path


# Assets that an attempt brought into the team's library; a worker that dies leaves the list


def remember_asset(job_id: uuid.UUID, asset_id: uuid.UUID) -> None:
    folder = folder_of(job_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _ASSETS).open("a") as file:
        file.write(f"{asset_id}\n")


def drop_assets(job_id: uuid.UUID | str) -> int:
    """Take the files that an import brought out of the library again, as far as no item uses them."""
    path = folder_of(job_id) / _ASSETS
    if not path.is_file():
        return 0
    gone = 0
    for name in path.read_text().split():
        asset = Asset.objects.filter(pk=name, items__isnull=True).first()
        try:
            gone += bool(asset and asset.delete())
        except ProtectedError:  # an item took it at this moment
            continue
    path.unlink(missing_ok=True)
    return gone


def sweep(older_than_s: float = KEPT_FOR_S) -> int:
    """Delete what was kept for longer than a day and belongs to no job that goes on. Returns how many folders."""
    before = time.time() - older_than_s
    if not _root().is_dir():
        return 0
    old = [path for path in _root().iterdir() if path.stat().st_mtime < before]
    going_on = set(Job.objects.filter(ended_at__isnull=True).values_list("pk", flat=True))
    gone = 0
    for path in old:
        if uuid.UUID(path.name) in going_on or _needed(path.name, going_on):
            continue
        drop_assets(path.name)
        shutil.rmtree(path, ignore_errors=True)
        gone += 1
    return gone


def _needed(job_id: str, going_on: set[uuid.UUID]) -> bool:
    """Whether a job that goes on reads another one's file."""
    return Job.objects.filter(pk__in=going_on, params__source__kept=job_id).exists()
