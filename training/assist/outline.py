"""From a mask of pixels to a geometry of annotations: polygon with holes, mask or box. No Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from faster_coco_eval.core import mask as coco
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Geometry = dict[str, Any]
Ring = NDArray[np.float64]

FORMS = ("polygon", "mask", "box")
_MOST_VERTICES = 400
_SMALLEST_SHARE = 0.02  # of the largest island's area: what is smaller is noise, an island as well as a hole
_FINENESS = 2  # contours run through the middles of pixels; on twice the pixels they lie a quarter off the edge


@dataclass(frozen=True)
class Place:
    """Where a mask lies in its picture: pixel (column, row) of it covers `scale` picture pixels from (left, top)."""

    left: float = 0.0
    top: float = 0.0
    scale: float = 1.0


def geometry_of(mask: Mask, place: Place, size: tuple[int, int], form: str) -> Geometry | None:
    """The geometry of a mask's pixels; None when there is nothing in it.

    Args:
        mask: (h, w), of a part of the picture.
        place: Where that part is.
        size: Width and height of the picture.
        form: One of FORMS. A polygon is the largest island with its holes; a mask and a box hold all islands.
    """
    mask = without_specks(mask)
    if not mask.any():
        return None
    if form == "mask":
        return _mask(mask, place, size)
    return _polygon(mask, place) if form == "polygon" else _box(mask, place)


def without_specks(mask: Mask) -> Mask:
    """The mask without islands that are tiny beside its largest one."""
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count <= 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept: Mask = (areas >= areas.max() * _SMALLEST_SHARE)[names]
    return kept & mask


def _box(mask: Mask, place: Place) -> Geometry:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = place.left + columns[0] * place.scale, place.top + rows[0] * place.scale
    w, h = (columns[-1] + 1 - columns[0]) * place.scale, (rows[-1] + 1 - rows[0]) * place.scale
    return {"type": "box", "x": _round(x), "y": _round(y), "w": _round(w), "h": _round(h)}


def _mask(mask: Mask, place: Place, size: tuple[int, int]) -> Geometry:
    """COCO's compressed run lengths over the whole picture."""
    width, height = size
    whole = np.zeros((height, width), np.uint8, order="F")
    left, top = round(place.left), round(place.top)
    part: Any = mask.astype(np.float32)
    if place.scale != 1:
        part = cv2.resize(part, (0, 0), fx=place.scale, fy=place.scale, interpolation=cv2.INTER_LINEAR)
    rows, columns = min(part.shape[0], height - top), min(part.shape[1], width - left)
    whole[top : top + rows, left : left + columns] = part[:rows, :columns] > 0.5
    counts = coco.encode(whole)["counts"]
    return {"type": "mask", "size": [height, width], "counts": counts.decode() if isinstance(counts, bytes) else counts}


def _polygon(mask: Mask, place: Place) -> Geometry | None:
    fine: Any = np.kron(np.pad(mask, 1).astype(np.uint8), np.ones((_FINENESS, _FINENESS), np.uint8))
    contours, tree = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None:
        return None
    areas = [cv2.contourArea(contour) for contour in contours]
    outer = max((n for n in range(len(contours)) if tree[0][n][3] < 0), key=lambda n: areas[n])
    holes = [n for n in range(len(contours)) if tree[0][n][3] == outer and areas[n] >= areas[outer] * _SMALLEST_SHARE]
    rings = [ring for n in (outer, *holes) if (ring := _simplified(contours[n], place)) is not None]
    return _named(rings) if rings else None


def _simplified(contour: Any, place: Place) -> Ring | None:
    """Fewer vertices (Douglas and Peucker), none of them further off than it takes; None for less than a triangle."""
    tolerance = _FINENESS * max(1.0, 0.0015 * cv2.arcLength(contour, True) / _FINENESS)
    while True:
        ring = cv2.approxPolyDP(contour, tolerance, True)[:, 0]
        if len(ring) <= _MOST_VERTICES:
            break
        tolerance *= 1.5
    if len(ring) < 3:
        return None
    points: Ring = (ring + 0.5) / _FINENESS - 1  # the rim that was put around it
    return points * place.scale + (place.left, place.top)


def _named(rings: list[Ring]) -> Geometry:
    named, count = [], 0
    for ring in rings:
        named.append([[str(count + n), _round(x), _round(y)] for n, (x, y) in enumerate(ring.tolist())])
        count += len(ring)
    return {"type": "polygon", "rings": named}


def _round(value: float) -> float:
    return round(float(value), 2)
