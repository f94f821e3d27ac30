"""Bodies above the limit are refused while they arrive, whether they say their length or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from projects.body_limit import BodyLimit

FORM = (b"content-type", b"multipart/form-data; boundary=x")


class Exchange:
    """One request: pieces of a body in, messages out. `seen` is what the application was given."""

    def __init__(self, pieces: list[bytes], headers: list[tuple[bytes, bytes]]) -> None:
        self.scope = {"type": "http", "headers": headers}
        self.incoming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        self.incoming.append({"type": "http.request", "body": b"", "more_body": False})
        self.sent: list[dict[str, Any]] = []
        self.seen = b""

    async def receive(self) -> dict[str, Any]:
        return self.incoming.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def application(self, scope, receive, send) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.seen += message["body"]
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})

    async def run(self) -> int:
        await BodyLimit(self.application, files=1000, others=100)(self.scope, self.receive, self.send)
        return self.sent[0]["status"]


@pytest.mark.parametrize(("kind", "length"), [([FORM], 1001), ([], 101)])
async def test_a_declared_length(kind, length):
    exchange = Exchange([b"x"], [*kind, (b"content-length", str(length).encode())])
    assert await exchange.run() == 413
    assert exchange.seen == b""
    assert json.loads(exchange.sent[1]["body"])["code"] == "too-large"


@pytest.mark.parametrize(("kind", "pieces"), [([FORM], 11), ([], 2)])
async def test_no_declared_length(kind, pieces):
    exchange = Exchange([b"x" * 100] * pieces, kind)
    assert await exchange.run() == 413
    assert len(exchange.sent) == 2


@pytest.mark.parametrize(("kind", "pieces"), [([FORM], 10), ([], 1)])
async def test_what_fits_passes(kind, pieces):
    exchange = Exchange([b"x" * 100] * pieces, kind)
    assert await exchange.run() == 200
    assert len(exchange.seen) == 100 * pieces
