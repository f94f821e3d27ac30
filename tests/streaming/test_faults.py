"""Cameras that are not there or die, processes that are killed: it says so, and it comes back."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
import time

import psutil
import pytest

from streaming import signalling, vault
from streaming.models import Source
from tests.streaming.camera import Camera
from tests.streaming.conftest import child_of, eventually, free_port, start, wait_for
from tests.streaming.viewer import Viewer, run


def http_source(source: Source, url: str, credentials: str = "") -> None:
    secret = vault.lock(credentials) if credentials else ""
    Source.objects.filter(pk=source.pk).update(kind="http", config={"url": url}, secret=secret)


@pytest.fixture
def camera():
    camera = Camera()
    yield camera
    camera.close()


def says(pipeline, words: str) -> None:
    eventually(lambda: words in wait_for(pipeline, "reconnecting", "failed").reason, what=f"the reason {words!r}")


def test_a_camera_that_is_not_there_then_is_then_dies(worker, source, pipeline) -> None:
    port = free_port()
    http_source(source, f"http://127.0.0.1:{port}/live")
    start(pipeline)
    says(pipeline, "refused the connection")
    camera = Camera(port)
    try:
        wait_for(pipeline, "passthrough")
        camera.mode = "die"
        says(pipeline, "ended the stream")
        camera.mode = "play"
        wait_for(pipeline, "passthrough")
        camera.mode = "stall"
        says(pipeline, "did not answer within")
        camera.mode = "page"
        says(pipeline, "sends a web page")
    finally:
        camera.close()


def test_viewers_see_why_there_is_no_video(gateway, worker, source, pipeline) -> None:
    http_source(source, f"http://127.0.0.1:{free_port()}/live")
    start(pipeline)
    says(pipeline, "refused the connection")

    async def watch() -> Viewer:
        viewer = Viewer()
        await viewer.watch(pipeline)
        await viewer.see(2)
        await viewer.close()
        return viewer

    viewer = run(watch())
    assert viewer.size == (640, 360)
    assert viewer.last.to_ndarray(format="gray").max() > 150, "there are words on the slate"


def test_a_password_is_asked_for_and_given(worker, camera, source, pipeline) -> None:
    camera.login = "Basic " + base64.b64encode(b"admin:p@ss").decode()
    http_source(source, camera.url)
    start(pipeline)
    says(pipeline, "refused the user name or the password")
    http_source(source, camera.url, "admin:p%40ss")
    wait_for(pipeline, "passthrough")


def test_an_rtsp_camera_that_is_not_there(worker, source, pipeline) -> None:
    Source.objects.filter(pk=source.pk).update(kind="rtsp", config={"url": f"rtsp://127.0.0.1:{free_port()}/live"})
    start(pipeline)
    says(pipeline, "refused the connection")


def test_a_killed_pipeline_is_started_again_under_its_viewer(gateway, worker, pipeline) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    first = child_of(worker)

    async def watch() -> None:
        viewer = Viewer()
        await viewer.watch(pipeline)
        await viewer.see(5)
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(wait_for, pipeline, "reconnecting")
        assert "SIGKILL" in pipeline.reason
        await asyncio.to_thread(wait_for, pipeline, "passthrough")
        await viewer.see(10)
        await viewer.close()

    run(watch())
    assert child_of(worker) not in (None, first)


def test_a_killed_worker_takes_its_children_along_and_another_takes_over(processes, worker, pipeline) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    child, holder = child_of(worker), pipeline.worker
    processes.start("stream_worker")
    processes.end(worker, with_signal=signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(child), what="the orphan's end")
    eventually(lambda: wait_for(pipeline, "passthrough").worker not in ("", holder), what="the other worker")


def test_a_worker_told_to_stop_gives_back_what_it_holds(processes, worker, pipeline) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    child = child_of(worker)
    assert processes.end(worker) == 0
    pipeline.refresh_from_db()
    assert (pipeline.worker, pipeline.state, pipeline.wanted) == ("", "starting", True)
    assert not psutil.pid_exists(child)
    processes.start("stream_worker")
    wait_for(pipeline, "passthrough")


def test_a_viewer_that_vanishes_is_reclaimed(gateway, processes, pipeline) -> None:
    gone = processes.run("vanish", [sys.executable, "-m", "tests.streaming.vanish", str(pipeline.pk)])

    def sessions() -> int:
        return run(signalling.call("stats"))["sessions"]

    eventually(lambda: sessions() == 1, what="the viewer")
    time.sleep(1)
    processes.end(gone, with_signal=signal.SIGKILL)
    eventually(lambda: sessions() == 0, 15, "the viewer to be missed")


def test_stop_and_start(worker, pipeline, api, alice) -> None:
    call = api(alice)
    assert call.post(f"/api/v1/pipelines/{pipeline.pk}/start").json()["state"] == "starting"
    wait_for(pipeline, "passthrough")
    call.post(f"/api/v1/pipelines/{pipeline.pk}/stop")
    wait_for(pipeline, "stopped")
    eventually(lambda: child_of(worker) is None, what="the process to end")
    call.post(f"/api/v1/pipelines/{pipeline.pk}/start")
    wait_for(pipeline, "passthrough")
