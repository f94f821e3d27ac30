"""Reading annotations: the interface's JSON, straight from the rows."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.db import connection

from annotations import blobs, journal, ops, statements
from projects.models import Item

_SHAPES = f"""
SELECT coalesce(json_agg({statements.SHAPE} ORDER BY a.created_rev, a.id), '[]')
FROM annotations_annotation a WHERE a.item_id = """
_ON_FRAME = " AND (%(frame)s::int IS NULL OR a.frame = %(frame)s OR a.keyframes IS NOT NULL)"
_DOCUMENT = f"""
SELECT i.rev, ({_SHAPES} i.id AND NOT a.deleted {_ON_FRAME})::text
FROM projects_item i WHERE i.id = %(item)s"""
_DELETED = f"SELECT i.rev, ({_SHAPES} i.id AND a.deleted)::text FROM projects_item i WHERE i.id = %(item)s"
_EVERY = f"SELECT ({_SHAPES} %(item)s)::text"


def annotations_of(item: Item | uuid.UUID | str, frame: int | None = None) -> list[dict[str, Any]]:
    """The annotations of an item in the interface's form, oldest first, without deleted ones; no mask names a blob.

    Args:
        frame: only those on this frame of a video, and the tracks, which may cross it.
    """
    found = _row(_DOCUMENT, {"item": _pk(item), "frame": frame})
    shapes = orjson.loads(found[1]) if found else []
    return [blobs.inlined_shape(_pk(item), shape) for shape in shapes]


def document_json(item_id: uuid.UUID | str, frame: int | None = None) -> tuple[int, bytes]:
    """The revision, and `{rev, results}` as JSON, of one moment; PostgreSQL writes the list itself."""
    rev, results = _row(_DOCUMENT, {"item": item_id, "frame": frame})
    return rev, _document(rev, results.encode())


def deleted_json(item_id: uuid.UUID | str) -> tuple[int, bytes]:
    """As `document_json`, of the shapes that were deleted and can be restored."""
    rev, results = _row(_DELETED, {"item": item_id})
    return rev, _document(rev, results.encode())


def past_document_json(item_id: uuid.UUID | str, rev: int, frame: int | None = None) -> bytes:
    """`{rev, results}` as it was at an earlier revision: the fold of the journal up to there."""
    txs = [orjson.loads(text) for _, text in journal.replay(item_id, 1, rev) or ()] if rev else []
    shapes = [shape for shape in ops.fold({}, txs).values() if not shape["deleted"] and _on(shape, frame)]
    return _document(rev, orjson.dumps(sorted(shapes, key=lambda shape: (shape["created_rev"], shape["id"]))))


def _on(shape: dict[str, Any], frame: int | None) -> bool:
    return frame is None or shape["frame"] == frame or shape["keyframes"] is not None


def _document(rev: int, results: bytes) -> bytes:
    return b'{"rev":%d,"results":%s}' % (rev, results)


def every_shape_of(item: Item | uuid.UUID | str) -> list[dict[str, Any]]:
    """Deleted shapes too, as the reducer keeps them."""
    return orjson.loads(_row(_EVERY, {"item": _pk(item)})[0])  # type: ignore[no-any-return]


def _pk(item: Item | uuid.UUID | str) -> Any:
    return item.pk if isinstance(item, Item) else item


def _row(sql: str, values: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()
