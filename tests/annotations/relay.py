"""A bad line between a client and the server: it drops, delays, repeats and reorders messages, and breaks."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LONGEST_DELAY_S = 0.15


@dataclass
class Faults:
    """How likely each message meets each fault; a delayed one is overtaken by those behind it."""

    drop: float = 0.0
    delay: float = 0.0
    repeat: float = 0.0
    cut: float = 0.0


class Relay:
    """Listens on a port of its own, and passes WebSocket messages on to `target` and back.

    The first message of each direction (hello, welcome) comes through as it is: without them there is no talk at
    all, only another attempt.
    """

    def __init__(self, target: str, dice: random.Random, faults: Faults) -> None:
        self.target, self.dice, self.faults = target.replace("http", "ws", 1), dice, faults
        self.met: dict[str, int] = dict.fromkeys(("dropped", "delayed", "repeated", "cut"), 0)
        self._server: Server | None = None
        self._late: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await serve(
            self._pass, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None,
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
        )  # fmt: skip
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        for task in self._late:
            task.cancel()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def _pass(self, client: ServerConnection) -> None:
        assert client.request is not None
        offered: Any = client.request.headers.get("Sec-WebSocket-Protocol", "").split(", ")
        url = f"{self.target}{client.request.path}"
        async with connect(url, subprotocols=offered, compression=None, max_size=None, ping_interval=None) as server:
            ways = [asyncio.ensure_future(self._one_way(*way)) for way in ((client, server), (server, client))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await client.close(server.close_code or 1011)

    async def _one_way(self, source: Any, to: Any) -> None:
        first = True
        with suppress(ConnectionClosed):
            async for message in source:
                if first:
                    await to.send(message)
                elif self._falls(self.faults.cut, "cut"):
                    source.transport.abort()
                    to.transport.abort()
                else:
                    await self._through(message, to)
                first = False

    async def _through(self, message: str | bytes, to: ServerConnection | ClientConnection) -> None:
        if self._falls(self.faults.drop, "dropped"):
            return
        for _ in range(2 if self._falls(self.faults.repeat, "repeated") else 1):
            if self._falls(self.faults.delay, "delayed"):
                task = asyncio.ensure_future(self._later(message, to))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            else:
                await to.send(message)

    async def _later(self, message: str | bytes, to: ServerConnection | ClientConnection) -> None:
        await asyncio.sleep(self.dice.random() * LONGEST_DELAY_S)
        with suppress(ConnectionClosed):
            await to.send(message)

    def _falls(self, chance: float, what: str) -> bool:
        falls = self.dice.random() < chance
        self.met[what] += falls
        return falls
