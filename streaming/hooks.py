"""Every place where we reach below aiortc's and aioice's public interface, and why.

Both are pinned, and `tests/streaming/test_hooks.py` holds what is relied on here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import aioice.ice
import ifaddr
from aiortc import RTCRtpSender, rtcrtpsender

CONSENT_INTERVAL = 2
CONSENT_FAILURES = 2
HISTORY = 1024


def lose_dead_viewers_soon() -> None:
    """By default a viewer that vanished is sent to for 28 s; two missed checks are enough."""
    aioice.ice.CONSENT_INTERVAL = CONSENT_INTERVAL
    aioice.ice.CONSENT_FAILURES = CONSENT_FAILURES


def remember_more_packets() -> None:
    """128 packets are 0.6 s of video: a loss noticed later could not be mended."""
    rtcrtpsender.RTP_HISTORY_SIZE = HISTORY


def offer_addresses(chosen: list[str]) -> None:
    """Offer these addresses, or by default every IPv4 one of this machine with 127.0.0.1.

    Without this a browser on the same machine with no network has no address to reach.
    """

    def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return chosen or ["127.0.0.1", *_interfaces()]

    aioice.ice.get_host_addresses = host_addresses


def _interfaces() -> list[str]:
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [ip for ip in dict.fromkeys(found) if not ip.startswith(("127.", "169.254."))]


def keep_ports_within(loop: asyncio.AbstractEventLoop, low: int, high: int) -> None:
    """Bind media sockets that ask for any port to one in [low, high], so that a firewall can be told.

    With no port left the bind fails with OSError and aioice offers no candidate: the caller answers 503.
    """
    create: Callable[..., Any] = loop.create_datagram_endpoint

    async def within(protocol_factory: Any, local_addr: Any = None, **how: Any) -> Any:
        if not local_addr or local_addr[1]:
            return await create(protocol_factory, local_addr=local_addr, **how)
        count = high - low + 1
        start = random.randrange(count)
        for n in range(count):
            try:
                port = low + (start + n) % count
                return await create(protocol_factory, local_addr=(local_addr[0], port), **how)
            except OSError as error:
                refusal = error
        raise OSError(f"No UDP port is left between {low} and {high}.") from refusal

    loop.create_datagram_endpoint = within  # type: ignore[method-assign]


def forward_keyframe_requests(sender: RTCRtpSender, ask: Callable[[], None]) -> None:
    """A browser's PLI or FIR reaches the shared encoder; aiortc forwards none for packets."""
    sender._send_keyframe = ask  # type: ignore[method-assign]


def share_packer(sender: RTCRtpSender, packer: Any) -> None:
    """Cut an access unit into RTP payloads once for all viewers, not once for each."""
    sender._RTCRtpSender__encoder = packer  # type: ignore[attr-defined]
