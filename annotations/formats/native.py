"""Frameloop's own format: everything a project's labels and annotations are, identical when it comes back.

`frameloop.jsonl` is UTF-8 text of JSON lines. The first is the header: `{"frameloop": 1, "name", "labels"}`. Each
other line is one picture with its shapes, so that neither a writer nor a reader holds more than one of them. What
has its default is left out. Files of pictures lie under `media/`. `docs/formats.md` describes every field.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import IO, Any

import orjson

from annotations.formats import common, values
from annotations.formats.base import GEOMETRIES, Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.values import Wrong

VERSION = 1
FILE = "frameloop.jsonl"
SOURCES = ("human", "model", "import")
_HEADER = {"frameloop", "name", "labels"}
_KEYFRAME = {"geometry", "outside", "occluded", "attributes"}
_ENOUGH = orjson.OPT_NON_STR_KEYS  # keyframes are by frame number


class Native:
    name = "frameloop"
    title = "Frameloop"
    help = "Frameloop's own: nothing is lost. For a backup, another Frameloop, and for programs of your own."
    abilities = Abilities(
        frozenset(GEOMETRIES),
        tracks=True,
        attributes=True,
        confidence=True,
        groups=True,
        order=True,
        splits=True,
        skeletons=True,
        own=True,
    )
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        return 1.0 if any(values.start_of(files, name).startswith(b'{"frameloop"') for name in _found(files)) else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        found = _found(files)
        if not found:
            raise FormatError("missing", f"There is no {FILE} in it.")
        for other in found[1:]:
            report.refuse("second-file", f"Only {found[0]} was read: import the others one by one.", other)
        return _Reader(files, found[0], report).dataset()

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        labels = [_written(label, {}) for label in dataset.labels]
        with sink.open(FILE) as stream:
            _line(stream, {"frameloop": VERSION, "name": dataset.name, "labels": labels})
            for picture in dataset:
                shapes = [_written(shape, {}) for shape in picture.shapes]
                _line(stream, _written(picture, {"shapes": shapes} if shapes else {}))

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return f"media/{picture.path}"


FORMAT = Native()


def _found(files: Files) -> list[str]:
    return sorted((n for n in files.names() if posixpath.basename(n) == FILE), key=lambda n: (n.count("/"), n))


# Writing


def _line(stream: IO[bytes], content: dict[str, Any]) -> None:
    stream.write(orjson.dumps(content, option=_ENOUGH))
    stream.write(b"\n")


def _written(record: Any, more: dict[str, Any]) -> dict[str, Any]:
    """A record's fields but for those that have their default; which entry holds the pixels says the archive."""
    pairs = ((f.name, getattr(record, f.name), f) for f in fields(record) if f.name not in ("shapes", "media"))
    return {name: value for name, value, f in pairs if value != _default(f)} | more


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


# Reading


