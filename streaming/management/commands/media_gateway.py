"""The media gateway's process."""

from __future__ import annotations

import asyncio
import re
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from projects import live
from streaming.gateway import Gateway, Options

_ALIVE_EVERY = 5.0


def ports(text: str) -> tuple[int, int] | None:
    """
    >>> ports("40000-40100"), ports("")
    ((40000, 40100), None)
    """
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if not found or not 1024 <= int(found[1]) <= int(found[2]) <= 65535:
        raise CommandError(f"GATEWAY_PORTS={text!r}: expected LOW-HIGH, such as 40000-40100, within 1024-65535.")
    return int(found[1]), int(found[2])


class Command(BaseCommand):
    requires_system_checks = ()  # they import every page; `up` and the tests run them
    help = "Send running pipelines to browsers by WebRTC."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        how = Options(
            settings.GATEWAY_SOCKET, settings.GATEWAY_ADDRESSES, ports(settings.GATEWAY_PORTS), settings.GATEWAY_VIEWERS
        )
        gateway, stop = Gateway(how), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await gateway.start()
        while not stop.is_set():
            await asyncio.to_thread(live.alive, "media_gateway")
            try:
                await asyncio.wait_for(stop.wait(), _ALIVE_EVERY)
            except TimeoutError:
                continue
        await gateway.stop()
