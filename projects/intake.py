"""From a file that somebody sent to an asset of the team's library and an item of a project.

What a file is, is told by its bytes. It is decoded in a child process with limits, and either all of it
arrives (files, rows) or nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from projects import live, looks, playback, sniff
from projects.files import local_path
from projects.models import Asset, Item, Project, Team, User, Video
from projects.models.library import Kind
from projects.pictures import Refused
from projects.sandbox import sandbox

ASSETS = "assets"
_CPU_SECONDS = {"image": 120, "video": 1800}
_LONGEST_PATH = 500


class IntakeError(Exception):
    """A file that was not taken. `detail` says what is wrong with it and how to mend that."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def intake(project: Project, upload: File[Any] | Path, name: str, by: User | None, path: str = "") -> Item:
    """Store a file in the library of the project's team and link it into the project.

    path: relative path, the key in exports; by default the file's name. A taken one gets " (2)".

    Raises:
        IntakeError: the file is refused; nothing of it is kept.
    """
    asset, _new = store_file(project.team, upload, name, by)
    return add_item(project, asset, path or name, by)


def store_file(
    team: Team, upload: File[Any] | Path, name: str, by: User | None, *, most: int = 0, staged: str = ""
) -> tuple[Asset, bool]:
    """The team's asset with the bytes of `upload`, and whether it is new.

    most: bytes that it may have, where these are not MAX_UPLOAD_BYTES. staged: the SHA-256 of a file that nobody
    writes any more, so that the library may have the very same bytes instead of a copy; the caller deletes its name.

    Raises:
        IntakeError: as `intake`.
    """
    with _on_disk(upload) as source:
        size = source.stat().st_size
        _check_size(size, most)
        digest = staged or sha256_of(source)
        kept = Asset.objects.filter(team=team, sha256=digest).first()
        if kept:
            return kept, False
        form = _format(source, name)
        with tempfile.TemporaryDirectory(prefix="intake-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            found = _inspect(source, form, Path(folder))
            draft = Asset(
                team=team,
                kind=Kind(form.kind),
                sha256=digest,
                size=size,
                content_type=form.content_type,
                original_name=clean_name(name),
                width=found["width"],
                height=found["height"],
                notes=found["notes"],
                created_by=by,
            )
            seen = looks.of_file(Path(folder) / found["thumbnail"])
            if seen is not None:
                draft.brightness, draft.phash = seen
            with _second_name(source) if staged else nullcontext(source) as original:
                return _keep(draft, found, form, original, Path(folder))


def look_again(asset: Asset) -> looks.Looks | None:
    """Note how a picture looks that came before this was noted; None when its thumbnail cannot be read."""
    seen = looks.of_file(local_path(asset.thumbnail))
    if seen is not None:
        Asset.objects.filter(pk=asset.pk).update(brightness=seen.brightness, phash=seen.phash)
    return seen


def add_item(project: Project, asset: Asset, path: str = "", by: User | None = None) -> Item:
    """Link an asset of the team's library into a project; a path that is taken gets " (2)".

    Raises:
        IntakeError: the asset belongs to another team.
    """
    if asset.team_id != project.team_id:
        raise IntakeError("foreign-asset", "The file belongs to another team's library: upload it to this one.")
    wanted = clean_path(path or asset.original_name)
    while True:
        free = _free_path(project, wanted)
        try:
            with transaction.atomic():
                item = Item.objects.create(project=project, asset=asset, path=free)
        except IntegrityError:  # somebody took it meanwhile
            if not Item.objects.filter(project=project, path=free).exists():
                raise
            continue
        live.publish_on_commit(
            live.project_room(project.pk),
            {"type": "item", "change": "added", "item": item.pk, "by": by.pk if by else None},
        )
        return item


@contextmanager
def _on_disk(upload: File[Any] | Path) -> Iterator[Path]:
    """The upload as a file with a path, without reading it into memory."""
    if isinstance(upload, Path):
        yield upload
    elif hasattr(upload, "temporary_file_path"):
        yield Path(upload.temporary_file_path())
    else:
        with tempfile.NamedTemporaryFile(prefix="upload-", dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
            _spool(upload, copy)
            yield Path(copy.name)


def _spool(upload: File[Any], copy: IO[bytes]) -> None:
    size = 0
    for chunk in upload.chunks():
        size += len(chunk)
        if size > settings.MAX_UPLOAD_BYTES:
            _check_size(size)
        copy.write(chunk)
    copy.flush()


def _check_size(size: int, most: int = 0) -> None:
    most = most or settings.MAX_UPLOAD_BYTES
    if size == 0:
        raise IntakeError("empty-file", "The file is empty (0 bytes): copy or export it again, then upload it.")
    if size > most:
        said = f"{most / 2**20:,.0f} MiB"
        raise IntakeError("too-large", f"The file is larger than {said}, the most that one upload may have. Split it.")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _format(source: Path, name: str) -> sniff.Format:
    with source.open("rb") as file:
        head = file.read(sniff.HEAD_BYTES)
    form = sniff.detect(head)
    if form is None:
        raise IntakeError(
            "unsupported-type",
            f"{clean_name(name)} is not taken: this is {sniff.describe(head)}. Taken are {sniff.ACCEPTED}.",
        )
    return form


def _inspect(source: Path, form: sniff.Format, folder: Path) -> dict[str, Any]:
    request = {
        "kind": form.kind,
        "path": str(source.resolve()),
        "decoder": form.decoder,
        "folder": str(Path(folder).resolve()),
        "max_pixels": settings.MAX_IMAGE_PIXELS,
    }
    seconds = _CPU_SECONDS[form.kind]
    try:
        return sandbox.inspect(request, cpu_seconds=seconds, wall_seconds=2.0 * seconds)
    except Refused as refused:
        raise IntakeError(refused.code, refused.detail) from refused


class _Movable(File):  # type: ignore[type-arg]
    """A file that a storage on the same disk moves into place instead of copying it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), path.name)
        self._path = str(path)

    def temporary_file_path(self) -> str:
        return self._path


@contextmanager
def _second_name(source: Path) -> Iterator[Path | _Movable]:
    """The file under another name that may be moved away; the file itself where its disk knows no second names."""
    link = source.with_suffix(".link")
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(source)
    except OSError:
        yield source
        return
    try:
        with _Movable(link) as file:
            yield file
    finally:
        link.unlink(missing_ok=True)


def _keep(
    draft: Asset, found: dict[str, Any], form: sniff.Format, source: Path | _Movable, folder: Path
) -> tuple[Asset, bool]:
    """Store the files, then the rows; on any failure the files go again."""
    saved: list[str] = []
    try:
        draft.file.name = _save(draft, source, form.extension, saved)
        draft.thumbnail.name = _save(draft, folder / found["thumbnail"], ".webp", saved)
        if found["upright"]:
            upright = folder / found["upright"]
            draft.upright.name = _save(draft, upright, upright.suffix, saved)
        for part in ("preview", "tiles"):
            if found.get(part):
                made = folder / found[part]
                getattr(draft, part).name = _save(draft, made, made.suffix, saved)
        with transaction.atomic():
            draft.save(force_insert=True)
            if draft.kind == Kind.VIDEO:
                _video(draft, found).save(force_insert=True)
                playback.ask(draft.pk)
        return draft, True
    except BaseException as error:
        for key in saved:
            default_storage.delete(key)
        first = Asset.objects.filter(team=draft.team, sha256=draft.sha256).first()
        if isinstance(error, IntegrityError) and first:  # the same bytes arrived twice at once
            return first, False
        raise


def _save(asset: Asset, source: Path | _Movable, extension: str, saved: list[str]) -> str:
    """Store one file under a name that tells nothing and cannot be guessed."""
    key = f"{ASSETS}/{asset.team_id}/{asset.sha256[:2]}/{secrets.token_hex(16)}{extension}"
    if isinstance(source, Path):
        with source.open("rb") as file:
            saved.append(default_storage.save(key, File(file)))
    else:
        saved.append(default_storage.save(key, source))
    return saved[-1]


def _video(asset: Asset, found: dict[str, Any]) -> Video:
    pts, marks = np.array(found["pts"], "<i8"), np.array(found["marks"], "<i8")
    return Video(
        asset=asset,
        frames=len(pts),
        fps=found["fps"],
        time_base_numerator=found["time_base"][0],
        time_base_denominator=found["time_base"][1],
        codec=found["codec"],
        mark=found["mark"],
        pts_bytes=pts.tobytes(),
        marks_bytes=None if (marks == pts).all() else marks.tobytes(),
        key_frames_bytes=np.array(found["keys"], "<i4").tobytes(),
    )


def clean_name(name: str) -> str:
    """The last part of a file's name, without what cannot be shown or stored.

    >>> clean_name("C:\\\\photos\\\\a\\x00b.jpg")
    'ab.jpg'
    """
    return clean_path(name).rpartition("/")[2][-255:]


def clean_path(path: str) -> str:
    """A relative path in Unicode's NFC, without `..`, drive letters, control characters or a leading slash.

    >>> clean_path("../../etc//./cafe\\u0301.png")
    'etc/café.png'
    """
    text = unicodedata.normalize("NFC", path.encode("utf-8", "ignore").decode()).replace("\\", "/")
    text = "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cn"})
    text = re.sub(r"^[A-Za-z]:/", "", text)
    parts = [part.strip() for part in text.split("/")]
    return "/".join(part for part in parts if part not in {"", ".", ".."})[-_LONGEST_PATH:].lstrip("/") or "unnamed"


def _free_path(project: Project, wanted: str) -> str:
    """`wanted`, or the first of "name (2).ext", "name (3).ext", ... that no item of the project has."""
    paths = Item.objects.filter(project=project)
    if not paths.filter(path=wanted).exists():
        return wanted
    folder, slash, name = wanted.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    room = _LONGEST_PATH - len(folder + slash + dot + extension) - 8
    start = f"{folder}{slash}{stem[:room]} ("
    taken = set(paths.filter(path__startswith=start).values_list("path", flat=True))
    number = 2
    while f"{start}{number}){dot}{extension}" in taken:
        number += 1
    return f"{start}{number}){dot}{extension}"
