"""MOT Challenge: a folder for each sequence with the boxes of every frame in `gt/gt.txt`.

A row is `frame,id,x,y,w,h,flag,class,visibility`, or with a confidence and no class (7 columns), or with places in the
world after that (10); frames and classes count from 1, id -1 belongs to no track. A frame on which a track has no row
is one that it is not on: nothing is interpolated across. `gt/labels.txt` names the classes, one a line, as CVAT has it.
"""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotations.formats import common, mot_rows, values
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.mot_rows import Row
from annotations.formats.records import Dataset, Label, Picture, Shape

# The challenge's own classes, for sequences that name none.
_CLASSES = (
    "pedestrian",
    "person on vehicle",
    "car",
    "bicycle",
    "motorbike",
    "non-motorised vehicle",
    "static person",
    "distractor",
    "occluder",
    "occluder on the ground",
    "occluder full",
    "reflection",
    "crowd",
)
_TABLE = re.compile(r"(?:^|/)(gt|det)\.txt$")
_ROW = re.compile(rb"\s*\d+\s*,\s*-?\d+(\s*,\s*-?[\d.eE+-]+){4}")


class Mot:
    name = "mot"
    title = "MOT Challenge"
    help = "Boxes of tracks on every frame of a video: gt.txt with seqinfo.ini, a folder for each sequence."
    abilities = Abilities(frozenset(("box",)), tracks=True, splits=True)
    options = (
        Option("origin", "Pixels are counted from", "0", (("0", "0"), ("1", "1, as MOT Challenge itself does"))),
        Option(
            "table",
            "Boxes are taken from",
            "gt",
            (("gt", "gt.txt, else det.txt"), ("det", "det.txt, else gt.txt")),
            use="read",
        ),
        Option(
            "items",
            "A sequence is",
            "auto",
            (("auto", "a video, or images where they are in the archive"), ("video", "a video"), ("images", "images")),
            use="read",
        ),
    )

    def detect(self, files: Files) -> float:
        found = [name for name in files.names() if _TABLE.search(name)]
        if any(name.endswith(("gt/gt.txt", "det/det.txt")) for name in found):
            return 0.95
        return 0.7 if any(_ROW.match(values.start_of(files, name, 200)) for name in found[:3]) else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        sequences = _sequences(files, options, report)
        if not sequences:
            raise FormatError("missing", "There is neither a gt.txt nor a det.txt in it.")
        names = list(dict.fromkeys(name for sequence in sequences for name in sequence.names))
        labels = [Label(name, index=n) for n, name in enumerate(names)]
        return Dataset(labels, (picture for each in sequences for picture in _read(each, files, options, report)))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        classes = {label.name: n for n, label in enumerate(dataset.labels, start=1)}
        for picture in dataset:
            if picture.frames is None:
                report.refuse("image-left-out", "MOT has only videos: this is an image.", picture.path)
                continue
            _write(picture, classes, self.abilities, sink, float(options["origin"]), report)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return f"{_folder(picture)}/{posixpath.basename(picture.path)}"


FORMAT = Mot()


def _folder(picture: Picture) -> str:
    return posixpath.join(picture.split, picture.path)


# Reading


@dataclass
class _Sequence:
    """One table with what is known of its video; `root` is the folder that holds `gt`."""

    table: str
    root: str
    names: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)

    def number(self, name: str) -> int:
        word = self.info.get(name.lower(), "")
        return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0

    @property
    def path_and_split(self) -> tuple[str, str]:
        """As we write it the folder is split/path, and `name` the path; else the folder says both."""
        name = common.path_of(self.info.get("name", ""))
        if name and self.root.endswith(name):
            return name, common.split_in(self.root[: -len(name)])
        first, _, rest = self.root.partition("/")
        if rest and common.split_in(first):
            return rest, common.split_in(first)
        return self.root or name or "sequence", ""

    def label(self, number: float) -> str:
        at = int(number)
        if at == mot_rows.NO_CLASS:
            return self.names[0] if len(self.names) == 1 else "object"
        known = self.names or _CLASSES
        return known[at - 1] if 1 <= at <= len(known) else f"class {at}"


def _sequences(files: Files, options: Mapping[str, Any], report: Report) -> list[_Sequence]:
    names = files.names()
    roots: dict[str, dict[str, str]] = {}
    for name in names:
        if found := _TABLE.search(name):
            folder = posixpath.dirname(name)
            inside = posixpath.basename(folder) in ("gt", "det")
            roots.setdefault(posixpath.dirname(folder) if inside else folder, {})[found[1]] = name
    wanted = (options["table"], "det" if options["table"] == "gt" else "gt")
    sequences = []
    for root, tables in sorted(roots.items()):
        chosen, *others = (tables[kind] for kind in wanted if kind in tables)
        for other in others:
            report.note("other-table", f"{chosen} was read instead.", other)
        sequences.append(_sequence(chosen, root, files, names, report))
    return sequences


def _sequence(table: str, root: str, files: Files, names: list[str], report: Report) -> _Sequence:
    sequence = _Sequence(table, root)
    there = set(names)
    folders = dict.fromkeys((posixpath.dirname(table), root, posixpath.join(root, "gt"), ""))
    found = next((n for each in folders if (n := posixpath.join(each, "labels.txt")) in there), "")
    if found:
        lines = values.read_all(files, found).decode("utf-8", "replace").splitlines()
        sequence.names = [common.name_of(line) or f"class {n}" for n, line in enumerate(lines, start=1)]
    info = posixpath.join(root, "seqinfo.ini")
    if info in there:
        sequence.info = _info(values.read_all(files, info), info, report)
    folder = posixpath.join(root, sequence.info.get("imdir", "img1")) + "/"
    sequence.images = [name for name in names if name.startswith(folder) and common.is_image(name)]
    return sequence


