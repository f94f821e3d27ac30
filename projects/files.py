"""Stored files as paths on this machine, wherever the storage keeps them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

CACHE_BYTES = 20 * 2**30


def local_path(file: Any) -> Path:
    """Where a stored file (a FieldFile) can be opened here; one kept elsewhere is fetched into a bounded cache."""
    try:
        return Path(file.path)
    except NotImplementedError:
        return _fetched(file)


def _fetched(file: Any) -> Path:
    folder: Path = settings.DATA_DIR / "cache" / "files"
    target = folder / (hashlib.sha256(file.name.encode()).hexdigest()[:40] + Path(file.name).suffix)
    if target.exists():
        os.utime(target)
        return target
    folder.mkdir(parents=True, exist_ok=True)
    _make_room(folder, file.size)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as partial, file.storage.open(file.name) as source:
        shutil.copyfileobj(source, partial, 2**20)
    return Path(partial.name).replace(target)


def _make_room(folder: Path, size: int) -> None:
    """Drop what was not used for longest. Whoever has such a file open keeps it until they close it."""
    kept = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir())
    total = sum(length for _used, length, _path in kept) + size
    for _used, length, path in kept:
        if total <= CACHE_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= length
