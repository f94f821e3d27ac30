"""An object cut out of a box by GrabCut (Rother, Kolmogorov and Blake 2004). No Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.assist.outline import Mask, Place

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]

_SIDE = 320  # GrabCut on 320 x 320 takes about 0.3 s; its masks are made smooth again when they are scaled up
_FINE_SIDE = 960
_ROUNDS = 3
_BACKGROUND_RATIO = 3.0
_MARGIN = 0.3  # of the box on each side: what it takes the background from
_BINS = 8


@dataclass(frozen=True)
class Cutout:
    """What was found: a mask, where it lies, and from 0 to 1 how unlike its colours are to those around it."""

    mask: Mask
    place: Place
    confidence: float


def cut_out(rgb: Picture, box: Box) -> Cutout | None:
    """The object in a box of an RGB picture, uint8 (h, w, 3); None when nothing in it stands out.

    Args:
        rgb: The picture.
        box: x, y, w, h in its pixels; all of it lies in the picture.
    """
    part, left, top = _surroundings(rgb, box)
    scale = min(1.0, _SIDE / max(part.shape[:2]))
    small: Any = cv2.resize(part, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else part
    inside = _inside(small.shape[:2], box, left, top, scale)
    found = _grab(small, inside)
    if found is None or not found.any():
        return None
    confidence = _contrast(small, found)
    fine = max(scale, min(1.0, _FINE_SIDE / max(part.shape[:2])))
    if fine > scale:
        size = (round(part.shape[1] * fine), round(part.shape[0] * fine))
        found = cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    return Cutout(found, Place(left, top, part.shape[1] / found.shape[1]), confidence)


def _surroundings(rgb: Picture, box: Box) -> tuple[Picture, int, int]:
    x, y, w, h = box
    dx, dy = max(8.0, w * _MARGIN), max(8.0, h * _MARGIN)
    left, top = max(0, int(x - dx)), max(0, int(y - dy))
    right, bottom = int(np.ceil(x + w + dx)), int(np.ceil(y + h + dy))
    return np.ascontiguousarray(rgb[top:bottom, left:right]), left, top


def _inside(shape: tuple[int, ...], box: Box, left: int, top: int, scale: float) -> tuple[int, int, int, int]:
    """The box in the small picture, at least a pixel from its rim: GrabCut needs some background to learn from."""
    height, width = shape[:2]
    x0, y0 = max(1, round((box[0] - left) * scale)), max(1, round((box[1] - top) * scale))
    x1 = min(width - 1, round((box[0] + box[2] - left) * scale))
    y1 = min(height - 1, round((box[1] + box[3] - top) * scale))
    return x0, y0, x1 - x0, y1 - y0


def _grab(rgb: Picture, inside: tuple[int, int, int, int]) -> Mask | None:
    if inside[2] < 2 or inside[3] < 2:
        return None
    bgr = rgb[..., ::-1].copy()
    marks = np.zeros(rgb.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)  # the same box gives the same cut
    try:
        cv2.grabCut(bgr, marks, inside, *models, _ROUNDS, cv2.GC_INIT_WITH_RECT)
        marks[_like_outside(bgr, marks)] = cv2.GC_PR_BGD
        cv2.grabCut(bgr, marks, (0, 0, 0, 0), *models, _ROUNDS, cv2.GC_EVAL)  # goes by the marks, not by the box
    except cv2.error:  # one colour only: there is nothing to tell apart
        return None
    smooth: Mask = cv2.medianBlur(_foreground(marks).astype(np.uint8), 3).astype(bool)
    return smooth


def _foreground(marks: NDArray[np.uint8]) -> Mask:
    found: Mask = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    return found


def _like_outside(bgr: Picture, marks: NDArray[np.uint8]) -> Mask:
    """Pixels taken for the object whose colours belong outside of the box.

    What shows through a hole starts as part of the object and then explains its own colours; compared with
    what surely is background it is found out, and GrabCut decides on it once more.
    """
    taken = _foreground(marks)
    outside, inside = (_likelihood(bgr, part) for part in (marks == cv2.GC_BGD, taken))
    surely: Mask = taken & (outside > _BACKGROUND_RATIO * inside)
    return surely


def _likelihood(bgr: Picture, part: Mask) -> NDArray[np.float32]:
    """How common each pixel's colour is in a part of the picture, averaged over its neighbours; shape (h, w)."""
    table = cv2.calcHist([bgr], [0, 1, 2], part.astype(np.uint8), [_BINS] * 3, [0, 256] * 3)
    b, g, r = np.moveaxis(bgr // (256 // _BINS), 2, 0)
    smooth: NDArray[np.float32] = cv2.GaussianBlur(table[b, g, r] / max(1.0, float(part.sum())), (0, 0), 1.5)
    return smooth


def _contrast(rgb: Picture, mask: Mask) -> float:
    """Bhattacharyya's distance between the colours inside and outside: 0 the same, 1 none in common."""
    inside, outside = (
        cv2.calcHist([rgb], [0, 1, 2], part.astype(np.uint8), [_BINS] * 3, [0, 256] * 3) for part in (mask, ~mask)
    )
    return round(float(cv2.compareHist(inside, outside, cv2.HISTCMP_BHATTACHARYYA)), 4)