def _info(data: bytes, file: str, report: Report) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(data.decode("utf-8-sig", "replace"))
        return dict(parser["Sequence"])
    except (configparser.Error, KeyError) as error:
        text = f"It is no description of a sequence ({type(error).__name__}): sizes and lengths are unknown."
        report.change("seqinfo", text, file)
        return {}


def _read(sequence: _Sequence, files: Files, options: Mapping[str, Any], report: Report) -> Iterator[Picture]:
    with files.open(sequence.table) as stream:
        rows = mot_rows.read(stream, sequence.table, float(options["origin"]), report)
    as_images = options["items"] == "images" or (options["items"] == "auto" and bool(sequence.images))
    yield from _images(sequence, rows) if as_images else [_video(sequence, rows, files, report)]


def _video(sequence: _Sequence, rows: list[Row], files: Files, report: Report) -> Picture:
    path, split = sequence.path_and_split
    length = sequence.number("seqLength") or max((row.frame + 1 for row in rows), default=0)
    rate = sequence.info.get("framerate", "")
    fps = common.parsed(rate)
    size = sequence.number("imWidth"), sequence.number("imHeight")
    picture = Picture(path, *size, split=split, frames=length, fps=fps)
    media = common.Media(files.names())
    picture.media = media.find(posixpath.join(sequence.root, posixpath.basename(path))) or media.find(path)
    for number, members in mot_rows.tracks(rows).items():
        labels = list(dict.fromkeys(sequence.label(row.kind) for row in members))
        if len(labels) > 1:
            text = f"Track {number} changes its class: {labels[0]} was taken throughout."
            report.change("class-changes", text, sequence.table, f"track {number}")
        keyframes = mot_rows.keyframes(members, length)
        geometry = keyframes[min(keyframes)]["geometry"]
        picture.shapes.append(Shape(labels[0], geometry, _ignored(members), keyframes=keyframes, number=number))
    for row in mot_rows.untracked(rows):
        shape = Shape(sequence.label(row.kind), row.geometry, _ignored([row]), confidence=row.confidence)
        shape.frame = row.frame
        picture.shapes.append(shape)
    _say_source(picture.shapes, sequence)
    return picture


def _images(sequence: _Sequence, rows: list[Row]) -> Iterator[Picture]:
    """The frames as images of their own, in the order of their names; tracks are their numbers."""
    by_frame: dict[int, list[Row]] = {}
    for row in rows:
        by_frame.setdefault(row.frame, []).append(row)
    size = sequence.number("imWidth"), sequence.number("imHeight")
    split = sequence.path_and_split[1]
    numbered = {_frame_of(name, n): name for n, name in enumerate(sequence.images)}
    frames = sorted(numbered.keys() | by_frame.keys())
    for frame in frames:
        entry = numbered.get(frame, "")
        path = entry or posixpath.join(sequence.root, sequence.info.get("imdir", "img1"), f"{frame + 1:06d}.jpg")
        picture = Picture(path, *size, split=split, media=entry)
        for row in by_frame.get(frame, ()):
            shape = Shape(sequence.label(row.kind), row.geometry, _ignored([row]), confidence=row.confidence)
            shape.number = row.number if row.number >= 0 else None
            picture.shapes.append(shape)
        _say_source(picture.shapes, sequence)
        yield picture


def _frame_of(name: str, order: int) -> int:
    stem = posixpath.splitext(posixpath.basename(name))[0]
    return int(stem) - 1 if stem.isascii() and stem.isdigit() and int(stem[:9]) > 0 and len(stem) < 10 else order


def _ignored(rows: list[Row]) -> dict[str, Any]:
    return {"ignored": True} if rows and all(row.ignored for row in rows) else {}


def _say_source(shapes: list[Shape], sequence: _Sequence) -> None:
    if posixpath.basename(sequence.table) == "det.txt":
        for shape in shapes:
            shape.source = "model"


# Writing


def _write(
    picture: Picture, classes: dict[str, int], abilities: Abilities, sink: Sink, origin: float, report: Report
) -> None:
    folder = _folder(picture)
    rows: list[Row] = []
    taken: set[int] = set()
    for shape in (made for each in picture.shapes for made in fit(each, picture, abilities, report)):
        kind = classes.setdefault(shape.label, len(classes) + 1)
        rows += mot_rows.of_shape(shape, kind, picture, taken, report)
    with sink.open(f"{folder}/gt/gt.txt") as stream:
        mot_rows.write(stream, rows, origin)
    _write_labels(sink, folder, classes)
    with sink.open(f"{folder}/seqinfo.ini") as stream:
        stream.write(_seqinfo(picture).encode())


def _write_labels(sink: Sink, folder: str, classes: dict[str, int]) -> None:
    with sink.open(posixpath.join(folder, "gt/labels.txt")) as stream:
        stream.writelines(f"{' '.join(name.split())}\n".encode() for name in classes)


def _seqinfo(picture: Picture) -> str:
    known = {
        "name": picture.path,
        "imDir": "img1",
        "frameRate": f"{picture.fps:g}" if picture.fps else "",
        "seqLength": picture.frames or "",
        "imWidth": picture.width or "",
        "imHeight": picture.height or "",
        "imExt": ".jpg",
    }
    return "[Sequence]\n" + "".join(f"{name}={value}\n" for name, value in known.items() if value != "")
