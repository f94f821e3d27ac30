"""Zip archives. Pure."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from projects.archives.base import (
    LONGEST_NAME,
    Archive,
    ArchiveError,
    Entry,
    Limits,
    damaged,
    refuse_special,
    safe_name,
    short,
    too_many,
)

# Whatever a hostile file has been seen to make zipfile raise.
_HARM = (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, IndexError, OverflowError, struct.error)


class Zip(Archive):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path.stat().st_size, limits)
        _look_at_directory(path, limits)
        try:
            self._zip = self._open.enter_context(zipfile.ZipFile(path))
        except _HARM as error:
            raise damaged(error) from error
        with ExitStack() as failing:
            failing.push(self._open)
            for info in self._zip.infolist():
                self._check(info)
            failing.pop_all()

    def _check(self, info: zipfile.ZipInfo) -> None:
        name = _decoded(info)
        if "\0" in info.orig_filename:
            safe_name(info.orig_filename)
        mode = info.external_attr >> 16 if info.create_system == 3 else 0
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            refuse_special(name)
        if info.flag_bits & 1:
            raise ArchiveError(
                "encrypted", f"{short(name)} is encrypted: pack the archive again without a password.", name
            )
        if info.is_dir() or name.endswith(("/", "\\")):
            safe_name(name)
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(
                "compression",
                f"{short(name)} is compressed in an unusual way (method {info.compress_type}): pack it with deflate.",
                name,
            )
        else:
            self._take(name, Entry(info.file_size, info))

    def _raw(self, name: str, entry: Entry) -> IO[bytes]:
        try:
            return self._zip.open(entry.place)
        except _HARM as error:
            raise damaged(error, name) from error


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name as its packer meant it: many write UTF-8 without saying so."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


_END, _END_64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_FIXED = 46  # bytes of a directory's entry in front of its name


def _look_at_directory(path: Path, limits: Limits) -> None:
    """Count the entries of a zip without keeping them: zipfile reads all of them into objects of 500 bytes.

    The counts in the end record are looked at first, then the directory itself is walked, since the two need not
    agree (APPNOTE.TXT, sections 4.3.12 to 4.3.16).

    Raises:
        ArchiveError: there are too many, or there is no directory.
    """
    with path.open("rb") as file:
        count, size, end = _end_record(file)
        if count > limits.entries or size > limits.entries * (_FIXED + LONGEST_NAME):
            too_many(limits)
        file.seek(max(0, end - size))
        seen, left = 0, size
        while left >= _FIXED:
            head = file.read(_FIXED)
            if len(head) < _FIXED or head[:4] != b"PK\1\2":
                break
            seen += 1
            if seen > limits.entries:
                too_many(limits)
            rest = sum(struct.unpack_from("<3H", head, 28))
            file.seek(rest, os.SEEK_CUR)
            left -= _FIXED + rest


def _end_record(file: IO[bytes]) -> tuple[int, int, int]:
    """(entries, bytes of the directory, where the directory ends)."""
    length = file.seek(0, os.SEEK_END)
    tail_at = max(0, length - (1 << 16) - _END.size)
    file.seek(tail_at)
    tail = file.read()
    at = len(tail) - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveError("damaged", "The archive has no end: it is cut off. Pack it again, or send it once more.")
    fields = _END.unpack_from(tail, at)
    count, size, end = max(fields[3], fields[4]), fields[5], tail_at + at
    if end >= _LOCATOR.size + _END_64.size:
        file.seek(end - _LOCATOR.size - _END_64.size)
        both = file.read(_END_64.size + _LOCATOR.size)
        if both[:4] == b"PK\6\6" and both[_END_64.size : _END_64.size + 4] == b"PK\6\7":
            large = _END_64.unpack_from(both)
            return max(large[6], large[7]), large[8], end - _LOCATOR.size - _END_64.size
    return count, size, end
