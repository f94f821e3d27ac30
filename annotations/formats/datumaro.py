"""Datumaro's JSON: one file for each split, with categories by kind and items that hold their annotations.

Sizes are `[height, width]`, points are flat, skeleton edges count from 1. Rotated boxes are boxes with the attribute
`rotation`, as CVAT writes them; Datumaro's own `rotated_bbox` is read as well.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import orjson

from annotations.formats import common, datumaro_shapes, jsonstream, spool, values
from annotations.formats.base import GEOMETRIES, Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.records import Dataset, Geometry, Label, Picture, Shape
from annotations.formats.values import Wrong

_SURE = re.compile(rb'"dm_format_version"')
_LIKELY = re.compile(rb'"categories"\s*:\s*\{\s*("label"|"mask"|"points"|\})')
_IMAGE = 2  # Datumaro's number of the media type
_SUBSETS = {"": "default", "train": "train", "val": "val", "test": "test"}
_TIED = ("rotation", "score", "track_id", "keyframe")
"""Attributes that are properties here."""


class Datumaro:
    name = "datumaro"
    title = "Datumaro"
    help = (
        "JSON of the Datumaro toolkit, which CVAT and OpenVINO's training read: every kind of shape, with attributes."
    )
    abilities = Abilities(
        frozenset(GEOMETRIES),
        attributes=True,
        confidence=True,
        groups=True,
        order=True,
        splits=True,
        skeletons=True,
    )
    options = (
        Option(
            "keypoints",
            "Keypoints are written as",
            "points",
            (("points", "points, for Datumaro"), ("skeleton", "skeletons, for CVAT")),
            use="write",
        ),
    )

    def detect(self, files: Files) -> float:
        return max((_likeness(files, name) for name in _documents(files)), default=0.0)

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        found = [_subset(files, name, report) for name in _documents(files) if _likeness(files, name)]
        if not found:
            raise FormatError("missing", "There is no JSON file of Datumaro in it.")
        labels = {label.name: label for subset in found for label in reversed(subset.declared)}
        ordered = {name: labels[name] for subset in found for name in (label.name for label in subset.declared)}
        media = common.Media(files.names())
        return Dataset(
            list(ordered.values()), (picture for subset in found for picture in subset.pictures(files, media))
        )

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        writer = _Writer(dataset.labels, options["keypoints"] == "skeleton", report)
        for picture in dataset:
            writer.add(picture, self.abilities)
        for name, pile in (writer.piles or {"default": spool.Pile()}).items():
            with sink.open(f"annotations/{name}.json") as stream:
                writer.finish(stream, pile)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        return f"images/{_SUBSETS.get(picture.split, 'default')}/{picture.path}"


FORMAT = Datumaro()


def _documents(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(".json")]


def _likeness(files: Files, name: str) -> float:
    start = values.start_of(files, name, 8192)
    return 0.95 if _SURE.search(start) else 0.8 if _LIKELY.search(start) else 0.0


# Reading


@dataclass
class _Subset:
    file: str
    report: Report
    names: list[str] = field(default_factory=list)
    declared: list[Label] = field(default_factory=list)
    skeletons: dict[str, list[str]] = field(default_factory=dict)

    @property
    def split(self) -> str:
        return common.split_in(posixpath.splitext(posixpath.basename(self.file))[0])

    def pictures(self, files: Files, media: common.Media) -> Iterator[Picture]:
        with files.open(self.file) as stream:
            for key, elements in jsonstream.sections(stream, self.file):
                if key == "items" and isinstance(elements, jsonstream.Elements):
                    for n, item in elements:
                        yield from self._picture(item, f"items[{n}]", media)

    def _picture(self, found: Any, where: str, media: common.Media) -> Iterator[Picture]:
        with values.refusing(self.report, "item", self.file, where):
            item = values.mapping(found, "an item")
            if "point_cloud" in item:
                raise Wrong("point clouds cannot be taken")
            picture = self._empty(item, media)
            for n, each in enumerate(values.listing(item.get("annotations", []), "annotations")):
                at = f"{where}.annotations[{n}]"
                with values.refusing(self.report, "shape", self.file, at):
                    picture.shapes.extend(self._shapes(values.mapping(each, "an annotation"), at))
            yield picture

    def _empty(self, item: dict[str, Any], media: common.Media) -> Picture:
        image = item.get("image") or item.get("media") or {}
        path = values.picture_path(values.mapping(image, "image").get("path") or item.get("id"), "id")
        entry = media.find(path, self.split) or _by_stem(media, path, self.split)
        if entry and not common.is_image(path):
            path += posixpath.splitext(entry)[1]
        size = image.get("size") or [0, 0]
        if len(values.listing(size, "image.size")) != 2:
            raise Wrong(f"image.size is {values.short(size)}: [height, width] is needed")
        height, width = (values.whole(each, "image.size") for each in size)
        return Picture(path, width, height, split=self.split, media=entry, **_of_video(item))

    def _shapes(self, found: dict[str, Any], where: str) -> Iterator[Shape]:
        kind = str(found.get("type"))
        if kind == "hash_key":
            return
        if kind not in datumaro_shapes.READ:
            raise Wrong(f"type is {values.short(found.get('type'))}, which cannot be taken")
        if kind == "ellipse":
            self.report.change("ellipse", "An ellipse became a polygon of 64 corners.", self.file, where)
        label = self._label(found.get("label_id"))
        given = values.mapping(found.get("attributes") or {}, "attributes")
        properties, rest = datumaro_shapes.tied(found, given)
        geometry = values.geometry(self._geometry(kind, found, properties.pop("rotation", 0), label))
        plain, others = values.scalars(rest, "attributes")
        if others:
            text = f"The attribute {others[0]!r} is neither a text, a number, nor true or false, and was left out."
            self.report.change("attribute", text, self.file, where)
        yield Shape(
            label,
            geometry,
            plain,
            group=str(values.whole(found["group"], "group")) if found.get("group") else None,
            z=values.whole(found.get("z_order") or 0, "z_order", -(2**31)),
            **properties,
        )

    def _label(self, number: Any) -> str:
        if type(number) is not int or not 0 <= number < len(self.names):
            raise Wrong(f"label_id is {values.short(number)}: there are {len(self.names)} labels, counted from 0")
        return self.names[number]

    def _geometry(self, kind: str, found: dict[str, Any], angle: float, label: str) -> Geometry:
        if kind == "skeleton" and "elements" in found:
            return self._elements(found["elements"], label)
        geometry = datumaro_shapes.READ[kind](found)
        return datumaro_shapes.turned(geometry, angle) if kind == "bbox" and angle else geometry

    def _elements(self, found: Any, label: str) -> Geometry:
        """A skeleton of separate points, in the order of the label's own."""
        by_name: dict[str, list[float]] = {}
        for each in values.listing(found, "elements"):
            element = values.mapping(each, "an element")
            x, y = datumaro_shapes.flat(element)[0]
            seen = element.get("visibility") or [2]
            by_name[self._label(element.get("label_id"))] = [x, y, values.whole(seen[0], "visibility")]
        names = self.skeletons.get(label) or list(by_name)
        return {"type": "keypoints", "points": [by_name.get(name, [0, 0, 0]) for name in names]}


