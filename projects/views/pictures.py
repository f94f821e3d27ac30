"""Addresses of pictures for templates."""

from __future__ import annotations

from projects.models import Asset

try:
    from projects.media import signed_url
except ImportError:  # pragma: no cover - the library is not installed yet

    def signed_url(field_file, expires_s=3600):  # type: ignore[misc, no-untyped-def]
        return ""


# Rounded up to the hour by the signer's clock, an address stays the same long enough to be cached.
THUMBNAIL_SECONDS = 6 * 3600


def thumbnail_url(asset: Asset) -> str:
    """A signed address, or nothing while the thumbnail is not made."""
    return signed_url(asset.thumbnail, THUMBNAIL_SECONDS) if asset.thumbnail else ""
