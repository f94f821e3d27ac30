"""TOON (token-oriented object notation): tables that language models read and write with few tokens.

Each file holds some pictures with all that is on them, so that it fits into a model's context and into memory. There
is a table for the labels, one for the pictures and one for each kind of shape; points are numbers with blanks between,
rings end at a slash. Columns that nothing uses are left out. The notation itself is the library's (specification 4.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import toon_format

from annotations.formats import common, toon_tables, values
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.toon_tables import TABLES
from annotations.formats.values import Wrong

_START = re.compile(rb"(^|\n)(pictures|labels)(\[\d+\]|:)")


class Toon:
    name = "toon"
    title = "TOON"
    help = "Tables for language models: the same as JSON says, in half the tokens."
    abilities = Abilities(
        frozenset(TABLES),
        attributes=True,
        confidence=True,
        groups=True,
        order=True,
        splits=True,
        skeletons=True,
    )
    options = (
        Option(
            "pictures",
            "Pictures in a file",
            "1000",
            (("1", "1"), ("10", "10"), ("100", "100"), ("1000", "1,000")),
            use="write",
        ),
        Option(
            "decimals",
            "Decimals of a coordinate",
            "2",
            (("0", "none"), ("1", "1"), ("2", "2"), ("6", "6")),
            help="Fewer decimals are fewer tokens: two are a hundredth of a pixel.",
            use="write",
        ),
    )

    def detect(self, files: Files) -> float:
        starts = (values.start_of(files, name) for name in _documents(files)[:3])
        return 0.95 if any(_START.search(start) for start in starts) else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        names = _documents(files)
        if not names:
            raise FormatError("missing", "There is no .toon file in it.")
        labels: dict[str, Label] = {}
        for label in toon_tables.labels(_loaded(files, names[0]), names[0], report):
            labels.setdefault(label.name, label)
        return Dataset(list(labels.values()), _pictures(files, names, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        size, decimals = int(options["pictures"]), int(options["decimals"])
        chunk: list[Picture] = []
        number = 0
        for picture in dataset:
            if picture.frames is not None:
                text = "TOON has no tracks: export the video's frames as images."
                report.refuse("video-left-out", text, picture.path)
                continue
            fitted = [
                made
                for s in picture.shapes
                for made in fit(s, picture, self.abilities, report, holes=True, numbers=True)
            ]
            chunk.append(_with(picture, fitted))
            if len(chunk) == size:
                number += 1
                _write(dataset.labels, chunk, number, decimals, sink)
                chunk = []
        if chunk or not number:
            _write(dataset.labels, chunk, number + 1, decimals, sink)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return f"images/{picture.path}"


FORMAT = Toon()


def _documents(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".toon")]


def _with(picture: Picture, shapes: list[Shape]) -> Picture:
    return Picture(picture.path, picture.width, picture.height, shapes, picture.split)


def _write(labels: list[Label], pictures: list[Picture], number: int, decimals: int, sink: Sink) -> None:
    with sink.open(f"annotations-{number:04d}.toon") as stream:
        stream.write(toon_format.dumps(toon_tables.document(labels, pictures, decimals)).encode() + b"\n")


def _loaded(files: Files, name: str) -> dict[str, Any]:
    data = values.read_all(files, name)
    try:
        found = toon_format.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FormatError("toon", f"{name} is not UTF-8 text.", name) from None
    except toon_format.ToonDecodeError as error:
        where = f"line {error.line}" if error.line else ""
        raise FormatError("toon", f"{name} is not TOON: {error}.", name, where) from None
    if not isinstance(found, dict):
        raise FormatError("toon", f"{name} has no tables with names.", name)
    return found


def _pictures(files: Files, names: list[str], report: Report) -> Iterator[Picture]:
    media = common.Media(files.names())
    for name in names:
        yield from _of_file(_loaded(files, name), name, media, report)


def _of_file(found: dict[str, Any], name: str, media: common.Media, report: Report) -> Iterator[Picture]:
    """The pictures of a file with their shapes, which lie in the tables by kind, in the order of their ids."""
    shapes = toon_tables.Shapes(found, name, report)
    for n, row in enumerate(toon_tables.table(found, "pictures", name, report)):
        where = f"pictures[{n}]"
        with values.refusing(report, "picture", name, where):
            picture = Picture(values.picture_path(row.get("path")))
            picture.width, picture.height = (values.whole(row.get(side) or 0, side) for side in ("width", "height"))
            picture.split = common.split_in(str(row.get("split") or ""))
            picture.media = media.find(picture.path, picture.split)
            picture.shapes = shapes.take(row.get("id"))
            yield picture
    for row, where in shapes.left():
        with values.refusing(report, "shape", name, where):
            raise Wrong(f"picture is {values.short(row.get('picture'))}: there is none with that id")
