"""The bytes of an upload straight from the connection: a piece ahead of the disk, and told when the line is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from projects.uploads import body as bodies
from projects.uploads.body import KEY, PIECE_BYTES, Broken, DirectBodies, DirectBody
from projects.uploads.protocol import BODY_TYPE

CHUNK = 2**16


class Line:
    """A connection that gives its messages, then nothing any more."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.left, self.given = list(messages), 0

    async def receive(self) -> dict[str, Any]:
        if not self.left:
            await asyncio.Event().wait()
        self.given += 1
        return self.left.pop(0)


def chunks(count: int, last: bool = True) -> list[dict[str, Any]]:
    parts = [{"type": "http.request", "body": bytes([n % 256]) * CHUNK, "more_body": True} for n in range(count)]
    return parts + [{"type": "http.request", "body": b"", "more_body": False}] * last


async def test_no_more_than_a_piece_ahead():
    line = Line(*chunks(100))
    body = DirectBody(line.receive, None)
    first = await asyncio.to_thread(body.read)
    await asyncio.sleep(0.05)
    a_piece = PIECE_BYTES // CHUNK
    assert len(first) == PIECE_BYTES and line.given == 2 * a_piece
    rest = [first]
    while piece := await asyncio.to_thread(body.read):
        rest.append(piece)
    assert b"".join(rest) == b"".join(bytes([n]) * CHUNK for n in range(100))
    assert await asyncio.to_thread(body.read) == b""


async def test_a_line_that_ends_gives_what_came():
    body = DirectBody(Line(*chunks(3, last=False), {"type": "http.disconnect"}).receive, None)
    with pytest.raises(Broken) as broken:
        await asyncio.to_thread(body.read)
    assert len(broken.value.rest) == 3 * CHUNK


async def test_a_line_that_says_nothing_any_more_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "IDLE_S", 0.05)
    body = DirectBody(Line(*chunks(3, last=False)).receive, None)
    with pytest.raises(Broken) as broken:
        await asyncio.to_thread(body.read)
    assert len(broken.value.rest) == 3 * CHUNK


async def test_a_server_that_ends_lets_go_of_its_readers():
    body = DirectBody(Line().receive, None)
    reading = asyncio.create_task(asyncio.to_thread(body.read))
    await asyncio.sleep(0.05)
    body.close()
    with pytest.raises(Broken):
        await reading
    with pytest.raises(Broken):
        await asyncio.to_thread(body.read)


@pytest.mark.parametrize(
    ("path", "kind", "ours"),
    [
        ("/api/v1/uploads/x", BODY_TYPE, True),
        ("/api/v1/projects/x/uploads/", f"{BODY_TYPE}; x=y".upper(), True),
        ("/api/v1/uploads/x", "application/json", False),
        ("/api/v1/projects/x/items", BODY_TYPE, False),
        ("/uploads/x", BODY_TYPE, False),
    ],
)
async def test_only_uploads_are_handed_on(path, kind, ours):
    seen: dict[str, Any] = {}

    async def application(scope, receive, send) -> None:
        seen.update(scope=scope, first=await receive())

    headers = [(b"content-type", kind.encode()), (b"content-length", b"65536")]
    line = Line(*chunks(1))
    await DirectBodies(application)({"type": "http", "path": path, "headers": headers}, line.receive, line.receive)
    assert (KEY in seen["scope"]) is ours
    assert seen["first"]["body"] == (b"" if ours else bytes(CHUNK))
    assert dict(seen["scope"]["headers"])[b"content-length"] == (b"0" if ours else b"65536")
    assert not ours or seen["scope"][KEY].length == 65536
