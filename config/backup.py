"""A backup: one tar file with the database as of one moment and every stored file that it names.

    database.dump   by pg_dump, in its custom format
    secret.key      what camera passwords are encrypted with, where it was made by Frameloop
    files/...       stored files under their names
    manifest.json   last: what is in it, with a SHA-256 of each

Files never change under their names, so a dump and the files that are copied after it belong together; that none is
deleted in between is what `projects.storage.everything_stays` is for.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from config import embedded
from projects.models import Item, Project, User
from projects.storage import everything_stays

DUMP, SECRET, MANIFEST, FILES = "database.dump", "secret.key", "manifest.json", "files/"
FORMAT = 1
_CHUNK = 1 << 20

Say = Callable[[str], None]


class BackupError(Exception):
    """The backup cannot be made, read or restored: what is in the way, and how to mend it."""


@dataclass(frozen=True)
class Summary:
    """What a backup holds."""

    files: int
    bytes: int
    missing: list[str]


class _Hashed:
    """A file that is being read, with the hash of what has been read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def make(target: Path, say: Say) -> Summary:
    """Write a backup to `target`, whole or not at all, while people go on working.

    Raises:
        BackupError: pg_dump is missing or failed, the disk is full, or `target` is there already.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name a file that is not.")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder, everything_stays():
            dump = Path(folder) / DUMP
            names = _dump(dump)
            say(f"The database is copied ({dump.stat().st_size / 2**20:.1f} MiB); {len(names)} files follow.")
            summary = _pack(partial, dump, names, say)
        partial.replace(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return summary


def _dump(dump: Path) -> list[str]:
    """Dump the database; gives the names of the files that it knew at that very moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        names = sorted(set(_stored()))
        run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={dump}")
    return names


def _stored() -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.FileField) and not model._meta.proxy:
                rows = model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
                yield from (name for name in rows.iterator(chunk_size=5000) if name)


def run(program: str, *arguments: str, database: bool = True) -> None:
    """Run one of PostgreSQL's own programs, on the database unless it is not to.

    Raises:
        BackupError: it is not there, or what it said when it failed.
    """
    try:
        path = str(embedded.postgres_programs() / program)
    except embedded.EmbeddedError:
        path = shutil.which(program) or ""
    if not path:
        raise BackupError(f"{program} is not installed: install PostgreSQL's client programs.")
    command = [path, *arguments, *([f"--dbname={settings.DATABASE_URL}"] if database else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-800:]}")


def _pack(partial: Path, dump: Path, names: list[str], say: Say) -> Summary:
    hashes: dict[str, str] = {}
    missing: list[str] = []
    told = time.monotonic()
    with partial.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        hashes[DUMP] = _add_path(tar, dump, DUMP)
        secret = settings.DATA_DIR / SECRET
        if secret.exists():
            hashes[SECRET] = _add_path(tar, secret, SECRET)
        for n, name in enumerate(names):
            digest = _add_stored(tar, name)
            if digest is None:
                missing.append(name)
            else:
                hashes[FILES + name] = digest
            if time.monotonic() - told > 2:
                told = time.monotonic()
                say(f"{n + 1} of {len(names)} files")
        _add_manifest(tar, hashes, missing)
        tar.close()
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(0o600)  # it holds everything that people's passwords protect
    return Summary(len(names) - len(missing), partial.stat().st_size, missing)


def _add_path(tar: tarfile.TarFile, path: Path, name: str) -> str:
    with path.open("rb") as file:
        return _add(tar, file, name, path.stat().st_size)


def _add_stored(tar: tarfile.TarFile, name: str) -> str | None:
    try:
        with default_storage.open(name) as file:
            return _add(tar, file, FILES + name, default_storage.size(name))
    except FileNotFoundError:
        return None


def _add(tar: tarfile.TarFile, file: Any, name: str, size: int) -> str:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    hashed = _Hashed(file)
    tar.addfile(entry, hashed)  # type: ignore[arg-type]
    return hashed.sha256


def _add_manifest(tar: tarfile.TarFile, hashes: dict[str, str], missing: list[str]) -> None:
    counts = {"people": User.objects.count(), "projects": Project.objects.count(), "items": Item.every.count()}
    manifest = {
        "frameloop_backup": FORMAT,
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "migrations": sorted(".".join(each) for each in MigrationRecorder(connection).applied_migrations()),
        "counts": counts,
        "missing": missing,
        "sha256": hashes,
    }
    text = json.dumps(manifest, indent=1).encode()
    _add(tar, io.BytesIO(text), MANIFEST, len(text))


def members(path: Path, take: Callable[[str, IO[bytes]], None]) -> None:
    """Call `take(name, file)` with everything in a backup, in order.

    Raises:
        BackupError: it is no backup, or cut off.
    """
    try:
        with tarfile.open(path, "r|") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isfile() else None
                if file is None or not _is_ours(entry.name):
                    raise BackupError(f"{path} is no backup of Frameloop: it holds {entry.name!r}.")
                take(entry.name, file)
    except FileNotFoundError as error:
        raise BackupError(f"{path} is not there.") from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} cannot be read to its end: {error}. Is the copy complete?") from error


def _is_ours(name: str) -> bool:
    if name.startswith(FILES):
        parts = name.removeprefix(FILES).split("/")
        return all(part not in {"", ".", ".."} for part in parts) and "\\" not in name
    return name in {DUMP, SECRET, MANIFEST}


def verify(path: Path, keep: Callable[[str, IO[bytes]], str] | None = None) -> dict[str, Any]:
    """Read a backup to its end and compare every hash; gives its manifest.

    Args:
        keep: Takes each member (its name and file) and gives its SHA-256; by default the bytes are only hashed.

    Raises:
        BackupError: something of it is missing, changed or unknown; which is said.
    """
    found: dict[str, str] = {}
    read: list[bytes] = []

    def take(name: str, file: IO[bytes]) -> None:
        if name == MANIFEST:
            read.append(file.read())
        else:
            found[name] = (keep or _hash)(name, file)

    members(path, take)
    manifest: dict[str, Any] | None = json.loads(read[0]) if read else None
    if manifest is None:
        raise BackupError(f"{path} has no manifest: it was cut off while it was made or copied.")
    if manifest.get("frameloop_backup") != FORMAT:
        raise BackupError(f"{path} was made by another version of Frameloop: restore it with that one.")
    _compare(path, manifest["sha256"], found)
    return manifest


def _compare(path: Path, expected: dict[str, str], found: dict[str, str]) -> None:
    wrong = [name for name, digest in expected.items() if found.get(name) != digest]
    wrong += [name for name in found if name not in expected]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise BackupError(f"{path} is damaged: {', '.join(wrong[:3])}{more} is not as it was. Use another copy.")


def _hash(name: str, file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def copy_hashed(file: IO[bytes], target: IO[bytes]) -> str:
    """Copy a file; gives its SHA-256."""
    hashed = _Hashed(file)
    while chunk := hashed.read(_CHUNK):
        target.write(chunk)
    return hashed.sha256
