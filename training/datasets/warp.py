"""Pictures and shapes under a projective map: what is drawn stays on what it was drawn on. Pure.

A map is a 3 x 3 matrix from the old picture to the new one, both in pixels with the origin at the top-left corner of
the top-left pixel (a pixel's middle is at a half). Shapes are cut at the new picture's border; what is left of one
that is too small a part of it is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from annotations.formats import rle

Geometry = dict[str, Any]
Shape = dict[str, Any]
Matrix = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

GREY = 114  # around what does not fill the picture, as YOLO trainers do
MIN_SHARE = 0.1
_EXACT = 1e-6


@dataclass
class Sample:
    """A picture, uint8 RGB of shape (height, width, 3), with its shapes `{id, label, geometry, attributes}`."""

    pixels: Pixels
    shapes: list[Shape] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.pixels.shape[1], self.pixels.shape[0]


def moved(dx: float, dy: float) -> Matrix:
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], float)


def scaled(sx: float, sy: float) -> Matrix:
    return np.diag([sx, sy, 1.0])


def turned(degrees: float) -> Matrix:
    """Clockwise about the origin."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], float)


def warp_pixels(pixels: Pixels, matrix: Matrix, width: int, height: int) -> Pixels:
    """The picture under a map, `width` x `height`; grey where nothing comes to lie."""
    about_middles = moved(-0.5, -0.5) @ matrix @ moved(0.5, 0.5)
    warped = cv2.warpPerspective(
        pixels,
        about_middles,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(GREY, GREY, GREY),
    )
    return np.asarray(warped, np.uint8)


def warp_shapes(
    shapes: Sequence[Shape],
    matrix: Matrix,
    width: int,
    height: int,
    min_share: float = MIN_SHARE,
    mirror: Callable[[Shape], Shape] | None = None,
) -> list[Shape]:
    """Shapes under a map into a picture of `width` x `height`.

    Args:
        min_share: The part of a shape's area (a line's length, a skeleton's points) that must be left of it.
        mirror: For maps that mirror: changes a warped shape, such as left and right keypoints.

    A line that leaves the picture and returns becomes several; all but the first get an id of their own.
    """
    found: list[Shape] = []
    for shape in shapes:
        parts = _WARPS[shape["geometry"]["type"]](shape["geometry"], matrix, width, height, min_share)
        for n, geometry in enumerate(parts):
            part = {**shape, "geometry": geometry} | ({"id": f"{shape['id']}/{n}"} if n else {})
            found.append(mirror(part) if mirror else part)
    return found


def points_under(points: Points, matrix: Matrix) -> Points:
    """(n, 2) points under a map.

    >>> points_under(np.array([[1.0, 2.0]]), moved(1, 1)).tolist()
    [[2.0, 3.0]]
    """
    whole = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    return np.asarray(whole[:, :2] / whole[:, 2:])


def corners_of(geometry: Geometry) -> Points:
    """The four corners of a box or rotated box, clockwise from its own top-left one; shape (4, 2)."""
    if geometry["type"] == "box":
        x, y, w, h = (geometry[name] for name in "xywh")
        return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], float)
    w, h = geometry["w"] / 2, geometry["h"] / 2
    corners = np.array([(-w, -h), (w, -h), (w, h), (-w, h)], float)
    return points_under(corners, moved(geometry["cx"], geometry["cy"]) @ turned(geometry["angle"]))


