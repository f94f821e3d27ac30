"""An ASGI application that writes a body into the file BENCH_COPY, and nothing else: what the server alone can do."""

from __future__ import annotations

import os
from typing import Any


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    with open(os.environ["BENCH_COPY"], "wb", buffering=0) as copy:  # noqa: ASYNC230, PTH123 - on purpose the plainest way
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            copy.write(message.get("body", b""))
            more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
