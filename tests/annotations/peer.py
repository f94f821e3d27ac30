"""A client of the collaboration protocol, as simple as one can be: the model that the server is held against."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from annotations import ops


class Closed(ConnectionError):
    """The socket ended before what was waited for came."""


class Peer:
    """One tab: it keeps the document by folding what it is sent, and asks for what it misses."""

    def __init__(self, base: str, item_id: Any, token: str, client_id: str = "") -> None:
        self.url = f"{base.replace('http', 'ws', 1)}/ws/items/{item_id}/"
        self.item_id, self.token = str(item_id), token
        self.client_id = client_id or uuid.uuid4().hex
        self.rev, self.epoch = 0, ""
        self.document: ops.Document = {}
        self.welcome: dict[str, Any] = {}
        self.seen: list[dict[str, Any]] = []
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.deaf = False  # drops every live `ops`, as a broken broadcast would
        self.socket: ClientConnection | None = None
        self._ahead: dict[int, dict[str, Any]] = {}
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    async def open(self, **options: Any) -> Peer:
        self.socket = await connect(
            self.url,
            subprotocols=[Subprotocol("frameloop.v1"), Subprotocol(f"bearer.{self.token}")],
            compression=None,
            max_size=None,
            ping_interval=None,
            **options,
        )
        return self

    async def join(self, **options: Any) -> Peer:
        await self.open(**options)
        await self.hello()
        return self

    async def hello(self, **changes: Any) -> None:
        assert self.socket is not None
        self._reader = asyncio.create_task(self._read())
        greeting = {
            "type": "hello",
            "proto": 1,
            "item": self.item_id,
            "client_id": self.client_id,
            "epoch": self.epoch,
            "last_rev": self.rev,
        }
        await self.send({**greeting, **changes})
        self.welcome = await self.until("welcome")
        self.epoch = self.welcome["epoch"]

    async def send(self, message: dict[str, Any] | str) -> None:
        assert self.socket is not None
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def submit(self, *todo: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Send a transaction and wait for its ack or nack."""
        return await self.submit_later(*todo, **fields)

    def submit_later(self, *todo: dict[str, Any], **fields: Any) -> asyncio.Future[dict[str, Any]]:
        message = {"type": "tx", "tx_id": uuid.uuid4().hex, "base_rev": self.rev, "ops": list(todo), **fields}
        future = self.answers.setdefault(message["tx_id"], asyncio.get_running_loop().create_future())
        sending = asyncio.ensure_future(self.send(message))
        sending.add_done_callback(lambda task: task.exception())
        return asyncio.ensure_future(asyncio.wait_for(asyncio.shield(future), 20))

    async def insist(self, *todo: dict[str, Any]) -> dict[str, Any]:
        """The ack of one transaction, over as many connections as it takes.

        Raises:
            AssertionError: it was refused for good.
        """
        message = {"tx_id": uuid.uuid4().hex, "base_rev": self.rev, "ops": list(todo)}
        while True:
            with suppress(OSError, WebSocketException):  # there will be another connection
                if self.socket is None or self.closed:
                    await self.join()
                answer = await self._answer(message)
                if answer is not None and answer["type"] == "ack":
                    return answer
                assert answer is None or answer["retryable"], answer
            await asyncio.sleep(0.1)

    async def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """What this connection answers to a transaction; None when it ends before."""
        self.answers.pop(message["tx_id"], None)
        answering, ended = self.submit_later(**message), asyncio.ensure_future(self.closing())
        await asyncio.wait({answering, ended}, return_when=asyncio.FIRST_COMPLETED)
        answered = answering.done()
        (ended if answered else answering).cancel()
        return answering.result() if answered else None

    async def until(self, kind: str, since: int = 0, **fields: Any) -> dict[str, Any]:
        """The first message of a kind, from the `since`-th message on."""

        def found() -> dict[str, Any] | None:
            wanted = {"type": kind, **fields}
            return next((m for m in self.seen[since:] if wanted.items() <= m.items()), None)

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: found() is not None or self.closed), 20)
        message = found()
        if message is None:
            raise Closed(f"closed with {self.close_code} before any {kind}")
        return message

    async def reach(self, rev: int) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: self.rev >= rev or self.closed), 20)
        assert self.rev >= rev, f"closed with {self.close_code} at rev {self.rev}"

    @property
    def closed(self) -> bool:
        return self._reader is not None and self._reader.done()

    @property
    def close_code(self) -> int | None:
        return self.socket.close_code if self.socket else None

    async def closing(self) -> int | None:
        assert self.socket is not None
        if self._reader is not None:
            await asyncio.wait_for(asyncio.shield(self._reader), 20)
        else:
            with suppress(ConnectionClosed):
                while True:
                    await asyncio.wait_for(self.socket.recv(), 20)
        return self.socket.close_code

    async def leave(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            await self._reader

    async def vanish(self) -> None:
        """Be gone without a word, as when a train enters a tunnel."""
        assert self.socket is not None
        self.socket.transport.abort()
        if self._reader is not None:
            await self._reader

    async def _read(self) -> None:
        assert self.socket is not None
        try:
            async for text in self.socket:
                message = json.loads(text)
                async with self._news:
                    await self._take(message)
                    self.seen.append(message)
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        finally:
            async with self._news:
                self._news.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind in ("ack", "nack"):
            future = self.answers.get(message["tx_id"])
            if future is not None and not future.done():
                future.set_result(message)
        elif kind == "ops" and not self.deaf:
            self._ahead |= {tx["rev"]: tx for tx in message["txs"]}
            assert message["from"] == message["txs"][0]["rev"] and message["to"] == message["txs"][-1]["rev"]
            while self.rev + 1 in self._ahead:
                self.document = ops.fold(self.document, [self._ahead.pop(self.rev + 1)])
                self.rev += 1
            self._ahead = {rev: tx for rev, tx in self._ahead.items() if rev > self.rev}
        elif kind == "head" and message["rev"] > self.rev and not self.deaf:
            await self.send({"type": "pull", "from": self.rev + 1})
