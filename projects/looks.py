"""How a picture looks, in two numbers: how bright it is, and a hash that pictures which look the same share. Pure.

The hash is the classical one of the cosine transform (Zauner, Implementation and Benchmarking of Perceptual Image Hash
Functions, 2010): 64 bits, of which copies that were resized, compressed or slightly brightened share nearly all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

NEAR_BITS = 6
_SIDE, _LOW, _BITS = 32, 8, 64
_CODES = 2**20  # of pairs compared at once


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


def clusters(hashes: Sequence[int], near: int = NEAR_BITS) -> list[int]:
    """For each hash the index of the first one of its cluster; two whose hashes differ in at most `near` of the 64
    bits are always in one.

    Two such hashes agree in at least one of `near + 1` parts of their bits: only those are compared.

    >>> clusters([0b1111, 0b0111, 1 << 60 | 0xFFFF00000000])
    [0, 0, 2]
    """
    first: dict[int, int] = {}
    for index, code in enumerate(hashes):
        first.setdefault(code, index)
    codes = np.array(list(first), np.uint64)
    parent = list(range(len(codes)))
    for shift, width in _parts(near + 1):
        part = (codes >> np.uint64(shift)) & np.uint64((1 << width) - 1)
        order = np.argsort(part, kind="stable")
        edges = np.flatnonzero(np.diff(part[order])) + 1
        for bucket in np.split(order, edges):
            _join(codes, bucket, near, parent)
    starts = list(first.values())
    places = {code: n for n, code in enumerate(first)}
    return [starts[_root(parent, places[code])] for code in hashes]


def _parts(count: int) -> list[tuple[int, int]]:
    """(shift, width) of `count` nearly equal parts of 64 bits."""
    ends = [round(n * _BITS / count) for n in range(count + 1)]
    return [(start, end - start) for start, end in zip(ends, ends[1:], strict=False)]


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _join(codes: NDArray[np.uint64], bucket: NDArray[Any], near: int, parent: list[int]) -> None:
    if len(bucket) < 2:
        return
    step = max(1, _CODES // len(bucket))
    for start in range(0, len(bucket), step):
        rows = bucket[start : start + step]
        apart = np.bitwise_count(codes[rows][:, None] ^ codes[bucket][None])
        for m, n in np.argwhere(apart <= near):
            a, b = _root(parent, int(rows[m])), _root(parent, int(bucket[n]))
            parent[max(a, b)] = min(a, b)
