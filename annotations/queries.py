"""Reading annotations: the interface's JSON, straight from the rows."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.db import connection

from annotations import journal, ops, statements
from projects.models import Item

_ALL = f"SELECT {statements.SHAPE_COLUMNS} FROM annotations_annotation WHERE item_id = %s"
_DOCUMENT = f"""
SELECT i.rev, coalesce((
  SELECT json_agg(json_build_object(
    'id', a.id, 'label', a.label_id, 'frame', a.frame, 'geometry', a.geometry, 'attributes', a.attributes,
    'keyframes', a.keyframes, 'source', a.source, 'confidence', a.confidence, 'detection_id', a.detection_id,
    'geom_rev', a.geom_rev, 'track_rev', a.track_rev, 'created_rev', a.created_rev, 'updated_rev', a.updated_rev,
    'author', a.author_id, 'updated_by', a.updated_by_id,
    'updated_at', {statements.UTC_TEXT.format("a.updated_at")}, 'deleted', a.deleted
  ) ORDER BY a.created_rev, a.id)
  FROM annotations_annotation a
  WHERE a.item_id = i.id AND NOT a.deleted
    AND (%(frame)s::int IS NULL OR a.frame = %(frame)s OR a.keyframes IS NOT NULL)
), '[]')::text
FROM projects_item i WHERE i.id = %(item)s"""


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


def document_json(item_id: uuid.UUID | str, frame: int | None = None) -> tuple[int, bytes]:
    """The revision, and `{rev, results}` as JSON, of one moment; PostgreSQL writes the list itself."""
    with connection.cursor() as cursor:
        cursor.execute(_DOCUMENT, {"item": item_id, "frame": frame})
        rev, results = cursor.fetchone()
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
    return _shapes(_ALL, [_pk(item)])


def _pk(item: Item | uuid.UUID | str) -> Any:
    return item.pk if isinstance(item, Item) else item


def _shapes(sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql + " ORDER BY created_rev, id", parameters)
        return [statements.shape_of(row) for row in cursor.fetchall()]
