"""The SQL behind `annotations.bulk`: staged on temporary tables, then taken over into the journal's.

`bulk_items` has a row an item: `rev` and `detections` are what its staged rows are numbered from, `deletes` how many
transactions delete what was there before them. `bulk_now` names the items that the present transaction is about.
"""

from __future__ import annotations

_TABLES = {
    "bulk_items": """item uuid PRIMARY KEY, rev bigint, detections int, top int, parts int, added int, deletes int,
        removed int, shapes text, fresh bool, asset uuid, path text, split text, state text""",
    "bulk_shapes": """id uuid, item uuid, part int, label uuid, frame int, geometry jsonb, attributes jsonb,
        keyframes jsonb, source text, confidence float8, detection_id int, "group" uuid, z int""",
    "bulk_txs": "item uuid, part int, hash bytea, ops jsonb, inverse jsonb",
    "bulk_blobs": "item uuid, digest text, counts text",
    "bulk_now": "item uuid PRIMARY KEY",
}
TABLES = tuple(_TABLES)
CREATE = [f"CREATE TEMPORARY TABLE {name} ({columns})" for name, columns in _TABLES.items()]
DROP = f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in TABLES)}"
# For those who write some items at a time: each time they look for these items' rows.
INDEX = [f"CREATE INDEX ON {name} (item)" for name in ("bulk_shapes", "bulk_txs", "bulk_blobs")]
ANALYZE = [f"ANALYZE {name}" for name in TABLES[:-1]]

NOW_ALL = "INSERT INTO bulk_now SELECT item FROM bulk_items"
NOW_SOME = "INSERT INTO bulk_now SELECT item FROM bulk_items WHERE item = ANY(%s::uuid[])"
NOW_NONE = "TRUNCATE bulk_now"

# Foreign keys are looked up when rows are written, not when everything is locked and about to be committed.
CHECK_AT_ONCE, CHECK_LATER = "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"
# The plans are few and simple, their rows many.
TUNE = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"

NEW_ITEMS = """
INSERT INTO projects_item
  (id, project_id, asset_id, path, state, split, rev, epoch, annotation_count, detections, ground_truth,
   created_at, updated_at)
SELECT b.item, %(project)s, b.asset, b.path, b.state, b.split, 0, gen_random_uuid(), 0, 0, false,
       %(at)s::timestamptz + (row_number() OVER (ORDER BY b.path)) * interval '1 microsecond', %(at)s::timestamptz
FROM bulk_items b JOIN bulk_now n ON n.item = b.item
WHERE b.fresh
ORDER BY b.path"""
ADDED_ITEMS = """
INSERT INTO annotations_importeditem (job_id, item_id)
SELECT %(job)s, b.item FROM bulk_items b JOIN bulk_now n ON n.item = b.item WHERE b.fresh"""

GONE = """
SELECT b.item::text FROM bulk_items b JOIN bulk_now n ON n.item = b.item
WHERE NOT EXISTS (SELECT FROM projects_item i WHERE i.id = b.item AND i.project_id = %(project)s)"""

LOCK = """
SELECT i.id FROM projects_item i WHERE i.id IN (SELECT item FROM bulk_now) ORDER BY i.id FOR NO KEY UPDATE"""

# Items that people worked on since their rows were numbered.
MOVED = """
SELECT b.item::text, b.shapes = 'skip' AND i.annotation_count > 0
FROM bulk_now n JOIN bulk_items b ON b.item = n.item JOIN projects_item i ON i.id = b.item
WHERE i.rev <> b.rev"""
LEAVE = "DELETE FROM bulk_now WHERE item = ANY(%s::uuid[])"
TAKE_OUT = """
DELETE FROM annotations_annotation a USING bulk_shapes s WHERE s.id = a.id AND s.item = ANY(%s::uuid[])"""
RENUMBER = [
    """
UPDATE bulk_shapes s SET detection_id = s.detection_id + i.detections - b.detections
FROM bulk_items b JOIN projects_item i ON i.id = b.item
WHERE b.item = ANY(%s::uuid[]) AND s.item = b.item AND i.detections <> b.detections""",
    """
UPDATE bulk_txs t SET ops = (
  SELECT jsonb_agg(op || jsonb_build_object('detection_id', (op->>'detection_id')::int + i.detections - b.detections)
                   ORDER BY place)
  FROM jsonb_array_elements(t.ops) WITH ORDINALITY AS e(op, place))
FROM bulk_items b JOIN projects_item i ON i.id = b.item
WHERE b.item = ANY(%s::uuid[]) AND t.item = b.item AND i.detections <> b.detections""",
    """
UPDATE bulk_items b SET rev = i.rev, top = greatest(b.top + i.detections - b.detections, i.detections),
                        detections = i.detections
FROM projects_item i WHERE b.item = ANY(%s::uuid[]) AND i.id = b.item""",
]

