"""Keeping a point for each item: made of its thumbnail, soon after it came or when somebody asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import numpy as np
from celery import current_app
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from projects.files import local_path
from projects.models import Asset, Item
from projects.models.item import ItemQuerySet
from training.models import ItemEmbedding
from training.similar import descriptor

TASK = "training.tasks.embed_items"
_BATCH = 200


def behind(project_id: uuid.UUID | str | None = None) -> ItemQuerySet:
    """The items, of one project or of all, that have a thumbnail and no point yet; blind copies never get one."""
    there = ItemEmbedding.objects.filter(item=OuterRef("pk"), kind=ItemEmbedding.LOOK)
    rows: ItemQuerySet = Item.objects.exclude(asset__thumbnail="").filter(~Exists(there))
    return rows.filter(project=project_id) if project_id else rows


def catch_up(project_id: uuid.UUID | str | None = None, most: int = 2000) -> int:
    """Make points that are missing, those of the newest items first. Returns how many were made."""
    done, left = 0, most
    for start in range(0, most, _BATCH):
        items = list(behind(project_id).select_related("asset").order_by("-pk")[: min(_BATCH, left)])
        made = _make(items)
        done, left = done + made, left - _BATCH
        if made < len(items) or len(items) < _BATCH or start + _BATCH >= most:
            break
    return done


def _make(items: Iterable[Item]) -> int:
    seen: dict[uuid.UUID, NDArray[np.float32] | None] = {}
    rows = []
    for item in items:
        if item.asset_id not in seen:
            seen[item.asset_id] = look(item.asset)
        vector = seen[item.asset_id]
        if vector is not None:
            rows.append(ItemEmbedding(item=item, kind=ItemEmbedding.LOOK, vector=vector))
    ItemEmbedding.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def look(asset: Asset) -> NDArray[np.float32] | None:
    """The descriptor of an asset's thumbnail; None when it has none that can be read."""
    if not asset.thumbnail:
        return None
    try:
        return descriptor.of_file(local_path(asset.thumbnail))
    except OSError:
        return None


def ask(project_id: uuid.UUID) -> None:
    """Have a worker make what is missing of a project; at most one message for those who ask meanwhile."""
    if cache.add(f"embeddings:{project_id}", "asked", 10):
        transaction.on_commit(lambda: current_app.send_task(TASK, (str(project_id),)), robust=True)
