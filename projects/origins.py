"""Which handshakes may become sockets at all."""

from __future__ import annotations

from typing import Any

from channels.security.websocket import OriginValidator
from django.conf import settings


class OriginCheck(OriginValidator):
    """Refuses handshakes from other sites' pages.

    A browser always says where a page came from, so a handshake without Origin comes from a program. It
    may enter with a bearer token, which no foreign page can make a browser send; a cookie alone is not enough.
    """

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_HOSTS)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        program = not any(name == b"origin" for name, _ in scope.get("headers", ()))
        if program and bearer(scope):
            return await self.application(scope, receive, send)
        return await super().__call__(scope, receive, send)


def bearer(scope: dict[str, Any]) -> str:
    """The token offered as the subprotocol `bearer.<token>`; empty where there is none."""
    offered = [word for word in scope.get("subprotocols", ()) if word.startswith("bearer.")]
    return offered[0].removeprefix("bearer.") if offered else ""
