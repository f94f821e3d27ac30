"""The zip that an export writes: labels deflated, media stored as they are, larger than 4 GB where need be."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

_LEVEL = 4  # JSON and XML shrink to nearly the same as at 9, in a third of the time


class Archive:
    """A `formats.base.Sink` that is a zip. The time of its entries says nothing: equal data give equal bytes."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", allowZip64=True, compresslevel=_LEVEL)
        self._names: set[str] = set()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new entry of text, deflated."""
        return self._open(name, zipfile.ZIP_DEFLATED)

    def store(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new entry that is compressed already."""
        return self._open(name, zipfile.ZIP_STORED)

    @contextmanager
    def _open(self, name: str, how: int) -> Iterator[IO[bytes]]:
        if name in self._names:
            raise FileExistsError(f"The archive has an entry {name!r} already.")
        self._names.add(name)
        self._zip.compression = how
        with self._zip.open(name, "w", force_zip64=True) as file:
            yield file
