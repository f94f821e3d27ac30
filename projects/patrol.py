"""The backstop behind revocation events: who sits in a room is asked again, every half minute, whether they may."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any, Protocol
from weakref import WeakKeyDictionary

_log = logging.getLogger(__name__)
SWEEP_S = 30.0


class Checked(Protocol):
    """A socket that can be asked again."""

    @property
    def open(self) -> bool: ...

    async def recheck(self) -> None: ...

    def send_message(self, message: dict[str, Any]) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


class Patrol:
    """Walks through the sockets of one event loop, one after the other; `Patrol.here()` is the loop's own."""

    _all: WeakKeyDictionary[asyncio.AbstractEventLoop, Patrol] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Patrol:
        return cls._all.setdefault(asyncio.get_running_loop(), cls())

    def __init__(self) -> None:
        self._sockets: set[Checked] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, socket: Checked) -> None:
        self._sockets.add(socket)
        if self._task is None:
            self._task = asyncio.create_task(self._walk(), name="socket patrol")

    def discard(self, socket: Checked) -> None:
        self._sockets.discard(socket)
        if not self._sockets and self._task is not None:
            self._task.cancel()
            self._task = None

    def open_ones(self) -> list[Checked]:
        return [socket for socket in self._sockets if socket.open]

    async def _walk(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S * random.uniform(0.8, 1.2))
            for socket in tuple(self._sockets):
                if socket.open:
                    try:
                        await socket.recheck()
                    except Exception:
                        _log.exception("a socket could not be checked")
