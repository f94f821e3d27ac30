"""Every message of live collaboration on `/ws/items/<id>/`, parsed strictly. Pure.

Each message is one JSON text frame `{"type": ..., ...}` of at most 256 KiB. An unknown type or field, a
missing one, NaN or infinity close the socket with 4400; inside a `tx` that names its `tx_id` they are
answered by a `nack` instead. The other close codes are those of every socket: see `projects.sockets`.

Client to server
    hello     {proto: 1, item, client_id, epoch?, last_rev}   the first message; client_id is one per tab,
              last_rev the newest revision the client holds (0: none), epoch that of its last welcome
    tx        {tx_id, base_rev, ops, undo_of?}   1 to 200 ops, applied all or not at all; base_rev is the
              newest confirmed revision when the person acted. `undo_of: <tx_id of mine>` with `ops: []`
              takes one's own transaction back, and naming the undo's own tx_id does it again
    pull      {from}   send me the transactions from this revision on
    presence  {cursor: [x, y] | null, frame, selection: [id], tool, drag?: {id, geometry},
              view?: {x, y, w} | null, away?, given_up?}   latest wins. `view` is what is on screen, for those
              who follow: its middle and its width in pixels of the picture; `drag` is what a hand holds, an advisory
              lock that peers show for 15 s after its last change; `given_up` says that what the hand held last was let
              go without a change, so that peers need not wait for its op
    sub       {frames: null | [first, last]}   checked, and nothing more: every frame of an item is sent to all,
              since undo, tracks and the list of labelled frames need the whole document
    ping      {rev?}   answered by pong; rev is the newest revision the client has applied
    auth      {token}   another token for the one that signed in, or the first message of who signed in by none

Server to client
    welcome   {conn, epoch, head, role, limits, user: {id, name}}
    ops       {from, to, txs: [{rev, tx_id, client_id, actor: {id, name} | null, at, ops}]}   revisions
              from..to without a gap, the author's own too. The ops are what took effect: clipped, merged,
              with `source: "human"` where an edit accepted a suggestion. A `restore` carries the whole `shape`
    snapshot  {rev, url}   too far behind, or more has changed than a replay is worth (2,000 transactions, 2 MiB),
              or the client knows of another epoch or a revision that there is not: GET url -> {rev, results}, then
              `pull {from: rev + 1}`
    ack       {tx_id, rev, overwritten: [{id, property, by: {id, name}, rev, value}],
              skipped: [{id, property, by}]}   committed to disk
    nack      {tx_id, code, detail, current, retryable}   nothing of it was applied; `current` is the
              shape in the way
    head      {rev, state?}   every 5 s, and at once in place of an `ops` that is too large to be sent to all; a
              client that is behind and misses nothing in flight pulls. `state` is the item's, for those who
              missed a `state`
    presence  {batch: [{conn, user, cursor, frame, selection, tool, drag, view, away, given_up}
              | {conn, gone: true}]}
              one's own conn is among them
    role      {role}   one's own has changed. What rings in a person's room when their access changes (`access`)
              is not passed on: the server looks again, and answers by this or closes with 4403
    reauth    {deadline}   the token that signed in is about to expire: seconds within which an `auth` has to come
    goaway    {retry_after}   the server is about to stop, and closes with 4503: connect again after about so many
              seconds, each client with a jitter of its own
    state     {state, by: {id, name} | null, reason}   somebody took the item to another state
    thread    {thread}   comments of the item changed: the whole thread, as GET items/{id}/threads has it
    session   {session}   who is at work on the item has changed, as GET sessions/{id} has it but for the thumbnail
    notice    {id, kind, text, url}   for this person alone; `notices-read {unread}` when they read some
    pong      {rev}   the room's head as far as this server knows

Codes of a nack: INVALID, MISSING, EXISTS, GONE, CONFLICT, ANCHOR_GONE, TOO_FEW, LAST_KEYFRAME, OUTSIDE,
UNKNOWN_LABEL, FRAME_RANGE, TOO_LARGE, NOTHING_TO_UNDO, ID_REUSED, AHEAD, ITEM_APPROVED,
FORBIDDEN, NO_ITEM; retryable ones: RATE, BUSY, INTERNAL.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from annotations import checks
from annotations.checks import Check, Malformed, Rejected, check_ops

__all__ = [
    "Hello",
    "Malformed",
    "Presence",
    "Pull",
    "Receipt",
    "Rejected",
    "Sub",
    "Tx",
    "check_tx",
    "nack",
    "parse_hello",
    "parse_presence",
    "parse_pull",
    "parse_sub",
    "parse_tx",
]

PROTO = 1
MAX_SELECTION = 200
_TOOL = re.compile(r"[a-z0-9-]{0,24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hello:
    item: str
    client_id: str
    epoch: str
    last_rev: int
    proto: int = PROTO


@dataclass(frozen=True, slots=True)
class Tx:
    """A transaction as a client sends it. `ops` are plain JSON objects; `check_ops` has checked them or will."""

    client_id: str
    tx_id: str
    base_rev: int
    ops: list[dict[str, Any]]
    undo_of: str = ""

    def digest(self) -> bytes:
        """32 bytes that are the same for the same payload: an id used again for another one is found out."""
        payload = orjson.dumps([self.undo_of, self.ops], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(payload, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Pull:
    first: int


@dataclass(frozen=True, slots=True)
class Sub:
    frames: Any


@dataclass(frozen=True, slots=True)
class Presence:
    cursor: list[float] | None
    frame: int | None
    selection: list[str]
    tool: str
    drag: dict[str, Any] | None = None
    view: dict[str, float] | None = None
    away: bool = False
    given_up: bool = False

    def public(self) -> dict[str, Any]:
        """The fields that the peers see."""
        return {
            "cursor": self.cursor,
            "frame": self.frame,
            "selection": self.selection,
            "tool": self.tool,
            "drag": self.drag,
            "view": self.view,
            "away": self.away,
            "given_up": self.given_up,
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a committed transaction; a repeat of the transaction gets an equal one."""

    tx_id: str
    rev: int
    overwritten: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def ack(self) -> dict[str, Any]:
        message: dict[str, Any] = {"type": "ack", "tx_id": self.tx_id, "rev": self.rev}
        return {**message, "overwritten": self.overwritten, "skipped": self.skipped}