def _by_stem(media: common.Media, path: str, split: str) -> str:
    """For items that name no file: `id` with an ending."""
    ends = (".jpg", ".png", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".JPG", ".PNG")
    return next((entry for end in ends if (entry := media.find(path + end, split))), "")


def _of_video(item: dict[str, Any]) -> dict[str, Any]:
    frame = item.get("video_frame")
    if isinstance(frame, dict) and frame.get("video_path"):
        path = values.picture_path(frame["video_path"], "video_path")
        return {"of_video": path, "frame": values.whole(frame.get("frame_index"), "frame_index")}
    attr = item.get("attr")
    if isinstance(attr, dict) and attr.get("video") and attr.get("frame") is not None:
        return {"of_video": values.picture_path(attr["video"]), "frame": values.whole(attr["frame"], "attr.frame")}
    return {}


def _subset(files: Files, name: str, report: Report) -> _Subset:
    """A file with its categories, which need not come first in it."""
    subset = _Subset(name, report)
    with files.open(name) as stream:
        for key, found in jsonstream.sections(stream, name):
            if key == "categories" and isinstance(found, dict):
                try:
                    _categories(subset, found)
                except Wrong as error:
                    raise FormatError("categories", f"{error}.", name, "categories") from None
                break
    return subset


def _categories(subset: _Subset, found: dict[str, Any]) -> None:
    listed = values.listing(values.mapping(found.get("label") or {}, "categories.label").get("labels", []), "labels")
    subset.names = [values.text(values.mapping(each, "a label").get("name"), "a label's name") for each in listed]
    skeletons = _skeletons(subset, found)
    subset.skeletons = {name: skeleton["points"] for name, skeleton in skeletons.items()}
    inner = {point for points in subset.skeletons.values() for point in points}
    colors = _colors(found)
    for n, (name, each) in enumerate(zip(subset.names, listed, strict=True)):
        if not (name in inner and each.get("parent")):  # CVAT lists a skeleton's points as labels of their own
            subset.declared.append(Label(name, colors.get(n, ""), skeleton=skeletons.get(name), index=n))


