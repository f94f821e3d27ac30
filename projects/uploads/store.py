"""The bytes of resumable uploads on disk, and the rows that tell how far they are.

The file is the truth: `Upload.offset` follows it, and what a process that died left in the file counts. The lock of the
file belongs to whoever writes, in whatever process, and falls with that process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from projects import access
from projects.access import Act
from projects.ids import uuid7
from projects.intake import clean_name, clean_path
from projects.models import Project, Upload, UploadBatch, User
from projects.models.upload import BatchState, UploadState
from projects.uploads.body import Body, Broken
from projects.uploads.protocol import (
    CHECKSUM_MISMATCH,
    Checksum,
    Creation,
    TusError,
    check_end,
    check_start,
    settle_length,
)

CHECKPOINT_BYTES = 64 * 2**20
_RESERVE_BYTES = 2**30  # a disk is never filled to its last gigabyte
_ORPHAN_AGE = timedelta(days=1)
_LOST = (404, "not_found", "The upload does not exist, or is no longer kept: begin it anew.")


def expires() -> datetime:
    return timezone.now() + timedelta(hours=settings.UPLOAD_EXPIRY_HOURS)


def mine(user: Any) -> Any:
    """The uploads that a person may go on with: their own, of projects that they are still in."""
    return access.visible(Upload.objects.filter(created_by=user.pk), user)


def waits(user: Any, project: Project) -> bool:
    """Whether something that a person sent to a project is unfinished, or waits for their word."""
    over = (UploadState.COMMITTED, UploadState.DISCARDED)
    found: bool = mine(user).filter(project=project).exclude(state__in=over).exists()
    return found


def find(user: Any, upload_id: uuid.UUID | str) -> Upload:
    """One's own upload.

    Raises:
        Http404: there is none of this id, or it is somebody else's.
        PermissionDenied: one may no longer add items.
        TusError: 410, it expired or was discarded.
    """
    upload: Upload = access.fetch(mine(user), user, upload_id, Act.ADD_ITEMS)
    if upload.expires_at < timezone.now() or upload.state == UploadState.DISCARDED:
        raise TusError(410, "gone", "The upload expired or was discarded: begin it anew.")
    return upload


def open_batch(project: Project, user: User) -> UploadBatch:
    """What a person sends to a project without naming a batch gathers in their newest open one."""
    rows = UploadBatch.objects.filter(project=project, created_by=user, state=BatchState.OPEN)
    return rows.first() or UploadBatch.objects.create(project=project, created_by=user)


def create(project: Project, user: User, wanted: Creation, batch: UploadBatch) -> Upload:
    """A new upload with nothing in it yet; an empty one is complete at once.

    Raises:
        TusError: 507, the disk has no room for it.
    """
    _require_room(wanted.length or 0)
    said = wanted.metadata
    path = clean_path(said.get("path") or said.get("relativePath") or said.get("filename") or said.get("name") or "")
    key = uuid7()
    upload = Upload(
        id=key,
        project=project,
        batch=batch,
        created_by=user,
        name=clean_name(path),
        path=path,
        length=wanted.length,
        metadata=said,
        file=f"{key.hex[-2:]}/{key}.part",
        at_once=said.get("at_once", "") == "true",
        position=min(int(said["position"]), 2**31 - 1) if said.get("position", "").isdecimal() else 0,
        expires_at=expires(),
    )
    upload.location.parent.mkdir(parents=True, exist_ok=True)
    upload.location.touch(mode=0o600)
    if wanted.length == 0:
        upload.state, upload.completed_at = UploadState.COMPLETE, timezone.now()
    upload.save(force_insert=True)
    return upload


def _require_room(size: int) -> None:
    folder = Path(settings.UPLOADS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size > free - _RESERVE_BYTES and size > 0:
        room = max(0, free - _RESERVE_BYTES) / 2**20
        raise TusError(507, "no-room", f"The server has room for {room:,.0f} MiB: ask its operator for more.")


@contextmanager
def locked(upload: Upload) -> Iterator[int]:
    """The descriptor of the upload's file, under its lock.

    Raises:
        TusError: 423, somebody else writes it; 404, it is gone.
    """
    try:
        file = os.open(upload.location, os.O_RDWR)
    except FileNotFoundError:
        raise TusError(*_LOST) from None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TusError(423, "locked", "Another request writes this upload right now: try again soon.") from None
        yield file
    finally:
        os.close(file)


def standing(upload: Upload) -> Upload:
    """The upload with the offset that is truly on disk; the last one acknowledged while somebody writes."""
    if upload.state == UploadState.RECEIVING:
        try:
            with locked(upload) as file:
                upload.refresh_from_db()
                _settle(upload, file)
        except TusError as error:
            if error.status != 423:
                raise
    return upload


def append(upload: Upload, offset: int, body: Body, said: int | None, checksum: Checksum | None) -> Upload:
    """Write a body behind the first `offset` bytes. What came of a body that broke off is kept.

    said: the length of an upload that deferred it.

    Raises:
        TusError: 409 another offset, 413 too many bytes, 423 somebody else writes, 460 the checksum is another one
            (nothing of the body is kept), 410 the upload was given up meanwhile, 507 the disk is full.
        Broken: the connection ended; what came is kept, unless a checksum was promised.
    """
    if upload.state != UploadState.RECEIVING:
        return _nothing_more(upload, offset, body)
    with locked(upload) as file:
        upload.refresh_from_db()
        if upload.state != UploadState.RECEIVING:
            return _nothing_more(upload, offset, body)
        _settle(upload, file)
        check_start(offset, upload.offset)
        length = settle_length(upload.length, said, offset)
        most = settings.MAX_RESUMABLE_BYTES if length is None else length
        check_end(offset, body.length or 0, most)
        upload.length = length
        _save(upload)
        _give_connection_back()
        _Writer(upload, file, most).write(body, checksum)
    return upload


def _nothing_more(upload: Upload, offset: int, body: Body) -> Upload:
    check_start(offset, upload.offset)
    check_end(offset, body.length or 0, upload.offset)
    return upload


def _give_connection_back() -> None:
    """Writing may take hours, and the pool's connections are few."""
    if not connection.in_atomic_block:
        connection.close()


