"""The shapes of Datumaro's JSON: from its fields and to them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annotations.formats import common, convert, rle, values
from annotations.formats.records import Geometry
from annotations.formats.values import Wrong


def tied(found: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(confidence and number, the other attributes); an attribute of such a name with another value stays one."""
    rest = {name: value for name, value in given.items() if name != "keyframe"}
    properties: dict[str, Any] = {}
    score = common.finite(rest.get("score"))
    if score is not None and 0 <= score <= 1:
        properties["confidence"] = rest.pop("score")
    for name, source in (("track_id", rest), ("object_id", found)):
        number = common.whole(source.get(name))
        if number is not None and "number" not in properties:
            properties["number"] = number
            rest.pop(name, None)
    if common.finite(rest.get("rotation")) is not None:
        properties["rotation"] = rest.pop("rotation")
    return properties, rest


def flat(found: dict[str, Any], step: int = 2) -> list[list[float]]:
    given = values.listing(found.get("points"), "points")
    if not given or len(given) % step:
        raise Wrong(f"points has {len(given)} numbers: a multiple of {step} is needed")
    numbers = [values.number(each, f"points[{n}]") for n, each in enumerate(given)]
    return [numbers[n : n + step] for n in range(0, len(numbers), step)]


def _numbers(found: dict[str, Any], name: str, count: int) -> list[float]:
    given = values.listing(found.get(name, found.get("bbox")), name)
    if len(given) != count:
        raise Wrong(f"{name} has {len(given)} numbers: {count} are needed")
    return [values.number(each, name) for each in given]


def _bbox(found: dict[str, Any]) -> Geometry:
    x, y, w, h = _numbers(found, "bbox", 4)
    return {"type": "box", "x": x, "y": y, "w": w, "h": h}


def _rotated_bbox(found: dict[str, Any]) -> Geometry:
    if "points" in found:
        return convert.rbox_of(flat(found))
    cx, cy, w, h, angle = _numbers(found, "rotated_bbox", 5)
    return {"type": "rbox", "cx": cx, "cy": cy, "w": w, "h": h, "angle": angle % 360}


def turned(box: Geometry, angle: float) -> Geometry:
    """A box turned about its centre by degrees, clockwise."""
    cx, cy = box["x"] + box["w"] / 2, box["y"] + box["h"] / 2
    return {"type": "rbox", "cx": cx, "cy": cy, "w": box["w"], "h": box["h"], "angle": angle % 360}


def _points(found: dict[str, Any]) -> Geometry:
    pairs = flat(found)
    seen = values.listing(found.get("visibility") or [2] * len(pairs), "visibility")
    if len(seen) != len(pairs):
        raise Wrong(f"visibility has {len(seen)} values for {len(pairs)} points")
    return {"type": "keypoints", "points": [[x, y, v] for (x, y), v in zip(pairs, seen, strict=True)]}


def _skeleton(found: dict[str, Any]) -> Geometry:
    return {"type": "keypoints", "points": [[x, y, values.whole(v, "visibility")] for x, y, v in flat(found, 3)]}


def _mask(found: dict[str, Any]) -> Geometry:
    given = values.mapping(found.get("rle"), "rle")
    size = [values.whole(each, "rle.size", 1) for each in values.listing(given.get("size"), "rle.size")]
    if len(size) != 2:
        raise Wrong("rle.size is not [height, width]")
    return {"type": "mask", "size": size, "counts": rle.checked(given.get("counts"), *size)}


def _ellipse(found: dict[str, Any]) -> Geometry:
    (x0, y0), (x1, y1) = (flat(found) + [[0, 0]])[:2]
    return convert.polygon_of(convert.ellipse((x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0) / 2, abs(y1 - y0) / 2))


READ: dict[str, Callable[[dict[str, Any]], Geometry]] = {
    "label": lambda found: {"type": "tag"},
    "bbox": _bbox,
    "rotated_bbox": _rotated_bbox,
    "polygon": lambda found: {"type": "polygon", "rings": [flat(found)]},
    "polyline": lambda found: {"type": "polyline", "points": flat(found)},
    "points": _points,
    "skeleton": _skeleton,
    "mask": _mask,
    "ellipse": _ellipse,
}


def written(geometry: Geometry) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Datumaro's type, its fields, and its attributes."""
    kind = geometry["type"]
    if kind == "rbox":
        x, y = geometry["cx"] - geometry["w"] / 2, geometry["cy"] - geometry["h"] / 2
        return "bbox", {"bbox": [x, y, geometry["w"], geometry["h"]]}, {"rotation": geometry["angle"]}
    return _PLAIN[kind](geometry)


_Plain = tuple[str, dict[str, Any], dict[str, Any]]
_PLAIN: dict[str, Callable[[Geometry], _Plain]] = {
    "tag": lambda g: ("label", {}, {}),
    "box": lambda g: ("bbox", {"bbox": [g["x"], g["y"], g["w"], g["h"]]}, {}),
    "polygon": lambda g: ("polygon", {"points": [v for point in g["rings"][0] for v in point]}, {}),
    "polyline": lambda g: ("polyline", {"points": [v for point in g["points"] for v in point]}, {}),
    "mask": lambda g: ("mask", {"rle": {"counts": g["counts"], "size": g["size"]}}, {}),
    "keypoints": lambda g: (
        "points",
        {"points": [v for x, y, _ in g["points"] for v in (x, y)], "visibility": [v for _, _, v in g["points"]]},
        {},
    ),
}
