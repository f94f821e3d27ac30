"""Where one scene of a video ends and the next begins: by how far apart the colours of two frames are. Pure.

The distance is Bhattacharyya's between histograms of hue, saturation and value (as OpenCV's HISTCMP_BHATTACHARYYA has
it): 0 for the same colours, 1 for none in common. A frame begins a scene where its distance to the frame before it is
high in itself and stands out from those before, so that a shaking camera makes no scenes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST = 0.35
STANDS_OUT = 3.0
_BEFORE = 12  # distances that one is compared with
_WIDTH = 160
_BINS = (16, 16, 8)


def histogram(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The shares of colours in a picture (height, width, 3 as RGB): shape (2048,), the sum is 1."""
    height, width = pixels.shape[:2]
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    counted = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256])
    return np.asarray(counted, np.float32).reshape(-1) / float(hsv.shape[0] * hsv.shape[1])


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Bhattacharyya's distance of two histograms whose sums are 1: from 0 to 1.

    >>> distance(np.array([1, 0], np.float32), np.array([0, 1], np.float32))
    1.0
    """
    return float(np.sqrt(max(0.0, 1.0 - float(np.sqrt(one * other).sum()))))


def changes(frames: Iterable[tuple[int, Any]], least: float = LEAST) -> Iterator[int]:
    """The numbers of the frames that begin a scene, the first one among them, from (number, RGB pixels) in order.

    Frames need not be next to each other. Memory: one histogram, whatever the length.
    """
    before: deque[float] = deque(maxlen=_BEFORE)
    histograms = ((number, histogram(pixels)) for number, pixels in frames)
    first = next(histograms, None)
    if first is None:
        return
    yield first[0]
    for (_, last), (number, now) in pairwise(_chained(first, histograms)):
        apart = distance(last, now)
        usual = float(np.median(before)) if before else 0.0
        before.append(apart)
        if apart >= least and apart >= STANDS_OUT * usual:
            yield number


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
