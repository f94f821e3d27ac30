"""Items and assets as the interface shows them. Written out by hand: lists are asked for all the time."""

from __future__ import annotations

from typing import Any

from projects.media import signed_url
from projects.models import Asset, Item
from projects.models.library import Kind

# A signed address stays the same for half of this, so that browsers keep the pictures that they have.
PICTURE_SECONDS = 6 * 3600


def item_json(item: Item) -> dict[str, Any]:
    """One item, from a row of `Item.objects.with_asset()`."""
    return {
        "id": str(item.pk),
        **_facts(item.asset),
        "path": item.path,
        "state": item.state,
        "rev": item.rev,
        "split": item.split,
        "annotation_count": item.annotation_count,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "picture": signed_url(item.asset.picture, PICTURE_SECONDS) if item.asset.kind == Kind.IMAGE else None,
        "preview": signed_url(item.asset.preview, PICTURE_SECONDS) if item.asset.preview else None,
        "project": str(item.project_id),
        "asset": str(item.asset_id),
    }


def asset_json(asset: Asset) -> dict[str, Any]:
    """One asset, from a row of `Asset.objects.with_video()`."""
    return {
        "id": str(asset.pk),
        **_facts(asset),
        "name": asset.original_name,
        "size": asset.size,
        "content_type": asset.content_type,
        "sha256": asset.sha256,
        "notes": asset.notes,
        "created_at": asset.created_at,
    }


def _facts(asset: Asset) -> dict[str, Any]:
    video = asset.video if asset.kind == Kind.VIDEO else None
    return {
        "kind": asset.kind,
        "width": asset.width,
        "height": asset.height,
        "frames": video.frames if video else 1,
        "fps": round(video.fps, 6) if video else None,
        "thumbnail": signed_url(asset.thumbnail, PICTURE_SECONDS) if asset.thumbnail else None,
    }
