"""What a process knows of the items that are open here: their head, and who is where on them.

Presence is latest-wins for each connection and leaves at most 30 times a second as one message for a room;
it is never stored. Heads come from the database every 5 s, so that a crash between commit and broadcast
shows even while Redis is away. The same beat says who is at work where, for the items' sessions.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import orjson
from django.db import close_old_connections, connection

from annotations.people import sessions
from annotations.writer import Writer
from projects.hub import Frame, Hub
from projects.sockets import DRAIN, MISSING, in_thread

if TYPE_CHECKING:
    from annotations.consumers import ItemSocket

_log = logging.getLogger(__name__)
TICK_S = 1 / 30
HEAD_S = 5.0
ATTEND_S = 0.2  # who comes together is told together
FIGURES_S = 3.0
_PAUSES_S = (0.0, 0.5, 2.0)
_figures = ThreadPoolExecutor(1, thread_name_prefix="sessions")  # so that figures never take a thread from an edit
WHO = '{"type":"presence-who"}'
_HEADS = "SELECT id::text, rev, epoch::text, state FROM projects_item WHERE id = ANY(%s::uuid[])"


class ItemRoom:
    """One open item: the sockets of this process, and what their people do."""

    def __init__(self, name: str, item_id: str) -> None:
        self.name = name
        self.item_id = item_id
        self.sockets: set[ItemSocket] = set()
        self.head = 0
        self._here: dict[str, dict[str, Any]] = {}
        self._due: dict[str, dict[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._offset = random.uniform(0, TICK_S)  # so that a thousand rooms do not all speak at once
        self._stirred: set[str] = set()
        self._left: set[str] = set()
        self._told_at = time.monotonic()
        self._attending: asyncio.TimerHandle | None = None
        self._since: int | None = None

    def deliver(self, room: str, frame: Frame) -> None:
        text = frame.text
        if text.startswith('{"type":"ops"'):
            self.head = max(self.head, last_rev(text))
        elif text == WHO:
            self._due |= {conn: state for conn, state in self._here.items() if conn not in self._due}
            self._schedule()

    def put(self, conn: str, state: dict[str, Any]) -> None:
        """Where somebody is now; who is somewhere else than before has done something."""
        known = self._here.get(conn)
        self._here[conn] = self._due[conn] = {"conn": conn, **state}
        if known is not None and known != self._here[conn]:
            self._stirred.add(state["user"]["id"])
        self._schedule()

    def stir(self, user_id: str) -> None:
        self._stirred.add(user_id)

    def begin(self, head: int) -> None:
        """Somebody is live from `head` on; the first one's is where the item's session begins to count."""
        self.head = max(self.head, head)
        if self._since is None:
            self._since = self.head

    def attend_soon(self) -> None:
        """Somebody has come to work: tell the item's session."""
        if self._attending is None:
            loop = asyncio.get_running_loop()
            self._attending = loop.call_later(ATTEND_S, lambda: Rooms.here().background(self._attend()))

    async def _attend(self) -> None:
        self._attending = None
        await _tell_sessions([self.attendance()])

    def attendance(self) -> sessions.Kept:
        """Who works here, or did since the last time that this was asked; with the seconds in which they did."""
        if self._attending is not None:
            self._attending.cancel()
            self._attending = None
        now = time.monotonic()
        passed, self._told_at = min(now - self._told_at, 2 * HEAD_S), now
        workers = {str(socket.user.pk) for socket in self.sockets if socket.works} | self._left
        active, self._stirred, self._left = self._stirred, set(), set()
        people = {each: passed if each in active else 0.0 for each in sorted(workers)}
        return sessions.Kept(self.item_id, people, self._since)

    def leave(self, socket: ItemSocket) -> None:
        self.sockets.discard(socket)
        if socket.works:
            self._left.add(str(socket.user.pk))
        self.gone(socket.conn)

    def gone(self, conn: str) -> None:
        if self._here.pop(conn, None) is not None:
            self._due[conn] = {"conn": conn, "gone": True}
            self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._due:
            loop = asyncio.get_running_loop()
            wait = TICK_S - (loop.time() + self._offset) % TICK_S
            self._timer = loop.call_later(wait, self._tick)

    def _tick(self) -> None:
        self._timer = None
        Rooms.here().background(self.flush())

    async def flush(self) -> None:
        """Send what is due now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            batch, self._due = list(self._due.values()), {}
            await Hub.here().publish([(self.name, orjson.dumps({"type": "presence", "batch": batch}))])


def last_rev(text: str) -> int:
    """`to` of an `ops` message, without parsing the transactions in it.

    >>> last_rev('{"type":"ops","from":3,"to":12,"txs":[]}')
    12
    """
    start = text.index('"to":') + 5
    return int(text[start : text.index(",", start)])


class Rooms:
    """The open items of one event loop; `Rooms.here()` is the loop's own."""

    _all: WeakKeyDictionary[asyncio.AbstractEventLoop, Rooms] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Rooms:
        return cls._all.setdefault(asyncio.get_running_loop(), cls())

    def __init__(self) -> None:
        self._rooms: dict[str, ItemRoom] = {}
        self._beat: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def enter(self, socket: ItemSocket) -> ItemRoom:
        """Take a socket into its item's room, and ask who else is there."""
        room = self._rooms.get(socket.room)
        if room is None:
            room = self._rooms[socket.room] = ItemRoom(socket.room, socket.item_id)
        room.sockets.add(socket)
        if self._beat is None:
            self._beat = asyncio.create_task(self._beating(), name="heads of items")
        await Hub.here().join(socket.room, room)
        await Hub.here().publish([(socket.room, WHO.encode())])
        return room

    async def leave(self, socket: ItemSocket) -> None:
        room = self._rooms.get(socket.room)
        if room is None or socket not in room.sockets:
            return
        room.leave(socket)
        if room.sockets:
            return
        await room.flush()
        await _tell_last(room.attendance())
        if room.sockets:  # somebody came meanwhile
            return
        self._rooms.pop(socket.room, None)
        await Hub.here().leave(socket.room, room)
        if not self._rooms:
            await self._rest()

    async def _rest(self) -> None:
        """Nobody edits here any more: let the connections go."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        await Writer.here().close()
        await Hub.here().close()

    def background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beating(self) -> None:
        while True:
            await asyncio.sleep(HEAD_S * random.uniform(0.9, 1.0))
            try:
                self._tell_heads(await in_thread(_read_heads, [room.item_id for room in self._rooms.values()]))
            except Exception:
                _log.exception("the heads of the open items could not be read")
            await _tell_sessions([room.attendance() for room in self._rooms.values()])

    def _tell_heads(self, heads: dict[str, tuple[int, str, str]]) -> None:
        for room in tuple(self._rooms.values()):
            found = heads.get(room.item_id)
            if found is not None:
                room.head = max(room.head, found[0])
            for socket in tuple(room.sockets):
                if found is None:
                    socket.close(MISSING, "The item was deleted.")
                elif found[1] != socket.epoch:
                    socket.close(DRAIN, "The item was restored from a backup: connect again.")
                else:
                    socket.tell_head(found[0], found[2])


async def _tell_last(kept: sessions.Kept) -> None:
    """Nobody will tell it after this: where another process holds the session just now, it is told again."""
    for pause in _PAUSES_S:
        await asyncio.sleep(pause)
        if await _tell_sessions([kept]):
            return


async def _tell_sessions(kept: list[sessions.Kept]) -> bool:
    """Figures may fail, and then come later; nothing else fails with them. Gives whether they were kept."""
    told = [one for one in kept if one.people]
    if not told:
        return True
    try:
        work = asyncio.get_running_loop().run_in_executor(_figures, _keep, told)
        await asyncio.wait_for(work, FIGURES_S)
    except Exception as error:
        _log.warning("the sessions of %d items were not kept: %r", len(told), error)
        return False
    return True


def _keep(told: list[sessions.Kept]) -> None:
    try:
        sessions.keep_all(told)
    finally:
        close_old_connections()


def _read_heads(ids: list[str]) -> dict[str, tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [ids])
        return {item: (rev, epoch, state) for item, rev, epoch, state in cursor.fetchall()}
