"""Many shapes into many items at once, with the journal's guarantees and without its row at a time.

First everything is staged on temporary tables, by COPY, while people go on labelling. Then one transaction writes the
shapes, which nobody sees yet, locks the items in id order, numbers anew what people moved meanwhile, writes the journal
and the revs, and ends: an open editor waits for no more than these last statements. It hears of a `head`, and pulls.

As after `journal.commit` the fold of an item's journal is its rows, revs have no gap, each shape has its number,
`touched` says who wrote it, and a transaction of at most 500 ops can be taken back by its `client_id` and `tx_id`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import redis
from django.db import DatabaseError, connection, transaction

from annotations import bulk_statements as sql
from annotations.checks import MAX_OPS_TRUSTED
from annotations.statements import array
from projects import live

_PIECE, _HEAP = 1 << 16, 1 << 20  # a socket holds a few pieces; heaps are sent one after the other
_RINGS_AT_ONCE = 500
_NOTHING = "\\N"
_NULL = _NOTHING.encode()

Op = dict[str, Any]


class BulkError(Exception):
    """Nothing was written: something that it needs is gone. `code` is "item-gone" or "label-gone"."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Target:
    """An item that shapes are staged for, as it was when it was looked up; `fresh`: it does not exist yet.

    Attributes:
        shapes: What to do about those it has: "skip" (leave the item alone if it has any by then), "replace" them,
            or "merge" (add to them).
        frames: Of a video; None of an image.
    """

    id: str
    rev: int = 0
    detections: int = 0
    width: int = 0
    height: int = 0
    frames: int | None = None
    shapes: str = "merge"
    fresh: bool = False
    asset: str | None = None
    path: str = ""
    split: str = ""
    state: str = "to-do"
    parts: int = 0
    added: int = 0
    top: int = 0
    pending: list[Op] = field(default_factory=list)


@dataclass
class Written:
    """What a transaction wrote: items with their new revs, and items that were left alone after all."""

    revs: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


class _Line:
    """The connection's one COPY, left open: PostgreSQL reads what came while the next rows are being made."""

    def __init__(self) -> None:
        self._sql = ""
        self._open = ExitStack()
        self._copy: Any = None

    def send(self, statement: str, data: bytes) -> None:
        if statement != self._sql:
            self.close()
            cursor = self._open.enter_context(connection.cursor())
            self._copy, self._sql = self._open.enter_context(cursor.copy(statement)), statement
        self._copy.write(data)

    def close(self) -> None:
        """Until then the connection is good for nothing else."""
        self._sql = ""
        self._open.close()


class _Copy:
    """Rows on their way into a temporary table."""

    def __init__(self, line: _Line, table: str, columns: str, at_once: int = _PIECE) -> None:
        self._line, self._at_once = line, at_once
        self._sql = f"COPY {table} ({columns}) FROM STDIN"
        self._rows: list[bytes] = []
        self._size = 0

    def add(self, row: bytes) -> None:
        self._rows.append(row)
        self._size += len(row)
        if self._size >= self._at_once:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._line.send(self._sql, b"\n".join(self._rows) + b"\n")
            self._rows, self._size = [], 0


