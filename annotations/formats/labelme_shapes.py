"""The shapes of LabelMe's JSON: from its fields and to them. Pure."""

from __future__ import annotations

import base64
import binascii
import io
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from annotations.formats import convert, rle, values
from annotations.formats.records import Geometry, Picture, Shape
from annotations.formats.values import Wrong

Say = Callable[[str, str], None]
_TROUBLE = (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError)


def size(found: dict[str, Any]) -> tuple[int, int]:
    """(width, height) as the file says, else of the picture inside of it, else (0, 0)."""
    across, down = found.get("imageWidth"), found.get("imageHeight")
    if across and down:
        return values.whole(across, "imageWidth"), values.whole(down, "imageHeight")
    data = found.get("imageData")
    return _measured(data) if isinstance(data, str) and data else (0, 0)


def _measured(data: str) -> tuple[int, int]:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            return picture.size
    except _TROUBLE:
        return 0, 0


def read(found: dict[str, Any], picture: Picture, say: Say) -> Shape:
    """A shape; `say` is told what was turned into something else.

    Raises:
        Wrong, RleError: it cannot be taken.
    """
    kind = found.get("shape_type") or "polygon"
    if not isinstance(kind, str) or kind not in _READ:
        raise Wrong(f"shape_type is {values.short(kind)}, which cannot be taken")
    label = values.text(found.get("label"), "label")
    geometry = values.geometry(_mask(found, picture) if kind == "mask" else _READ[kind](found))
    if kind == "circle":
        say("circle", "A circle became a polygon of 64 corners.")
    score, group = found.get("score"), found.get("group_id")
    return Shape(
        label,
        geometry,
        _attributes(found, say),
        confidence=None if score is None else _share(score),
        group=None if group is None else str(group),
    )


def _share(score: object) -> float:
    found = values.number(score, "score")
    if not 0 <= found <= 1:
        raise Wrong(f"score is {values.short(score)}: a number from 0 to 1 is needed")
    return found


def _attributes(found: dict[str, Any], say: Say) -> dict[str, Any]:
    given = [values.mapping(found.get(name) or {}, name) for name in ("flags", "attributes")]
    plain, others = values.scalars(given[0] | given[1], "attributes")
    if others:
        say("attribute", f"The attribute {others[0]!r} is neither a text, a number, nor true or false.")
    if isinstance(found.get("description"), str) and found["description"]:
        plain["description"] = found["description"]
    return plain


def _points(found: dict[str, Any], *counts: int, least: int = 1) -> list[list[float]]:
    points = values.points(found.get("points"), "points")
    if len(points) < least or (counts and len(points) not in counts):
        wanted = " or ".join(map(str, counts)) or f"at least {least}"
        raise Wrong(f"points has {len(points)} of them: {wanted} are needed")
    return points


def _rectangle(found: dict[str, Any]) -> Geometry:
    points = _points(found, 2, 4)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return convert.box_of(min(xs), min(ys), max(xs), max(ys))


def _circle(found: dict[str, Any]) -> Geometry:
    (cx, cy), (x, y) = _points(found, 2)
    radius = math.hypot(x - cx, y - cy)
    if radius <= 0:
        raise Wrong("the circle has no radius")
    return convert.polygon_of(convert.ellipse(cx, cy, radius, radius))


def _keypoints(found: dict[str, Any]) -> Geometry:
    points = _points(found)
    seen = values.listing(found.get("visibility") or [2] * len(points), "visibility")
    if len(seen) != len(points):
        raise Wrong(f"visibility has {len(seen)} values for {len(points)} points")
    return {"type": "keypoints", "points": [[x, y, v] for (x, y), v in zip(points, seen, strict=True)]}