def area_of(ring: Points) -> float:
    """The area within a ring, by the shoelace formula."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def clip_ring(ring: Points, width: float, height: float) -> Points:
    """A ring as far as it lies in the picture (Sutherland and Hodgman, Reentrant Polygon Clipping, 1974).

    Parts that only hang together outside are joined along the border, where they cover nothing.
    """
    for axis, limit, keep in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        if not len(ring):
            break
        ring = _clip_side(ring, axis, limit, keep)
    return ring


def _clip_side(ring: Points, axis: int, limit: float, keep: int) -> Points:
    kept: list[Points] = []
    depth = (ring[:, axis] - limit) * keep
    for n in range(len(ring)):
        before, after = depth[n - 1], depth[n]
        if (before < 0) != (after < 0):
            share = before / (before - after)
            crossing = ring[n - 1] + (ring[n] - ring[n - 1]) * share
            crossing[axis] = limit
            kept.append(crossing)
        if after >= 0:
            kept.append(ring[n])
    return np.array(kept).reshape(-1, 2)


# One for each type: the parts of a geometry that are in the new picture, none when it is gone


def _box(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    """The upright box around the warped one, as far as it is in the picture."""
    corners = points_under(corners_of(g), matrix)
    whole = corners.min(axis=0), corners.max(axis=0)
    left, top = np.maximum(whole[0], 0.0).tolist()
    right, bottom = np.minimum(whole[1], (width, height)).tolist()
    if right - left <= _EXACT or bottom - top <= _EXACT:
        return []
    if (right - left) * (bottom - top) < share * float(np.prod(whole[1] - whole[0])):
        return []
    # What the picture's border cut of a turned box may have been a corner of air: fit it again to what is left.
    ring = clip_ring(corners, width, height)
    if len(ring) < 3:
        return []
    left, top = ring.min(axis=0).tolist()
    right, bottom = ring.max(axis=0).tolist()
    fits = right - left > _EXACT and bottom - top > _EXACT
    return [{"type": "box", "x": left, "y": top, "w": right - left, "h": bottom - top}] if fits else []


def _rbox(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    """Turned with the picture; where the map is no similarity, the least rectangle around the corners.

    It may reach over the border, but not with its middle: then it is the least one around what is left.
    """
    corners = points_under(corners_of(g), matrix)
    inside = clip_ring(corners, width, height)
    if len(inside) < 3 or area_of(inside) < max(share * area_of(corners), _EXACT):
        return []
    middle = corners.mean(axis=0)
    if not (0 <= middle[0] <= width and 0 <= middle[1] <= height):
        return [_least(inside, corners)]
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    w, h = float(np.hypot(*across)), float(np.hypot(*down))
    square = abs(float(across @ down)) < 1e-3 * w * h and np.allclose(corners[2], corners[1] + down, atol=1e-3)
    return [_rectangle(middle, w, h, across)] if square else [_least(corners, corners)]


def _rectangle(middle: Points, w: float, h: float, across: Points) -> Geometry:
    angle = math.degrees(math.atan2(float(across[1]), float(across[0]))) % 360
    return {"type": "rbox", "cx": float(middle[0]), "cy": float(middle[1]), "w": w, "h": h, "angle": angle}


def _least(points: Points, like: Points) -> Geometry:
    """The least rectangle around points, its width along the side that is nearest to the old width."""
    (cx, cy), (w, h), angle = cv2.minAreaRect(points.astype(np.float32))
    across = like[1] - like[0]
    wanted = math.degrees(math.atan2(float(across[1]), float(across[0])))
    turns = min(range(4), key=lambda n: abs((angle + 90 * n - wanted + 180) % 360 - 180))
    if turns % 2:
        w, h = h, w
    size = max(float(w), 0.01), max(float(h), 0.01)
    turned_by = (angle + 90 * turns) % 360
    return {"type": "rbox", "cx": float(cx), "cy": float(cy), "w": size[0], "h": size[1], "angle": turned_by}


def _polygon(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    rings = [points_under(np.array([[x, y] for _, x, y in ring], float), matrix) for ring in g["rings"]]
    inside = [clip_ring(ring, width, height) for ring in rings]
    before, after = _covered(rings), _covered(inside)
    if len(inside[0]) < 3 or after < max(share * before, _EXACT):
        return []
    kept = [ring for ring in inside if len(ring) >= 3 and area_of(ring) > _EXACT]
    numbers = iter(range(sum(map(len, kept))))
    return [{"type": "polygon", "rings": [[[next(numbers), x, y] for x, y in ring.tolist()] for ring in kept]}]


def _covered(rings: Sequence[Points]) -> float:
    sizes = [area_of(ring) if len(ring) >= 3 else 0.0 for ring in rings]
    return sizes[0] - sum(sizes[1:])


def _polyline(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    points = points_under(np.array([[x, y] for _, x, y in g["points"]], float), matrix)
    pieces = _pieces(points, width, height)
    left = sum(_length(piece) for piece in pieces)
    if left < max(share * _length(points), _EXACT):
        return []
    return [{"type": "polyline", "points": [[n, x, y] for n, (x, y) in enumerate(p.tolist())]} for p in pieces]


def _length(points: Points) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _pieces(points: Points, width: int, height: int) -> list[Points]:
    pieces: list[list[Points]] = []
    for a, b in zip(points[:-1], points[1:], strict=True):
        part = _segment(a, b, width, height)
        if part is None:
            continue
        if pieces and np.allclose(pieces[-1][-1], part[0], atol=_EXACT):
            pieces[-1].append(part[1])
        else:
            pieces.append([*part])
    return [np.array(piece) for piece in pieces]


def _segment(a: Points, b: Points, width: int, height: int) -> tuple[Points, Points] | None:
    """The part of a segment in the picture (Liang and Barsky, 1984)."""
    first, last = 0.0, 1.0
    step = b - a
    for axis, limit in ((0, width), (1, height)):
        for way, room in ((-step[axis], a[axis]), (step[axis], limit - a[axis])):
            if abs(way) < 1e-12:
                if room < 0:
                    return None
            elif way < 0:
                first = max(first, float(room / way))
            else:
                last = min(last, float(room / way))
    return (a + step * first, a + step * last) if last - first > 1e-9 else None


def _keypoints(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    """Points that leave the picture are no longer labelled: visibility 0, at the origin, as COCO has it."""
    points = points_under(np.array([[x, y] for x, y, _ in g["points"]], float), matrix).tolist()
    seen: list[list[Any]] = []
    for (x, y), (_, _, visibility) in zip(points, g["points"], strict=True):
        inside = visibility and 0 <= x <= width and 0 <= y <= height
        seen.append([x, y, visibility] if inside else [0.0, 0.0, 0])
    labelled = sum(1 for point in g["points"] if point[2])
    left = sum(1 for point in seen if point[2])
    return [{"type": "keypoints", "points": seen}] if left and left >= share * labelled else []


def _mask(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    rows, columns = g["size"]
    bits = rle.decode(g["counts"], rows, columns)
    ys, xs = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not len(ys):
        return []
    box = {"type": "box", "x": float(xs[0]), "y": float(ys[0])}
    corners = corners_of({**box, "w": float(xs[-1] + 1 - xs[0]), "h": float(ys[-1] + 1 - ys[0])})
    under = points_under(corners, matrix)
    warped = warp_bits(bits, matrix, width, height)
    left = int(np.count_nonzero(warped))
    whole = np.count_nonzero(bits) * area_of(under) / area_of(corners)
    if not left or left < share * whole:
        return []
    return [{"type": "mask", "size": [height, width], "counts": rle.encode(warped)}]


def warp_bits(bits: Pixels, matrix: Matrix, width: int, height: int) -> Pixels:
    """A mask (height, width) of 0 and 1 under a map; what only shrinks and shifts is averaged, as pictures are."""
    grown = np.ascontiguousarray(bits) * np.uint8(255)
    found = _shrunk(grown, matrix, width, height)
    if found is None:
        about_middles = moved(-0.5, -0.5) @ matrix @ moved(0.5, 0.5)
        found = np.asarray(cv2.warpPerspective(grown, about_middles, (width, height), flags=cv2.INTER_LINEAR))
    return (found >= 128).astype(np.uint8)


def _shrunk(grown: Pixels, matrix: Matrix, width: int, height: int) -> Pixels | None:
    """None for a map that does more than to scale by whole pixels and shift by whole pixels."""
    rows, columns = grown.shape
    across, down = columns * float(matrix[0, 0]), rows * float(matrix[1, 1])
    left, top = float(matrix[0, 2]), float(matrix[1, 2])
    whole = np.array([round(across) / columns, round(down) / rows, round(left), round(top)])
    plain = moved(whole[2], whole[3]) @ scaled(whole[0], whole[1])
    if round(across) < 1 or round(down) < 1 or not np.allclose(matrix, plain, atol=1e-9):
        return None
    small = cv2.resize(grown, (round(across), round(down)), interpolation=cv2.INTER_AREA)
    return placed(np.asarray(small, np.uint8), round(left), round(top), np.zeros((height, width), np.uint8))


def placed(small: Pixels, left: int, top: int, onto: Pixels) -> Pixels:
    """`onto` with a picture at a place of it, which may reach over its border."""
    height, width = onto.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + small.shape[1], width), min(top + small.shape[0], height)
    if x1 > x0 and y1 > y0:
        onto[y0:y1, x0:x1] = small[y0 - top : y1 - top, x0 - left : x1 - left]
    return onto


def grey(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), GREY, np.uint8)


def _tag(g: Geometry, matrix: Matrix, width: int, height: int, share: float) -> list[Geometry]:
    return [g]


_WARPS: dict[str, Callable[[Geometry, Matrix, int, int, float], list[Geometry]]] = {
    "box": _box,
    "rbox": _rbox,
    "polygon": _polygon,
    "polyline": _polyline,
    "keypoints": _keypoints,
    "mask": _mask,
    "tag": _tag,
}
