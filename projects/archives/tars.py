"""Tar archives, also compressed by gzip, and single files that are. Pure."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from projects.archives.base import (
    CHUNK,
    Archive,
    ArchiveError,
    Entry,
    Limits,
    bomb,
    damaged,
    refuse_special,
    safe_name,
    size_text,
    too_many,
)
from projects.archives.folders import Single

_LONGEST_HEADER = 1 << 20


def open_tar(path: Path, name: str, head: bytes, limits: Limits) -> Archive:
    """A tar, or a single file that was compressed by gzip."""
    with ExitStack() as opened:
        plain, size = path, path.stat().st_size
        if head[:2] == b"\x1f\x8b":
            # Read from where one likes, as formats do, a gzip would be inflated from its beginning each time.
            copy = opened.enter_context(tempfile.NamedTemporaryFile(prefix="archive-"))
            _inflate(path, copy, size, limits)
            plain = Path(copy.name)
            with plain.open("rb") as file:
                head = file.read(600)
        archive: Archive
        if head[257:262] == b"ustar":
            archive = Tar(plain, size, limits)
        else:
            archive = Single(plain, re.sub(r"\.gz$", "", name, flags=re.IGNORECASE), limits)
        archive._open.push(opened.pop_all())
        return archive


def _inflate(path: Path, copy: IO[bytes], size: int, limits: Limits) -> None:
    most = min(limits.total, max(limits.harmless, limits.ratio * size))
    inflated = 0
    try:
        with gzip.open(path) as file:
            while piece := file.read(CHUNK):
                inflated += len(piece)
                if inflated > most:
                    bomb(f"it inflates to more than {size_text(most)}", "")
                copy.write(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(error) from error
    copy.flush()


class Tar(Archive):
    def __init__(self, path: Path, size: int, limits: Limits) -> None:
        super().__init__(size, limits)
        self._path = path
        try:
            with path.open("rb") as file, tarfile.open(fileobj=_Sparing(file), mode="r:") as tar:  # type: ignore[call-overload]
                for n, info in enumerate(_members(tar), start=1):
                    if n > limits.entries:
                        too_many(limits)
                    self._check(info)
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            raise damaged(error) from error

    def _check(self, info: tarfile.TarInfo) -> None:
        name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if info.isdir():
            if name.strip("./"):
                safe_name(name)
        elif not info.isreg() or info.issparse():
            refuse_special(name)
        else:
            self._take(name, Entry(info.size, info.offset_data))

    def _raw(self, name: str, entry: Entry) -> IO[bytes]:
        return cast(IO[bytes], _Part(self._path, entry.place, entry.size))


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """One after the other, without those behind: tarfile would keep them all."""
    while (info := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]
        yield info


class _Sparing:
    """A file of which nobody reads much at once: tarfile takes a header's size, which may be anything, at its word."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise ArchiveError("damaged", "The archive has an entry with a name of more than 1 MiB: pack it again.")
        return self._file.read(size)


class _Part(io.RawIOBase):
    """Some bytes of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(min(size, self._left) if size >= 0 else self._left)
        if not piece and self._left:
            raise EOFError("it is cut off")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()
        super().close()
