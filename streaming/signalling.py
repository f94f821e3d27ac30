"""The web process's calls to the media gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from django.conf import settings

from streaming import wire

_TIMEOUT = 8.0
_DOWN = {
    "status": 503,
    "code": "gateway-down",
    "detail": "The media gateway is not running: it comes back by itself, or an operator looks at its log.",
}


async def call(role: str, **fields: Any) -> dict[str, Any]:
    """The gateway's answer; `status` is an HTTP status, 503 when the gateway cannot be reached."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_unix_connection(settings.GATEWAY_SOCKET)
            try:
                writer.write(wire.message(role=role, **fields))
                await writer.drain()
                answer: dict[str, Any] = json.loads((await wire.read(reader))[1])
                return answer
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
        return dict(_DOWN)


async def stills(pipeline: str, wait: float = 10.0) -> AsyncIterator[bytes]:
    """JPEG pictures of a pipeline as they come; ends when none came for `wait` seconds or the gateway went away."""
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_unix_connection(settings.GATEWAY_SOCKET)
        try:
            writer.write(wire.message(role="reader", pipeline=pipeline))
            while True:
                async with asyncio.timeout(wait):
                    yield (await wire.read(reader))[1]
        finally:
            writer.close()
