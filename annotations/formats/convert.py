"""Geometry in other words: bounds, corners, rings, areas, and fitted boxes. Pure.

Vertices are `[x, y]` as in `records`; masks are in `rle`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from annotations.formats import rle
from annotations.formats.records import Geometry

Bounds = tuple[float, float, float, float]
Point = Sequence[float]


def bounds(geometry: Geometry) -> Bounds | None:
    """The smallest upright box (x0, y0, x1, y1) around it; None for a tag, an empty mask, no labelled keypoint.

    >>> bounds({"type": "rbox", "cx": 5, "cy": 5, "w": 4, "h": 2, "angle": 90})
    (4.0, 3.0, 6.0, 7.0)
    """
    kind = geometry["type"]
    if kind == "box":
        return geometry["x"], geometry["y"], geometry["x"] + geometry["w"], geometry["y"] + geometry["h"]
    if kind == "mask":
        return rle.bounds(geometry["counts"], *geometry["size"])
    points = _points(geometry)
    if not points:
        return None
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)


def _points(geometry: Geometry) -> list[Any]:
    kind = geometry["type"]
    if kind == "rbox":
        return corners(geometry)
    if kind == "polygon":
        return list(geometry["rings"][0])
    if kind == "keypoints":
        return [point for point in geometry["points"] if point[2]]
    return list(geometry.get("points", ()))


def corners(rbox: Geometry) -> list[list[float]]:
    """The corners of a rotated box, from the one that is top-left at angle 0, clockwise.

    >>> corners({"type": "rbox", "cx": 2, "cy": 1, "w": 4, "h": 2, "angle": 0})
    [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]]
    """
    cos, sin = _turn(rbox["angle"])
    across, down = rbox["w"] / 2, rbox["h"] / 2
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        [rbox["cx"] + sx * across * cos - sy * down * sin, rbox["cy"] + sx * across * sin + sy * down * cos]
        for sx, sy in signs
    ]


def _turn(angle: float) -> tuple[float, float]:
    """Cosine and sine of degrees; right angles exactly."""
    exact = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}.get(float(angle) % 360)
    return exact or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))


def rbox_of(points: Sequence[Point]) -> Geometry:
    """The rotated box of four corners in order (exact for a rectangle), else the smallest one around the points.

    >>> rbox_of([[0, 0], [4, 0], [4, 2], [0, 2]])
    {'type': 'rbox', 'cx': 2.0, 'cy': 1.0, 'w': 4.0, 'h': 2.0, 'angle': 0.0}
    """
    if len(points) == 4 and is_rectangle(points):
        return _of_rectangle(points)
    spread = np.asarray(points, dtype=np.float32)
    (cx, cy), (w, h), angle = cv2.minAreaRect(spread)
    return {"type": "rbox", "cx": float(cx), "cy": float(cy), "w": float(w), "h": float(h), "angle": angle % 360}


def is_rectangle(points: Sequence[Point], tolerance: float = 1e-3) -> bool:
    """Whether four points in order are a rectangle's corners, to a part of its longer side."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((float(p[0]), float(p[1])) for p in points)
    slack = tolerance * max(math.dist((ax, ay), (bx, by)), math.dist((bx, by), (cx, cy)))
    parallel = math.hypot(ax + cx - bx - dx, ay + cy - by - dy) <= slack
    return parallel and abs(math.dist((ax, ay), (cx, cy)) - math.dist((bx, by), (dx, dy))) <= slack and slack > 0


def _of_rectangle(points: Sequence[Point]) -> Geometry:
    a, b, c, d = ((float(p[0]), float(p[1])) for p in points)
    if (b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0]) < 0:  # anticlockwise: walk it the other way
        b, d = d, b
    angle = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])) % 360
    cx, cy = (a[0] + b[0] + c[0] + d[0]) / 4, (a[1] + b[1] + c[1] + d[1]) / 4
    return {"type": "rbox", "cx": cx, "cy": cy, "w": math.dist(a, b), "h": math.dist(a, d), "angle": angle % 360}


def box_of(x0: float, y0: float, x1: float, y1: float) -> Geometry:
    """The upright box between two corners in any order."""
    left, top = min(x0, x1), min(y0, y1)
    return {"type": "box", "x": left, "y": top, "w": max(x0, x1) - left, "h": max(y0, y1) - top}


def polygon_of(points: Sequence[Point]) -> Geometry:
    """A polygon of one ring."""
    return {"type": "polygon", "rings": [[[float(p[0]), float(p[1])] for p in points]]}


def ellipse(cx: float, cy: float, rx: float, ry: float, angle: float = 0, steps: int = 64) -> list[list[float]]:
    """The ring of an ellipse with half axes rx and ry, turned by `angle` degrees clockwise."""
    cos, sin = _turn(angle)
    ring = []
    for n in range(steps):
        turn = 2 * math.pi * n / steps
        x, y = rx * math.cos(turn), ry * math.sin(turn)
        ring.append([cx + x * cos - y * sin, cy + x * sin + y * cos])
    return ring


def rings(geometry: Geometry) -> list[list[list[float]]]:
    """The outlines of anything with an area: outer rings and holes, a mask's along its pixels' borders.

    Raises:
        ValueError: a geometry without an area.

    >>> rings({"type": "box", "x": 1, "y": 2, "w": 3, "h": 4})
    [[[1, 2], [4, 2], [4, 6], [1, 6]]]
    """
    kind = geometry["type"]
    if kind == "box":
        x0, y0, x1, y1 = geometry["x"], geometry["y"], geometry["x"] + geometry["w"], geometry["y"] + geometry["h"]
        return [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]]
    if kind == "rbox":
        return [corners(geometry)]
    if kind == "polygon":
        return [[[float(x), float(y)] for x, y in ring] for ring in geometry["rings"]]
    if kind == "mask":
        return [ring for part in mask_parts(geometry) for ring in part]
    raise ValueError(f"a {kind} has no outline")


