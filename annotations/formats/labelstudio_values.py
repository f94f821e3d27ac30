"""The regions of Label Studio's JSON: from percent to pixels and back. Pure.

`x`, `y` is the corner that is top-left before the region is turned about it, so it stays where it is; angles are of
pixels, not of percent, and so the turn comes after the scaling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from annotations.formats import convert, labelstudio_rle, rle, values
from annotations.formats.records import Geometry
from annotations.formats.values import Wrong

Size = tuple[int, int]
Value = dict[str, Any]
READ: dict[str, Callable[[Value, Size], Geometry]] = {}
"""Geometry by kind of region, from its value and the picture's (width, height) in pixels."""


def kind_of(type_: str) -> str:
    """A region's kind, whether its type names the labels or not.

    >>> kind_of("rectanglelabels"), kind_of("polygon"), kind_of("choices")
    ('rectangle', 'polygon', 'choices')
    """
    return type_.removesuffix("labels") if type_ != "labels" else type_


def labels_of(found: dict[str, Any]) -> list[str]:
    """The labels of a region's value, under whatever name."""
    value = found["value"]
    names = value.get(found["type"], value.get("labels"))
    if not isinstance(names, list):
        names = next((names for key, names in value.items() if key.endswith("labels") and isinstance(names, list)), [])
    return [values.text(name, "a label") for name in names]


def _share(value: Value, name: str, whole: int) -> float:
    return values.number(value.get(name), name) / 100 * whole


def _angle(value: Value) -> float:
    return values.number(value.get("rotation") or 0, "rotation") % 360


def rectangle(value: Value, size: Size, turned: bool | None = None) -> Geometry:
    """A box, or a rotated one where it is turned (or `turned` says that it counts as such)."""
    x, y = _share(value, "x", size[0]), _share(value, "y", size[1])
    w, h = _share(value, "width", size[0]), _share(value, "height", size[1])
    angle = _angle(value)
    if not (bool(angle) if turned is None else turned):
        return {"type": "box", "x": x, "y": y, "w": w, "h": h}
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    cx, cy = x + w / 2 * cos - h / 2 * sin, y + w / 2 * sin + h / 2 * cos
    return {"type": "rbox", "cx": cx, "cy": cy, "w": w, "h": h, "angle": angle}


def _ellipse(value: Value, size: Size) -> Geometry:
    cx, cy = _share(value, "x", size[0]), _share(value, "y", size[1])
    rx, ry = _share(value, "radiusX", size[0]), _share(value, "radiusY", size[1])
    if rx <= 0 or ry <= 0:
        raise Wrong("the ellipse has no radius")
    return convert.polygon_of(convert.ellipse(cx, cy, rx, ry, _angle(value)))


def _polygon(value: Value, size: Size) -> Geometry:
    ring = [[x / 100 * size[0], y / 100 * size[1]] for x, y in values.points(value.get("points"), "points")]
    return {"type": "polygon", "rings": [ring]}


def _keypoint(value: Value, size: Size) -> Geometry:
    return {"type": "keypoints", "points": [[_share(value, "x", size[0]), _share(value, "y", size[1]), 2]]}


def _brush(value: Value, size: Size) -> Geometry:
    if value.get("format") != "rle":
        raise Wrong(f"a brush stroke's format is {values.short(value.get('format'))}, not rle")
    bits = labelstudio_rle.decode(value.get("rle"), size[1], size[0])
    return {"type": "mask", "size": [size[1], size[0]], "counts": rle.encode(bits)}


READ |= {"rectangle": rectangle, "ellipse": _ellipse, "polygon": _polygon, "keypoint": _keypoint, "brush": _brush}


# Writing


def written(geometry: Geometry, size: Size) -> tuple[str, Value]:
    """(kind, value) of a region, but for its labels; keypoints are one region each, see `point`."""
    kind = geometry["type"]
    if kind == "mask":
        bits = rle.decode(geometry["counts"], *geometry["size"])
        return "brush", {"format": "rle", "rle": labelstudio_rle.encode(bits)}
    if kind == "polygon":
        points = [[x / size[0] * 100, y / size[1] * 100] for x, y in geometry["rings"][0]]
        return "polygon", {"points": points, "closed": True}
    return "rectangle", corner(geometry, size)


def corner(geometry: Geometry, size: Size) -> Value:
    """x, y, width, height and rotation of a box that may be turned."""
    w, h, angle = geometry["w"], geometry["h"], geometry.get("angle", 0)
    if geometry["type"] == "box":
        x, y = geometry["x"], geometry["y"]
    else:
        x, y = convert.corners(geometry)[0]
    shares = {"x": x / size[0], "y": y / size[1], "width": w / size[0], "height": h / size[1]}
    return {name: share * 100 for name, share in shares.items()} | {"rotation": angle}


def point(x: float, y: float, size: Size) -> Value:
    return {"x": x / size[0] * 100, "y": y / size[1] * 100, "width": 0.5}
