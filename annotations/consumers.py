"""`/ws/items/<id>/`: live collaboration on one item. The messages are described in `protocol`.

A connection goes through CONNECT and AUTH (in `RoomSocket`), SYNC (after `hello`, and during a `pull`: live
transactions wait until the replay is out) and LIVE.
"""

from __future__ import annotations

import asyncio
import re
import time
from enum import Enum
from functools import partial
from typing import Any

import orjson

from annotations import checks, journal, protocol
from annotations.protocol import Malformed, Presence, Receipt, Rejected
from annotations.rooms import WHO, ItemRoom, Rooms, last_rev
from annotations.writer import Writer
from projects import access, live
from projects.hub import Frame
from projects.ids import uuid7
from projects.models import Item
from projects.models.item import State as ItemState
from projects.sockets import (
    AUTH_WAIT_S,
    FRAME_BYTES,
    MALFORMED,
    OUTBOX_BYTES,
    OUTBOX_MESSAGES,
    RATE,
    VERSION,
    Refused,
    RoomSocket,
    in_thread,
)

REPLAY_TXS = 2000
REPLAY_BYTES = 2 * 2**20
TX_RATE, TX_BURST = 20.0, 40.0
MESSAGE_RATE, MESSAGE_BURST = 200.0, 400.0
MOST_IN_FLIGHT = 64
MERGED_BYTES = 128 * 1024
STALLED_S = 10.0
_OPS = re.compile(r'\{"type":"ops","from":(\d+),"to":(\d+),"txs":\[')


class State(Enum):
    JOINING = "joining"
    SYNC = "sync"
    LIVE = "live"


