"""The bytes of an upload, straight from the connection: nothing waits in memory or in a second file.

Django reads a body to its end before the first line of a view runs. For the bytes of resumable uploads this hands it
an empty body, and the view reads the real one piece by piece while it writes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from typing import IO, Any, NamedTuple, Protocol
from weakref import WeakSet

from projects.uploads.protocol import BODY_TYPE

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Application = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]

KEY = "frameloop.body"  # in the scope
PIECE_BYTES = 2**20
IDLE_S = 30.0  # a line that says nothing for so long is dead: whoever sends comes back on another one
_GATHER_S = 1.0  # a slow line's bytes are stored at least so often


class Broken(Exception):
    """The connection ended before the body did. `rest` are the last bytes that came."""

    def __init__(self, rest: bytes = b"") -> None:
        super().__init__("The connection ended before the body did.")
        self.rest = rest


class Body(Protocol):
    """length: bytes as declared; None where the sender does not say."""

    length: int | None

    def read(self) -> bytes:
        """The next piece, empty at the end. Raises `Broken`."""
        ...


class _Gathered(NamedTuple):
    piece: bytes
    more: bool
    broken: bool = False


class DirectBody:
    """Reads a connection from a thread, always one piece ahead of it."""

    coming: WeakSet[DirectBody] = WeakSet()  # those of this process

    def __init__(self, receive: _Receive, length: int | None) -> None:
        self.length = length
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._next: concurrent.futures.Future[_Gathered] | None = None
        self._over = self._closed = False
        self.coming.add(self)

    def read(self) -> bytes:
        if self._over:
            return b""
        if self._closed:
            raise Broken
        self._next = self._next or self._ask()
        try:
            gathered = self._next.result()
        except (concurrent.futures.CancelledError, RuntimeError):
            raise Broken from None
        if gathered.broken:
            raise Broken(gathered.piece)
        self._over = not gathered.more
        self._next = None if self._over or self._closed else self._ask()
        return gathered.piece

    def close(self) -> None:
        """Whoever still reads is told that the line is gone. Called in the event loop."""
        self._closed = True
        self.coming.discard(self)
        if self._next is not None:
            self._next.cancel()

    def _ask(self) -> concurrent.futures.Future[_Gathered]:
        return asyncio.run_coroutine_threadsafe(self._gather(), self._loop)

    async def _gather(self) -> _Gathered:
        parts: list[bytes] = []
        size, until = 0, self._loop.time() + _GATHER_S
        while size < PIECE_BYTES:
            try:
                async with asyncio.timeout(IDLE_S):
                    message = await self._receive()
            except TimeoutError:
                return _Gathered(b"".join(parts), False, broken=True)
            if message["type"] != "http.request":
                return _Gathered(b"".join(parts), False, broken=True)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body"):
                return _Gathered(b"".join(parts), False)
            if size and self._loop.time() > until:
                break
        return _Gathered(b"".join(parts), True)


class FileBody:
    """A body that a server has read already, as WSGI gives it."""

    def __init__(self, file: IO[bytes], length: int | None) -> None:
        self.length = length
        self._file = file

    def read(self) -> bytes:
        return self._file.read(PIECE_BYTES)


class DirectBodies:
    """An ASGI application that gives another one the bytes of uploads as `scope[KEY]`."""

    def __init__(self, application: _Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http" or not _carries_upload(scope):
            await self.application(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        declared = dict(scope["headers"]).get(b"content-length", b"")
        body = DirectBody(receive, int(declared) if declared.isdigit() else None)
        inner = {**scope, "headers": [*headers, (b"content-length", b"0")], KEY: body}
        try:
            await self.application(inner, _empty(), send)
        finally:
            body.close()


def _carries_upload(scope: dict[str, Any]) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    ours = "/uploads" in scope["path"] and scope["path"].startswith("/api/v1/")
    return ours and kinds[-1:] != [] and kinds[-1].lower().startswith(BODY_TYPE.encode())


def _empty() -> _Receive:
    """A request without a body, whose sender never hangs up: that the real one did, the reader of the body hears."""
    given = False

    async def receive() -> _Message:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive
