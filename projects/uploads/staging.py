"""From a complete upload to an asset that waits for a word, and from there into the project or away.

A complete upload is inspected once: pictures and videos become assets of the library and are `staged`; archives and
files of annotations stay `complete` for an import; anything else is `refused` and its bytes go. Whoever inspects holds
the lock of the file, so that a worker that died is no obstacle to the next one.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.deletion import ProtectedError
from django.utils import timezone

from projects import intake, live, sniff
from projects.models import Asset, Item, Upload, UploadBatch
from projects.models.library import INDEX_FIELDS
from projects.models.upload import BatchState, UploadState
from projects.uploads import store
from projects.uploads.protocol import TusError

INLINE_BYTES = 32 * 2**20  # a file of so many bytes is inspected in the request that completes it
_BEHIND = threading.BoundedSemaphore(2)
_PATIENCE = timedelta(minutes=1)
_FOR_IMPORTS = {".zip", ".tar", ".tgz", ".json", ".jsonl", ".ndjson", ".xml", ".txt", ".csv", ".yaml", ".yml", ".toon"}


def arrived(upload: Upload) -> None:
    """Inspect an upload whose last byte came: a small one before the answer, what takes longer behind it.

    Not in a worker, whose hands may be full of long jobs; one takes over what a process that ended left (`wake_late`).
    """
    if upload.state != UploadState.COMPLETE or upload.sha256:
        return
    if upload.offset <= INLINE_BYTES:
        stage(upload.pk)
        upload.refresh_from_db()
    else:
        thread = threading.Thread(target=_stage_behind, args=(upload.pk,), daemon=True)
        transaction.on_commit(thread.start)


def _stage_behind(pk: uuid.UUID) -> None:
    with _BEHIND:  # each holds a connection of the database's pool, and a core
        try:
            stage(pk)
        finally:
            connection.close()


def wake() -> None:
    """Have a worker look for uploads that wait. A message that is lost is sent again by beat."""
    transaction.on_commit(lambda: current_app.send_task("projects.tasks.stage_uploads"), robust=True)


def drain() -> int:
    """Inspect what waits, unless somebody else is at it. Returns how many were."""
    waiting = Upload.objects.filter(state=UploadState.COMPLETE, sha256="").order_by("completed_at")
    return sum(stage(pk) for pk in waiting.values_list("pk", flat=True))


def wake_late() -> None:
    """Ring again for uploads that have waited for long."""
    late = timezone.now() - _PATIENCE
    if Upload.objects.filter(state=UploadState.COMPLETE, sha256="", completed_at__lt=late).exists():
        wake()


def stage(pk: uuid.UUID) -> bool:
    """Inspect one upload; False where it does not wait any more, or somebody else is at it."""
    upload = Upload.objects.select_related("project__team", "created_by").filter(pk=pk).first()
    if upload is None or upload.state != UploadState.COMPLETE or upload.sha256:
        return False
    try:
        with store.locked(upload):
            upload.refresh_from_db(fields=["state", "sha256"])
            if upload.state != UploadState.COMPLETE or upload.sha256:
                return False
            _inspect(upload)
    except Upload.DoesNotExist:  # deleted meanwhile
        return False
    except TusError as error:
        if error.status == 423:  # another one has it
            return False
        upload.problem = {"code": "lost", "detail": "The server no longer has the bytes of this file: upload it again."}
        return _set(upload, state=UploadState.REFUSED)
    if upload.at_once and upload.state == UploadState.STAGED:
        commit(upload.batch, [upload.pk])
    return True


def _format(upload: Upload) -> sniff.Format | None:
    with upload.location.open("rb") as file:
        return sniff.detect(file.read(sniff.HEAD_BYTES))


def _is_for_import(upload: Upload) -> bool:
    """Whoever wants an item at once is told that this makes none; else an archive or labels may stay as they are."""
    named = PurePosixPath(upload.name.lower()).suffix in _FOR_IMPORTS
    return named and not upload.at_once and upload.offset > 0 and _format(upload) is None


def _inspect(upload: Upload) -> None:
    upload.sha256 = intake.sha256_of(upload.location)
    if _is_for_import(upload):
        _set(upload)
        return
    try:
        asset, new = intake.store_file(
            upload.project.team,
            upload.location,
            upload.path,
            upload.created_by,
            most=settings.MAX_RESUMABLE_BYTES,
            staged=upload.sha256,
        )
    except intake.IntakeError as error:
        upload.problem = {"code": error.code, "detail": error.detail}
        _set(upload, state=UploadState.REFUSED)
    else:
        if not _set(upload, state=UploadState.STAGED, asset=asset, asset_is_new=new) and new:
            forget_asset(asset)


@transaction.atomic
def _set(upload: Upload, **changes: Any) -> bool:
    """Write what was found, unless the upload was given up meanwhile; a library's or refused file's bytes go."""
    changes |= {"sha256": upload.sha256, "problem": upload.problem}
    waiting = Upload.objects.select_for_update().filter(pk=upload.pk, state=UploadState.COMPLETE)
    if not waiting.exists():
        return False
    for name, value in changes.items():
        setattr(upload, name, value)
    upload.save(update_fields=[*changes])
    if upload.state != UploadState.COMPLETE:
        store.forget_bytes(upload)
    if not (upload.at_once and upload.state == UploadState.STAGED):  # its item follows in a moment
        _ring(upload)
    return True


def _ring(upload: Upload) -> None:
    live.publish_on_commit(
        live.project_room(upload.project_id),
        {"type": "upload", "upload": str(upload.pk), "batch": str(upload.batch_id), "state": upload.state},
    )


def commit(batch: UploadBatch, wanted: Sequence[uuid.UUID] | None = None) -> list[Item]:
    """Make items of a batch's staged uploads: those of `wanted` in its order, or all in the order of the batch.

    All of them or none. What is not staged, such as an upload on its way or a refused one, is left as it is.
    """
    with transaction.atomic():
        uploads = _chosen(batch, wanted, UploadState.STAGED)
        items = []
        for upload in uploads:
            assert upload.asset is not None
            upload.item = intake.add_item(upload.project, upload.asset, upload.path, upload.created_by)
            upload.state = UploadState.COMMITTED
            upload.save(update_fields=["item", "state"])
            _ring(upload)
            items.append(upload.item)
        _close(batch, BatchState.COMMITTED)
    return items


def discard(batch: UploadBatch, wanted: Sequence[uuid.UUID] | None = None) -> int:
    """Put uploads of a batch aside. Until they expire, `restore` brings them back; then bytes and assets go."""
    with transaction.atomic():
        uploads = _chosen(batch, wanted, *_OPEN)
        for upload in uploads:
            upload.state, upload.expires_at = UploadState.DISCARDED, store.expires()
            upload.save(update_fields=["state", "expires_at"])
            _ring(upload)
        _close(batch, BatchState.DISCARDED)
    return len(uploads)


def restore(batch: UploadBatch, wanted: Sequence[uuid.UUID] | None = None) -> int:
    """Undo `discard` for what has not expired."""
    with transaction.atomic():
        uploads = _chosen(batch, wanted, UploadState.DISCARDED)
        for upload in uploads:
            upload.state, upload.expires_at = _state_before(upload), store.expires()
            upload.save(update_fields=["state", "expires_at"])
            _ring(upload)
        if uploads:
            UploadBatch.objects.filter(pk=batch.pk).update(state=BatchState.OPEN, ended_at=None)
    return len(uploads)


_OPEN = (UploadState.RECEIVING, UploadState.COMPLETE, UploadState.STAGED, UploadState.REFUSED)


def _state_before(upload: Upload) -> str:
    if upload.asset_id:
        return UploadState.STAGED
    if upload.problem:
        return UploadState.REFUSED
    return UploadState.COMPLETE if upload.completed_at else UploadState.RECEIVING


def _chosen(batch: UploadBatch, wanted: Sequence[uuid.UUID] | None, *states: str) -> list[Upload]:
    rows = batch.uploads.select_for_update(of=("self",)).select_related("project", "asset", "created_by")
    rows = rows.filter(state__in=states)
    if wanted is None:
        return list(rows)
    found = {upload.pk: upload for upload in rows.filter(pk__in=wanted)}
    return [found[pk] for pk in dict.fromkeys(wanted) if pk in found]


def _close(batch: UploadBatch, state: str) -> None:
    """A batch in which nothing waits any more is over."""
    if not batch.uploads.filter(state__in=_OPEN).exists():
        UploadBatch.objects.filter(pk=batch.pk).update(state=state, ended_at=timezone.now())


def terminate(upload: Upload) -> None:
    """Forget an upload and its bytes; an asset that only it had goes too. What became an item stays."""
    with transaction.atomic():
        row = Upload.objects.select_for_update(of=("self",)).select_related("asset").filter(pk=upload.pk).first()
        if row is None:
            return
        asset = row.asset if row.asset_is_new and row.state != UploadState.COMMITTED else None
        row.delete()
        if asset is not None:
            forget_asset(asset)


@transaction.atomic
def forget_asset(asset: Asset) -> None:
    """Delete an asset that an upload brought, unless it is used: by an item, or by another upload, which then has it
    to look after."""
    Asset.objects.select_for_update().filter(pk=asset.pk).first()
    others = Upload.objects.filter(asset=asset)
    if others.exists():
        others.update(asset_is_new=True)
    elif not Item.every.filter(asset=asset).exists():
        try:
            asset.delete()
        except ProtectedError:
            return


def expire() -> int:
    """Delete the uploads whose time is over, and batches that are left empty. Returns how many uploads."""
    over = Upload.objects.filter(expires_at__lt=timezone.now())
    gone = 0
    for upload in over.iterator():
        terminate(upload)
        gone += 1
    old = timezone.now() - timedelta(hours=settings.UPLOAD_EXPIRY_HOURS)
    UploadBatch.objects.filter(uploads__isnull=True, created_at__lt=old).delete()
    return gone


def duplicates(uploads: Iterable[Upload]) -> dict[uuid.UUID, Item]:
    """For assets of uploads of one project: the first item that the project has with it, beside the upload's own."""
    rows = list(uploads)
    own = [upload.item_id for upload in rows if upload.item_id]
    found: dict[uuid.UUID, Item] = {}
    items = Item.objects.filter(
        project__in={upload.project_id for upload in rows},
        asset__in={upload.asset_id for upload in rows if upload.asset_id},
    )
    for item in items.exclude(pk__in=own).only("pk", "path", "asset_id").order_by("-created_at", "-pk"):
        found[item.asset_id] = item
    return found


def of_batch(batch: UploadBatch) -> QuerySet[Upload]:
    """What a person sees of a batch: everything but what was put aside."""
    rows: QuerySet[Upload] = batch.uploads.exclude(state=UploadState.DISCARDED)
    return with_asset(rows)


def with_asset(rows: QuerySet[Upload]) -> QuerySet[Upload]:
    return rows.select_related("item", "asset", "asset__video").defer(
        *(f"asset__video__{name}" for name in INDEX_FIELDS)
    )


def counts(batch: UploadBatch) -> dict[str, int]:
    """How many uploads of a batch are in each state."""
    rows = batch.uploads.order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys(UploadState.values, 0) | dict(rows)
