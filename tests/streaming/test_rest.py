"""A pipeline that nobody watches and that has no model takes a picture a second; a viewer wakes it."""

from __future__ import annotations

import asyncio

import pytest

from streaming.models import Source
from tests.streaming.camera import Camera
from tests.streaming.conftest import eventually, start, wait_for
from tests.streaming.detector import make_model
from tests.streaming.viewer import Viewer, run


def grabbed(pipeline) -> float:
    """Pictures a second that the pipeline's process counted last."""
    pipeline.refresh_from_db()
    return pipeline.metrics.get("fps", {}).get("grab", 0.0)


def rests(pipeline) -> bool:
    return 0 < grabbed(pipeline) <= 3


async def watch(pipeline) -> None:
    viewer = Viewer()
    await viewer.watch(pipeline)
    await viewer.see(30)  # at a picture a second this would take longer than it waits
    await asyncio.to_thread(eventually, lambda: grabbed(pipeline) > 3, what="the full rate")
    await viewer.close()


@pytest.mark.parametrize("kind", ["synthetic", "http"])
def test_it_rests_until_somebody_watches_and_after_they_left(gateway, worker, source, pipeline, kind) -> None:
    camera = Camera()
    try:
        if kind == "http":
            Source.objects.filter(pk=source.pk).update(kind="http", config={"url": camera.url})
        start(pipeline)
        wait_for(pipeline, "passthrough")
        eventually(lambda: rests(pipeline), what="the rest")
        run(watch(pipeline))
        eventually(lambda: rests(pipeline), what="the rest after the viewer left")
        assert (pipeline.state, pipeline.metrics["reconnects"]) == ("passthrough", 0), "the camera was read on"
    finally:
        camera.close()


def test_a_capture_wakes_it(worker, pipeline, api, bob) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")
    eventually(lambda: rests(pipeline), what="the rest")
    assert api(bob).post(f"/api/v1/pipelines/{pipeline.pk}/captures").status_code == 201
    eventually(lambda: grabbed(pipeline) > 3, what="the full rate")


def test_with_a_model_it_does_not_rest(worker, pipeline, project) -> None:
    pipeline.model = make_model(project)
    pipeline.save()
    start(pipeline)
    wait_for(pipeline, "running")
    before = eventually(lambda: pipeline.refresh_from_db() or pipeline.metrics.get("frames", {}).get("infer"))

    def infers() -> bool:
        pipeline.refresh_from_db()
        return pipeline.metrics["frames"]["infer"] > before and pipeline.metrics["fps"]["infer"] > 3

    eventually(infers, what="a model at work")
