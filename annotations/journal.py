"""The only writer of annotations, for REST, imports, models, undo and restore; sockets go by `writer`.

Both run `batch.steps`: lock the item, has this transaction been applied, may this person, what does it do,
write annotations, the journal row and `rev + 1` in one database transaction, and ring only after its commit.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

import orjson
import redis
from django.db import connection, transaction

from annotations import batch, statements
from annotations.batch import Answers, Queries, Rows, Work
from annotations.protocol import Receipt, Rejected, Tx, check_tx
from projects import live

__all__ = ["Receipt", "Rejected", "commit", "commit_all", "frames_of", "prepare", "replay"]

FRAME_BYTES = 128 * 1024
LARGEST_TX = 512 * 1024


def commit(item_id: uuid.UUID | str, tx: Tx, actor: Any, *, source: str = "human") -> Receipt:
    """Apply a transaction to an item, durably, and tell everybody in its room.

    May be called inside a transaction (the item stays locked until that ends, and the room hears of it
    then) or outside of one.

    Args:
        actor: the User who acts; None for the system itself, which is not asked for permission.
        source: "human", or "model" / "import", whose `create` ops may carry `source` and `confidence`,
            or "history", which brings an earlier state back; these may have up to 500 ops.

    Raises:
        Rejected: nothing was applied. See `protocol` for the codes.
    """
    work = prepare(item_id, tx, actor.pk if actor is not None else None, source)
    try:
        answers = _run([work])
    except batch.Collision:
        answers = _run([work])
    answer = answers.of[0]
    if not isinstance(answer, Receipt):
        raise answer or Rejected("BUSY", "The item is being changed by many at once: send it again.", retryable=True)
    return answer


def commit_all(works: list[Work]) -> list[Receipt | Rejected]:
    """Apply prepared transactions of the same or of several items in one of the database, in their order.

    One that is refused changes nothing for the others: its answer is the refusal.
    """
    try:
        answers = _run(works)
    except batch.Collision:
        answers = _run(works)
    busy = Rejected("BUSY", "The item is being changed by many at once: send it again.", retryable=True)
    return [answer or busy for answer in answers.of]


def prepare(item_id: uuid.UUID | str, tx: Tx, actor_id: Any, source: str = "human") -> Work:
    """Check a transaction's form; touches no database.

    Raises:
        Rejected: INVALID or TOO_LARGE.
    """
    checked = check_tx(tx, trusted=source != "human")
    actor = str(actor_id) if actor_id is not None else None
    return Work(str(item_id), checked, actor, source, checked.digest().hex())


def _run(works: list[Work]) -> Answers:
    with transaction.atomic():
        running = batch.steps(works)
        answers = _drive(running)
        for room, message in messages_of(answers):
            _ring(room, message)
    return answers


def _drive(running: Any) -> Answers:
    rows: Rows | None = None
    with connection.cursor() as cursor:
        while True:
            try:
                queries: Queries = running.send(rows)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            rows = []
            for sql, parameters in queries:
                cursor.execute(sql, parameters)
                rows.append(cursor.fetchall())


def _ring(room: str, message: bytes) -> None:
    transaction.on_commit(lambda: _publish(room, message))


def _publish(room: str, message: bytes) -> None:
    with suppress(redis.RedisError):  # the room finds out by its next head
        live.client().publish(room, message)


def messages_of(answers: Answers) -> list[tuple[str, bytes]]:
    """(room, message) for each `ops` frame that a committed batch has for its rooms."""
    return [
        (live.item_room(item), message)
        for item, txs in answers.broadcasts.items()
        for message in frames_of(txs, LARGEST_TX)
    ]


def frames_of(txs: list[tuple[int, bytes]], largest: int = 2**31) -> list[bytes]:
    """`ops` messages of at most about 128 KiB for consecutive transactions (rev, JSON).

    A transaction above `largest` bytes is only announced by a `head`: whoever wants it pulls it.
    """
    frames: list[bytes] = []
    part: list[tuple[int, bytes]] = []
    size = 0
    for rev, text in txs:
        if part and size + len(text) > FRAME_BYTES:
            frames.append(_ops_message(part))
            part, size = [], 0
        if len(text) > largest:
            frames.append(orjson.dumps({"type": "head", "rev": rev}))
            continue
        part.append((rev, text))
        size += len(text)
    if part:
        frames.append(_ops_message(part))
    return frames


def _ops_message(txs: list[tuple[int, bytes]]) -> bytes:
    head = b'{"type":"ops","from":%d,"to":%d,"txs":[' % (txs[0][0], txs[-1][0])
    return head + b",".join(text for _, text in txs) + b"]}"


# Reading the journal

_HISTORY = f"""
SELECT j.rev, j.tx_id, j.client_id, j.actor_id::text, u.name, {statements.UTC_TEXT.format("j.at")}, j.ops::text
FROM annotations_journaltx j LEFT JOIN projects_user u ON u.id = j.actor_id
WHERE j.item_id = %s AND j.rev >= %s ORDER BY j.rev LIMIT %s"""
_SIZE = """
SELECT coalesce(sum(pg_column_size(ops)), 0) FROM annotations_journaltx WHERE item_id = %s AND rev >= %s"""


def replay(item_id: uuid.UUID | str, first: int, most: int, most_bytes: int = 2**62) -> list[tuple[int, bytes]] | None:
    """(rev, tx as JSON) of the transactions from revision `first` on, at most `most`.

    Returns:
        None when they have more than `most_bytes` together.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SIZE, [item_id, first])
        if cursor.fetchone()[0] > most_bytes:
            return None
        cursor.execute(_HISTORY, [item_id, first, most])
        txs = [(row[0], _tx_json(row)) for row in cursor.fetchall()]
    return None if sum(len(text) for _, text in txs) > most_bytes else txs


def _tx_json(row: Any) -> bytes:
    rev, tx_id, client_id, actor, name, at, ops = row
    public = {
        "rev": rev,
        "tx_id": tx_id,
        "client_id": client_id,
        "actor": {"id": actor, "name": name} if actor else None,
        "at": at,
        "ops": orjson.Fragment(ops),
    }
    return orjson.dumps(public)
