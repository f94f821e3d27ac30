"""How a picture looks, as 256 numbers: which colours it has, and which way its edges run where. Pure.

Colours are a histogram of hue, saturation and value; edges the histograms of oriented gradients of Dalal and Triggs
(Histograms of Oriented Gradients for Human Detection, 2005), over the whole picture. Both are taken at the square root,
so that the distance of two histograms is Hellinger's, and weigh the same.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 256
_HUES, _SATURATIONS, _VALUES = 8, 3, 3
_GREYS = 8  # what has next to no colour is told apart by its brightness alone
_GREY_BELOW = 32
_CELLS, _WAYS = 4, 11
_SIDE = 64

Floats = NDArray[np.float32]


def of_file(path: Path) -> Floats | None:
    """The descriptor of a small picture that Frameloop made itself (a thumbnail); None when it cannot be read."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if bgr is None else of(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))


def of(rgb: NDArray[np.uint8]) -> Floats:
    """The descriptor (256,) of length 1 of pixels (height, width, 3)."""
    small = np.asarray(cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    found = np.concatenate([_unit(_colours(small)), _unit(_edges(small))])
    return _unit(np.pad(found, (0, SIZE - len(found))))


def fitted(features: NDArray[np.floating]) -> Floats:
    """Features of any number as 256 of length 1, by a projection that is the same each time and nearly keeps angles.

    Raises:
        ValueError: there are none, or they are not finite or all 0.
    """
    flat = np.asarray(features, np.float64).reshape(-1)
    length = float(np.linalg.norm(flat))
    if not np.isfinite(length) or length == 0:
        raise ValueError("features must be finite and not all 0")
    if len(flat) > SIZE:
        flat = flat @ np.random.default_rng(len(flat)).standard_normal((len(flat), SIZE))
    return _unit(np.pad(flat, (0, SIZE - len(flat))))


def _unit(values: NDArray[np.floating]) -> Floats:
    length = float(np.linalg.norm(values))
    return np.asarray(values / length if length else values, np.float32)


def _colours(rgb: NDArray[np.uint8]) -> Floats:
    """Square roots of a histogram, (80,)."""
    hue, saturation, value = (
        np.asarray(part, np.int64).reshape(-1) for part in cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV))
    )
    grey = (saturation < _GREY_BELOW) | (value < _GREY_BELOW)
    tones = np.bincount(value[grey] * _GREYS // 256, minlength=_GREYS)
    bins = (hue * _HUES // 180) * _SATURATIONS + np.minimum(saturation * _SATURATIONS // 256, _SATURATIONS - 1)
    bins = bins * _VALUES + value * _VALUES // 256
    vivid = np.bincount(bins[~grey], minlength=_HUES * _SATURATIONS * _VALUES)
    return np.sqrt(np.concatenate([tones, vivid]).astype(np.float32))


def _edges(rgb: NDArray[np.uint8]) -> Floats:
    """Square roots of the histograms of 4 x 4 cells by 11 directions, (176,); all the same where there is no edge."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    way = np.minimum((np.arctan2(down, across) % np.pi) * _WAYS / np.pi, _WAYS - 1).astype(np.int64)
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    place = (cell[:, None] * _CELLS + cell[None, :]) * _WAYS + way
    sums = np.bincount(place.reshape(-1), strength.reshape(-1), minlength=_CELLS * _CELLS * _WAYS)
    return np.sqrt(sums.astype(np.float32) + 1)
