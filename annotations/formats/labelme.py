"""LabelMe: a JSON file beside each picture (wkentaro's program), and MIT's older XML, which is only read.

Group ids, flags and descriptions come along. Attributes, scores and the visibility of points stand in fields of
their own, which LabelMe keeps though it does not show them. The picture inside (`imageData`) is only measured.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from annotations.formats import common, labelme_shapes, labelme_xml, values
from annotations.formats.base import GEOMETRIES, Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.values import Wrong

LABELS = "labels.txt"
_SHAPES = re.compile(rb'"shapes"\s*:\s*\[')
_OTHERS = (b'"version"', b'"flags"', b'"imagePath"', b'"shape_type"')
_LOOK_AT = 5
_VERSION = "5.5.0"
_UNREAL = ("__ignore__", "_background_")  # of LabelMe's own list of labels


class LabelMe:
    name = "labelme"
    title = "LabelMe"
    help = (
        "A JSON file beside each picture, as the LabelMe program reads and writes it; MIT's older XML can be imported."
    )
    abilities = Abilities(frozenset(GEOMETRIES), attributes=True, confidence=True, groups=True)
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        names = files.names()
        documents = [n for n in names if n.lower().endswith(".json")][:_LOOK_AT]
        if any(_is_labelme(values.start_of(files, name)) for name in documents):
            return 0.9
        older = [n for n in names if n.lower().endswith(".xml")][:_LOOK_AT]
        return 0.9 if any(labelme_xml.likely(values.start_of(files, name)) for name in older) else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        names = [name for name in files.names() if name.lower().endswith((".json", ".xml"))]
        labels = _declared(files)
        if not names and not labels:
            raise FormatError("missing", "There is neither a JSON nor an XML file of LabelMe in it.")
        return Dataset(labels, _Reader(files, report).pictures(names))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        with sink.open(LABELS) as stream:
            stream.writelines(f"{' '.join(label.name.split())}\n".encode() for label in dataset.labels)
        taken: set[str] = set()
        for picture in dataset:
            if picture.frames is not None:
                text = "LabelMe has no videos: export their frames as images."
                report.refuse("video-left-out", text, picture.path)
                continue
            name = posixpath.splitext(picture.path)[0] + ".json"
            name = f"{picture.path}.json" if name in taken else name
            taken.add(name)
            with sink.open(name) as stream:
                stream.write(orjson.dumps(_document(picture, self.abilities, report), option=orjson.OPT_INDENT_2))

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return picture.path


FORMAT = LabelMe()


def _is_labelme(start: bytes) -> bool:
    return bool(_SHAPES.search(start)) and any(word in start for word in _OTHERS)


def _declared(files: Files) -> list[Label]:
    """The labels in the order of the list beside the pictures, if there is one."""
    found = next((name for name in files.names() if posixpath.basename(name) == LABELS), "")
    text = values.read_all(files, found).decode(errors="replace") if found else ""
    names = dict.fromkeys(common.name_of(line) for line in text.splitlines())
    return [Label(name) for name in names if name and name not in _UNREAL]


# Reading


class _Reader:
    def __init__(self, files: Files, report: Report) -> None:
        self.files, self.report = files, report
        self.names = set(files.names())
        self.media = common.Media(self.names)
        self.folders = {posixpath.dirname(name) for name in self.names if common.is_image(name)}

    def pictures(self, names: list[str]) -> Iterator[Picture]:
        for name in names:
            try:
                yield from self._xml(name) if name.lower().endswith(".xml") else self._json(name)
            except FormatError as error:
                self.report.refuse(error.code, error.detail, name, error.where)

    def _xml(self, name: str) -> Iterator[Picture]:
        picture = labelme_xml.read(values.read_all(self.files, name), name, self.report)
        with values.refusing(self.report, "file", name, ""):
            if picture:
                self._place(picture, name)
                yield picture

    def _json(self, name: str) -> Iterator[Picture]:
        found = values.json_of(values.read_all(self.files, name), name)
        if not isinstance(found, dict) or not isinstance(found.get("shapes"), list):
            self.report.note("other-file", "This file is not of LabelMe and was left alone.", name)
            return
        with values.refusing(self.report, "file", name, ""):
            yield self._picture(found, name)

    def _picture(self, found: dict[str, Any], name: str) -> Picture:
        picture = Picture(str(found.get("imagePath") or posixpath.splitext(posixpath.basename(name))[0] + ".jpg"))
        picture.width, picture.height = labelme_shapes.size(found)
        self._place(picture, name)
        for n, each in enumerate(found["shapes"]):
            where = f"shapes[{n}]"
            with values.refusing(self.report, "shape", name, where):
                shape = labelme_shapes.read(values.mapping(each, "a shape"), picture, self._sayer(name, where))
                picture.shapes.append(shape)
        flags = found.get("flags") or {}
        picture.shapes += [
            Shape(tag, {"type": "tag"}) for tag, on in values.mapping(flags, "flags").items() if on is True
        ]
        return picture

    def _sayer(self, name: str, where: str) -> labelme_shapes.Say:
        return lambda code, text: self.report.change(code, text, name, where)

    def _place(self, picture: Picture, name: str) -> None:
        """Paths are from the file's own folder; what climbs out of the archive keeps its last part."""
        written = picture.path.replace("\\", "/")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(name), written))
        path = common.path_of(inside)
        if not path:
            raise Wrong(f"imagePath is {values.short(picture.path)}: that names no picture")
        entry = path if path in self.names else ""
        if not entry and posixpath.dirname(name) not in self.folders:  # the labels lie apart from the pictures
            entry = self.media.find(path) or self.media.find(posixpath.basename(path))
        picture.path, picture.media = entry or path, entry


# Writing


def _document(picture: Picture, abilities: Abilities, report: Report) -> dict[str, Any]:
    fitted = [made for each in picture.shapes for made in fit(each, picture, abilities, report)]
    groups: dict[str, int] = {}
    return {
        "version": _VERSION,
        "flags": {shape.label: True for shape in _tags(fitted, picture, report)},
        "shapes": [labelme_shapes.written(shape, groups) for shape in fitted if shape.geometry["type"] != "tag"],
        "imagePath": posixpath.basename(picture.path),
        "imageData": None,
        "imageHeight": picture.height or None,
        "imageWidth": picture.width or None,
    }


def _tags(shapes: list[Shape], picture: Picture, report: Report) -> Iterator[Shape]:
    for shape in shapes:
        if shape.geometry["type"] == "tag":
            if shape.attributes or shape.confidence is not None or shape.group is not None:
                text = f"The tag {shape.label} is a flag in LabelMe: its attributes, score and group are left out."
                report.change("tag-as-flag", text, picture.path)
            yield shape