class Bucket:
    """A token bucket: `rate` a second, `burst` at once."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ItemSocket(RoomSocket):
    """One tab on one item."""

    unheard_bytes = 2 * 2**20

    def __init__(self) -> None:
        self.conn = str(uuid7())
        self.item_id = self.epoch = self.client_id = ""
        self.rank = access.Rank.NONE
        self.item_state = ""
        self.state = State.JOINING
        self.item_room: ItemRoom | None = None
        self._waiting: list[Frame] = []
        self._waiting_bytes = 0
        self._late: dict[str, Any] = {}
        self._in_flight = 0
        self._txs = Bucket(TX_RATE, TX_BURST)
        self._messages = Bucket(MESSAGE_RATE, MESSAGE_BURST)
        self._marks: list[tuple[float, int]] = []

    # Joining

    async def authorise(self) -> str:
        self.item_id = str(self.path["item_id"])
        before = self.rank
        self.rank, self.epoch, self.item_state = await in_thread(self._look_up)
        if self.state is not State.JOINING and before is not self.rank:
            self.send_message({"type": "role", "role": self.rank.name.lower()})
        return live.item_room(self.item_id)

    def _look_up(self) -> tuple[access.Rank, str, str]:
        item = access.fetch(Item.every.all(), self.user, self.item_id)
        return access.project_rank(self.user, item.project_id), str(item.epoch), item.state

    @property
    def works(self) -> bool:
        """Whether this person can do something here, and so belongs into the item's session."""
        needed = access.Act.REVIEW if self.item_state == ItemState.APPROVED else access.Act.ANNOTATE
        return self.state is not State.JOINING and self.may_write and self.rank >= needed

    async def on_join(self) -> None:
        self.item_room = await Rooms.here().enter(self)
        self.later(self._expect_hello())

    async def _expect_hello(self) -> None:
        await asyncio.sleep(AUTH_WAIT_S)
        if self.state is State.JOINING:
            self.close(MALFORMED, f"No hello within {AUTH_WAIT_S:.0f} s.")

    async def on_leave(self) -> None:
        await Rooms.here().leave(self)

    # From the client

    async def on_message(self, message: dict[str, Any]) -> None:
        if not self._messages.take():
            raise Refused(RATE, f"At most {MESSAGE_RATE:.0f} messages a second: send fewer, and connect again.")
        kind = message["type"]
        handler = self._HANDLERS.get(kind)
        if handler is None:
            raise Refused(MALFORMED, f"Unknown message type {kind[:40]!r}.")
        if (self.state is State.JOINING) != (kind == "hello"):
            raise Refused(MALFORMED, "The first message is hello, and it comes once.")
        try:
            await handler(self, message)
        except Malformed as error:
            raise Refused(MALFORMED, str(error)) from None

    async def _hello(self, message: dict[str, Any]) -> None:
        hello = protocol.parse_hello(message)
        if hello.proto != protocol.PROTO:
            raise Refused(VERSION, f"This server speaks protocol {protocol.PROTO}: reload the page.")
        if hello.item != self.item_id:
            raise Refused(MALFORMED, "hello names another item than the address.")
        self.client_id = hello.client_id
        self.state = State.SYNC
        if self.works and self.item_room is not None:
            self.item_room.attend_soon()
        head = await in_thread(self._head)
        self.send_message(self._welcome(head))
        known = hello.last_rev <= head and hello.epoch in ("", self.epoch)
        await self._replay(hello.last_rev + 1 if known else None)

    def _welcome(self, head: int) -> dict[str, Any]:
        limits = {
            "frame_bytes": FRAME_BYTES,
            "shape_bytes": checks.MAX_SHAPE_BYTES,
            "ops": checks.MAX_OPS,
            "tx_rate": TX_RATE,
            "tx_burst": TX_BURST,
        }
        user = {"id": str(self.user.pk), "name": self.user.name}
        return {
            "type": "welcome",
            "conn": self.conn,
            "epoch": self.epoch,
            "head": head,
            "role": self.rank.name.lower(),
            "limits": limits,
            "user": user,
        }

    async def _pull(self, message: dict[str, Any]) -> None:
        first = protocol.parse_pull(message).first
        self.state = State.SYNC
        await self._replay(first)

    async def _sub(self, message: dict[str, Any]) -> None:
        protocol.parse_sub(message)

    async def _presence(self, message: dict[str, Any]) -> None:
        self._be_present(protocol.parse_presence(message))

    def _be_present(self, presence: Presence) -> None:
        assert self.item_room is not None
        user = {"id": str(self.user.pk), "name": self.user.name}
        self.item_room.put(self.conn, {"user": user, **presence.public()})

    async def _tx(self, message: dict[str, Any]) -> None:
        try:
            tx = protocol.parse_tx(message, self.client_id)
            if not self._txs.take() or self._in_flight >= MOST_IN_FLIGHT:
                raise Rejected(
                    "RATE",
                    f"At most {TX_RATE:.0f} transactions a second: wait, or send more ops in one.",
                    retryable=True,
                )
            if not self.may_write:
                raise Rejected("FORBIDDEN", "This API token may only read: use one with the scope write.")
            work = journal.prepare(self.item_id, tx, self.user.pk)
        except Rejected as refusal:
            self.send_message(protocol.nack(message["tx_id"], refusal))
            return
        self._in_flight += 1
        if self.item_room is not None:
            self.item_room.stir(str(self.user.pk))
        Writer.here().submit(work).add_done_callback(partial(self._answer, tx.tx_id))

    def _answer(self, tx_id: str, future: asyncio.Future[Receipt]) -> None:
        self._in_flight -= 1
        error = future.exception()
        if isinstance(error, Rejected):
            self.send_message(protocol.nack(tx_id, error))
        elif error is None:
            self.send_message(future.result().ack())

    def pong(self, message: dict[str, Any]) -> dict[str, Any]:
        head = self.item_room.head if self.item_room else 0
        self._watch(message.get("rev"))
        return {"type": "pong", "rev": head}

    def _watch(self, rev: Any) -> None:
        """Find a reader that is stalled though its server takes everything: it has not applied old news."""
        now = time.monotonic()
        if type(rev) is int and any(now - at > STALLED_S and rev < head for at, head in self._marks):
            self.overflow()
        self._marks = [mark for mark in self._marks if now - mark[0] <= STALLED_S]
        if self.item_room and self.state is State.LIVE:
            self._marks.append((now, self.item_room.head))

    # To the client

    def deliver(self, room: str, frame: Frame) -> None:
        if room != self.room:
            super().deliver(room, frame)
        elif frame.text.startswith('{"type":"presence"'):
            self._show(frame)
        elif frame.text == WHO:
            return
        elif self.state is State.LIVE:
            self.send_text(frame.text, frame.size)
        else:
            self._waiting.append(frame)
            self._waiting_bytes += frame.size
            if len(self._waiting) > OUTBOX_MESSAGES or self._waiting_bytes > OUTBOX_BYTES:
                self.overflow()

    def tell_head(self, rev: int, state: str) -> None:
        if self.state is State.LIVE:
            self.send_message({"type": "head", "rev": rev, "state": state})

    def _show(self, frame: Frame) -> None:
        """Presence for a reader who is behind does not queue up: only each person's latest is kept."""
        if self.state is State.LIVE and not self.outbox and not self._late:
            self.send_text(frame.text, frame.size)
            return
        for entry in frame.message["batch"]:
            self._late[entry["conn"]] = entry
        if self.state is State.LIVE:
            self.wake()

    def next_text(self) -> str | None:
        text = super().next_text()
        if text is None and self._late:
            batch, self._late = list(self._late.values()), {}
            return orjson.dumps({"type": "presence", "batch": batch}).decode()
        if text is None or not self.outbox or not text.startswith('{"type":"ops"'):
            return text
        return self._with_followers(text)

    def _with_followers(self, text: str) -> str:
        """One `ops` message out of those that queue behind each other: a send costs more than its bytes."""
        head = _OPS.match(text)
        if head is None:
            return text
        last, bodies, size = int(head[2]), [text[head.end() : -2]], len(text)
        while self.outbox and size < MERGED_BYTES:
            following = _OPS.match(self.outbox[0][0])
            if following is None or int(following[1]) != last + 1:
                break
            more = super().next_text() or ""
            bodies.append(more[following.end() : -2])
            last, size = int(following[2]), size + len(more)
        if len(bodies) == 1:
            return text
        return f'{{"type":"ops","from":{head[1]},"to":{last},"txs":[{",".join(bodies)}]}}'

    # Replay

    def _head(self) -> int:
        """The item's revision now; the item may have been taken from this person's sight since."""
        return access.fetch(Item.every.all(), self.user, self.item_id).rev

    def _journal_from(self, first: int) -> tuple[int, list[tuple[int, bytes]] | None]:
        head = self._head()
        if first > head + 1 or head - first >= REPLAY_TXS:
            return head, None
        return head, journal.replay(self.item_id, first, REPLAY_TXS, REPLAY_BYTES)

    async def _replay(self, first: int | None) -> None:
        """Send the transactions from `first` on, or where to get a snapshot; then let the live ones through."""
        if first is None:
            head, txs = await in_thread(self._head), None
        else:
            head, txs = await in_thread(self._journal_from, first)
        if txs is None:
            self.send_message({"type": "snapshot", "rev": head, "url": f"/api/v1/items/{self.item_id}/annotations"})
        else:
            for part in journal.frames_of(txs):
                self.send_message(part)
                await self.flushed()
                self.unheard = 0
            head = max(head, txs[-1][0] if txs else 0)
        self._go_live(head)

    def _go_live(self, sent: int) -> None:
        self.state = State.LIVE
        if self.item_room is not None:
            self.item_room.begin(sent)
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for frame in waiting:
            if not frame.text.startswith('{"type":"ops"'):
                self.send_text(frame.text, frame.size)
            elif last_rev(frame.text) > sent:
                self._send_rest(frame, sent)
        self.wake()  # for those who were present before

    def _send_rest(self, frame: Frame, sent: int) -> None:
        message = frame.message
        if message["from"] > sent:
            self.send_text(frame.text, frame.size)
            return
        txs = [tx for tx in message["txs"] if tx["rev"] > sent]
        self.send_message({"type": "ops", "from": txs[0]["rev"], "to": txs[-1]["rev"], "txs": txs})

    _HANDLERS = {
        "hello": _hello,
        "tx": _tx,
        "pull": _pull,
        "presence": _presence,
        "sub": _sub,
    }