def _mask(found: dict[str, Any], picture: Picture) -> Geometry:
    """A PNG at its top-left corner; both points belong to it."""
    if not picture.width or not picture.height:
        raise Wrong("a mask needs the picture's size: imageWidth and imageHeight")
    (x0, y0), (x1, y1) = _points(found, 2)
    left, top = math.floor(min(x0, x1) + 0.5), math.floor(min(y0, y1) + 0.5)
    bits = _png(found.get("mask"), picture.width, picture.height)
    whole = np.zeros((picture.height, picture.width), np.uint8)
    right, bottom = left + bits.shape[1], top + bits.shape[0]
    if left < 0 or top < 0 or right > picture.width or bottom > picture.height:
        raise Wrong(f"the mask reaches to {right}, {bottom}, out of the picture")
    whole[top:bottom, left:right] = bits
    return {"type": "mask", "size": [picture.height, picture.width], "counts": rle.encode(whole)}


def _png(data: object, width: int, height: int) -> Any:
    if not isinstance(data, str):
        raise Wrong(f"mask is {values.short(data)}: a PNG in base64 is needed")
    if width * height > rle.MOST_PIXELS:
        raise Wrong(f"a picture of {width} x {height} pixels is too large for masks")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(base64.b64decode(data))) as image:
            if image.width > width or image.height > height:
                raise Wrong(f"the mask has {image.width} x {image.height} pixels, the picture {width} x {height}")
            pixels = np.asarray(image)
    except Wrong:
        raise
    except (*_TROUBLE, binascii.Error):
        raise Wrong("mask is no PNG in base64") from None
    return (pixels.any(axis=2) if pixels.ndim == 3 else pixels != 0).astype(np.uint8)


_READ: dict[str, Callable[[dict[str, Any]], Geometry]] = {
    "polygon": lambda found: {"type": "polygon", "rings": [_points(found, least=3)]},
    "rectangle": _rectangle,
    "circle": _circle,
    "line": lambda found: {"type": "polyline", "points": _points(found, 2)},
    "linestrip": lambda found: {"type": "polyline", "points": _points(found, least=2)},
    "point": _keypoints,
    "points": _keypoints,
    "oriented_rectangle": lambda found: convert.rbox_of(_points(found, 4)),
    "mask": lambda found: {},
}


# Writing


def written(shape: Shape, groups: dict[str, int]) -> dict[str, Any]:
    """A shape's fields; `groups` numbers the picture's groups."""
    kind, points, more = _WRITTEN[shape.geometry["type"]](shape.geometry)
    attributes = dict(shape.attributes)
    description = attributes.pop("description", "") if isinstance(attributes.get("description"), str) else ""
    found: dict[str, Any] = {"label": shape.label, "points": points, "group_id": None, "description": description}
    if shape.group is not None:
        found["group_id"] = groups.setdefault(shape.group, len(groups) + 1)
    found |= {"shape_type": kind, "flags": {}, "mask": None, **more}
    if attributes:
        found["attributes"] = attributes
    return found if shape.confidence is None else {**found, "score": shape.confidence}


_Written = tuple[str, list[Any], dict[str, Any]]


def _box(g: Geometry) -> _Written:
    return "rectangle", [[g["x"], g["y"]], [g["x"] + g["w"], g["y"] + g["h"]]], {}


def _line(g: Geometry) -> _Written:
    return "line" if len(g["points"]) == 2 else "linestrip", g["points"], {}


def _dots(g: Geometry) -> _Written:
    points = [[x, y] for x, y, _ in g["points"]]
    return "point" if len(points) == 1 else "points", points, {"visibility": [v for _, _, v in g["points"]]}


def _mask_written(g: Geometry) -> _Written:
    left, top, right, bottom = rle.bounds(g["counts"], *g["size"]) or (0, 0, 1, 1)
    part = np.ascontiguousarray(rle.decode(g["counts"], *g["size"])[top:bottom, left:right])
    stream = io.BytesIO()
    Image.fromarray(part).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    return "mask", [[left, top], [right - 1, bottom - 1]], {"mask": data}


_WRITTEN: dict[str, Callable[[Geometry], _Written]] = {
    "box": _box,
    "rbox": lambda g: ("oriented_rectangle", convert.corners(g), {}),
    "polygon": lambda g: ("polygon", g["rings"][0], {}),
    "polyline": _line,
    "keypoints": _dots,
    "mask": _mask_written,
}