# What is deleted first, at most 5,000 shapes a transaction.
COUNT_DELETED = """
UPDATE bulk_items b SET deletes = d.txs, removed = d.labels
FROM (
  SELECT n.item, (count(a.id) + 4999) / 5000 AS txs, count(a.id) FILTER (WHERE a.source <> 'model') AS labels
  FROM bulk_now n JOIN bulk_items b ON b.item = n.item AND b.shapes = 'replace'
  LEFT JOIN annotations_annotation a ON a.item_id = n.item AND NOT a.deleted
  {where} GROUP BY n.item) d
WHERE b.item = d.item"""
COUNT_DELETED_ALL = COUNT_DELETED.format(where="")
COUNT_DELETED_SOME = COUNT_DELETED.format(where="WHERE n.item = ANY(%s::uuid[])")

DELETE = """
WITH doomed AS (
  SELECT a.id, b.item, b.rev + 1 + (row_number() OVER (PARTITION BY b.item ORDER BY a.id) - 1) / 5000 AS rev
  FROM bulk_now n JOIN bulk_items b ON b.item = n.item AND b.shapes = 'replace'
  JOIN annotations_annotation a ON a.item_id = b.item AND NOT a.deleted AND a.created_rev <= b.rev
), journalled AS (
  INSERT INTO annotations_journaltx
    (item_id, rev, client_id, tx_id, payload_hash, actor_id, at, ops, inverse, overwritten, skipped, undo_of)
  SELECT item, rev, %(client)s, 'delete.' || rev, sha256(convert_to(item || '.' || rev, 'UTF8')), %(actor)s::uuid,
         %(at)s::timestamptz,
         jsonb_agg(jsonb_build_object('op', 'delete', 'id', id) ORDER BY id),
         jsonb_agg(jsonb_build_object('op', 'restore', 'id', id) ORDER BY id DESC), '[]', '[]', ''
  FROM doomed GROUP BY item, rev
)
UPDATE annotations_annotation a
SET deleted = true, updated_rev = d.rev, updated_by_id = %(actor)s::uuid, updated_at = %(at)s::timestamptz,
    touched = a.touched || jsonb_build_object('deleted', jsonb_build_array(d.rev, %(actor)s::text, %(ms)s::bigint))
FROM doomed d WHERE a.id = d.id"""

BLOBS = """
INSERT INTO annotations_maskblob (item_id, digest, counts, created_by_id, created_at)
SELECT DISTINCT ON (m.item, m.digest) m.item, m.digest, m.counts, %(actor)s::uuid, now()
FROM bulk_blobs m JOIN bulk_now n ON n.item = m.item
ON CONFLICT (item_id, digest) DO NOTHING"""

SHAPES = """
INSERT INTO annotations_annotation
  (id, item_id, label_id, frame, geometry, attributes, keyframes, source, confidence, detection_id, "group", z,
   geom_rev, track_rev, created_rev, updated_rev, author_id, updated_by_id, updated_at, deleted, touched)
SELECT s.id, s.item, s.label, s.frame, s.geometry, s.attributes, s.keyframes, s.source, s.confidence, s.detection_id,
       s."group", s.z, r.rev, CASE WHEN s.keyframes IS NULL THEN 0 ELSE r.rev END, r.rev, r.rev,
       %(actor)s::uuid, %(actor)s::uuid, %(at)s::timestamptz, false,
       jsonb_build_object('created', jsonb_build_array(r.rev, %(actor)s::text, %(ms)s::bigint))
FROM bulk_now n JOIN bulk_items b ON b.item = n.item JOIN bulk_shapes s ON s.item = n.item
CROSS JOIN LATERAL (SELECT b.rev + b.deletes + s.part AS rev) r"""
SHAPES_SOME = SHAPES + " WHERE n.item = ANY(%(items)s::uuid[])"

JOURNAL = """
INSERT INTO annotations_journaltx
  (item_id, rev, client_id, tx_id, payload_hash, actor_id, at, ops, inverse, overwritten, skipped, undo_of)
SELECT b.item, b.rev + b.deletes + t.part, %(client)s, t.part::text, t.hash, %(actor)s::uuid, %(at)s::timestamptz,
       t.ops, t.inverse, '[]', '[]', ''
FROM bulk_now n JOIN bulk_items b ON b.item = n.item JOIN bulk_txs t ON t.item = n.item"""

ITEMS = """
UPDATE projects_item i
SET rev = b.rev + b.deletes + b.parts, detections = b.top, updated_at = now(),
    annotation_count = greatest(i.annotation_count - b.removed + b.added, 0),
    split = CASE WHEN i.split = '' THEN b.split ELSE i.split END
FROM bulk_now n JOIN bulk_items b ON b.item = n.item
WHERE i.id = b.item AND (b.parts + b.deletes > 0 OR (i.split = '' AND b.split <> ''))
RETURNING i.id::text, i.rev"""

# Whoever retires one of these labels waits for the end of this transaction, or is seen here.
LABELS = """
SELECT l.id::text, l.retired_at IS NULL FROM projects_label l WHERE l.id = ANY(%s::uuid[]) ORDER BY l.id FOR SHARE"""
