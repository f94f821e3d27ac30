"""A list beside folders of pictures: where each came from, so that an export can be read as it was. Pure."""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from annotations.formats import common, values
from annotations.formats.base import Files, FormatError, Report
from annotations.formats.records import Picture

FOLDERS, MVTEC = "folders.csv", "mvtec.csv"
"""What the lists of the two formats are called."""
COLUMNS = ("file", "path", "split", "label", "width", "height", "mask")
_LONGEST = 1 << 16


@dataclass(frozen=True)
class Listed:
    """A picture of the list; `label` "" for none, `mask` the entry with its pixels or ""."""

    picture: Picture
    label: str
    mask: str


class Writer:
    """Rows of the list, kept until the folders are written: no two entries may be open at once."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, file: str, picture: Picture, label: str, mask: str = "") -> None:
        self._rows.writerow((file, picture.path, picture.split, label, picture.width, picture.height, mask))

    def finish(self, stream: IO[bytes]) -> None:
        stream.write(self._text.getvalue().encode())


def find(files: Files, base: str) -> str:
    """The entry of the list called `base`; "" where there is none."""
    named = [name for name in files.names() if posixpath.basename(name) == base]
    return next((name for name in named if values.start_of(files, name).startswith(b",".join(_head()))), "")


def _head() -> list[bytes]:
    return [column.encode() for column in COLUMNS]


def read(files: Files, name: str, report: Report) -> Iterator[Listed]:
    """The pictures of the list, with the entries that are there.

    Raises:
        FormatError: it is no table.
    """
    there = set(files.names())
    root = posixpath.dirname(name)
    with files.open(name) as stream, io.TextIOWrapper(stream, "utf-8", "replace", newline="") as text:
        rows = csv.DictReader(text, strict=True)
        try:
            for row in rows:
                with values.refusing(report, "row", name, f"line {rows.line_num}"):
                    yield _listed(row, root, there)
        except csv.Error as error:
            where = f"line {rows.line_num + 1}"
            raise FormatError("csv", f"{name} is no table: {error} ({where}).", name, where) from None


def _listed(row: dict[str, str | None], root: str, there: set[str]) -> Listed:
    width, height = (values.whole(values.numeral(row[side] or "0", side), side) for side in ("width", "height"))
    path = values.picture_path(row["path"])
    picture = Picture(path, width, height, split=common.split_in(row["split"] or ""))
    entry, mask = (posixpath.join(root, row[name] or "") for name in ("file", "mask"))
    picture.media = entry if entry in there else ""
    return Listed(picture, common.name_of(row["label"] or ""), mask if mask in there else "")


def folder_name(label: str) -> str:
    """A label as a folder; what a folder cannot be called is written with underscores.

    >>> folder_name("a/b: c"), folder_name(".."), folder_name("Kuh")
    ('a_b_ c', '_', 'Kuh')
    """
    kept = "".join(letter if letter.isalnum() or letter in " -_.,;+" else "_" for letter in label)
    return kept.strip(". ") or "_"
