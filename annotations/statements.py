"""The journal's SQL, and rows to values. Few statements, each for a whole batch.

Rows travel as one JSON document: `jsonb_to_recordset` takes 18 us a row in all, `unnest` over arrays of text
290, since psycopg escapes every element. Ids travel as the text of one array. Shared by the two who run the
statements: Django's connection (`journal.commit`) and the group writer's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from annotations.decisions import Entry
from projects.access import ROLES_SQL

UTC_TEXT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""

_LOCK = """
SELECT i.id::text, i.rev, i.state, i.project_id::text, a.width, a.height, v.frames, a.kind, i.detections,
       i.replica_for_id::text, i.ground_truth AND i.replica_of_id IS NULL
FROM projects_item i
JOIN projects_asset a ON a.id = i.asset_id
LEFT JOIN projects_video v ON v.asset_id = a.id
WHERE i.id = ANY(%s::uuid[])
ORDER BY i.id
FOR NO KEY UPDATE OF i"""
LOCK = _LOCK
LOCK_FREE = _LOCK + " SKIP LOCKED"
# The first edit of an item, as one of its changes of state.
BEGIN_WORK = """
INSERT INTO projects_statechange (id, item_id, before, after, by_id, reason, rev, at)
SELECT id, item, 'to-do', 'in-progress', actor, '', rev, now()
FROM jsonb_to_recordset(%s::jsonb) AS d(id uuid, item uuid, actor uuid, rev bigint)
RETURNING id"""
EXISTING = "SELECT id::text FROM projects_item WHERE id = ANY(%s::uuid[])"

INVERSES = """
SELECT j.item_id::text, j.client_id, j.tx_id, j.actor_id::text, j.inverse::text
FROM jsonb_to_recordset(%s::jsonb) AS t(item uuid, client text, tx text)
JOIN annotations_journaltx j ON j.item_id = t.item AND j.client_id = t.client AND j.tx_id = t.tx"""

NAMES = "SELECT id::text, name FROM projects_user WHERE id = ANY(%s::uuid[])"

SHAPE = f"""json_build_object(
    'id', a.id, 'label', a.label_id, 'frame', a.frame, 'geometry', a.geometry, 'attributes', a.attributes,
    'keyframes', a.keyframes, 'source', a.source, 'confidence', a.confidence, 'detection_id', a.detection_id,
    'group', a."group", 'z', a.z,
    'geom_rev', a.geom_rev, 'track_rev', a.track_rev, 'created_rev', a.created_rev, 'updated_rev', a.updated_rev,
    'author', a.author_id, 'updated_by', a.updated_by_id,
    'updated_at', {UTC_TEXT.format("a.updated_at")}, 'deleted', a.deleted)"""

SHAPES = f"""
SELECT coalesce(json_agg(json_build_array(a.item_id, {SHAPE}, a.touched)), '[]')::text
FROM annotations_annotation a WHERE a.id = ANY(%s::uuid[])"""

# A label that merged into another comes with the one that took its place; one that was deleted does not come.
LABELS = """
SELECT coalesce(json_agg(json_build_array(l.id, l.project_id, i.id)), '[]')::text
FROM projects_label l LEFT JOIN projects_label i ON i.id = l.merged_into_id AND i.retired_at IS NULL
WHERE l.id = ANY(%s::uuid[]) AND (l.retired_at IS NULL OR i.id IS NOT NULL)"""

BLOBS = """
SELECT b.item_id::text, b.digest FROM jsonb_to_recordset(%s::jsonb) AS named(item uuid, digest text)
JOIN annotations_maskblob b ON b.item_id = named.item AND b.digest = named.digest"""

# Four lists in one round trip: transactions known already, the shapes, who the people are, and the labels.
READ = f"""
SELECT
  (SELECT coalesce(json_agg(json_build_array(j.item_id, j.client_id, j.tx_id, encode(j.payload_hash, 'hex'), j.rev,
                                             j.actor_id, j.overwritten, j.skipped)), '[]')::text
   FROM jsonb_to_recordset(%s::jsonb) AS t(item uuid, client text, tx text)
   JOIN annotations_journaltx j ON j.item_id = t.item AND j.client_id = t.client AND j.tx_id = t.tx),
  ({SHAPES}),
  (SELECT coalesce(json_agg(json_build_array(who.person, who.project, u.name, u.is_active, {ROLES_SQL})), '[]')::text
   FROM jsonb_to_recordset(%s::jsonb) AS who(person uuid, project uuid)
   JOIN projects_user u ON u.id = who.person),
  ({LABELS})"""

WRITE = """
WITH bumped AS (
  UPDATE projects_item i
  SET rev = d.rev, state = d.state, detections = d.detections,
      annotation_count = greatest(i.annotation_count + d.added, 0), updated_at = now()
  FROM jsonb_to_recordset(%s::jsonb) AS d(id uuid, rev bigint, state text, added int, detections int)
  WHERE i.id = d.id
), journalled AS (
  INSERT INTO annotations_journaltx
    (item_id, rev, client_id, tx_id, payload_hash, actor_id, at, ops, inverse, overwritten, skipped, undo_of)
  SELECT item, rev, client, tx, decode(hash, 'hex'), actor, at, ops, inverse, overwritten, skipped, undo_of
  FROM jsonb_to_recordset(%s::jsonb) AS d(
    item uuid, rev bigint, client text, tx text, hash text, actor uuid, at timestamptz, ops jsonb, inverse jsonb,
    overwritten jsonb, skipped jsonb, undo_of text)
)
INSERT INTO annotations_annotation AS a
  (id, item_id, label_id, frame, geometry, attributes, keyframes, source, confidence, detection_id, "group", z,
   geom_rev, track_rev, created_rev, updated_rev, author_id, updated_by_id, updated_at, deleted, touched)
