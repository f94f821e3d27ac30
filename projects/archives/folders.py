"""Folders, and files that are no archive. Pure."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from projects.archives.base import Archive, Entry, Limits, refuse_special, safe_name, too_many


class Folder(Archive):
    def __init__(self, root: Path, limits: Limits) -> None:
        files = list(_walk(root, limits))
        super().__init__(sum(info.st_size for _, info in files), limits)
        for path, info in files:
            name = path.relative_to(root).as_posix()
            if not stat.S_ISREG(info.st_mode):
                refuse_special(name)
            self._take(name, Entry(info.st_size, path))

    def _raw(self, name: str, entry: Entry) -> IO[bytes]:
        return open(os.open(entry.place, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0)  # noqa: PTH123


def _walk(root: Path, limits: Limits) -> Iterable[tuple[Path, os.stat_result]]:
    seen = 0
    folders = [root]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            seen += 1
            if seen > limits.entries:
                too_many(limits)
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                folders.append(path)
            else:
                yield path, info


class Single(Archive):
    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        super().__init__(path.stat().st_size, limits)
        base = safe_name(name.replace("\\", "/").rpartition("/")[2] or "file")
        self._keys[base.casefold()] = base
        self._entries[base] = Entry(self.size_on_disk, path)

    def _raw(self, name: str, entry: Entry) -> IO[bytes]:
        return open(entry.place, "rb", buffering=0)  # noqa: PTH123, SIM115