def nack(tx_id: str, error: Rejected) -> dict[str, Any]:
    return {
        "type": "nack",
        "tx_id": tx_id,
        "code": error.code,
        "detail": error.detail,
        "current": error.current,
        "retryable": error.retryable,
    }


def check_tx(tx: Tx, trusted: bool = False) -> Tx:
    """The same transaction with checked ops and ids, ready for the journal.

    Raises:
        Rejected: see `check_ops`; also for a transaction that neither has ops nor undoes one.
    """
    try:
        checks.name(tx.client_id, "/client_id")
        checks.name(tx.tx_id, "/tx_id")
        checks.optional_name(tx.undo_of, "/undo_of")
        checks.revision(tx.base_rev, "/base_rev")
    except Malformed as error:
        raise Rejected("INVALID", str(error)) from None
    ops = check_ops(tx.ops, trusted)
    if bool(ops) is bool(tx.undo_of):
        raise Rejected("INVALID", "/ops: must hold at least one op, and none when undo_of is given")
    return Tx(tx.client_id, tx.tx_id, tx.base_rev, ops, tx.undo_of)


_TX: tuple[dict[str, Check], dict[str, Check]] = (
    {"type": checks.one_of("tx"), "tx_id": checks.name, "base_rev": checks.revision, "ops": lambda value, where: value},
    {"undo_of": checks.optional_name},
)


