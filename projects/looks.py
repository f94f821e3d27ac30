"""How a picture looks, in two numbers: how bright it is, and a hash that pictures which look the same share. Pure.

The hash is the classical one of the cosine transform (Zauner, Implementation and Benchmarking of Perceptual Image Hash
Functions, 2010): 64 bits, of which copies that were resized, compressed or slightly brightened share nearly all.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE, _LOW, _BITS = 32, 8, 64


class Looks(NamedTuple):
    """brightness: mean luma, 0 to 255. phash: 64 bits as a signed number, as the database keeps it."""

    brightness: float
    phash: int


def of_file(path: Path) -> Looks | None:
    """The looks of a small picture that Frameloop made itself (a thumbnail); None when it cannot be read."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return None if grey is None else of(np.asarray(grey, np.uint8))


def of(pixels: NDArray[np.uint8]) -> Looks:
    """The looks of pixels (height, width[, 3 as RGB])."""
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return Looks(round(float(grey.mean()), 1), signed(phash(np.asarray(grey, np.uint8))))


def phash(pixels: NDArray[np.uint8]) -> int:
    """64 bits of a picture (height, width[, 3], uint8): which low frequencies are above their median.

    A picture without any contrast has the hash 0.
    """
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small - small.mean())[:_LOW, :_LOW].reshape(-1)
    bits = low > max(float(np.median(low)), 0.0) if np.abs(low).max() > 1 else np.zeros(_BITS, bool)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def signed(code: int) -> int:
    """64 bits as PostgreSQL's bigint has them.

    >>> signed(2**64 - 1), signed(5)
    (-1, 5)
    """
    return code - 2**64 if code >= 2**63 else code


def unsigned(code: int) -> int:
    """
    >>> unsigned(-1) == 2**64 - 1
    True
    """
    return code + 2**64 if code < 0 else code
