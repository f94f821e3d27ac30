"""Rows of YOLO's label files in its five tasks: fractions of the picture to geometries and back. Pure.

detect   c cx cy w h [confidence]
segment  c x1 y1 x2 y2 x3 y3 ... [confidence]
obb      c x1 y1 x2 y2 x3 y3 x4 y4 [confidence]
pose     c cx cy w h, then for each keypoint x y, or x y visibility [confidence]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from annotations.formats import convert
from annotations.formats.common import parsed
from annotations.formats.records import Geometry

_SLACK = 0.01  # what the trainer lets pass on either side
_SAME = 2e-3  # of the picture: a box that says no more than its keypoints


class RowError(ValueError):
    """The row cannot be taken; the text says why."""


@dataclass
class Row:
    """One object: `geometries` are its keypoints and its box where the two differ, else one."""

    index: int
    geometries: list[Geometry]
    confidence: float | None = None
    remarks: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Scale:
    """What rows are read by: the picture's size in pixels, and the keypoints' number and values each (2 or 3)."""

    width: int
    height: int
    keypoints: tuple[int, int] = (0, 0)


def parse(words: Sequence[str], task: str, by: Scale) -> Row:
    """A row's object.

    Raises:
        RowError: too few columns, no number, or a coordinate outside of 0 to 1.

    >>> parse("2 0.5 0.5 0.2 0.4".split(), "detect", Scale(100, 50)).geometries
    [{'type': 'box', 'x': 40.0, 'y': 15.0, 'w': 20.0, 'h': 20.0}]
    """
    numbers = [parsed(word) for word in words]
    values = [number for number in numbers if number is not None]
    if len(values) < len(words):
        raise RowError("not all columns are numbers")
    if values[0] != int(values[0]) or values[0] < 0:
        raise RowError(f"the class is {words[0]}: it is a whole number from 0")
    row = Row(int(values[0]), [])
    _TASKS[task](row, values[1:], by)
    return row


def _detect(row: Row, values: list[float], by: Scale) -> None:
    if len(values) > 5:  # the trainer takes the bounds of an outline for a box, so does this
        _segment(row, values, by)
        row.geometries = [convert.box_of(*(convert.bounds(row.geometries[0]) or (0, 0, 0, 0)))]
        row.remarks.append(("row-outline", "An outline is taken as its box."))
        return
    if len(values) == 5:
        row.confidence = _confidence(values.pop())
    row.geometries = [_box(values, by)]


def _box(values: list[float], by: Scale) -> Geometry:
    if len(values) != 4:
        raise RowError(f"expected 5 columns, found {len(values) + 1}")
    _check(values)
    cx, cy, w, h = values
    if w <= 0 or h <= 0:
        raise RowError(f"the box is {w:g} wide and {h:g} high: both have to be above 0")
    x, y = (cx - w / 2) * by.width, (cy - h / 2) * by.height
    return {"type": "box", "x": x, "y": y, "w": w * by.width, "h": h * by.height}


def _segment(row: Row, values: list[float], by: Scale) -> None:
    if len(values) == 4:
        row.geometries = [_box(values, by)]
        row.remarks.append(("row-box", "A box stands among outlines: the trainer would take it for two points."))
        return
    if len(values) % 2:
        row.confidence = _confidence(values.pop())
    if len(values) < 6:
        raise RowError(f"an outline has three or more points, this one {len(values) // 2}")
    row.geometries = [convert.polygon_of(_points(values, by))]


def _obb(row: Row, values: list[float], by: Scale) -> None:
    if len(values) == 9:
        row.confidence = _confidence(values.pop())
    if len(values) != 8:
        raise RowError(f"expected 9 columns, found {len(values) + 1}")
    points = _points(values, by)
    if not convert.is_rectangle(points):
        row.remarks.append(("not-rectangle", "The four corners are no rectangle: the smallest around them is taken."))
    row.geometries = [convert.rbox_of(points)]
    if row.geometries[0]["w"] <= 0 or row.geometries[0]["h"] <= 0:
        raise RowError("the rotated box has no area")


def _pose(row: Row, values: list[float], by: Scale) -> None:
    count, each = by.keypoints
    if len(values) == 5 + count * each:
        row.confidence = _confidence(values.pop())
    if len(values) != 4 + count * each:
        raise RowError(f"expected {5 + count * each} columns, found {len(values) + 1}")
    box, rest = _box(values[:4], by), values[4:]
    _check([value for n, value in enumerate(rest) if n % each < 2])
    points = [_keypoint(rest[n : n + each], by) for n in range(0, len(rest), each)]
    keypoints: Geometry = {"type": "keypoints", "points": points}
    around = convert.bounds(keypoints)
    row.geometries = [box] if around is None else [keypoints] if _same(box, around, by) else [keypoints, box]


def _keypoint(values: list[float], by: Scale) -> list[float]:
    x, y = values[0] * by.width, values[1] * by.height
    if len(values) == 2:
        return [x, y, 2 if values[0] or values[1] else 0]
    if values[2] not in (0, 1, 2):
        raise RowError(f"a keypoint's visibility is {values[2]:g}: it is 0, 1 or 2")
    return [x, y, int(values[2])]


def _same(box: Geometry, around: convert.Bounds, by: Scale) -> bool:
    x0, y0, x1, y1 = around
    wide, high = max(x1 - x0, _LEAST), max(y1 - y0, _LEAST)
    apart = (
        (abs(box["x"] - x0) + abs(box["w"] - wide)) / by.width,
        (abs(box["y"] - y0) + abs(box["h"] - high)) / by.height,
    )
    return bool(max(apart) < _SAME)


_LEAST = 0.01  # pixels: keypoints in one line still have a box with an area


def _points(values: list[float], by: Scale) -> list[list[float]]:
    _check(values)
    return [[x * by.width, y * by.height] for x, y in zip(values[::2], values[1::2], strict=True)]


def _check(values: list[float]) -> None:
    wrong = next((value for value in values if not -_SLACK <= value <= 1 + _SLACK), None)
    if wrong is not None:
        raise RowError(f"the coordinate {wrong:g} is outside of 0 to 1")


def _confidence(value: float) -> float:
    if not 0 <= value <= 1:
        raise RowError(f"the confidence {value:g} is outside of 0 to 1")
    return value


_TASKS: dict[str, Callable[[Row, list[float], Scale], None]] = {
    "detect": _detect,
    "segment": _segment,
    "obb": _obb,
    "pose": _pose,
}


def row_of(
    index: int, geometry: Geometry, box: Geometry | None, by: Scale, confidence: float | None = None
) -> tuple[str, bool] | None:
    """(the row's text, whether something was cut at the border); None where nothing lies in the picture.

    Args:
        box: Of an object with keypoints; None for the bounds of those.
    """
    kind = geometry["type"]
    if kind == "keypoints":
        found = _pose_values(geometry, box, by)
    elif kind == "box":
        found = _box_values(geometry, by)
    else:
        points = convert.rings(geometry)[0]
        found = _clamped([value for point in points for value in point], by)
    if found is None:
        return None
    values, cut = found
    words = [str(index), *(_word(value) for value in values), *([_word(confidence)] if confidence is not None else [])]
    return " ".join(words), cut


def _word(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".") or "0"


_Values = tuple[list[float], bool] | None


def _box_values(box: Geometry, by: Scale) -> _Values:
    x0, y0, x1, y1 = box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, by.width), min(y1, by.height)
    if right <= left or bottom <= top:
        return None
    fractions = [(left + right) / 2 / by.width, (top + bottom) / 2 / by.height]
    cut = (left, top, right, bottom) != (x0, y0, x1, y1)
    return [*fractions, (right - left) / by.width, (bottom - top) / by.height], cut


def _clamped(flat: list[float], by: Scale) -> _Values:
    xs = [min(max(x, 0), by.width) for x in flat[::2]]
    ys = [min(max(y, 0), by.height) for y in flat[1::2]]
    if max(xs) <= min(xs) or max(ys) <= min(ys):
        return None
    inside = [value for pair in zip(xs, ys, strict=True) for value in pair]
    return [v / (by.height if n % 2 else by.width) for n, v in enumerate(inside)], inside != flat


def _pose_values(keypoints: Geometry, box: Geometry | None, by: Scale) -> _Values:
    count = by.keypoints[0]
    around = convert.bounds(keypoints)
    if around is None and box is None:
        return None
    if box is None and around:
        x0, y0, x1, y1 = around
        box = {"type": "box", "x": x0, "y": y0, "w": max(x1 - x0, _LEAST), "h": max(y1 - y0, _LEAST)}
        box["x"], box["y"] = min(x0, by.width - _LEAST), min(y0, by.height - _LEAST)
    drawn = _box_values(box or {}, by)
    if drawn is None:
        return None
    values, cut = drawn
    for x, y, v in keypoints["points"]:
        inside = min(max(x, 0), by.width), min(max(y, 0), by.height)
        cut = cut or (inside != (x, y) and v > 0)
        values += [inside[0] / by.width, inside[1] / by.height, v]
    return values + [0.0] * 3 * (count - len(keypoints["points"])), cut