def _skeletons(subset: _Subset, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    made = {}
    for each in values.listing(values.mapping(found.get("points") or {}, "points").get("items", []), "points.items"):
        item = values.mapping(each, "a skeleton")
        points = [values.text(name, "a point's name") for name in values.listing(item.get("labels", []), "labels")]
        joints = [
            [values.whole(end, "a joint") for end in values.listing(joint, "a joint")]
            for joint in values.listing(item.get("joints", []), "joints")
        ]
        first = 0 if any(0 in joint for joint in joints) else 1
        edges = [[end - first for end in joint] for joint in joints if len(joint) == 2]
        kept = [edge for edge in edges if max(edge) < len(points)]
        made[subset._label(item.get("label_id"))] = {"points": points, "edges": kept}
    return made


def _colors(found: dict[str, Any]) -> dict[int, str]:
    colormap = values.mapping(found.get("mask") or {}, "categories.mask").get("colormap", [])
    colors = {}
    for entry in values.listing(colormap, "colormap"):
        each = values.mapping(entry, "a colour")
        r, g, b = (min(values.whole(each.get(part, 0), part), 255) for part in "rgb")
        colors[values.whole(each.get("label_id"), "label_id")] = f"#{r:02X}{g:02X}{b:02X}"
    return colors


# Writing


class _Writer:
    def __init__(self, labels: list[Label], skeletons: bool, report: Report) -> None:
        self.labels, self.report = {label.name: label for label in labels}, report
        self.numbers = {name: n for n, name in enumerate(self.labels)}
        self.keypoints = "skeleton" if skeletons else "points"
        self.piles: dict[str, spool.Pile] = {}
        self.stems: set[tuple[str, str]] = set()

    def add(self, picture: Picture, abilities: Abilities) -> None:
        if picture.frames is not None:
            text = "Datumaro's JSON has no tracks: export the video's frames as images."
            self.report.refuse("video-left-out", text, picture.path)
            return
        pile = self.piles.setdefault(_SUBSETS.get(picture.split, "default"), spool.Pile())
        groups: dict[str, int] = {}
        shapes = [made for each in picture.shapes for made in fit(each, picture, abilities, self.report, numbers=True)]
        annotations = [self._annotation(shape, n, groups) for n, shape in enumerate(shapes)]
        item: dict[str, Any] = {"id": self._id(picture), "annotations": annotations}
        if picture.of_video:
            item["attr"] = {"frame": picture.frame, "video": picture.of_video}
        item["image"] = {"path": picture.path}
        if picture.width and picture.height:
            item["image"]["size"] = [picture.height, picture.width]
        pile.add(item)

    def _id(self, picture: Picture) -> str:
        """Without the ending, as Datumaro has it, unless another item of the split has that one."""
        stem = posixpath.splitext(picture.path)[0]
        name = picture.path if (picture.split, stem) in self.stems else stem
        self.stems.add((picture.split, name))
        return name

    def _annotation(self, shape: Shape, n: int, groups: dict[str, int]) -> dict[str, Any]:
        number = self.numbers.setdefault(shape.label, len(self.numbers))
        kind, more, tied = datumaro_shapes.written(shape.geometry)
        attributes: dict[str, Any] = {**self._free(shape), **tied}
        if shape.confidence is not None:
            attributes["score"] = shape.confidence
        if shape.number is not None:
            attributes["track_id"] = shape.number
        group = groups.setdefault(shape.group, len(groups) + 1) if shape.group is not None else 0
        found = {"id": n, "type": kind, "attributes": attributes, "group": group, "label_id": number, **more}
        if kind == "points" and self.keypoints == "skeleton":
            found |= {"type": "skeleton", "points": [v for point in shape.geometry["points"] for v in point]}
            del found["visibility"]
        return found if kind == "label" and not shape.z else {**found, "z_order": shape.z}

    def _free(self, shape: Shape) -> dict[str, Any]:
        """The attributes but for those whose names say something else here."""
        for name in shape.attributes.keys() & set(_TIED):
            text = f"The attribute {name} is left out: Datumaro takes it for something else."
            self.report.change("attribute-name", text, where=shape.label)
        return {name: value for name, value in shape.attributes.items() if name not in _TIED}

    def finish(self, stream: IO[bytes], pile: spool.Pile) -> None:
        head = {"dm_format_version": "1.0", "media_type": _IMAGE, "infos": {}, "categories": self._categories()}
        stream.write(orjson.dumps(head)[:-1] + b',"items":[\n')
        pile.copy(stream)
        stream.write(b"\n]}\n")

    def _categories(self) -> dict[str, Any]:
        labels = [self.labels.get(name) or Label(name) for name in self.numbers]
        named = [{"name": each.name, "parent": "", "attributes": _attribute_names(each)} for each in labels]
        colors = [(n, each.color) for n, each in enumerate(labels) if values.hex_color(each.color)]
        found: dict[str, Any] = {"label": {"labels": named, "label_groups": [], "attributes": []}}
        found["mask"] = {"colormap": [{"label_id": n, **_rgb(color)} for n, color in colors]}
        items = [(n, each.skeleton) for n, each in enumerate(labels) if each.skeleton]
        found["points"] = {"items": [{"label_id": n, **_joints(skeleton)} for n, skeleton in items]}
        return found


def _attribute_names(label: Label) -> list[str]:
    return sorted(each["name"] for each in label.attributes)


def _rgb(color: str) -> dict[str, int]:
    return {part: int(color[at : at + 2], 16) for part, at in (("r", 1), ("g", 3), ("b", 5))}


def _joints(skeleton: dict[str, Any]) -> dict[str, Any]:
    return {"labels": skeleton["points"], "joints": [[a + 1, b + 1] for a, b in skeleton.get("edges", [])]}
