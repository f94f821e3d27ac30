"""A hub's queues are bounded, begin at key frames, and ask for them without a storm."""

from __future__ import annotations

import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError

from streaming import hub as hubs
from streaming.hub import EncodeHub
from streaming.wire import Unit


def unit(pts: int, key: bool = False) -> Unit:
    return Unit(b"\x00\x00\x00\x01\x65", pts, key)


class Link(list):
    def __call__(self, **fields) -> None:
        self.append(fields)

    def keys(self) -> int:
        return self.count({"keyframe": True})


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def hub(link) -> EncodeHub:
    hub = EncodeHub("p")
    hub.attach(link)
    return hub


async def test_a_viewer_begins_at_a_key_frame(hub, link) -> None:
    viewer = hub.add_viewer("v")
    hub.feed(unit(1, key=True))
    viewer.begin()
    hub.feed(unit(2))
    hub.feed(unit(3, key=True))
    hub.feed(unit(4))
    assert [(await viewer.recv()).pts for _ in range(2)] == [3, 4]
    await asyncio.sleep(0.02)
    assert link.keys() == 1


async def test_a_slow_viewer_is_flushed_to_the_next_key_frame(hub, link) -> None:
    slow, quick = hub.add_viewer("slow"), hub.add_viewer("quick")
    slow.begin()
    quick.begin()
    hub.feed(unit(0, key=True))
    seen = [(await quick.recv()).pts]
    for n in range(1, 40):
        hub.feed(unit(n))
        seen.append((await quick.recv()).pts)
    hub.feed(unit(40, key=True))
    assert (await slow.recv()).pts == 40, "what was queued is dropped, not sent late"
    assert seen == list(range(40)), "the other viewer lost nothing"
    assert slow.dropped == 40


async def test_a_burst_of_viewers_asks_for_one_key_frame_a_pause(hub, link, monkeypatch) -> None:
    monkeypatch.setattr(hubs, "KEYFRAME_PAUSE", 0.1)
    for n in range(50):
        hub.add_viewer(str(n)).begin()
    await asyncio.sleep(0.03)
    assert link.keys() == 1
    hub.request_keyframe()
    hub.request_keyframe()
    assert link.keys() == 1, "too soon"
    await asyncio.sleep(0.2)
    assert link.keys() == 2, "but not forgotten"


async def test_the_pipeline_knows_its_audience(hub, link) -> None:
    hub.add_viewer("v")
    reader = hub.add_reader()
    hub.remove_viewer("v")
    hub.remove_reader(reader)
    audience = [(told["viewers"], told["readers"]) for told in link if "viewers" in told]
    assert audience == [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]


async def test_a_removed_viewer_is_woken(hub) -> None:
    viewer = hub.add_viewer("v")
    waiting = asyncio.ensure_future(viewer.recv())
    await asyncio.sleep(0)
    hub.remove_viewer("v")
    with pytest.raises(MediaStreamError):
        await waiting


async def test_a_restarted_pipeline_takes_over(hub, link) -> None:
    later = Link()
    hub.add_viewer("v")
    hub.attach(later)
    hub.detach(link)
    assert hub.live, "the end of the old process does not end the new one"
    assert later == [{"viewers": 1, "readers": 0}]


async def test_readers_skip_to_the_newest_picture(hub) -> None:
    reader = hub.add_reader()
    hub.show(b"old")
    hub.show(b"new")
    assert reader.get_nowait() == b"new"