def parse_tx(message: dict[str, Any], client_id: str) -> Tx:
    """A `tx` message; its ops are checked by the journal, which knows how far to trust the caller.

    Raises:
        Malformed: there is no usable tx_id to answer to. Rejected: INVALID, to be answered by a nack.
    """
    tx_id = checks.name(message.get("tx_id"), "/tx_id")
    try:
        checked = checks.fields(message, "", *_TX)
    except Malformed as error:
        raise Rejected("INVALID", str(error)) from None
    return Tx(client_id, tx_id, checked["base_rev"], checked["ops"], checked.get("undo_of", ""))


def parse_hello(message: dict[str, Any]) -> Hello:
    must: dict[str, Check] = {
        "type": checks.one_of("hello"),
        "proto": checks.whole(0, 1000),
        "item": checks.uuid_text,
        "client_id": checks.name,
        "last_rev": checks.revision,
    }
    checked = checks.fields(message, "", must, {"epoch": checks.optional_name})
    return Hello(checked["item"], checked["client_id"], checked.get("epoch", ""), checked["last_rev"], checked["proto"])


def parse_pull(message: dict[str, Any]) -> Pull:
    return Pull(
        checks.fields(message, "", {"type": checks.one_of("pull"), "from": checks.whole(1, checks.MAX_REV)}, {})["from"]
    )


def parse_sub(message: dict[str, Any]) -> Sub:
    """Which frames the client looks at: null, or a pair [first, last]."""
    checked = checks.fields(message, "", {"type": checks.one_of("sub"), "frames": _frame_range}, {})
    return Sub(checked["frames"])


def _frame_range(value: Any, where: str) -> Any:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed("must be null or [first, last]", where)
    return [checks.frame_number(part, where) for part in value]


def parse_presence(message: dict[str, Any]) -> Presence:
    checked = checks.fields(message, "", *_PRESENCE)
    return Presence(
        checked["cursor"], checked.get("frame"), checked.get("selection", []), checked.get("tool", ""),
        checked.get("drag"), checked.get("view"), checked.get("away", False),
        checked.get("given_up", False),
    )  # fmt: skip


def _cursor(value: Any, where: str) -> list[float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed("must be [x, y] or null", where)
    return [checks.coordinate(value[0], f"{where}/0"), checks.coordinate(value[1], f"{where}/1")]


def _selection(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_SELECTION:
        raise Malformed(f"must be a list of at most {MAX_SELECTION} ids", where)
    return [checks.uuid_text(part, f"{where}/{n}") for n, part in enumerate(value)]


def _tool(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _TOOL.fullmatch(value):
        raise Malformed("must be at most 24 lower-case letters, digits and dashes", where)
    return value


def _view(value: Any, where: str) -> dict[str, Any]:
    parts: dict[str, Check] = {"x": checks.coordinate, "y": checks.coordinate, "w": _width}
    return checks.fields(checks.json_object(value, where), where, parts, {})


def _width(value: Any, where: str) -> float:
    width = checks.coordinate(value, where)
    if not width > 0:
        raise Malformed("must be above 0", where)
    return width


def _drag(value: Any, where: str) -> dict[str, Any]:
    return checks.fields(
        checks.json_object(value, where), where, {"id": checks.uuid_text, "geometry": _drag_geometry}, {}
    )


def _drag_geometry(value: Any, where: str) -> dict[str, Any]:
    geometry = checks.geometry(value, where)
    if len(orjson.dumps(geometry)) > 8192:
        raise Malformed("is too large for a preview: leave it out", where)
    return geometry


_PRESENCE: tuple[dict[str, Check], dict[str, Check]] = (
    {"type": checks.one_of("presence"), "cursor": checks.or_null(_cursor)},
    {
        "frame": checks.or_null(checks.frame_number),
        "selection": _selection,
        "tool": lambda value, where: "" if value is None else _tool(value, where),
        "drag": checks.or_null(_drag),
        "view": checks.or_null(_view),
        "away": checks.flag,
        "given_up": checks.flag,
    },
)