def mask_parts(mask: Geometry) -> list[list[list[list[float]]]]:
    """A mask's separate parts, the largest first: each a list of rings, outer first, then its holes.

    Rings run along the pixels' borders, so that what they enclose is the mask's pixels exactly; pixels that only
    touch at a corner are apart.
    """
    found = bounds(mask)
    if found is None:
        return []
    left, top, right, bottom = (int(edge) for edge in found)
    bits = np.pad(rle.decode(mask["counts"], *mask["size"])[top:bottom, left:right], 1)
    _, islands = cv2.connectedComponents(np.ascontiguousarray(bits), connectivity=4)
    outer: dict[int, list[list[float]]] = {}
    holes: dict[int, list[list[list[float]]]] = {}
    for ring, pixel in _borders(bits):
        island = int(islands[pixel])
        moved = [[float(x + left - 1), float(y + top - 1)] for x, y in ring]
        if ring_area(ring) > 0:
            outer[island] = moved
        else:
            holes.setdefault(island, []).append(moved)
    parts = [[ring, *holes.get(island, [])] for island, ring in outer.items()]
    return sorted(parts, key=lambda part: -ring_area(part[0]))


_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # right, down, left, up: each a right turn from the one before
_BESIDE = ((0, 0), (0, -1), (-1, -1), (-1, 0))  # (row, column) of the pixel on the right of a step, from its start


def _borders(bits: rle.Bits) -> Iterator[tuple[list[list[int]], tuple[int, int]]]:
    """Each border between 1 and 0 as a ring with the 1 on its right, and a pixel (row, column) that lies there.

    Args:
        bits: With a margin of zeros.
    """
    height, width = bits.shape
    inside = bits[1:-1, 1:-1] != 0
    ways = np.zeros((height, width), np.uint8)  # of each corner: a bit for each step that leaves it
    ways[1:-1, 1:-1] |= inside & (bits[:-2, 1:-1] == 0)
    ways[1:-1, 2:] |= (inside & (bits[1:-1, 2:] == 0)).astype(np.uint8) << 1
    ways[2:, 2:] |= (inside & (bits[2:, 1:-1] == 0)).astype(np.uint8) << 2
    ways[2:, 1:-1] |= (inside & (bits[1:-1, :-2] == 0)).astype(np.uint8) << 3
    left = {(int(x), int(y)): int(ways[y, x]) for y, x in zip(*np.nonzero(ways), strict=True)}
    while left:
        at = next(iter(left))
        step = next(n for n in range(4) if left[at] >> n & 1)
        row, column = _BESIDE[step]
        yield _walk(left, at, step), (at[1] + row, at[0] + column)


def _walk(left: dict[tuple[int, int], int], at: tuple[int, int], step: int) -> list[list[int]]:
    """The corners of one ring, whose steps are taken out of `left`; where two ways leave, it turns right."""
    ring: list[list[int]] = []
    before = -1
    while left.get(at, 0) >> step & 1:
        if step != before:
            ring.append([at[0], at[1]])
        left[at] &= ~(1 << step)
        if not left[at]:
            del left[at]
        at, before = (at[0] + _STEPS[step][0], at[1] + _STEPS[step][1]), step
        ways = left.get(at, 0)
        step = next((turn for turn in ((step + 1) % 4, step, (step + 3) % 4) if ways >> turn & 1), step)
    return _straight(ring)


def _straight(ring: list[list[int]]) -> list[list[int]]:
    """Without a first corner that lies on the way from the last to the second."""
    (px, py), (x, y), (nx, ny) = ring[-1], ring[0], ring[1]
    return ring[1:] if (x - px) * (ny - y) == (y - py) * (nx - x) else ring


def ring_area(ring: Sequence[Point]) -> float:
    """Signed area of a ring, positive when clockwise on the screen (shoelace formula)."""
    total = 0.0
    for n, (x, y) in enumerate(ring):
        px, py = ring[n - 1]
        total += px * y - x * py
    return total / 2


def area(geometry: Geometry) -> float:
    """Pixels covered; 0 for what has no area.

    >>> area({"type": "polygon", "rings": [[[0, 0], [4, 0], [4, 4], [0, 4]], [[1, 1], [2, 1], [2, 2], [1, 2]]]})
    15.0
    """
    kind = geometry["type"]
    if kind in ("box", "rbox"):
        return float(geometry["w"] * geometry["h"])
    if kind == "polygon":
        first, *holes = (abs(ring_area(ring)) for ring in geometry["rings"])
        return max(0.0, first - sum(holes))
    return float(rle.area(geometry["counts"])) if kind == "mask" else 0.0


def mask_of(geometry: Geometry, height: int, width: int) -> Geometry:
    """The mask of anything with an area at [height, width]; holes are cut out.

    Raises:
        ValueError: a geometry without an area.
    """
    if geometry["type"] == "mask" and geometry["size"] == [height, width]:
        return geometry
    outer, *holes = rings(geometry)
    counts = rle.union([_flat(outer)], height, width)
    if holes:
        inner = rle.decode(rle.union([_flat(ring) for ring in holes], height, width), height, width)
        counts = rle.encode(rle.decode(counts, height, width) & (1 - inner))
    return {"type": "mask", "size": [height, width], "counts": counts}


def _flat(ring: Sequence[Point]) -> list[float]:
    return [float(value) for point in ring for value in point]
