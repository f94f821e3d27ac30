"""The geometry of annotations: what is well-formed, what lies in the picture, and what box holds it.

Coordinates are pixels of the upright picture, origin at the top-left corner of the top-left pixel; angles
are degrees, clockwise. A geometry is a JSON object with a `type`:

    box        {x, y, w, h}                       w and h above 0
    rbox       {cx, cy, w, h, angle}              angle in [0, 360)
    polygon    {rings: [[[vertex, x, y], ...]]}   the first ring outer, the others holes; 3 or more vertices
    polyline   {points: [[vertex, x, y], ...]}    2 or more vertices
    keypoints  {points: [[x, y, visibility]]}     visibility 0 not labelled, 1 hidden, 2 visible
    mask       {size: [h, w], counts}             COCO's compressed run lengths
               {size: [h, w], blob}               the same, too long for an op: the name of a blob of the item
    tag        {}

Vertex ids are unique in a shape: a whole number from 0, or a text of at most 24 characters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

Geometry = dict[str, Any]
Bounds = tuple[float, float, float, float]

FARTHEST = 1e6
LONGEST_VERTEX_ID = 24
MOST_POINTS = 10_000
MIN_RING = 3
_DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)
MIN_LINE = 2


class ShapeError(ValueError):
    """The geometry is not well-formed, or lies outside of the picture; the text says what and where."""


def parse(geometry: object) -> Geometry:
    """A checked copy of a geometry that came from outside.

    Raises:
        ShapeError: unknown type or field, a number that is not finite, a box without area, a ring too short.

    >>> parse({"type": "box", "x": 1, "y": 2, "w": 3, "h": 4.5})
    {'type': 'box', 'x': 1, 'y': 2, 'w': 3, 'h': 4.5}
    >>> parse({"type": "box", "x": 1, "y": 2, "w": 0, "h": 4})
    Traceback (most recent call last):
    annotations.shapes.ShapeError: geometry.w must be above 0
    """
    if not isinstance(geometry, dict):
        raise ShapeError("geometry must be an object with a type")
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ShapeError(f"geometry.type must be one of {', '.join(_KINDS)}")
    fields, check, _, _ = _TYPES["blob" if kind == "mask" and "blob" in geometry else kind]
    if geometry.keys() != fields:
        raise ShapeError(f"a {kind} has exactly the fields {', '.join(sorted(fields))}")
    return {"type": kind, **check(geometry)}


def clip(geometry: Geometry, width: int, height: int) -> Geometry:
    """The geometry as far as it lies in a picture of `width` x `height` pixels.

    Boxes are cut at the border, vertices and labelled keypoints are moved onto it; a rotated box may reach
    over the border with its corners but not with its centre; a mask has the picture's own size.

    Raises:
        ShapeError: nothing of it lies in the picture.

    >>> clip({"type": "box", "x": -5, "y": 2, "w": 10, "h": 4}, 100, 100)
    {'type': 'box', 'x': 0, 'y': 2, 'w': 5, 'h': 4}
    """
    return _TYPES[geometry["type"]][2](geometry, width, height)


def bounds(geometry: Geometry) -> Bounds | None:
    """The smallest upright box (x0, y0, x1, y1) around it, in pixels; None for a tag, an empty mask and a blob.

    >>> bounds({"type": "polyline", "points": [[0, 1, 5], [1, 4, 2]]})
    (1, 2, 4, 5)
    """
    return _TYPES[geometry["type"]][3](geometry)


def number(value: object, where: str) -> float:
    """A finite coordinate, or the ShapeError that names `where`."""
    if type(value) is not float and type(value) is not int:
        raise ShapeError(f"{where} must be a number")
    if not -FARTHEST <= value <= FARTHEST:  # false for NaN too
        raise ShapeError(f"{where} must be a finite number from {-FARTHEST:.0f} to {FARTHEST:.0f}")
    return value


def vertex_id(value: object, where: str) -> int | str:
    if type(value) is int and 0 <= value < 2**53:
        return value
    if isinstance(value, str) and 0 < len(value) <= LONGEST_VERTEX_ID and value.isprintable():
        return value
    raise ShapeError(f"{where} must be a whole number from 0, or a text of 1 to {LONGEST_VERTEX_ID} characters")


def _extent(value: object, where: str) -> float:
    size = number(value, where)
    if size <= 0:
        raise ShapeError(f"{where} must be above 0")
    return size


def _points(value: object, where: str, fewest: int, seen: set[int | str]) -> list[list[Any]]:
    if not isinstance(value, list) or len(value) < fewest:
        raise ShapeError(f"{where} must be a list of at least {fewest} vertices")
    if len(seen) + len(value) > MOST_POINTS:
        raise ShapeError(f"a shape may have at most {MOST_POINTS} vertices; use a mask")
    points = []
    for n, point in enumerate(value):
        at = f"{where}/{n}"
        if not isinstance(point, list) or len(point) != 3:
            raise ShapeError(f"{at} must be [vertex, x, y]")
        name = vertex_id(point[0], f"{at}/0")
        if name in seen:
            raise ShapeError(f"{at}: the vertex id {name!r} is used twice")
        seen.add(name)
        points.append([name, number(point[1], f"{at}/1"), number(point[2], f"{at}/2")])
    return points


# Box


def _check_box(g: Geometry) -> Geometry:
    return {
        "x": number(g["x"], "geometry.x"),
        "y": number(g["y"], "geometry.y"),
        "w": _extent(g["w"], "geometry.w"),
        "h": _extent(g["h"], "geometry.h"),
    }


def _clip_box(g: Geometry, width: int, height: int) -> Geometry:
    x, y, w, h = g["x"], g["y"], g["w"], g["h"]
    if x >= 0 and y >= 0 and x + w <= width and y + h <= height:
        return g  # as it is: subtracting and adding again would move it by a rounding
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if right <= left or bottom <= top:
        raise ShapeError(f"the box lies outside of the picture ({width} x {height} pixels)")
    return {"type": "box", "x": left, "y": top, "w": right - left, "h": bottom - top}


def _box_bounds(g: Geometry) -> Bounds:
    return g["x"], g["y"], g["x"] + g["w"], g["y"] + g["h"]


# Rotated box


def _check_rbox(g: Geometry) -> Geometry:
    return {
        "cx": number(g["cx"], "geometry.cx"),
        "cy": number(g["cy"], "geometry.cy"),
        "w": _extent(g["w"], "geometry.w"),
        "h": _extent(g["h"], "geometry.h"),
        "angle": number(g["angle"], "geometry.angle") % 360,
    }


def _clip_rbox(g: Geometry, width: int, height: int) -> Geometry:
    if not (0 <= g["cx"] <= width and 0 <= g["cy"] <= height):
        raise ShapeError(f"the centre of the rotated box lies outside of the picture ({width} x {height} pixels)")
    return g


def _rbox_bounds(g: Geometry) -> Bounds:
    turn = math.radians(g["angle"])
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    half_w, half_h = (g["w"] * cos + g["h"] * sin) / 2, (g["w"] * sin + g["h"] * cos) / 2
    return g["cx"] - half_w, g["cy"] - half_h, g["cx"] + half_w, g["cy"] + half_h


# Polygon and polyline


def _check_polygon(g: Geometry) -> Geometry:
    rings = g["rings"]
    if not isinstance(rings, list) or not rings:
        raise ShapeError("geometry.rings must be a list of at least one ring")
    seen: set[int | str] = set()
    return {"rings": [_points(ring, f"geometry.rings/{n}", MIN_RING, seen) for n, ring in enumerate(rings)]}


def _clip_polygon(g: Geometry, width: int, height: int) -> Geometry:
    if not _meets(_polygon_bounds(g), width, height):
        raise ShapeError(f"the polygon lies outside of the picture ({width} x {height} pixels)")
    return {"type": "polygon", "rings": [_clamped(ring, width, height) for ring in g["rings"]]}


def _polygon_bounds(g: Geometry) -> Bounds:
    return _around(g["rings"][0])


def _check_polyline(g: Geometry) -> Geometry:
    return {"points": _points(g["points"], "geometry.points", MIN_LINE, set())}


def _clip_polyline(g: Geometry, width: int, height: int) -> Geometry:
    if not _meets(_around(g["points"]), width, height):
        raise ShapeError(f"the line lies outside of the picture ({width} x {height} pixels)")
    return {"type": "polyline", "points": _clamped(g["points"], width, height)}


def _polyline_bounds(g: Geometry) -> Bounds:
    return _around(g["points"])


def clamp(x: float, y: float, width: int, height: int) -> tuple[float, float]:
    """The nearest point of the picture."""
    return min(max(x, 0), width), min(max(y, 0), height)


def _clamped(points: list[list[Any]], width: int, height: int) -> list[list[Any]]:
    return [[name, *clamp(x, y, width, height)] for name, x, y in points]


def _around(points: list[list[Any]]) -> Bounds:
    xs, ys = [p[1] for p in points], [p[2] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _meets(box: Bounds, width: int, height: int) -> bool:
    return box[0] <= width and box[1] <= height and box[2] >= 0 and box[3] >= 0


# Keypoints


def _check_keypoints(g: Geometry) -> Geometry:
    points = g["points"]
    if not isinstance(points, list) or not 1 <= len(points) <= 1000:
        raise ShapeError("geometry.points must be a list of 1 to 1000 keypoints")
    checked = []
    for n, point in enumerate(points):
        at = f"geometry.points/{n}"
        if not isinstance(point, list) or len(point) != 3:
            raise ShapeError(f"{at} must be [x, y, visibility]")
        if type(point[2]) is not int or point[2] not in (0, 1, 2):
            raise ShapeError(f"{at}/2 must be 0 (not labelled), 1 (hidden) or 2 (visible)")
        checked.append([number(point[0], f"{at}/0"), number(point[1], f"{at}/1"), point[2]])
    return {"points": checked}


def _clip_keypoints(g: Geometry, width: int, height: int) -> Geometry:
    points = [[*clamp(x, y, width, height), v] if v else [x, y, v] for x, y, v in g["points"]]
    return {"type": "keypoints", "points": points}


def _keypoints_bounds(g: Geometry) -> Bounds | None:
    labelled = [[None, x, y] for x, y, v in g["points"] if v]
    return _around(labelled) if labelled else None


# Mask


def run_lengths(counts: str) -> list[int]:
    """The runs of COCO's compressed text: background first, then foreground, column by column.

    The code is five bits a character, offset 48, bit 5 for 'more follows', signed, each run from the third
    on stored as the difference to the one two before (cocoapi, `rleFrString`).

    Raises:
        ShapeError: the text is no such code.

    >>> run_lengths("04")
    [0, 4]
    """
    runs: list[int] = []
    value = shift = 0
    more = False
    for character in counts:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ShapeError("geometry.counts is not a compressed run-length text")
        value |= (code & 31) << shift
        shift += 5
        more = bool(code & 32)
        if more and shift > 60:
            raise ShapeError("geometry.counts has a run that is too long")
        if not more:
            if code & 16:
                value -= 1 << shift
            runs.append(value + runs[-2] if len(runs) > 2 else value)
            value = shift = 0
    if more:
        raise ShapeError("geometry.counts ends in the middle of a run")
    return runs


def _check_size(size: object) -> list[int]:
    if not isinstance(size, list) or len(size) != 2 or any(type(s) is not int or s < 1 for s in size):
        raise ShapeError("geometry.size must be [height, width] in whole pixels")
    return list(size)


def _check_blob(g: Geometry) -> Geometry:
    if not isinstance(g["blob"], str) or not _DIGEST.fullmatch(g["blob"]):
        raise ShapeError("geometry.blob must be the name that storing the mask gave: 64 hexadecimal digits")
    return {"size": _check_size(g["size"]), "blob": g["blob"]}


def _check_mask(g: Geometry) -> Geometry:
    size = _check_size(g["size"])
    if not isinstance(g["counts"], str):
        raise ShapeError("geometry.counts must be a text (COCO compressed run lengths)")
    runs = run_lengths(g["counts"])
    if min(runs, default=0) < 0 or sum(runs) != size[0] * size[1]:
        raise ShapeError(f"geometry.counts covers {sum(runs)} pixels, the size says {size[0] * size[1]}")
    return {"size": size, "counts": g["counts"]}


def _clip_mask(g: Geometry, width: int, height: int) -> Geometry:
    if g["size"] != [height, width]:
        raise ShapeError(f"the mask has the size {g['size']}, the picture [{height}, {width}]")
    return g


def _mask_bounds(g: Geometry) -> Bounds | None:
    if "blob" in g:
        return None  # its run lengths lie elsewhere: see `annotations.blobs`
    height = g["size"][0]
    left = top = math.inf
    right = bottom = -math.inf
    start = 0
    for n, run in enumerate(run_lengths(g["counts"])):
        if n % 2 and run:
            first, last = divmod(start, height), divmod(start + run - 1, height)
            left, right = min(left, first[0]), max(right, last[0] + 1)
            whole = last[0] > first[0]
            top = 0 if whole else min(top, first[1])
            bottom = height if whole else max(bottom, last[1] + 1)
        start += run
    return None if math.isinf(left) else (left, top, right, bottom)


# Tag


def _check_tag(g: Geometry) -> Geometry:
    return {}


def _clip_tag(g: Geometry, width: int, height: int) -> Geometry:
    return g


def _no_bounds(g: Geometry) -> None:
    return None


_Entry = tuple[
    set[str],
    Callable[[Geometry], Geometry],
    Callable[[Geometry, int, int], Geometry],
    Callable[[Geometry], Bounds | None],
]
_TYPES: dict[str, _Entry] = {
    "box": ({"type", "x", "y", "w", "h"}, _check_box, _clip_box, _box_bounds),
    "rbox": ({"type", "cx", "cy", "w", "h", "angle"}, _check_rbox, _clip_rbox, _rbox_bounds),
    "polygon": ({"type", "rings"}, _check_polygon, _clip_polygon, _polygon_bounds),
    "polyline": ({"type", "points"}, _check_polyline, _clip_polyline, _polyline_bounds),
    "keypoints": ({"type", "points"}, _check_keypoints, _clip_keypoints, _keypoints_bounds),
    "mask": ({"type", "size", "counts"}, _check_mask, _clip_mask, _mask_bounds),
    "tag": ({"type"}, _check_tag, _clip_tag, _no_bounds),
    "blob": ({"type", "size", "blob"}, _check_blob, _clip_mask, _no_bounds),  # a mask too, whose bits lie elsewhere
}
_KINDS = tuple(kind for kind in _TYPES if kind != "blob")
