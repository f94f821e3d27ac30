"""One annotation of a COCO file as shapes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotations.formats import convert, rle
from annotations.formats.base import Report
from annotations.formats.common import finite, finites, whole
from annotations.formats.records import Geometry, Label, Picture, Shape

_APART = 2.0  # pixels that a box may differ from its outline's: writers round


@dataclass(slots=True)
class Place:
    """Where an annotation stands, to speak of it."""

    report: Report
    file: str
    index: int

    def refuse(self, code: str, text: str) -> None:
        self.report.refuse(code, text, self.file, f"annotations[{self.index}]")

    def change(self, code: str, text: str) -> None:
        self.report.change(code, text, self.file, f"annotations[{self.index}]")


def shapes_of(annotation: dict[str, Any], label: Label, picture: Picture, outlines: bool, place: Place) -> list[Shape]:
    """What an annotation shows: one shape, or with `outlines` an object's keypoints and its outline as a group."""
    attributes = _attributes(annotation, place)
    turn = finite(attributes.pop("rotation", None)) if "rotation" in attributes else None
    number = whole(annotation.get("track_id"))
    tracked = attributes.pop("track_id", None) if whole(attributes.get("track_id")) is not None else None
    if annotation.get("iscrowd") in (1, True):
        attributes["iscrowd"] = True
    score = finite(annotation.get("score"))
    shapes = [
        Shape(
            label.name,
            geometry,
            dict(attributes),
            confidence=score if score is not None and 0 <= score <= 1 else None,
            number=number if number is not None else whole(tracked),
        )
        for geometry in _geometries(annotation, turn, label, picture, outlines, place)
    ]
    if len(shapes) > 1:
        for shape in shapes:
            shape.group = str(annotation.get("id", place.index))
    return shapes


def _attributes(annotation: dict[str, Any], place: Place) -> dict[str, Any]:
    given = annotation.get("attributes")
    if not given:
        return {}
    if not isinstance(given, dict):
        place.change("attributes", "The attributes are no object with names: they are left out.")
        return {}
    kept = {str(name): value for name, value in given.items() if isinstance(value, str | int | float | bool)}
    if any(value is not None and name not in kept for name, value in given.items()):
        place.change("attributes", "Attributes that are lists or objects are left out.")
    return kept


def _geometries(
    annotation: dict[str, Any], turn: float | None, label: Label, picture: Picture, outlines: bool, place: Place
) -> list[Geometry]:
    keypoints = _keypoints(annotation.get("keypoints"), label, place) if annotation.get("keypoints") else None
    if keypoints and not outlines:
        return [keypoints]
    segmentation = annotation.get("segmentation")
    outline = _outline(segmentation, picture, place) if segmentation else None
    if outline is not None:
        _compare(outline, annotation.get("bbox"), place)
    if keypoints:
        return [keypoints, outline] if outline else [keypoints]
    if outline:
        return [outline]
    return _box(annotation.get("bbox"), turn, place)


def _box(bbox: object, turn: float | None, place: Place) -> list[Geometry]:
    edges = finites(bbox, 4)
    if edges is None:
        place.refuse("bbox", "The bbox is not four numbers [x, y, w, h], and there is no outline.")
        return []
    x, y, w, h = edges
    if w <= 0 or h <= 0:
        place.refuse("bbox-empty", f"The bbox is {w:g} wide and {h:g} high: both have to be above 0.")
        return []
    if turn:
        return [{"type": "rbox", "cx": x + w / 2, "cy": y + h / 2, "w": w, "h": h, "angle": turn % 360}]
    return [{"type": "box", "x": x, "y": y, "w": w, "h": h}]


def _keypoints(values: object, label: Label, place: Place) -> Geometry | None:
    numbers = finites(values)
    if numbers is None or not numbers or len(numbers) % 3:
        place.refuse("keypoints", "The keypoints are not triples of numbers x, y, v.")
        return None
    named = len(label.skeleton["points"]) if label.skeleton else 0
    if named and len(numbers) != 3 * named:
        place.refuse("keypoints", f"{len(numbers) // 3} keypoints, but {label.name} has {named}.")
        return None
    points: list[list[float]] = []
    for x, y, v in zip(*[iter(numbers)] * 3, strict=True):
        if v not in (0, 1, 2):
            place.refuse("keypoints", f"A keypoint's visibility is {v:g}: it is 0, 1 or 2.")
            return None
        points.append([x, y, int(v)])
    return {"type": "keypoints", "points": points} if any(point[2] for point in points) else None


def _outline(segmentation: object, picture: Picture, place: Place) -> Geometry | None:
    if isinstance(segmentation, dict):
        return _mask(segmentation, picture, place)
    if not isinstance(segmentation, list):
        place.change("segmentation", "The segmentation is neither polygons nor run lengths: the bbox is taken.")
        return None
    if all(isinstance(value, int | float) for value in segmentation):
        segmentation = [segmentation]  # one part without its list, as some writers have it
    rings = [ring for part in segmentation if (ring := _ring(part, place))]
    if len(rings) > 1:
        return _union(rings, picture, place)
    return convert.polygon_of(list(zip(rings[0][::2], rings[0][1::2], strict=True))) if rings else None


def _ring(part: object, place: Place) -> list[float] | None:
    numbers = finites(part)
    if numbers is None or len(numbers) % 2 or len(numbers) < 6:
        if part:
            place.change("segmentation", "A polygon is not three or more pairs of numbers: it is left out.")
        return None
    return numbers


def _union(rings: list[list[float]], picture: Picture, place: Place) -> Geometry | None:
    if not picture.width or not picture.height:
        place.change("parts", "Only the first of several polygons is taken: the image's size is not there.")
        return convert.polygon_of(list(zip(rings[0][::2], rings[0][1::2], strict=True)))
    try:
        counts = rle.union(rings, picture.height, picture.width)
    except rle.RleError as error:
        place.change("segmentation", f"{error}: the bbox is taken.")
        return None
    return {"type": "mask", "size": [picture.height, picture.width], "counts": counts}


def _mask(segmentation: dict[str, Any], picture: Picture, place: Place) -> Geometry | None:
    size = finites(segmentation.get("size"), 2)
    height, width = (int(size[0]), int(size[1])) if size else (0, 0)
    if height < 1 or width < 1:
        place.refuse("mask-size", "The mask's size is not [height, width].")
        return None
    if picture.width and picture.height and [height, width] != [picture.height, picture.width]:
        place.refuse(
            "mask-size", f"The mask is {width} x {height} pixels, its image {picture.width} x {picture.height}."
        )
        return None
    try:
        counts = rle.checked(segmentation.get("counts"), height, width)
    except rle.RleError as error:
        place.refuse("mask", f"The mask cannot be read: {error}.")
        return None
    return {"type": "mask", "size": [height, width], "counts": counts}


def _compare(outline: Geometry, bbox: object, place: Place) -> None:
    stored, around = finites(bbox, 4), convert.bounds(outline)
    if stored is None or around is None:
        return
    x, y, w, h = stored
    apart = max(abs(a - b) for a, b in zip((x, y, x + w, y + h), around, strict=True))
    if apart > _APART:
        place.change("bbox-contradicts", f"The bbox is {apart:g} pixels off its outline: the outline is taken.")
