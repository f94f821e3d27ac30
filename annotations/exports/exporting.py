"""The job that exports a project or a version: asked for, carried out, and its archive kept for a while."""

from __future__ import annotations

import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from annotations.exports import filters, project, sources
from annotations.exports.snapshot import snapshot
from annotations.exports.writing import Order, Step, write
from annotations.formats.base import Format, FormatError, Report, chosen
from annotations.formats.registry import formats
from annotations.models import Export
from projects import jobs, media
from projects.access import Act, project_rank
from projects.models import Job, Project, User

KIND = "export"
TASK = "annotations.tasks.run_export_job"
KEPT_FOR = timedelta(days=7)
LINK_S = 3600
FOLDER = "exports"
_REMARKS_SHOWN = 100
_NOT_IN_NAMES = re.compile(r"[^\w.]+")


class Chunked(File):  # type: ignore[type-arg]
    """A file on disk that a storage on the same disk moves instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def start(wanted: Project, params: Mapping[str, Any], by: User) -> Job:
    """Queue an export.

    Args:
        params: `{format, options, filters, media, version?}`, as `filters.parse` and `base.chosen` take them.

    Raises:
        FormatError: no such format or option.
        FilterError: no such filter.
        SourceError: no such version.
    """
    form = format_called(str(params["format"]))
    checked = {**params, "options": chosen(form, params.get("options") or {})}
    checked["filters"] = filters.parse(params.get("filters") or {}).as_json()
    checked["reviewer"] = project_rank(by, wanted.pk) >= Act.REVIEW  # of ground truth the others may not know
    source = sources.source_for(checked)
    if source.check is not None:
        source.check(wanted, checked)
    return jobs.start(wanted, KIND, f"Export as {form.title}", checked, by)


def format_called(name: str) -> Format:
    """Raises: FormatError, where there is no such format, or it cannot be written."""
    found = formats().get(name)
    if found is None or not getattr(found, "writes", True):
        known = ", ".join(each for each, form in formats().items() if getattr(form, "writes", True))
        raise FormatError("format", f"{name[:40]!r} is no format that can be written: there are {known}.")
    return found


def work(held: jobs.Held) -> None:
    """Carry out a job of the kind "export"."""
    params = held.job.params
    source, wanted = sources.source_for(params), filters.parse(params.get("filters") or {})
    order = Order(
        format_called(params["format"]),
        params["options"],
        lambda: source.content(held.job.project, params),
        snapshot,
        bool(params.get("media")),
        wanted.frames,
        stepping(held),
    )
    deliver(held, order, Report())


def stepping(held: jobs.Held) -> Step:
    """What a writing tells of its way becomes the job's progress."""

    def step(share: float, phase: str, pictures: int) -> None:
        held.step(share, 1, phase, **{"files" if phase == "media" else "pictures": pictures})

    return step


def deliver(held: jobs.Held, order: Order, report: Report, more: Mapping[str, Any] | None = None) -> None:
    """Write the archive, keep it, and end the job with it.

    Args:
        more: What else stands in the result.

    Raises:
        JobError: the data or the disk do not allow it.
    """
    began = time.monotonic()
    with _on_disk(held.job) as path:
        try:
            counts = write(order, path, report)
        except FormatError as error:
            raise jobs.JobError(error.code, error.detail) from None
        except sources.SourceError as error:
            raise jobs.JobError(error.code, error.detail) from None
        except OSError as error:
            raise jobs.JobError("disk", f"The archive could not be written: {error.strerror or error}.") from error
        held.check()
        size = path.stat().st_size
        with path.open("rb") as file:
            key = default_storage.save(_key(held.job.project), Chunked(file, str(path)))
    facts = {
        "size": size,
        "format": order.format.name,
        "counts": counts,
        "losses": _shortened(report),
        "seconds": round(time.monotonic() - began, 2),
        **(more or {}),
    }
    try:
        _end(held, key, facts)
    except BaseException:
        default_storage.delete(key)
        raise


@contextmanager
def _on_disk(job: Job) -> Iterator[Path]:
    folder = settings.DATA_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{job.pk}-", dir=folder, ignore_cleanup_errors=True) as inner:
        yield Path(inner) / "archive.zip"


def _key(owner: Project) -> str:
    """A name that tells nothing and cannot be guessed."""
    return f"{FOLDER}/{owner.pk}/{secrets.token_hex(16)}.zip"


def _end(held: jobs.Held, key: str, facts: dict[str, Any]) -> None:
    job, now = held.job, timezone.now()
    with transaction.atomic():
        row = Export.objects.create(
            project=job.project,
            job=job,
            file=key,
            original_name=file_name(job.project.name, facts["format"], now),
            size=facts["size"],
            expires_at=now + KEPT_FOR,
        )
        named = {"export": str(row.pk), "name": row.original_name, "expires_at": row.expires_at.isoformat()}
        held.finish({**named, **facts})


def file_name(project_name: str, format_name: str, at: datetime) -> str:
    """What the archive is called when somebody saves it.

    >>> file_name("Street / night", "coco", datetime(2026, 3, 1))
    'Street-night-coco-2026-03-01.zip'
    """
    stem = _NOT_IN_NAMES.sub("-", project_name).strip("-.")[:80] or "project"
    return f"{stem}-{format_name}-{at:%Y-%m-%d}.zip"


def _shortened(report: Report) -> dict[str, Any]:
    """The report for the job's row, which travels through sockets: the whole of it lies in the archive."""
    losses = report.as_json()
    cut = losses["remarks"][_REMARKS_SHOWN:]
    return {**losses, "remarks": losses["remarks"][:_REMARKS_SHOWN], "more": losses["more"] + len(cut)}


def shown(job: Job, to: User | None) -> Any:
    """A job's result with a link that is good for the next hour; `url` is null once the archive has expired.

    And for those who may not know of the ground truth that may be in it.
    """
    left = int((datetime.fromisoformat(job.result["expires_at"]) - datetime.now(UTC)).total_seconds())
    row = Export.objects.filter(job=job).first() if left > 0 and _may_have(job, to) else None
    return {**job.result, "url": media.signed_url(row.file, min(LINK_S, left)) if row is not None else None}


def _may_have(job: Job, to: User | None) -> bool:
    if to is None or not job.params.get("reviewer") or job.created_by_id == to.pk:
        return to is not None
    return project_rank(to, job.project_id) >= Act.REVIEW


def sweep(now: datetime | None = None) -> int:
    """Delete archives that have expired, and what a crash left behind. Returns how many had expired."""
    now = now or timezone.now()
    expired = list(Export.objects.filter(expires_at__lt=now))
    for row in expired:
        row.delete()
    _sweep_lost(now - timedelta(days=1))
    return len(expired)


def _sweep_lost(before: datetime) -> None:
    """Stored archives that no row knows, and half-written ones of workers that are gone."""
    for folder in default_storage.listdir(FOLDER)[0] if default_storage.exists(FOLDER) else ():
        for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
            key = f"{FOLDER}/{folder}/{name}"
            if default_storage.get_modified_time(key) < before and not Export.objects.filter(file=key).exists():
                default_storage.delete(key)
    for half in (settings.DATA_DIR / FOLDER).glob("*/archive.zip"):
        if half.stat().st_mtime < before.timestamp():
            half.unlink(missing_ok=True)


sources.register("project", project.content)
jobs.register(KIND, TASK, shown=shown)
