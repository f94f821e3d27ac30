"""Talking to a consumer without a server."""

from __future__ import annotations

from channels.testing import WebsocketCommunicator


async def closing_code(peer: WebsocketCommunicator) -> int:
    """The code that the socket is closed with; what it says before is passed over."""
    while True:
        event = await peer.receive_output(timeout=5)
        if event["type"] == "websocket.close":
            return event["code"]
