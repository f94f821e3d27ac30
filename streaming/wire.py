"""What pipelines, web and gateway say to each other over the gateway's Unix socket. Pure.

A message is a 32-bit length, one byte that says its kind, and a body. The first message of a
connection is JSON and says who calls: a pipeline, a request, or a reader of still pictures.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

JSON, UNIT, PICTURE = b"J", b"U", b"P"
CLOCK_RATE = 90_000
LARGEST = 8 * 2**20

_HEAD = struct.Struct("!Ic")
_UNIT = struct.Struct("!qB")


class WireError(ConnectionError):
    """The other side does not speak this protocol, or went away within a message."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One H.264 access unit in Annex B form; `pts` counts 1/90000 s, `key` marks an IDR picture."""

    data: bytes
    pts: int
    key: bool

    def pack(self) -> bytes:
        return frame(UNIT, _UNIT.pack(self.pts, self.key) + self.data)

    @classmethod
    def unpack(cls, body: bytes) -> Unit:
        """
        >>> unit = Unit(b"abc", 90000, True)
        >>> Unit.unpack(unit.pack()[5:]) == unit
        True
        """
        pts, key = _UNIT.unpack_from(body)
        return cls(body[_UNIT.size :], pts, bool(key))


def frame(kind: bytes, body: bytes) -> bytes:
    return _HEAD.pack(len(body), kind) + body


def message(**fields: Any) -> bytes:
    return frame(JSON, json.dumps(fields).encode())


def _checked(head: bytes) -> tuple[int, bytes]:
    length, kind = _HEAD.unpack(head)
    if length > LARGEST or kind not in (JSON, UNIT, PICTURE):
        raise WireError(f"A message of kind {kind!r} with {length} bytes is none of this protocol.")
    return length, kind


async def read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next message as (kind, body).

    Raises:
        WireError: on a foreign or oversized message.
        asyncio.IncompleteReadError: when the other side went away.
    """
    length, kind = _checked(await reader.readexactly(_HEAD.size))
    return kind, await reader.readexactly(length)


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next message as (kind, body), blocking; `read` for threads."""
    length, kind = _checked(_exactly(connection, _HEAD.size))
    return kind, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise WireError("The other side closed the connection.")
        parts += part
    return bytes(parts)