class _Reader:
    def __init__(self, files: Files, file: str, report: Report) -> None:
        self.files, self.file, self.report = files, file, report
        self.root = posixpath.dirname(file)
        self.media = common.Media(files.names())
        self.strange: set[str] = set()

    def dataset(self) -> Dataset:
        with self.files.open(self.file) as stream:
            header = self._header(values.one_piece(stream.readline(values.LARGEST_DOCUMENT + 1), self.file))
        labels = [label for n, each in enumerate(header.get("labels") or []) if (label := self._label(each, n))]
        return Dataset(labels, self._pictures(), str(header.get("name") or ""))

    def _header(self, line: bytes) -> dict[str, Any]:
        header: dict[str, Any] = values.json_of(line, self.file, 1)
        version = header.get("frameloop") if isinstance(header, dict) else None
        if type(version) is not int or not isinstance(header.get("labels", []), list):
            raise FormatError(
                "header", f"The first line of {self.file} is no header of Frameloop.", self.file, "line 1"
            )
        if version > VERSION:
            text = f"{self.file} was written by a newer Frameloop (format {version}, this one reads up to {VERSION})."
            raise FormatError("newer", f"{text} Update this one first.", self.file, "line 1")
        self._note_strange(header, _HEADER, "line 1")
        return header

    def _pictures(self) -> Iterator[Picture]:
        with self.files.open(self.file) as stream:
            stream.readline()
            number = 1
            while line := values.one_piece(stream.readline(values.LARGEST_DOCUMENT + 1), self.file):
                number += 1
                if line.strip() and (picture := self._picture(values.json_of(line, self.file, number), number)):
                    yield picture

    def _label(self, found: Any, n: int) -> Label | None:
        where = f"line 1, labels[{n}]"
        try:
            label: Label = self._record(Label, found, _LABEL, where)
        except Wrong as error:
            self.report.refuse("label", f"{error}.", self.file, where)
            return None
        return label

    def _picture(self, found: Any, number: int) -> Picture | None:
        where = f"line {number}"
        try:
            picture: Picture = self._record(Picture, found, _PICTURE, where)
            shapes = values.listing(found.get("shapes", []), "shapes")
        except Wrong as error:
            self.report.refuse("picture", f"{error}.", self.file, where)
            return None
        taken = (self._shape(each, f"{where}, shapes[{n}]") for n, each in enumerate(shapes))
        picture.shapes = [shape for shape in taken if shape]
        picture.media = self.media.find(picture.path, near=posixpath.join(self.root, "media/"))
        return picture

    def _shape(self, found: Any, where: str) -> Shape | None:
        try:
            shape: Shape = self._record(Shape, found, _SHAPE, where)
            if shape.keyframes is not None:
                shape.keyframes = {_frame(str(n)): self._keyframe(k, where) for n, k in shape.keyframes.items()}
        except Wrong as error:
            self.report.refuse("shape", f"{error}.", self.file, where)
            return None
        return shape

    def _keyframe(self, found: Any, where: str) -> dict[str, Any]:
        keyframe = values.mapping(found, "a keyframe")
        if "geometry" in keyframe:
            values.geometry(values.mapping(keyframe["geometry"], "geometry"))
        if any(type(keyframe.get(name, False)) is not bool for name in ("outside", "occluded")):
            raise Wrong("outside and occluded of a keyframe are true or false")
        self._note_strange(keyframe, _KEYFRAME, where)
        return {name: value for name, value in keyframe.items() if name in _KEYFRAME}

    def _record(self, kind: Any, found: Any, checks: Mapping[str, _Check], where: str) -> Any:
        given = values.mapping(found, "a line")
        missing = next((f.name for f in fields(kind) if f.name not in given and _needed(f)), None)
        if missing:
            raise Wrong(f"{missing} is missing")
        self._note_strange(given, checks.keys() | {"shapes"}, where)
        return kind(**{name: check(given[name], name) for name, check in checks.items() if name in given})

    def _note_strange(self, found: Mapping[str, Any], known: Any, where: str) -> None:
        for name in found.keys() - known - self.strange:
            self.strange.add(name)
            text = f"The field {name!r} is unknown here and was left out, wherever it occurs."
            self.report.note("unknown-field", text, self.file, where)


_Check = Callable[[Any, str], Any]


def _needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _frame(name: str) -> int:
    if not name.isascii() or not name.isdigit() or len(name) > 9:
        raise Wrong(f"a keyframe is called {values.short(name)}: its frame is needed, counted from 0")
    return int(name)


def _any_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{what} is {values.short(value)}: a text is needed")
    return value


def _yes_or_no(value: Any, what: str) -> bool:
    if type(value) is not bool:
        raise Wrong(f"{what} is {values.short(value)}: true or false is needed")
    return value


def _source(value: Any, what: str) -> str:
    if value not in SOURCES:
        raise Wrong(f"{what} is {values.short(value)}: one of {', '.join(SOURCES)} is needed")
    return str(value)


def _confidence(value: Any, what: str) -> float:
    found = values.number(value, what)
    if not 0 <= found <= 1:
        raise Wrong(f"{what} is {values.short(value)}: a number from 0 to 1 is needed")
    return found


def _texts(value: Any, what: str) -> list[str]:
    return [values.text(each, what) for each in values.listing(value, what)]


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    return [values.mapping(each, what) for each in values.listing(value, what)]


def _geometry(value: Any, what: str) -> dict[str, Any]:
    return values.geometry(values.mapping(value, what))


def _attributes(value: Any, what: str) -> dict[str, Any]:
    plain, others = values.scalars(value, what)
    if others:
        raise Wrong(f"{what}.{others[0]} is neither a text, a number, nor true or false")
    return plain


def _or_none(check: _Check) -> _Check:
    return lambda value, what: None if value is None else check(value, what)


def _order(value: Any, what: str) -> int:
    return values.whole(value, what, -(2**31))


_LABEL: dict[str, _Check] = {
    "name": values.text,
    "color": _any_text,
    "attributes": _objects,
    "skeleton": _or_none(values.mapping),
    "aliases": _texts,
    "index": _or_none(values.whole),
    "retired": _yes_or_no,
}
_PICTURE: dict[str, _Check] = {
    "path": values.picture_path,
    "width": values.whole,
    "height": values.whole,
    "split": _any_text,
    "frames": _or_none(values.whole),
    "fps": _or_none(values.number),
    "of_video": _any_text,
    "frame": _or_none(values.whole),
    "state": _any_text,
}
_SHAPE: dict[str, _Check] = {
    "label": values.text,
    "geometry": _geometry,
    "attributes": _attributes,
    "frame": _or_none(values.whole),
    "keyframes": _or_none(values.mapping),
    "confidence": _or_none(_confidence),
    "source": _source,
    "number": _or_none(values.whole),
    "group": _or_none(_any_text),
    "z": _order,
    "author": _any_text,
    "id": _any_text,
}
