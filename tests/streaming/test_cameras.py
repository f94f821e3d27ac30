"""Cameras with real video: H.264 by RTSP, MPEG-TS by HTTP; they die, stall and come back."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest

from projects.conveyor import Conveyor
from streaming import vault
from streaming.addresses import Rules
from streaming.cameras import HttpCamera, RtspCamera, SourceError
from streaming.mailbox import Rest
from streaming.models import Source
from tests.streaming.camera import Camera
from tests.streaming.conftest import child_of, eventually, start, wait_for
from tests.streaming.rtsp_camera import RtspCameraServer, nal_units, payloads
from tests.streaming.viewer import Viewer, run

HERE = Rules(loopback=True)


@pytest.fixture
def rtsp():
    camera = RtspCameraServer()
    yield camera
    camera.close()


@pytest.fixture
def http():
    camera = Camera()
    yield camera
    camera.close()


def pictures(camera, count: int) -> list:
    frames = camera.frames(threading.Event(), Rest())
    try:
        return list(itertools.islice(frames, count))
    finally:
        frames.close()


def is_the_conveyor(found: list) -> bool:
    """Each picture is nearly one that the camera's scene has; the encoder takes a little away."""
    scene = [Conveyor(seed=3, width=320, height=180).frame(5 * n)[0].astype(float) for n in range(10)]
    return all(min(abs(picture - known).mean() for known in scene) < 6 for picture in found)


def points_at(source: Source, kind: str, url: str, credentials: str = "") -> None:
    secret = vault.lock(credentials) if credentials else ""
    Source.objects.filter(pk=source.pk).update(kind=kind, config={"url": url}, secret=secret)


def test_an_access_unit_in_packets_is_whole_again() -> None:
    unit = b"\x00\x00\x00\x01\x67abc" + b"\x00\x00\x01\x65" + b"q" * 3000
    cut = list(payloads(unit))
    assert [last for _, last in cut] == [False, False, False, True]
    parts = [payload for payload, _ in cut[1:]]
    assert bytes([parts[0][0] & 0xE0 | parts[0][1] & 0x1F]) + b"".join(part[2:] for part in parts) == nal_units(unit)[1]


def test_rtsp_brings_the_pictures_of_the_scene(rtsp) -> None:
    assert is_the_conveyor(pictures(RtspCamera(rtsp.url, "", HERE), 12))
    assert rtsp.asked[:4] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    eventually(lambda: rtsp.asked[-1] == "TEARDOWN", what="the goodbye")


def test_rtsp_gives_a_password_when_it_is_asked_for() -> None:
    camera = RtspCameraServer(login="admin:p@ss")
    try:
        assert is_the_conveyor(pictures(RtspCamera(camera.url, "admin:p%40ss", HERE), 2))
        with pytest.raises(SourceError, match="refused the user name or the password"):
            pictures(RtspCamera(camera.url, "admin:wrong", HERE), 1)
    finally:
        camera.close()


def test_rtsp_without_a_stream_at_the_path(rtsp) -> None:
    with pytest.raises(SourceError, match="has no stream at this path"):
        pictures(RtspCamera(rtsp.url.replace("live", "nothing"), "", HERE), 1)


def test_mpeg_ts_over_http_brings_the_pictures_of_the_scene(http) -> None:
    assert is_the_conveyor(pictures(HttpCamera(http.url.replace("live", "ts"), "", HERE), 12))


def test_mjpeg_over_http_brings_the_pictures_of_the_scene(http) -> None:
    assert is_the_conveyor(pictures(HttpCamera(http.url, "", HERE), 12))


@pytest.mark.parametrize("kind", ["rtsp", "mjpeg", "ts"])
def test_at_rest_a_camera_is_read_but_few_pictures_are_made(kind, rtsp, http) -> None:
    camera = {
        "rtsp": RtspCamera(rtsp.url, "", HERE),
        "mjpeg": HttpCamera(http.url, "", HERE),
        "ts": HttpCamera(http.url.replace("live", "ts"), "", HERE),
    }[kind]
    rest = Rest(pause=3600)
    frames = camera.frames(threading.Event(), rest)
    next(frames)
    rest.allow(True)  # the next picture is due in an hour
    threading.Timer(1.0, rest.allow, (False,)).start()
    assert is_the_conveyor([next(frames) for _ in range(5)]), "what was skipped is missed by no later picture"
    frames.close()


def test_a_pipeline_on_an_rtsp_camera_that_dies_and_returns(gateway, worker, source, pipeline) -> None:
    camera = RtspCameraServer()
    points_at(source, "rtsp", camera.url)
    start(pipeline)
    wait_for(pipeline, "passthrough")

    async def watch() -> None:
        nonlocal camera
        viewer = Viewer()
        await viewer.watch(pipeline)
        await viewer.see(12)
        assert viewer.size == (320, 180)
        camera.close()
        await asyncio.to_thread(wait_for, pipeline, "reconnecting")
        assert "ended the stream" in pipeline.reason or "refused the connection" in pipeline.reason
        await asyncio.to_thread(eventually, lambda: "refused" in wait_for(pipeline, "reconnecting").reason)
        camera = RtspCameraServer(camera.port)
        await asyncio.to_thread(wait_for, pipeline, "passthrough")
        await viewer.see(12)
        await viewer.close()

    try:
        run(watch())
        assert pipeline.reason == ""
    finally:
        camera.close()


@pytest.mark.parametrize("kind", ["rtsp", "http"])
def test_a_camera_that_stalls_without_closing_costs_its_process(kind, processes, source, pipeline, rtsp, http) -> None:
    """The watchdog's limit is set below the decoder's own, as though the decoder hung."""
    worker = processes.start("stream_worker", STREAM_STALL="4")
    camera = rtsp if kind == "rtsp" else http
    points_at(source, kind, camera.url)
    start(pipeline)
    wait_for(pipeline, "passthrough")
    first = child_of(worker)
    camera.mode = "stall"
    eventually(lambda: "source hung" in wait_for(pipeline, "reconnecting").reason, what="the watchdog")
    camera.mode = "play"
    wait_for(pipeline, "passthrough")
    eventually(lambda: child_of(worker) not in (None, first), what="another process")
    assert "ended with 75" in (processes.folder / "stream_worker.log").read_text()
