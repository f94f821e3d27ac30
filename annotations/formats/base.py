"""What every format implements, and what it is given: files to read, a sink to write to, a report to fill. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Protocol

from annotations.formats.records import Dataset, Picture

GEOMETRIES = ("box", "rbox", "polygon", "polyline", "keypoints", "mask", "tag")
_MOST_REMARKS = 1000


class FormatError(Exception):
    """A file that cannot be read at all: what is wrong, in which file, where, and how to mend it."""

    def __init__(self, code: str, detail: str, file: str = "", where: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.file, self.where = code, detail, file, where


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that somebody should know of a file.

    Attributes:
        severity: "refused" (left out), "changed" (taken, but not as it stands) or "note".
        where: Such as "line 3" or "annotations[17]".
        code: Stable, such as "class-unknown": remarks are counted by it.
    """

    severity: str
    code: str
    text: str
    file: str = ""
    where: str = ""


@dataclass
class Report:
    """The remarks of a reading or writing: all are counted, the first thousand are kept in full."""

    remarks: list[Remark] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def refuse(self, code: str, text: str, file: str = "", where: str = "") -> None:
        """Something is left out."""
        self._add(Remark("refused", code, text, file, where))

    def change(self, code: str, text: str, file: str = "", where: str = "") -> None:
        """Something is taken or written, but not as it stands: a loss, when writing."""
        self._add(Remark("changed", code, text, file, where))

    def note(self, code: str, text: str, file: str = "", where: str = "") -> None:
        self._add(Remark("note", code, text, file, where))

    def _add(self, remark: Remark) -> None:
        self.counts[remark.severity, remark.code] += 1
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(remark)

    @property
    def refused(self) -> int:
        return sum(n for (severity, _), n in self.counts.items() if severity == "refused")

    def as_json(self) -> dict[str, Any]:
        """`{counts: [{severity, code, count}], remarks: [...], more}`; `more` remarks are only counted."""
        counts = [{"severity": s, "code": c, "count": n} for (s, c), n in sorted(self.counts.items())]
        kept = [asdict(remark) for remark in self.remarks]
        return {"counts": counts, "remarks": kept, "more": self.counts.total() - len(kept)}


class Files(Protocol):
    """The files of an archive or folder, safe to read: names are relative, in NFC, each there once."""

    def names(self) -> list[str]:
        """All files, sorted."""

    def size(self, name: str) -> int:
        """Bytes."""

    def open(self, name: str) -> IO[bytes]:
        """Raises `KeyError` for a name that is not there."""


class Sink(Protocol):
    """Where an export goes: an archive's entries, one after the other."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new entry to be written; no two may be open at once, and no name may come twice."""


@dataclass(frozen=True)
class Option:
    """Something that a person may choose when reading or writing a format.

    Attributes:
        choices: (value, title) pairs; empty for yes or no.
        use: "read", "write" or "both".
    """

    name: str
    title: str
    default: Any
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    use: str = "both"


@dataclass(frozen=True)
class Abilities:
    """What a format can carry. What it cannot is turned into something that it can, or left out, and said."""

    geometries: frozenset[str]
    tracks: bool = False
    attributes: bool = False
    confidence: bool = False
    groups: bool = False
    order: bool = False
    splits: bool = False
    skeletons: bool = False
    empty_pictures: bool = True
    own: bool = False
    """Frameloop's own: shapes come with ids, vertex ids and states."""


class Format(Protocol):
    """One format; each lives in a module of its own with an instance called FORMAT."""

    name: str
    title: str
    help: str
    abilities: Abilities
    options: tuple[Option, ...]

    def detect(self, files: Files) -> float:
        """How sure one can be, 0 to 1, that this is it; looks at names and at the beginning of few files."""

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """The labels, and a lazy stream of pictures; what is wrong with one shape or file goes into the report.

        Raises:
            FormatError: nothing can be read of it.
        """

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        """Write everything but the pictures' own files; what the format cannot carry goes into the report."""

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        """Where in the archive this format expects a picture's own file."""


def chosen(format_: Format, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a format with what was given or its default.

    Raises:
        FormatError: an option that the format does not have, or a value that the option does not.
    """
    known = {option.name: option for option in format_.options}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise FormatError("option", f"{format_.title} has no option {name!r}: it has {names}.")
    return {name: _value(option, given.get(name, option.default)) for name, option in known.items()}


def _value(option: Option, value: Any) -> Any:
    values: list[Any] = [name for name, _title in option.choices] or [True, False]
    if value not in values:
        known = ", ".join(str(each) for each in values)
        raise FormatError("option", f"{option.name} is {value!r}: choose one of {known}.")
    return value
