"""Apple's Create ML: a JSON list of pictures with boxes by their centre, in pixels. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.common import Media, finite, name_of, path_of, plain, split_in, whole
from annotations.formats.jsonstream import Elements, sections
from annotations.formats.losses import fit
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Dataset, Picture, Shape
from annotations.formats.spool import Pile


class CreateMl:
    name = "createml"
    title = "Create ML"
    help = "One JSON list a split, with upright boxes by their centre: for Apple's Create ML."
    abilities = Abilities(frozenset(("box",)), confidence=True, splits=True)
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        for name in _json_files(files)[:5]:
            with files.open(name) as stream:
                head = stream.read(1 << 14)
            if head.lstrip()[:1] == b"[" and b'"coordinates"' in head and b'"image' in head:
                return 0.95
        return 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """Raises: FormatError where there is no JSON file, or it is no list."""
        names = _json_files(files)
        if not names:
            raise FormatError("no-json", "There is no .json file here: Create ML's annotations are in one.")
        return Dataset([], _pictures(files, names, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        piles: dict[str, Pile] = {}
        for picture in dataset:
            if picture.frames is not None:
                report.refuse("video-left-out", "Create ML has no videos: export their frames.", picture.path)
                continue
            shapes = [each for shape in picture.shapes for each in fit(shape, picture, self.abilities, report)]
            row = {
                "image": picture.path,
                "width": picture.width,
                "height": picture.height,
                "annotations": [_row(shape) for shape in shapes],
            }
            piles.setdefault(picture.split, Pile()).add(row)
        for split, pile in (piles or {"": Pile()}).items():
            with sink.open(posixpath.join(split, "_annotations.createml.json")) as file:
                file.write(b"[\n")
                pile.copy(file)
                file.write(b"\n]\n")

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return posixpath.join(picture.split, picture.path)


def _json_files(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".json")]


def _row(shape: Shape) -> dict[str, Any]:
    box = shape.geometry
    row: dict[str, Any] = {
        "label": shape.label,
        "coordinates": {
            "x": plain(box["x"] + box["w"] / 2),
            "y": plain(box["y"] + box["h"] / 2),
            "width": box["w"],
            "height": box["h"],
        },
    }
    return row | ({"confidence": shape.confidence} if shape.confidence is not None else {})


def _pictures(files: Files, names: list[str], report: Report) -> Iterator[Picture]:
    media = Media(files.names())
    seen: set[str] = set()
    for name in names:
        split = split_in(posixpath.dirname(name)) or split_in(posixpath.basename(name))
        with files.open(name) as stream:
            for key, section in sections(stream, name):
                if key or not isinstance(section, Elements):
                    raise FormatError("no-list", "Create ML's file is a list of pictures, this is an object.", name)
                for index, row in section:
                    picture = _picture(row, name, f"[{index}]", report)
                    if picture is None:
                        continue
                    picture.split = split
                    picture.media = media.find(picture.path, split, posixpath.dirname(name))
                    _sized(picture, files)
                    if picture.path in seen:
                        report.change("path", f"{picture.path} is there twice.", name, f"[{index}]")
                        picture.path = posixpath.join(split or "again", picture.path)
                    seen.add(picture.path)
                    yield picture


def _sized(picture: Picture, files: Files) -> None:
    if picture.media and not (picture.width and picture.height):
        with files.open(picture.media) as stream:
            picture.width, picture.height = upright_size(stream)


def _picture(row: Any, file: str, where: str, report: Report) -> Picture | None:
    given = row if isinstance(row, dict) else {}
    path = path_of(given.get("image") or given.get("imagefilename") or given.get("filename"))
    annotations = given.get("annotations", given.get("annotation", []))
    if not path or not isinstance(annotations, list):
        report.refuse("image", "A picture needs an image and a list of annotations.", file, where)
        return None
    picture = Picture(path, whole(given.get("width")) or 0, whole(given.get("height")) or 0)
    for n, annotation in enumerate(annotations):
        shape = _shape(annotation, file, f"{where}.annotations[{n}]", report)
        picture.shapes += [shape] if shape else []
    return picture


def _shape(annotation: Any, file: str, where: str, report: Report) -> Shape | None:
    given = annotation if isinstance(annotation, dict) else {}
    at = given.get("coordinates")
    at = at if isinstance(at, dict) else {}
    x, y, w, h = (finite(at.get(name)) for name in ("x", "y", "width", "height"))
    label = name_of(given.get("label"))
    if not label or x is None or y is None or w is None or h is None:
        report.refuse("annotation", "It needs a label and coordinates x, y, width and height.", file, where)
        return None
    if w <= 0 or h <= 0:
        report.refuse("empty", f"The box is {w:g} wide and {h:g} high: both have to be above 0.", file, where)
        return None
    confidence = finite(given.get("confidence"))
    fits = confidence is not None and 0 <= confidence <= 1
    geometry = {"type": "box", "x": x - w / 2, "y": y - h / 2, "w": w, "h": h}
    return Shape(label, geometry, confidence=confidence if fits else None)


FORMAT = CreateMl()
