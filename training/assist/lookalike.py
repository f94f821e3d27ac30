"""Places that look like a given box, by normalised cross-correlation at a few sizes. No Django."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.assist.motion import Box
from training.inference import suppress

Picture = NDArray[np.uint8]

_SIDE = 1280  # pixels of the longer side that is searched
_SCALES = (1.0, 0.85, 1.18, 0.72, 1.39)
_SMALLEST, _LARGEST = 8, 160  # sides of the template in the searched picture: less has no looks, more only costs time
_PEAKS = 200
_MOST = 50
_OVERLAP = 0.3


class Find(NamedTuple):
    """A box, and its correlation with the given one as a confidence from 0 to 1."""

    box: Box
    confidence: float


def look_alikes(rgb: Picture, box: Box, least: float = 0.6) -> list[Find]:
    """Boxes in an RGB picture, uint8 (h, w, 3), whose content resembles that of `box`, best first.

    Args:
        rgb: The picture.
        box: What to look for; it is among the answers.
        least: Correlation below which a place is none.

    Raises:
        ValueError: the box is too small, or shows one colour: everything would resemble it.
    """
    scale = min(1.0, _SIDE / max(rgb.shape[:2]), _LARGEST / max(box.w, box.h))
    if min(box.w, box.h) * scale < _SMALLEST:
        raise ValueError(f"the box is too small or too narrow to look for: {_SMALLEST} pixels are the least")
    scene: Any = cv2.resize(rgb, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    template = _cut(scene, box.scaled(scale))
    if float(template.std(axis=(0, 1)).max()) < 3:
        raise ValueError("the box shows nothing but one colour: everything would resemble it")
    boxes, scores = zip(*(_peaks(scene, template, size, least) for size in _SCALES), strict=True)
    return _best(np.vstack(boxes), np.concatenate(scores), scale)


def _cut(scene: Picture, box: Box) -> Picture:
    height, width = scene.shape[:2]
    x, y = min(max(0, round(box.x)), width - 1), min(max(0, round(box.y)), height - 1)
    return scene[y : y + max(1, round(box.h)), x : x + max(1, round(box.w))]


def _peaks(scene: Picture, template: Picture, size: float, least: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Boxes (n, 4) as x0, y0, x1, y1 and their scores, where the correlation is highest around."""
    sized: Any = cv2.resize(template, (0, 0), fx=size, fy=size, interpolation=cv2.INTER_LINEAR)
    h, w = sized.shape[:2]
    if h > scene.shape[0] or w > scene.shape[1] or min(h, w) < _SMALLEST // 2:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    scores = np.nan_to_num(np.asarray(cv2.matchTemplate(scene, sized, cv2.TM_CCOEFF_NORMED), np.float32))
    around = cv2.dilate(scores, np.ones((max(3, h // 3), max(3, w // 3)), np.uint8))
    ys, xs = np.nonzero((scores >= least) & (scores == around))
    order = np.argsort(-scores[ys, xs])[:_PEAKS]
    ys, xs = ys[order], xs[order]
    return np.stack((xs, ys, xs + w, ys + h), axis=1).astype(np.float32), scores[ys, xs]


def _best(boxes: NDArray[Any], scores: NDArray[Any], scale: float) -> list[Find]:
    kept = suppress(boxes, scores, np.zeros(len(boxes), np.int64), _OVERLAP)[:_MOST]
    return [
        Find(Box(x0 / scale, y0 / scale, (x1 - x0) / scale, (y1 - y0) / scale), float(min(1.0, scores[n])))
        for n in kept
        for x0, y0, x1, y1 in [boxes[n].tolist()]
    ]
