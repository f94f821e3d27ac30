"""What we rely on below the public interface of aiortc and aioice; a new release of either is held to it here."""

from __future__ import annotations

import asyncio
import inspect
import socket

import aioice.ice
import av
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, rtcrtpsender
from aiortc.codecs.h264 import H264Encoder

from streaming import hooks
from streaming.hub import EncodeHub, Packer


@pytest.fixture(autouse=True)
def _as_before():
    """Other tests use aiortc as viewers: leave it as it was."""
    names = ("CONSENT_INTERVAL", "CONSENT_FAILURES", "get_host_addresses")
    kept = {name: getattr(aioice.ice, name) for name in names}
    history = rtcrtpsender.RTP_HISTORY_SIZE
    yield
    for name, value in kept.items():
        setattr(aioice.ice, name, value)
    rtcrtpsender.RTP_HISTORY_SIZE = history


def test_consent_is_read_at_each_check() -> None:
    source = inspect.getsource(aioice.ice.Connection.query_consent)
    assert "CONSENT_INTERVAL" in source and "CONSENT_FAILURES" in source
    hooks.lose_dead_viewers_soon()
    assert aioice.ice.CONSENT_INTERVAL * aioice.ice.CONSENT_FAILURES <= 6


def test_the_history_is_read_by_its_module_name() -> None:
    hooks.remember_more_packets()
    assert rtcrtpsender.RTP_HISTORY_SIZE == 1024
    for method in ("_run_rtp", "_retransmit"):
        assert "RTP_HISTORY_SIZE" in getattr(RTCRtpSender, method).__code__.co_names


async def _candidates() -> list[tuple[str, int]]:
    connection = aioice.ice.Connection(ice_controlling=False, components=1)
    await connection.gather_candidates()
    found = [(candidate.host, candidate.port) for candidate in connection.local_candidates]
    await connection.close()
    return found


async def test_the_chosen_address_alone_is_offered() -> None:
    hooks.offer_addresses(["127.0.0.1"])
    assert {host for host, _ in await _candidates()} == {"127.0.0.1"}


async def test_by_default_this_machine_is_offered_to_itself() -> None:
    hooks.offer_addresses([])
    assert "127.0.0.1" in {host for host, _ in await _candidates()}


async def test_ports_stay_within_the_range_until_it_is_used_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hooks.offer_addresses(["127.0.0.1"])
    hooks.keep_ports_within(asyncio.get_running_loop(), port, port)
    holder = aioice.ice.Connection(ice_controlling=False, components=1)
    await holder.gather_candidates()
    assert [candidate.port for candidate in holder.local_candidates] == [port]
    assert await _candidates() == []
    await holder.close()
    assert [used for _, used in await _candidates()] == [port]


async def test_a_request_for_a_key_frame_reaches_the_hub() -> None:
    assert "_send_keyframe" in RTCRtpSender._handle_rtcp_packet.__code__.co_names
    asked = []
    hub = EncodeHub("p")
    hub.attach(lambda **fields: asked.append(fields))
    connection = RTCPeerConnection()
    sender = connection.addTrack(hub.add_viewer("v"))
    hooks.forward_keyframe_requests(sender, hub.request_keyframe)
    for _ in range(5):
        sender._send_keyframe()
    await asyncio.sleep(0.05)
    await connection.close()
    assert asked.count({"keyframe": True}) == 1, "five requests at once are one"


async def test_packets_are_cut_once_for_all_viewers() -> None:
    assert "_RTCRtpSender__encoder" in RTCRtpSender._next_encoded_frame.__code__.co_names
    packet = av.Packet(b"\x00\x00\x00\x01\x65" + bytes(5000))
    packet.pts, packet.time_base = 90000, EncodeHub.time_base
    packer = Packer()
    first = packer.pack(packet)
    assert packer.pack(packet) is first
    assert first == H264Encoder().pack(packet)
    assert len(first[0]) > 1
