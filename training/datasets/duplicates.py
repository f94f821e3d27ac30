"""Pictures that nearly are the same one: told by a perceptual hash of their thumbnails.

The hash is that of `projects.looks`: 64 bits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from projects import looks
from projects.intake import look_again
from projects.models import Asset
from projects.models.library import Kind

_log = logging.getLogger(__name__)

_BATCH = 500


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
    for pk, leader in zip(ids, looks.clusters(list(hashed.values())), strict=True):
        found[pk] = str(ids[leader])
    return found


def beside_their_videos(groups: dict[Any, str], taken: Iterable[tuple[Any, Any]]) -> dict[Any, str]:
    """The groups once pictures that were taken of a video share its group, and with them all that resembles them.

    Args:
        taken: (a picture's asset, its video's asset); the video may be in no group.

    >>> beside_their_videos({1: "1", 2: "2", 3: "2"}, [(1, 9), (2, 9)])
    {1: '9', 2: '9', 3: '9'}
    """
    leads: dict[str, str] = {}

    def root(name: str) -> str:
        while name in leads:
            name = leads[name]
        return name

    for picture, video in taken:
        one, other = root(groups.get(picture, str(picture))), root(groups.get(video, str(video)))
        if one != other:
            leads[one] = other
    return {pk: root(name) for pk, name in groups.items()}


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
    seen = look_again(asset)
    if seen is None:
        _log.warning("the thumbnail of asset %s is missing", asset.pk)
        return None
    return seen.phash
