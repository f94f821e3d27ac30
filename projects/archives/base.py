"""What the files of every kind of archive have in common: names, limits, and counting. Pure."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, NamedTuple, NoReturn

_DRIVE = re.compile(r"[A-Za-z]:")
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)", re.IGNORECASE)
CHUNK = 1 << 18
LONGEST_NAME = 1000


class ArchiveError(Exception):
    """What is wrong with an archive, with which `entry` of it, and how to mend it."""

    def __init__(self, code: str, detail: str, entry: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.entry = code, detail, entry


@dataclass(frozen=True)
class Limits:
    """What is read of one archive at most.

    Attributes:
        entries: Files and folders.
        file: Bytes that one entry may inflate to; `total`: all that are read together.
        ratio: How many times its own size an archive may inflate to, beyond the first `harmless` bytes. Labels
            as text shrink to a twentieth, a bomb to a thousandth.
    """

    entries: int = 200_000
    file: int = 8 * 2**30
    total: int = 256 * 2**30
    ratio: int = 200
    harmless: int = 256 * 2**20


LIMITS = Limits()


class Entry(NamedTuple):
    """Where a file lies: its size as the archive says, and whatever the archive needs to find it again."""

    size: int
    place: Any


class Archive:
    """Files by name; a context manager that closes what it opened. See `open_archive`."""

    def __init__(self, size: int, limits: Limits) -> None:
        self.size_on_disk, self.limits = size, limits
        self.inflated = 0
        self._read: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        self._keys: dict[str, str] = {}
        self._names: list[str] | None = None
        self._open = ExitStack()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def names(self) -> list[str]:
        """All files, sorted."""
        if self._names is None:
            self._names = sorted(self._entries)
        return self._names

    def size(self, name: str) -> int:
        """Bytes, as far as the archive can be believed."""
        return self._entries[name].size

    def open(self, name: str) -> IO[bytes]:
        """The file's bytes, one after the other; `ArchiveError` comes beyond a limit, and where it is damaged.

        Raises:
            KeyError: there is none of this name.
        """
        entry = self._entries[name]
        return io.BufferedReader(_Counted(self, name, self._raw(name, entry)), CHUNK)

    def unread(self) -> list[str]:
        """Files of which nobody has read one byte, sorted."""
        return [name for name in self.names() if name not in self._read]

    @property
    def done(self) -> float:
        """How much of all bytes has been read, 0 to 1: for progress, as far as the archive can be believed."""
        total = sum(entry.size for entry in self._entries.values()) if self._total is None else self._total
        self._total = total
        return min(1.0, self.inflated / total) if total else 1.0

    _total: int | None = None

    def _raw(self, name: str, entry: Entry) -> IO[bytes]:
        raise NotImplementedError

    def _take(self, name: str, entry: Entry) -> None:
        """Put an entry under its safe name.

        Raises:
            ArchiveError: the name is not safe, or taken.
        """
        safe = safe_name(name)
        if _LITTER.search(safe):
            return
        key = safe.casefold()
        if key in self._keys:
            other = self._keys[key]
            alike = "have the same name" if other == safe else f"differ only in case ({short(other)})"
            raise ArchiveError(
                "same-name", f"Two entries {alike}: {short(safe)}. Rename one of them and pack it again.", safe
            )
        self._keys[key] = safe
        self._entries[safe] = entry

    def _count(self, name: str, before: int, more: int) -> None:
        """`more` bytes of an entry were read behind the first `before`; what is read again is counted once.

        Raises:
            ArchiveError: that is beyond a limit.
        """
        so_far, most = before + more, self.limits
        if so_far > most.file:
            bomb(f"{short(name)} inflates to more than {size_text(most.file)}", name)
        known = self._read.get(name, 0)
        if so_far > known:
            self._read[name] = so_far
            self.inflated += so_far - known
        if self.inflated > most.total:
            bomb(f"it inflates to more than {size_text(most.total)} in all", name)
        if self.inflated > max(most.harmless, most.ratio * self.size_on_disk):
            bomb(f"{short(name)} inflates to more than {most.ratio} times the size of the whole archive", name)


class _Counted(io.RawIOBase):
    """An entry's bytes, counted, in pieces of which none is large."""

    def __init__(self, archive: Archive, name: str, raw: IO[bytes]) -> None:
        self._archive, self._name, self._raw, self._at = archive, name, raw, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._piece(min(len(buffer), CHUNK))
        buffer[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._piece(CHUNK), b""))

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def _piece(self, size: int) -> bytes:
        try:
            piece = self._raw.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ArchiveError(
                "damaged", f"{short(self._name)} is damaged ({error}): pack the archive again.", self._name
            ) from error
        if piece:
            self._archive._count(self._name, self._at, len(piece))
            self._at += len(piece)
        return piece


def safe_name(name: str) -> str:
    r"""An entry's name as a relative path in NFC.

    >>> safe_name("a\\b/./cafe\u0301.png")
    'a/b/café.png'

    Raises:
        ArchiveError: it leads out of the archive, or cannot be a name.
    """
    text = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = text.rstrip("/").split("/")
    if text.startswith("/") or _DRIVE.match(text) or ".." in parts:
        raise ArchiveError(
            "unsafe-name",
            f"The entry {short(name)} leads out of the archive: pack it again with relative names.",
            name,
        )
    safe = "/".join(part for part in parts if part not in ("", "."))
    if not safe or len(safe) > LONGEST_NAME or any(unicodedata.category(char) in ("Cc", "Cs") for char in safe):
        raise ArchiveError("bad-name", f"The entry {short(name)} has a name that no file can have: rename it.", name)
    return safe


def short(name: str) -> str:
    shown = ascii(name) if any(not char.isprintable() for char in name) else f"'{name}'"
    return shown if len(shown) <= 100 else f"{shown[:60]}...{shown[-30:]}"


def size_text(size: int) -> str:
    return f"{size / 2**30:,.0f} GiB" if size >= 2**30 else f"{size / 2**20:,.0f} MiB"


def bomb(why: str, entry: str) -> NoReturn:
    raise ArchiveError("too-large", f"The archive is refused: {why}. Split it, or look for what is wrong in it.", entry)


def too_many(limits: Limits) -> NoReturn:
    raise ArchiveError(
        "too-many-entries", f"The archive has more than {limits.entries:,} entries: split it into several."
    )


def damaged(error: Exception, entry: str = "") -> ArchiveError:
    what = f"{short(entry)} of the archive" if entry else "The archive"
    return ArchiveError("damaged", f"{what} is damaged ({error}): pack it again, or send it once more.", entry)


def refuse_special(name: str) -> NoReturn:
    raise ArchiveError(
        "link", f"{short(name)} is a link or a device, not a file: pack the file that it stands for instead.", name
    )
