"""Files below a folder of the server, opened without ever following a link. Knows no Django."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class PlaceError(Exception):
    """A place that cannot be looked at; the message says why and how to mend it."""


def root_of(folder: str, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The root that an absolute folder lies below, and the names that lead down to it.

    Raises:
        PlaceError: it is not below a root, or has `..` in it.
    """
    path = PurePosixPath(folder)
    if ".." in path.parts or "\0" in folder:
        raise PlaceError("The folder's path has '..' in it: write it out.")
    for root in roots:
        if path.is_relative_to(root):
            return root, path.relative_to(root).parts
    allowed = ", ".join(map(str, roots)) or "none, until the operator sets WATCH_ROOTS"
    raise PlaceError(f"{folder} cannot be watched. Folders may be below: {allowed}.")


@contextmanager
def opened(root: Path, names: Sequence[str]) -> Iterator[int]:
    """A folder below a root, as a descriptor; each step is checked while it is taken.

    Raises:
        PlaceError: it is not there, or a link.
    """
    at = -1
    try:
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        for name in names:
            below = os.open(name, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        yield at
    except OSError as error:
        raise PlaceError(f"{Path(root, *names)} cannot be opened: {error.strerror}. Links are not followed.") from error
    finally:
        if at >= 0:
            os.close(at)


def listed(folder: int, most: int) -> dict[str, str]:
    """Every plain file below a folder that is not hidden: its relative path and a mark that changes when it does.

    Raises:
        PlaceError: more than `most`.
    """
    found: dict[str, str] = {}
    for where, folders, names, at in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            about = os.stat(name, dir_fd=at, follow_symlinks=False)
            if name.startswith(".") or not _is_plain(about):
                continue
            if len(found) >= most:
                raise PlaceError(f"There are more than {most} files: watch a smaller folder.")
            found[str(PurePosixPath(where, name))] = _mark(about)
    return found


def copy(folder: int, key: str, to: IO[bytes]) -> str:
    """Write a file of `listed` into another; its mark as of the end, so that one still being written shows.

    Raises:
        OSError: it is not there any more, or has become a link.
    """
    *folders, name = PurePosixPath(key).parts
    at = os.dup(folder)
    try:
        for step in folders:
            below = os.open(step, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        with os.fdopen(os.open(name, _FILE, dir_fd=at), "rb") as source:
            if not _is_plain(os.fstat(source.fileno())):
                raise FileNotFoundError(key)
            shutil.copyfileobj(source, to, 2**20)
            to.flush()
            return _mark(os.fstat(source.fileno()))
    finally:
        os.close(at)


def _is_plain(about: os.stat_result) -> bool:
    return about.st_mode & 0o170000 == 0o100000


def _mark(about: os.stat_result) -> str:
    return f"{about.st_size}-{about.st_mtime_ns}"