class Staging:
    """Staged shapes of one import; a context manager, on Django's connection.

    Args:
        client: The journal's `client_id` of all that is written.
        actor: Id of the person whose shapes they are; None for nobody's.
    """

    def __init__(self, project_id: uuid.UUID, client: str, actor: uuid.UUID | None) -> None:
        self.project_id, self.client, self.actor = project_id, client, actor
        self.targets: dict[str, Target] = {}
        self.labels: set[str] = set()
        self._line = _Line()
        self._shapes = _Copy(
            self._line,
            "bulk_shapes",
            "id, item, part, label, frame, geometry, attributes, keyframes, source, confidence, detection_id,"
            ' "group", z',
        )
        self._txs = _Copy(self._line, "bulk_txs", "item, part, hash, ops, inverse", _HEAP)
        self._blobs = _Copy(self._line, "bulk_blobs", "item, digest, counts", _HEAP)
        self._ready = False

    def __enter__(self) -> Staging:
        self._run(sql.DROP, *sql.CREATE)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(DatabaseError, psycopg.Error):  # what broke the connection took the tables along
            self.settle()
            self._run(sql.DROP)

    def _run(self, *statements: str, **values: Any) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values or None)

    # Staging

    def add(self, target: Target, ops: Iterable[Op]) -> None:
        """Stage `create` ops of an item, checked and clipped already, with labels of the project.

        An op without `detection_id` gets the item's next number.
        """
        self.targets[target.id] = target
        for op in ops:
            number = op.get("detection_id") or max(target.top, target.detections) + 1
            op["detection_id"] = number
            target.top = max(target.top, number)
            target.added += op["source"] != "model"
            target.pending.append(op)
            if len(target.pending) == MAX_OPS_TRUSTED:
                self._write(target)

    def add_blob(self, target: Target, digest: str, counts: str) -> None:
        """Stage the run lengths of a mask that is too large for an op."""
        self._blobs.add(f"{target.id}\t{digest}\t".encode() + _text(counts.encode()))

    def finish_item(self, target: Target) -> None:
        """Nothing more is likely to come for an item: its last transaction is complete."""
        self.targets[target.id] = target
        if target.pending:
            self._write(target)

    def settle(self) -> None:
        """Let go of the connection: needed before anything else asks the database."""
        self._line.close()

    def _write(self, target: Target) -> None:
        ops, target.pending = target.pending, []
        target.parts += 1
        for op in ops:
            self.labels.add(op["label"])
            self._shapes.add(_shape_line(target.id, target.parts, op))
        text = orjson.dumps(ops)
        inverse = b",".join(b'{"op":"delete","id":"%b"}' % op["id"].encode() for op in reversed(ops))
        digest = hashlib.blake2b(text, digest_size=32).hexdigest()
        head = f"{target.id}\t{target.parts}\t\\\\x{digest}\t".encode()
        self._txs.add(head + _text(text) + b"\t[" + inverse + b"]")

    def _get_ready(self, in_parts: bool) -> None:
        if self._ready:
            return
        items = _Copy(
            self._line,
            "bulk_items",
            "item, rev, detections, top, parts, added, deletes, removed, shapes, fresh, asset, path, split, state",
        )
        for target in self.targets.values():
            self.finish_item(target)
            items.add(_item_line(target))
        for copy in (items, self._shapes, self._txs, self._blobs):
            copy.flush()
        self.settle()
        self._run(*(sql.INDEX if in_parts else ()), *sql.ANALYZE)
        self._ready = True

    # Writing

    def write(
        self,
        items: Sequence[str] | None = None,
        job: uuid.UUID | None = None,
        before: Callable[[], None] | None = None,
        finish: Callable[[Written], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> Written:
        """Write what is staged, of some items or of all, in one transaction, and tell those who look at them.

        Args:
            job: Its new items are remembered as this job's.
            before: Called at the start of the transaction: creates the labels that the shapes name.
            finish: Called at the end of it.
            check: Called between statements; raises when nobody wants it any more.

        Raises:
            BulkError: nothing was written. What the callables raise goes through, and nothing is written either.
        """
        self._get_ready(items is not None)
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        values = {
            "client": self.client,
            "actor": str(self.actor) if self.actor else None,
            "at": now.isoformat(),
            "ms": int(now.timestamp() * 1000),
            "project": str(self.project_id),
            "job": str(job) if job else None,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            pass_ = _Pass(cursor, values, check or (lambda: None))
            pass_.begin(items)
            if before:
                before()
            pass_.write_shapes()
            pass_.lock()
            self._require_labels(cursor)
            pass_.write_journal()
            if finish:
                finish(pass_.written)
            pass_.end()
            revs = pass_.written.revs
            transaction.on_commit(lambda: _ring(revs))
        return pass_.written

    def _require_labels(self, cursor: Any) -> None:
        cursor.execute(sql.LABELS, [array(self.labels)])
        there = {label for label, live_ in cursor.fetchall() if live_}
        if self.labels - there:
            raise BulkError(
                "label-gone", "A label of these shapes was deleted or merged meanwhile: preview the import again."
            )


class _Pass:
    """One transaction's statements, in their order."""

    def __init__(self, cursor: Any, values: dict[str, Any], check: Callable[[], None]) -> None:
        self.cursor, self.values, self.check = cursor, values, check
        self.written = Written()

    def run(self, statement: str, parameters: Any = None) -> None:
        self.check()
        self.cursor.execute(statement, self.values if parameters is None else parameters)

    def begin(self, items: Sequence[str] | None) -> None:
        self.cursor.execute(sql.NOW_NONE)
        if items is None:
            self.cursor.execute(sql.NOW_ALL)
        else:
            self.cursor.execute(sql.NOW_SOME, [array(items)])
        self.cursor.execute(sql.CHECK_AT_ONCE)
        self.cursor.execute(sql.TUNE)

    def end(self) -> None:
        self.cursor.execute(sql.CHECK_LATER)

    def write_shapes(self) -> None:
        """Everything that nobody sees before the end, and nobody waits for."""
        self.run(sql.NEW_ITEMS)
        if self.values["job"]:
            self.run(sql.ADDED_ITEMS)
        self._require_items()
        self._renumber()
        self.run(sql.COUNT_DELETED_ALL)
        self.run(sql.BLOBS)
        self.run(sql.SHAPES)

    def lock(self) -> None:
        """From here on people wait. What they moved before that is written anew."""
        self.run(sql.LOCK)
        moved = self._moved()
        if moved:
            self.run(sql.TAKE_OUT, [array(moved)])
            moved = self._renumber()
            if moved:
                self.run(sql.COUNT_DELETED_SOME, [array(moved)])
                self.run(sql.SHAPES_SOME, {**self.values, "items": array(moved)})

    def write_journal(self) -> None:
        self.run(sql.DELETE)
        self.run(sql.JOURNAL)
        self.run(sql.ITEMS)
        self.written.revs = dict(self.cursor.fetchall())

    def _require_items(self) -> None:
        self.run(sql.GONE)
        gone = self.cursor.fetchall()
        if gone:
            raise BulkError("item-gone", f"{len(gone)} of the items were deleted meanwhile: preview the import again.")

    def _moved(self) -> list[str]:
        self.run(sql.MOVED)
        return [item for item, _ in self.cursor.fetchall()]

    def _renumber(self) -> list[str]:
        """Number the rows of items that moved from where they are now; those that are to be left alone then, are."""
        self.run(sql.MOVED)
        found = self.cursor.fetchall()
        left = [item for item, leave in found if leave]
        moved = [item for item, leave in found if not leave]
        if left:
            self.written.left += left
            self.run(sql.LEAVE, [array(left)])
        if moved:
            for statement in sql.RENUMBER:
                self.run(statement, [array(moved)])
        return moved


# Rows as COPY reads them


def _text(data: bytes) -> bytes:
    return data.replace(b"\\", b"\\\\")


def _json(value: Any) -> bytes:
    return _NULL if value is None else _text(orjson.dumps(value))


def _shape_line(item: str, part: int, op: Op) -> bytes:
    get = op.get
    attributes = get("attributes")
    head = f"{op['id']}\t{item}\t{part}\t{op['label']}\t{_plain(get('frame'))}\t"
    confidence, group = _plain(get("confidence")), get("group") or _NOTHING
    tail = f"\t{op['source']}\t{confidence}\t{op['detection_id']}\t{group}\t{get('z', 0)}"
    pieces = (
        head.encode(),
        _json(op["geometry"]),
        b"\t",
        _json(attributes) if attributes else b"{}",
        b"\t",
        _json(get("keyframes")),
        tail.encode(),
    )
    return b"".join(pieces)


def _plain(value: float | None) -> str:
    return _NOTHING if value is None else repr(value)


def _item_line(target: Target) -> bytes:
    top = max(target.top, target.detections)
    plain = (target.id, target.rev, target.detections, top, target.parts, target.added, 0, 0, target.shapes)
    texts = [_text(text.encode()) for text in (target.path, target.split, target.state)]
    asset = _NULL if target.asset is None else target.asset.encode()
    return b"\t".join([*(str(each).encode() for each in plain), b"t" if target.fresh else b"f", asset, *texts])


def _ring(revs: dict[str, int]) -> None:
    """A `head` for each item: whoever has it open pulls what is new. One that is lost comes again within seconds."""
    names = list(revs)
    try:
        for start in range(0, len(names), _RINGS_AT_ONCE):
            pipe = live.client().pipeline(transaction=False)
            for name in names[start : start + _RINGS_AT_ONCE]:
                pipe.publish(live.item_room(name), orjson.dumps({"type": "head", "rev": revs[name]}))
            pipe.execute()
    except redis.RedisError:
        return
