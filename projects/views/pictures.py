"""Addresses of pictures for templates."""

from __future__ import annotations

from projects.items import PICTURE_SECONDS
from projects.media import signed_url
from projects.models import Asset


def thumbnail_url(asset: Asset) -> str:
    """A signed address, or nothing for an asset without a thumbnail."""
    return signed_url(asset.thumbnail, PICTURE_SECONDS) if asset.thumbnail else ""
