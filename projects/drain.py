"""Leaving in good order: before a web process ends, it tells its sockets when to come back, and stores what came of
uploads.

`goaway {retry_after}` and the close code 4503 go out, and only then the server's own handler of SIGTERM runs, which
would cut the connections off without a word. Clients spread their return by a jitter of their own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from projects.patrol import Patrol
from projects.uploads.body import DirectBody

_log = logging.getLogger(__name__)
RETRY_AFTER_S = 2
FLUSH_S = 0.5


def on_sigterm() -> None:
    """Put the goodbye before whatever the server does at SIGTERM. Call it in the server's running event loop."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    begun = False

    def leave(signum: int, frame: FrameType | None) -> None:
        nonlocal begun
        again, begun = begun, True
        if again or not callable(before) or not loop.is_running():
            _stop(before, signum, frame)
        else:
            loop.call_soon_threadsafe(_say_goodbye, loop, lambda: _stop(before, signum, frame))

    with suppress(ValueError):  # only the main thread has signals; elsewhere nothing is sent to this server
        signal.signal(signal.SIGTERM, leave)


def _stop(before: Any, signum: int, frame: FrameType | None) -> None:
    if callable(before):
        before(signum, frame)
    else:
        raise SystemExit(0)


def _say_goodbye(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    sockets = Patrol.here().open_ones()
    for socket in sockets:
        try:
            socket.send_message({"type": "goaway", "retry_after": RETRY_AFTER_S})
            socket.close(4503, "The server restarts: connect again.")
        except Exception:
            _log.exception("a socket did not take its goodbye")
    bodies = list(DirectBody.coming)
    for body in bodies:
        body.close()
    loop.call_later(FLUSH_S if sockets or bodies else 0.0, stop)
