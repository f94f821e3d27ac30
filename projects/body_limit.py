"""Refuses request bodies above the upload limit while they arrive.

Django spools a whole body to disk before the first line of a view runs; without this, anybody could fill
the disk without signing in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Application = Callable[[dict[str, Any], _Receive, _Send], Awaitable[None]]

# Multipart and tus bodies carry files; any other has no business to be large.
_FILE_TYPES = (b"multipart/form-data", b"application/offset+octet-stream")


class BodyLimit:
    """An ASGI application that answers 413 for another one.

    files: most bytes of a body that carries files. others: most bytes of any other.
    """

    def __init__(self, application: _Application, files: int, others: int) -> None:
        self.application = application
        self.files = files
        self.others = others

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = self.files if headers.get(b"content-type", b"").lower().startswith(_FILE_TYPES) else self.others
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most:
            await _refuse(send, most)
            return
        gate = _Gate(receive, send, most)
        await self.application(scope, gate.receive, gate.send)


class _Gate:
    """Counts a body without a declared length; past the limit it answers, and tells the application to go home."""

    def __init__(self, receive: _Receive, send: _Send, most: int) -> None:
        self._receive, self._send, self._left = receive, send, most
        self._refused = False

    async def receive(self) -> _Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left >= 0:
            return message
        if not self._refused:
            self._refused = True
            await _refuse(self._send, None)
        return {"type": "http.disconnect"}

    async def send(self, message: _Message) -> None:
        if not self._refused:
            await self._send(message)


async def _refuse(send: _Send, most: int | None) -> None:
    limit = f" of {most / 2**20:,.0f} MiB" if most else ""
    detail = f"The body is larger than the limit{limit}: split the file or compress it more."
    problem = {"type": "about:blank", "title": "Content Too Large", "status": 413, "code": "too-large"}
    body = orjson.dumps(problem | {"detail": detail, "errors": []})
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
