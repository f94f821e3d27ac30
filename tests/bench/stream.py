"""What one more viewer costs: the shared encode against plain aiortc (H.264 and VP8) on the same pictures.

    python -m tests.bench.stream [--seconds 6] [--viewers 9] [--plain-viewers 3]

Server side and receivers are separate processes; only the server side's CPU time is counted. Receivers
take every frame and decode none, so that they leave the machine to what is measured. All three run one
after the other in one run: the ratio holds on a noisy machine, single figures do not.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.bench.report import write_section

WIDTH, HEIGHT, FPS, BITRATE = 1280, 720, 25, 2_000_000
GATE = 0.1
_SETTLE = 4.0
_spawn = multiprocessing.get_context("spawn")


def pictures() -> list[np.ndarray]:
    """Two seconds of the conveyor with camera noise, RGB: enough detail to fill the bit rate."""
    from projects.conveyor import Conveyor

    scene, random = Conveyor(seed=7, width=WIDTH, height=HEIGHT), np.random.default_rng(7)
    noise = random.integers(0, 7, (HEIGHT, WIDTH, 3), np.uint8)
    return [np.clip(scene.frame(n)[0] // 2 * 2, 0, 248) + np.roll(noise, 31 * n, 1) for n in range(2 * FPS)]


def on_time(stop: Callable[[], bool]) -> Any:
    """Frame numbers at 25 a second."""
    began, n = time.monotonic(), 0
    while not stop():
        yield n
        n += 1
        time.sleep(max(0.0, began + n / FPS - time.monotonic()))


# The processes. Each serves calls that come through a pipe, and ends with it.


def serve(pipe: Connection, calls: dict[str, Callable[..., Any]]) -> None:
    """Answer (name, *arguments) until the other side hangs up; coroutines run on this process's loop."""

    async def run() -> None:
        pipe.send("ready")
        while True:
            try:
                name, *arguments = await asyncio.to_thread(pipe.recv)
            except EOFError:
                os._exit(0)
            answer = calls[name](*arguments)
            pipe.send(await answer if asyncio.iscoroutine(answer) else answer)

    asyncio.run(run())


def receivers(pipe: Connection) -> None:
    """Any number of viewers that count frames."""
    from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription, rtcrtpreceiver

    counts: list[int] = []
    peers: dict[int, Any] = {}

    def count(loop: Any, frames: queue.Queue[Any], *_: Any) -> None:
        mine = len(counts)
        counts.append(0)
        while frames.get() is not None:
            counts[mine] += 1

    rtcrtpreceiver.decoder_worker = count

    async def offer(codec: str) -> tuple[int, str]:
        peer = RTCPeerConnection()
        peers[len(peers)] = peer
        transceiver = peer.addTransceiver("video", direction="recvonly")
        known = RTCRtpReceiver.getCapabilities("video").codecs
        transceiver.setCodecPreferences([one for one in known if one.mimeType in (codec, "video/rtx")])
        await peer.setLocalDescription(await peer.createOffer())
        return len(peers) - 1, peer.localDescription.sdp

    async def answer(number: int, sdp: str) -> None:
        await peers[number].setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    serve(pipe, {"offer": offer, "answer": answer, "frames": lambda: list(counts)})


def gateway(pipe: Connection, socket: str) -> None:
    """Our media gateway as it is."""
    from streaming.gateway import Gateway, Options

    it = Gateway(Options(socket, ["127.0.0.1"]))

    async def offer(sdp: str) -> str:
        return str((await it._offer("bench", sdp))["sdp"])

    serve(pipe, {"start": it.start, "offer": offer})


