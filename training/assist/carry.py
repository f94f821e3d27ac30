"""Geometries carried along with a box, compared with each other, and told as few keyframes as it takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from faster_coco_eval.core import mask as coco

from annotations import shapes
from training.assist.motion import Box

Geometry = dict[str, Any]


def box_of(geometry: Geometry) -> Box | None:
    """The upright box around a geometry; None for a tag and what is empty."""
    found = shapes.bounds(geometry)
    if found is None or found[2] <= found[0] or found[3] <= found[1]:
        return None
    return Box(found[0], found[1], found[2] - found[0], found[3] - found[1])


def carried(geometry: Geometry, before: Box, after: Box) -> Geometry:
    """The geometry moved and scaled as its surrounding box was, clear of the picture's edge or not.

    A mask's pixels are moved and scaled as a picture would be, and cut at the picture's edge.

    >>> carried({"type": "polyline", "points": [["a", 0, 0], ["b", 4, 2]]}, Box(0, 0, 4, 2), Box(10, 10, 8, 4))
    {'type': 'polyline', 'points': [['a', 10.0, 10.0], ['b', 18.0, 14.0]]}
    """
    sx, sy = after.w / before.w, after.h / before.h

    def moved(x: float, y: float) -> tuple[float, float]:
        return round(after.x + (x - before.x) * sx, 2), round(after.y + (y - before.y) * sy, 2)

    kind = geometry["type"]
    if kind == "mask":
        return _carried_mask(geometry, before, after)
    if kind == "polygon":
        rings = [[[name, *moved(x, y)] for name, x, y in ring] for ring in geometry["rings"]]
        return {"type": kind, "rings": rings}
    if kind == "polyline":
        return {"type": kind, "points": [[name, *moved(x, y)] for name, x, y in geometry["points"]]}
    if kind == "keypoints":
        return {"type": kind, "points": [[*moved(x, y), seen] for x, y, seen in geometry["points"]]}
    if kind == "rbox":
        cx, cy = moved(geometry["cx"], geometry["cy"])
        w, h = round(geometry["w"] * sx, 2), round(geometry["h"] * sy, 2)
        return {"type": kind, "cx": cx, "cy": cy, "w": w, "h": h, "angle": geometry["angle"]}
    return {"type": "box", **{name: round(value, 2) for name, value in after._asdict().items()}}


def _carried_mask(geometry: Geometry, before: Box, after: Box) -> Geometry:
    """geometry: with its run lengths in it."""
    height, width = geometry["size"]
    pixels: Any = coco.decode({"size": [height, width], "counts": geometry["counts"].encode()})
    sx, sy = after.w / before.w, after.h / before.h
    # The middle of pixel (0, 0) lies at (0.5, 0.5) of the picture.
    to = np.array([[sx, 0, after.x + (0.5 - before.x) * sx - 0.5], [0, sy, after.y + (0.5 - before.y) * sy - 0.5]])
    moved = cv2.warpAffine(np.ascontiguousarray(pixels) * np.uint8(255), to, (width, height), flags=cv2.INTER_LINEAR)
    counts: Any = coco.encode(np.asfortranarray(moved > 127, np.uint8))["counts"]
    return {"type": "mask", "size": [height, width], "counts": counts.decode() if isinstance(counts, bytes) else counts}


def moves(boxes: Sequence[tuple[int, Box]], least: float = 0.5) -> list[int]:
    """The frames on which a box has moved by `least` pixels since the one before of them: the keyframes of a shape
    that stands still between them, as a mask does.

    >>> moves([(3, Box(0, 0, 9, 9)), (4, Box(0.2, 0, 9, 9)), (5, Box(0.6, 0, 9, 9)), (6, Box(0.6, 0, 9, 8.7))])
    [3, 5]
    """
    kept = [boxes[0]]
    for frame, box in boxes[1:]:
        x, y, w, h = (abs(p - q) for p, q in zip(box, kept[-1][1], strict=True))
        if max(x, y, x + w, y + h) >= least:
            kept.append((frame, box))
    return [frame for frame, _ in kept]


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes.

    >>> iou(Box(0, 0, 2, 2), Box(1, 0, 2, 2))
    0.3333333333333333
    """
    w = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    h = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a.w * a.h + b.w * b.h - w * h)


def keyframes(boxes: Sequence[tuple[int, Box]], tolerance: float = 0.02) -> list[int]:
    """The frames between which a straight line stays close to every box: what is worth being a keyframe.

    Douglas and Peucker over time: a corner may be off by a pixel or by `tolerance` of the box's size.

    Args:
        boxes: (frame, box), frames ascending.

    >>> keyframes([(0, Box(0, 0, 9, 9)), (1, Box(5, 0, 9, 9)), (2, Box(10, 0, 9, 9)), (3, Box(10, 9, 9, 9))])
    [0, 2, 3]
    """
    kept = {0, len(boxes) - 1}
    spans = [(0, len(boxes) - 1)]
    while spans:
        first, last = spans.pop()
        worst, most = -1, 1.0
        for n in range(first + 1, last):
            error = _off(boxes[first], boxes[n], boxes[last], tolerance)
            if error > most:
                worst, most = n, error
        if worst >= 0:
            kept.add(worst)
            spans += [(first, worst), (worst, last)]
    return [boxes[n][0] for n in sorted(kept)]


def _off(a: tuple[int, Box], b: tuple[int, Box], c: tuple[int, Box], tolerance: float) -> float:
    """How far the box b is from the line between a and c, in what may be tolerated."""
    share = (b[0] - a[0]) / (c[0] - a[0])
    line = Box(*(p + (q - p) * share for p, q in zip(a[1], c[1], strict=True)))
    x, y, w, h = (abs(p - q) for p, q in zip(line, b[1], strict=True))
    return max(x, y, x + w, y + h) / max(1.0, tolerance * max(b[1].w, b[1].h))
