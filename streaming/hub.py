"""Encode once, watch by hundreds: one stream of access units fanned out to every viewer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from streaming.wire import CLOCK_RATE, Unit

QUEUE = 8
KEYFRAME_PAUSE = 0.3


class Packer:
    """Cuts access units into RTP payloads, the last few of them only once."""

    def __init__(self) -> None:
        self._cut: dict[int, tuple[av.Packet, tuple[list[bytes], int]]] = {}
        self._encoder = H264Encoder()

    def pack(self, packet: av.Packet) -> tuple[list[bytes], int]:
        """aiortc's name for it: the payloads of a packet and its RTP timestamp."""
        known = self._cut.get(id(packet))
        if known is None or known[0] is not packet:
            while len(self._cut) >= 2 * QUEUE:
                self._cut.pop(next(iter(self._cut)))
            known = self._cut[id(packet)] = (packet, self._encoder.pack(packet))
        return known[1]


class ViewerTrack(MediaStreamTrack):
    """One viewer's bounded queue. A viewer that falls behind loses pictures up to the next key frame."""

    kind = "video"

    def __init__(self, ask_keyframe: Callable[[], None]) -> None:
        super().__init__()
        self.dropped = 0
        self.sent = 0
        self._ask_keyframe = ask_keyframe
        self._queue: deque[av.Packet] = deque()
        self._filled = asyncio.Event()
        self._open = False
        self._gated = True

    def begin(self) -> None:
        """The viewer is connected: let pictures in, from a key frame on."""
        self._open = True
        self._ask_keyframe()

    def push(self, packet: av.Packet, key: bool) -> None:
        if not self._open:
            return
        if len(self._queue) >= QUEUE:
            self.dropped += len(self._queue)
            self._queue.clear()
            self._gated = True
            if not key:
                self._ask_keyframe()
        if self._gated and not key:
            self.dropped += 1
            return
        self._gated = False
        self._queue.append(packet)
        self._filled.set()

    async def recv(self) -> av.Packet:
        """aiortc's sender asks for the next packet here."""
        while not self._queue:
            if self.readyState != "live":
                raise MediaStreamError
            self._filled.clear()
            await self._filled.wait()
        self.sent += 1
        return self._queue.popleft()

    def stop(self) -> None:
        super().stop()
        self._filled.set()


class EncodeHub:
    """What a gateway knows of one pipeline: its link, its viewers, and the readers of still pictures."""

    time_base = Fraction(1, CLOCK_RATE)

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.viewers: dict[str, ViewerTrack] = {}
        self.readers: set[asyncio.Queue[bytes]] = set()
        self.packer = Packer()
        self.units = 0
        self._link: Callable[..., None] | None = None
        self._asked = 0.0
        self._waiting: asyncio.TimerHandle | None = None

    @property
    def live(self) -> bool:
        return self._link is not None

    @property
    def idle(self) -> bool:
        return not (self.live or self.viewers or self.readers)

    def attach(self, link: Callable[..., None]) -> None:
        """A pipeline's process is there; a later one takes the place of an earlier."""
        self._link = link
        self.tell_audience()

    def detach(self, link: Callable[..., None]) -> None:
        if self._link is link:
            self._link = None

    def tell_audience(self) -> None:
        """The encoders idle while nobody watches."""
        if self._link is not None:
            self._link(viewers=len(self.viewers), readers=len(self.readers))

    def add_viewer(self, session: str) -> ViewerTrack:
        track = self.viewers[session] = ViewerTrack(self.request_keyframe)
        self.tell_audience()
        return track

    def remove_viewer(self, session: str) -> None:
        track = self.viewers.pop(session, None)
        if track:
            track.stop()
            self.tell_audience()

    def add_reader(self) -> asyncio.Queue[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(1)
        self.readers.add(queue)
        self.tell_audience()
        return queue

    def remove_reader(self, queue: asyncio.Queue[bytes]) -> None:
        self.readers.discard(queue)
        self.tell_audience()

    def feed(self, unit: Unit) -> None:
        """Hand one access unit to every viewer; it is the same object for all."""
        self.units += 1
        packet = av.Packet(unit.data)
        packet.pts, packet.time_base = unit.pts, self.time_base
        for viewer in list(self.viewers.values()):
            viewer.push(packet, unit.key)

    def show(self, picture: bytes) -> None:
        """Hand one JPEG to every reader; a slow one skips to the newest."""
        for queue in self.readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(picture)

    def request_keyframe(self) -> None:
        """Ask the encoder for a key frame; requests within 300 ms become one, so that joins make no storm."""
        if self._waiting:
            return
        pause = max(0.0, self._asked + KEYFRAME_PAUSE - time.monotonic())
        self._waiting = asyncio.get_running_loop().call_later(pause, self._ask)

    def _ask(self) -> None:
        self._waiting, self._asked = None, time.monotonic()
        if self._link is not None:
            self._link(keyframe=True)