def pipeline(pipe: Connection, socket: str) -> None:
    """The encoding end of a pipeline, fed with finished pictures."""
    from streaming.encoder import Encoder
    from streaming.link import Link
    from streaming.wire import CLOCK_RATE

    stop = threading.Event()
    link, encoder, shots = Link(socket, "bench", stop), Encoder(WIDTH, HEIGHT, BITRATE), pictures()
    sent = {"bytes": 0, "frames": 0}

    def encode() -> None:
        for n in on_time(stop.is_set):
            if link.viewers:
                for unit in encoder.encode(shots[n % len(shots)], n * CLOCK_RATE // FPS, link.take_key_wish()):
                    link.send(unit.pack())
                    sent["bytes"] += len(unit.data)
                    sent["frames"] += 1

    threading.Thread(target=link.run, daemon=True).start()
    threading.Thread(target=encode, daemon=True).start()
    serve(pipe, {"sent": lambda: dict(sent)})


def plain(pipe: Connection) -> None:
    """aiortc as its examples use it: one source relayed to a track for each peer, encoded for each peer."""
    import av
    from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
    from aiortc.contrib.media import MediaRelay

    frames = [av.VideoFrame.from_ndarray(shot, format="rgb24").reformat(format="yuv420p") for shot in pictures()]
    peers = []

    class Camera(VideoStreamTrack):
        def __init__(self) -> None:
            super().__init__()
            self.began, self.n = time.monotonic(), 0

        async def recv(self) -> Any:
            self.n += 1
            await asyncio.sleep(max(0.0, self.began + self.n / FPS - time.monotonic()))
            frame = frames[self.n % len(frames)]
            frame.pts, frame.time_base = self.n * 90_000 // FPS, Fraction(1, 90_000)
            return frame

    relay, camera = MediaRelay(), Camera()

    async def offer(sdp: str) -> str:
        peer = RTCPeerConnection()
        peers.append(peer)
        peer.addTrack(relay.subscribe(camera, buffered=False))
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return str(peer.localDescription.sdp)

    serve(pipe, {"offer": offer})


class Process:
    """One of the functions above, in a process of its own."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self.pipe, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=work, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.pipe.recv()

    def __call__(self, name: str, *arguments: Any) -> Any:
        self.pipe.send((name, *arguments))
        return self.pipe.recv()

    def cpu(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def end(self) -> None:
        self.pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@dataclass
class Level:
    """What a number of viewers cost: cores of the server side, and frames a second that each received."""

    viewers: int
    cores: float
    fps: float

    @property
    def frame(self) -> float:
        """CPU seconds for one frame to all viewers."""
        return self.cores / max(self.fps, 0.1)


@dataclass
class Result:
    name: str
    low: Level
    high: Level

    @property
    def per_viewer(self) -> float:
        """Cores that one more viewer takes at the full frame rate.

        Taken from the CPU time of a frame, not of a second: on a machine that cannot keep up frames are
        skipped, and whoever skips most would look cheapest.
        """
        return (self.high.frame - self.low.frame) * FPS / (self.high.viewers - self.low.viewers)


def measure(
    name: str, codec: str, server: list[Process], offer: Process, counts: tuple[int, int], seconds: float
) -> Result:
    """CPU of `server` at two numbers of viewers."""
    watchers = Process(receivers)
    levels, joined = [], 0
    try:
        for wanted in counts:
            for _ in range(wanted - joined):
                number, sdp = watchers("offer", codec)
                watchers("answer", number, offer("offer", sdp))
            joined = wanted
            time.sleep(_SETTLE)
            began, cpu, frames = time.monotonic(), sum(one.cpu() for one in server), sum(watchers("frames"))
            time.sleep(seconds)
            spent = time.monotonic() - began
            cores = (sum(one.cpu() for one in server) - cpu) / spent
            levels.append(Level(wanted, cores, (sum(watchers("frames")) - frames) / spent / wanted))
    finally:
        watchers.end()
    return Result(name, *levels)


def ours(counts: tuple[int, int], seconds: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        socket = str(Path(folder) / "gateway.sock")
        hub = Process(gateway, socket)
        hub("start")
        source = Process(pipeline, socket)
        try:
            return measure("Frameloop: one encode", "video/H264", [hub, source], hub, counts, seconds)
        finally:
            source.end()
            hub.end()


def theirs(name: str, codec: str, counts: tuple[int, int], seconds: float) -> Result:
    server = Process(plain)
    try:
        return measure(name, codec, [server], server, counts, seconds)
    finally:
        server.end()


def table(results: list[Result]) -> str:
    lines = [
        "| | viewers | cores | frames a second | ms of CPU a frame | cores for one more viewer |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        for level in (result.low, result.high):
            more = f"**{result.per_viewer:.4f}**" if level is result.high else ""
            row = (
                result.name,
                level.viewers,
                f"{level.cores:.2f}",
                f"{level.fps:.1f}",
                f"{level.frame * 1000:.1f}",
                more,
            )
            lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(lines)


def verdict(results: list[Result]) -> tuple[str, bool]:
    """A sentence on the gate: an added viewer costs at most a tenth of plain aiortc's cheaper codec."""
    mine, cheapest = results[0], min(results[1:], key=lambda result: result.per_viewer)
    ratio = mine.per_viewer / cheapest.per_viewer
    held = ratio <= GATE
    words = f"An added viewer costs {ratio:.3f} of plain aiortc's ({cheapest.name}); the gate is {GATE}: "
    return words + ("held." if held else "missed."), held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--viewers", type=int, default=9)
    parser.add_argument("--plain-viewers", type=int, default=3, help="More than two cores can encode say nothing.")
    options = parser.parse_args()
    many, few = (1, options.viewers), (1, options.plain_viewers)
    results = [
        ours(many, options.seconds),
        theirs("aiortc, H.264", "video/H264", few, options.seconds),
        theirs("aiortc, VP8", "video/VP8", few, options.seconds),
    ]
    sentence, held = verdict(results)
    text = f"{table(results)}\n\n{sentence}"
    print(text)
    head = f"## Streaming\n\n`python -m tests.bench.stream`: {WIDTH} x {HEIGHT} at {FPS} frames a second, "
    head += f"{BITRATE / 1e6:g} Mbit/s, loopback; {psutil.cpu_count()} cores, shared with the receivers.\n\n"
    write_section("stream", head + text)
    raise SystemExit(not held)


if __name__ == "__main__":
    main()
