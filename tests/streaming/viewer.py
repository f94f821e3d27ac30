"""A WHEP viewer for tests: aiortc as the receiver, straight to the gateway or through the web."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from streaming import signalling

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on a thread of its own: once a browser was driven, this thread has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Viewer:
    """Receives and decodes; `frames` counts, `size` is the last picture's."""

    def __init__(self, *codecs: str) -> None:
        self.connection = RTCPeerConnection()
        transceiver = self.connection.addTransceiver("video", direction="recvonly")
        known = RTCRtpReceiver.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in known if codec.mimeType in codecs])
        self.connection.on("track", self._follow)
        self.frames = 0
        self.size = (0, 0)
        self.last: Any = None
        self.session = ""
        self._seen = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def _follow(self, track: Any) -> None:
        self._task = asyncio.ensure_future(self._receive(track))

    async def _receive(self, track: Any) -> None:
        try:
            while True:
                self.last = await track.recv()
                self.size = (self.last.width, self.last.height)
                async with self._seen:
                    self.frames += 1
                    self._seen.notify_all()
        except MediaStreamError:
            return

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def answer(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def watch(self, pipeline: Any) -> dict[str, Any]:
        """Connect by the gateway's own call."""
        answer = await signalling.call("offer", pipeline=str(pipeline.pk), sdp=await self.offer())
        assert answer["status"] == 201, answer
        self.session = answer["session"]
        await self.answer(answer["sdp"])
        return answer

    async def see(self, count: int, seconds: float = 20.0) -> None:
        """Wait until `count` more pictures were decoded."""
        wanted = self.frames + count
        async with asyncio.timeout(seconds):
            async with self._seen:
                await self._seen.wait_for(lambda: self.frames >= wanted)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
        await self.connection.close()