class _Writer:
    """Writes one body into an upload's file, whose lock the caller holds."""

    def __init__(self, upload: Upload, file: int, most: int) -> None:
        self.upload, self.file, self.most = upload, file, most
        self.start = self.end = self.synced = upload.offset

    def write(self, body: Body, checksum: Checksum | None) -> None:
        if checksum is None:
            try:
                self._take(body)
            finally:
                self._keep()
            return
        promise = _promise(self.upload)
        promise.write_text(str(self.start))
        digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
        try:
            self._take(body, digest)
            if digest.digest() != checksum.digest:
                detail = "The bytes that came do not have the checksum that was sent with them: send them again."
                raise TusError(CHECKSUM_MISMATCH, "checksum-mismatch", detail)
        except BaseException:
            self.end = self.start
            os.ftruncate(self.file, self.start)
            raise
        finally:
            if self.end > self.start:
                os.fdatasync(self.file)
            promise.unlink(missing_ok=True)
            self._keep()

    def _take(self, body: Body, digest: Any = None) -> None:
        try:
            while piece := body.read():
                self._add(piece, digest)
        except Broken as broken:
            if digest is None:
                self._add(broken.rest[: self.most - self.end], None)
            raise

    def _add(self, piece: bytes, digest: Any) -> None:
        check_end(self.end, len(piece), self.most)
        view = memoryview(piece)
        try:
            while view:
                written = os.pwrite(self.file, view, self.end)
                self.end, view = self.end + written, view[written:]
        except OSError as error:
            raise TusError(507, "no-room", f"The server could not store the bytes: {error.strerror}.") from error
        if digest is not None:
            digest.update(piece)
        elif self.end - self.synced >= CHECKPOINT_BYTES:
            self._keep()

    def _keep(self) -> None:
        """Nothing is acknowledged before it is on disk."""
        os.fdatasync(self.file)
        self.synced = self.upload.offset = self.end
        _save(self.upload)


def _settle(upload: Upload, file: int) -> None:
    """Have the row say what the file holds: a process that died wrote more than it could tell."""
    promise, size = _promise(upload), os.fstat(file).st_size
    if promise.exists():  # it died before it knew whether the bytes were the promised ones
        text = promise.read_text()
        size = min(size, int(text) if text else upload.offset)
        os.ftruncate(file, size)
        promise.unlink()
    if size != upload.offset:
        os.fdatasync(file)
        upload.offset = size
        _save(upload)


def _promise(upload: Upload) -> Path:
    """The file that says, while bytes with a checksum come, how many were here before."""
    return upload.location.with_suffix(".checked")


def _save(upload: Upload) -> None:
    upload.expires_at = expires()
    if upload.length is not None and upload.offset >= upload.length:
        upload.state, upload.completed_at = UploadState.COMPLETE, timezone.now()
    fields = {name: getattr(upload, name) for name in ("offset", "length", "state", "completed_at", "expires_at")}
    if not Upload.objects.filter(pk=upload.pk, state=UploadState.RECEIVING).update(**fields):
        raise TusError(410, "gone", "The upload was discarded meanwhile.")


def open_complete(upload_id: uuid.UUID | str, user: Any) -> Path:
    """Where the bytes of one's own complete upload lie: an archive or a file of annotations, for an import.

    Its time starts anew, so that nobody deletes it while the import waits. `spend` it when the import is through.

    Raises:
        Http404, PermissionDenied: as `access.fetch`.
        TusError: 409 not every byte is here yet, or it became an item; 410 expired or discarded.
    """
    upload = find(user, upload_id)
    if upload.state != UploadState.COMPLETE or not upload.location.is_file():
        raise TusError(409, "not-complete", f"{upload.name} is {upload.state}: only a complete upload can be used.")
    Upload.objects.filter(pk=upload.pk).update(expires_at=expires())
    return upload.location


def spend(upload_id: uuid.UUID | str) -> None:
    """An import has taken what it needed: the bytes go, the row tells until it expires."""
    with transaction.atomic():
        upload = Upload.objects.select_for_update().filter(pk=upload_id, state=UploadState.COMPLETE).first()
        if upload is not None:
            upload.state = UploadState.COMMITTED
            upload.save(update_fields=["state"])
            forget_bytes(upload)


def forget_bytes(upload: Upload) -> None:
    """Delete the file once this commits."""
    path, upload.file = upload.location, ""
    upload.save(update_fields=["file"])
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_files() -> int:
    """Delete partial files whose row is gone: what a crash between the two left. Returns how many."""
    before = (timezone.now() - _ORPHAN_AGE).timestamp()
    gone = 0
    for path in Path(settings.UPLOADS_DIR).glob("??/*.*"):
        old = path.stat().st_mtime < before
        if old and not Upload.objects.filter(file=f"{path.parent.name}/{path.stem}.part").exists():
            path.unlink(missing_ok=True)
            gone += 1
    return gone