SELECT id, item, label, frame, geometry, attributes, nullif(keyframes, 'null'), source, confidence, detection_id,
       "group", z, geom_rev, track_rev, created_rev, updated_rev, author, updated_by, updated_at, deleted, touched
FROM jsonb_to_recordset(%s::jsonb) AS d(
  id uuid, item uuid, label uuid, frame int, geometry jsonb, attributes jsonb, keyframes jsonb, source text,
  confidence float8, detection_id int, "group" uuid, z int, geom_rev bigint,
  track_rev bigint, created_rev bigint, updated_rev bigint,
  author uuid, updated_by uuid, updated_at timestamptz, deleted bool, touched jsonb)
ON CONFLICT (id) DO UPDATE SET
  label_id = excluded.label_id, frame = excluded.frame, geometry = excluded.geometry,
  attributes = excluded.attributes, keyframes = excluded.keyframes, source = excluded.source,
  confidence = excluded.confidence, detection_id = excluded.detection_id, "group" = excluded."group", z = excluded.z,
  geom_rev = excluded.geom_rev, track_rev = excluded.track_rev,
  updated_rev = excluded.updated_rev, updated_by_id = excluded.updated_by_id,
  updated_at = excluded.updated_at, deleted = excluded.deleted, touched = excluded.touched
WHERE a.item_id = excluded.item_id
RETURNING a.id"""


def array(ids: Iterable[str]) -> str:
    """PostgreSQL's text for an array of ids.

    >>> array(["a", "b"])
    '{a,b}'
    """
    return "{" + ",".join(ids) + "}"


def records(rows: list[dict[str, Any]]) -> str:
    """Rows for `jsonb_to_recordset`."""
    return orjson.dumps(rows).decode()


def entries_of(text: str) -> list[tuple[str, Entry]]:
    """(item's id, entry) of each row of SHAPES."""
    return [(item, Entry(shape, touched)) for item, shape, touched in orjson.loads(text)]


def shape_record(item_id: str, entry: Entry) -> dict[str, Any]:
    return {**entry.shape, "item": item_id, "touched": entry.touched}
