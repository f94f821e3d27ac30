"""The files of an archive, a folder or a single file, safe to read whatever somebody sent. Pure.

A name is relative, has `/` between its parts and is in Unicode's NFC; no two differ only in case. Nothing is ever
unpacked to a path of its own: an entry is read where it lies. What an entry inflates to is counted while it does,
because headers lie; an archive inside of an archive is an entry like any other, and is not opened.
"""

from __future__ import annotations

from pathlib import Path

from projects.archives.base import LIMITS, Archive, ArchiveError, Limits, safe_name
from projects.archives.folders import Folder, Single
from projects.archives.tars import open_tar
from projects.archives.zips import Zip

__all__ = ["LIMITS", "Archive", "ArchiveError", "Limits", "open_archive", "safe_name"]


def open_archive(path: Path, name: str = "", limits: Limits = LIMITS) -> Archive:
    """A folder, a zip, a tar (also .tar.gz), or a single file of any other kind, told by their bytes.

    Args:
        name: What the file was called by whoever sent it; by default what it is called on disk.

    Raises:
        ArchiveError: it is not safe to read, or damaged.
    """
    if path.is_dir():
        return Folder(path, limits)
    with path.open("rb") as file:
        head = file.read(600)
    if not head:
        raise ArchiveError("empty", "The file is empty (0 bytes): export it again.")
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return Zip(path, limits)
    if head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar":
        return open_tar(path, name or path.name, head, limits)
    _refuse_others(head)
    return Single(path, name or path.name, limits)


def _refuse_others(head: bytes) -> None:
    kinds = {
        b"7z\xbc\xaf\x27\x1c": "7-Zip",
        b"Rar!": "RAR",
        b"BZh": "bzip2",
        b"\xfd7zXZ": "xz",
        b"\x28\xb5\x2f\xfd": "Zstandard",
    }
    for start, kind in kinds.items():
        if head.startswith(start):
            raise ArchiveError("unknown-archive", f"This is a {kind} archive: pack it as a zip.")
