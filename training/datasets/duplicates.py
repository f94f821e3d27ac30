"""Pictures that nearly are the same one: told by a perceptual hash of their thumbnails.

The hash is that of `projects.looks`: 64 bits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projects import looks
from projects.files import local_path
from projects.models import Asset
from projects.models.library import Kind

_log = logging.getLogger(__name__)

NEAR_BITS = 6
_BITS = 64
_BATCH = 500
_CODES = 2**20  # of pairs compared at once


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
    for n, asset in enumerate(assets):
        code = asset.phash if asset.phash is not None else _read(asset)
        if code is not None:
            hashed[asset.pk] = looks.unsigned(code)
        if n % _BATCH == _BATCH - 1 or n == len(assets) - 1:
            step(n + 1, len(assets))
    return hashed


def _read(asset: Asset) -> int | None:
    """The hash of a picture that came before hashes were kept; it is kept from now on."""
    seen = looks.of_file(local_path(asset.thumbnail))
    if seen is None:
        _log.warning("the thumbnail of asset %s is missing", asset.pk)
        return None
    Asset.objects.filter(pk=asset.pk).update(brightness=seen.brightness, phash=seen.phash)
    return seen.phash
