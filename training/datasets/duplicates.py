"""Pictures that nearly are the same one: told by a perceptual hash of their thumbnails.

The hash is the classical one of the cosine transform (Zauner, Implementation and Benchmarking of Perceptual Image
Hash Functions, 2010): 64 bits, of which copies that were resized, compressed or slightly brightened share nearly all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from django.core.cache import cache
from numpy.typing import NDArray

from projects.models import Asset
from projects.models.library import Kind

_log = logging.getLogger(__name__)

NEAR_BITS = 6
_SIDE, _LOW, _BITS = 32, 8, 64
_KEPT_S = 90 * 24 * 3600
_BATCH = 500
_CODES = 2**20  # of pairs compared at once


def phash(pixels: NDArray[np.uint8]) -> int:
    """64 bits of a picture (height, width[, 3], uint8): which low frequencies are above their median.

    A picture without any contrast has the hash 0.
    """
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small - small.mean())[:_LOW, :_LOW].reshape(-1)
    bits = low > max(float(np.median(low)), 0.0) if np.abs(low).max() > 1 else np.zeros(_BITS, bool)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


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


def near_duplicates(
    assets: Iterable[Asset], step: Callable[[int, int], None] = lambda done, total: None
) -> dict[Any, str]:
    """The cluster of each asset, by its id: a text that stays the same while newer assets come.

    Videos, and pictures without a thumbnail, are clusters of their own: an asset's id.

    Args:
        step: Told how many thumbnails have been looked at, of how many; what it raises ends it.
    """
    ordered = sorted(assets, key=lambda asset: str(asset.pk))  # ids count up with time: the oldest names the cluster
    found = {asset.pk: str(asset.pk) for asset in ordered}
    hashed = _hashes([asset for asset in ordered if asset.kind == Kind.IMAGE and asset.thumbnail], step)
    ids = list(hashed)
    for pk, leader in zip(ids, clusters(list(hashed.values())), strict=True):
        found[pk] = str(ids[leader])
    return found


def _hashes(assets: Sequence[Asset], step: Callable[[int, int], None]) -> dict[Any, int]:
    hashed: dict[Any, int] = {}
    for start in range(0, len(assets), _BATCH):
        batch = {_key(asset): asset for asset in assets[start : start + _BATCH]}
        known = cache.get_many(batch)
        fresh = {key: code for key, asset in batch.items() if key not in known and (code := _read(asset)) is not None}
        if fresh:
            cache.set_many({key: f"{code:x}" for key, code in fresh.items()}, _KEPT_S)
        codes: Mapping[str, int] = {key: int(code, 16) for key, code in known.items()} | fresh
        hashed |= {asset.pk: codes[key] for key, asset in batch.items() if key in codes}
        step(min(start + _BATCH, len(assets)), len(assets))
    return hashed


def _key(asset: Asset) -> str:
    return f"phash:1:{asset.team_id}:{asset.sha256}"


def _read(asset: Asset) -> int | None:
    try:
        with asset.thumbnail.open("rb") as file:
            pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
    except OSError:
        _log.warning("the thumbnail of asset %s is missing", asset.pk)
        return None
    return None if pixels is None else phash(np.asarray(pixels, np.uint8))
