"""How much two shapes are the same: intersection over union. Pure.

Boxes are exact; rotated boxes, polygons and masks are counted on a common grid of at most GRID cells across
their union; keypoints and polylines go by the box around them. Tags lie on the whole frame, so any two do.
Tracks are compared on each frame where either has a keyframe.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from annotations import interpolation, shapes

GRID = 384
Box = tuple[float, float, float, float]  # left, top, right, bottom
_AREAS = {"rbox", "polygon", "mask"}


def iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Intersection over union of two annotations, 0 to 1; 0 where they lie on different frames.

    >>> box = lambda x, w: {"geometry": {"type": "box", "x": x, "y": 0, "w": w, "h": 10}, "frame": None}
    >>> round(iou(box(0, 10), box(5, 10)), 4)
    0.3333
    """
    if a.get("keyframes") or b.get("keyframes"):
        return _track_iou(a, b)
    return geometry_iou(a["geometry"], b["geometry"]) if a.get("frame") == b.get("frame") else 0.0


def geometry_iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    """As `iou`, of two geometries on one frame."""
    if a["type"] == "tag" or b["type"] == "tag":
        return float(a["type"] == b["type"])
    around_a, around_b = shapes.bounds(a), shapes.bounds(b)
    if around_a is None or around_b is None:
        return 0.0
    rough = box_iou(around_a, around_b)
    if rough == 0.0 or not {a["type"], b["type"]} & _AREAS:
        return rough
    return _grid_iou(a, b, _union(around_a, around_b))


def box_iou(a: Box, b: Box) -> float:
    """
    >>> box_iou((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def near(a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """The index pairs that can overlap at all: by the boxes around them, tracks and tags with everything."""
    if not a or not b:
        return []
    first, second = _around_all(a)[:, None], _around_all(b)[None]
    meets = (first[..., :2] < second[..., 2:]) & (second[..., :2] < first[..., 2:])
    return [(int(m), int(n)) for m, n in np.argwhere(meets.all(axis=-1))]


def _around_all(several: Sequence[dict[str, Any]]) -> npt.NDArray[np.float64]:
    """The box around each, shape (n, 4)."""
    everywhere = (-math.inf, -math.inf, math.inf, math.inf)
    fixed = [None if one.get("keyframes") else shapes.bounds(one["geometry"]) for one in several]
    return np.array([box or everywhere for box in fixed], float)


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _grid_iou(a: dict[str, Any], b: dict[str, Any], around: Box) -> float:
    first, second = _filled(a, around), _filled(b, around)
    either = int(np.count_nonzero(first | second))
    return int(np.count_nonzero(first & second)) / either if either else 0.0


def _filled(geometry: dict[str, Any], around: Box) -> npt.NDArray[np.bool_]:
    """Which cells of the grid a shape covers, shape (rows, columns)."""
    left, top, right, bottom = around
    cell = max(right - left, bottom - top) / GRID
    columns, rows = max(1, math.ceil((right - left) / cell)), max(1, math.ceil((bottom - top) / cell))
    if geometry["type"] == "mask":
        return _sampled(geometry, left, top, cell, rows, columns)
    grid = np.zeros((rows, columns), np.uint8)
    fine = 16  # cv2 takes whole numbers with four bits behind the point; a cell's middle stands for it
    corners = [(np.array(ring, float) - (left, top)) / cell - 0.5 for ring in _rings(geometry)]
    cv2.fillPoly(grid, [np.round(ring * fine).astype(np.int32) for ring in corners], 1, shift=4)
    return grid.astype(bool)


def _rings(geometry: dict[str, Any]) -> list[list[tuple[float, float]]]:
    if geometry["type"] == "polygon":
        return [[(x, y) for _, x, y in ring] for ring in geometry["rings"]]
    if geometry["type"] == "rbox":
        turn = math.radians(geometry["angle"])
        cos, sin = math.cos(turn), math.sin(turn)
        halves = [(sx * geometry["w"] / 2, sy * geometry["h"] / 2) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        return [[(geometry["cx"] + x * cos - y * sin, geometry["cy"] + x * sin + y * cos) for x, y in halves]]
    left, top, right, bottom = shapes.bounds(geometry) or (0.0, 0.0, 0.0, 0.0)
    return [[(left, top), (right, top), (right, bottom), (left, bottom)]]


def _sampled(
    geometry: dict[str, Any], left: float, top: float, cell: float, rows: int, columns: int
) -> npt.NDArray[np.bool_]:
    height, width = geometry["size"]
    runs = shapes.run_lengths(geometry["counts"])
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    bitmap = flat.reshape(width, height).T
    x = np.clip((left + (np.arange(columns) + 0.5) * cell).astype(int), 0, width - 1)
    y = np.clip((top + (np.arange(rows) + 0.5) * cell).astype(int), 0, height - 1)
    return np.asarray(bitmap[np.ix_(y, x)])


# Tracks


def _track_iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    """The mean over the frames where either has a keyframe and at least one of them is to be seen."""
    overlaps = []
    for frame in sorted(_keyframes(a) | _keyframes(b)):
        first, second = interpolation.state_on(a, frame), interpolation.state_on(b, frame)
        if first or second:
            overlaps.append(geometry_iou(first["geometry"], second["geometry"]) if first and second else 0.0)
    return sum(overlaps) / len(overlaps) if overlaps else 0.0


def _keyframes(shape: dict[str, Any]) -> set[int]:
    frames = shape.get("keyframes")
    return {int(key) for key in frames} if frames else {shape.get("frame") or 0}
