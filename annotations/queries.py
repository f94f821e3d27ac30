"""Reading annotations: the interface's JSON, straight from the rows."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from annotations import statements
from projects.models import Item

_ALL = f"SELECT {statements.SHAPE_COLUMNS} FROM annotations_annotation WHERE item_id = %s"


def annotations_of(item: Item | uuid.UUID | str, frame: int | None = None) -> list[dict[str, Any]]:
    """The annotations of an item in the interface's form, oldest first, without deleted ones.

    Args:
        frame: only those on this frame of a video, and the tracks, which may cross it.
    """
    sql, parameters = _ALL + " AND NOT deleted", [_pk(item)]
    if frame is not None:
        sql += " AND (frame = %s OR keyframes IS NOT NULL)"
        parameters.append(frame)
    return _shapes(sql, parameters)


def every_shape_of(item: Item | uuid.UUID | str) -> list[dict[str, Any]]:
    """Deleted shapes too, as the reducer keeps them."""
    return _shapes(_ALL, [_pk(item)])


def _pk(item: Item | uuid.UUID | str) -> Any:
    return item.pk if isinstance(item, Item) else item


def _shapes(sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql + " ORDER BY created_rev, id", parameters)
        return [statements.shape_of(row) for row in cursor.fetchall()]
