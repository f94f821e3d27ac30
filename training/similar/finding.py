"""The items that look most like one."""

from __future__ import annotations

import numpy as np
from django.db import connection, transaction
from django.db.models import FilteredRelation, Q
from numpy.typing import NDArray
from pgvector.django import CosineDistance

from projects.models import Item
from projects.models.item import ItemQuerySet
from training.models import ItemEmbedding
from training.similar import keeping


def likeness(rows: ItemQuerySet, item: Item) -> ItemQuerySet:
    """The items that have a point, with their `distance` to an item's: 0 the same, 1 nothing in common.

    Raises:
        LookupError: the item has no picture to compare.
    """
    vector = _vector(item)
    if keeping.behind(item.project_id).exists():
        keeping.ask(item.project_id)
    of_kind = FilteredRelation("embeddings", condition=Q(embeddings__kind=ItemEmbedding.LOOK))
    rows = rows.alias(near=of_kind).filter(near__isnull=False)
    return rows.annotate(distance=CosineDistance("near__vector", vector))


def nearest(item: Item, rows: ItemQuerySet, most: int) -> list[Item]:
    """At most so many of the other items, the nearest first, each with its `distance`; found by the index.

    Raises:
        LookupError: the item has no picture to compare.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # The index knows nothing of projects: it goes on until enough of what it finds is asked for.
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        return list(likeness(rows.exclude(pk=item.pk), item).with_asset().order_by("distance")[:most])


def _vector(item: Item) -> NDArray[np.float32]:
    row = ItemEmbedding.objects.filter(item=item, kind=ItemEmbedding.LOOK).first()
    if row is not None:
        return np.asarray(row.vector, np.float32)
    vector = keeping.look(item.asset)
    if vector is None:
        raise LookupError(f"{item.path} has no thumbnail to compare with: upload its file again.")
    return vector
