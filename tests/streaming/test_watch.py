"""Video reaches viewers, encoded once for all of them."""

from __future__ import annotations

import asyncio

from tests.streaming.conftest import eventually, start, wait_for
from tests.streaming.viewer import Viewer, run


def test_a_synthetic_source_is_watched(gateway, worker, pipeline) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")

    async def watch() -> Viewer:
        viewer = Viewer()
        await viewer.watch(pipeline)
        await viewer.see(10)
        await viewer.close()
        return viewer

    viewer = run(watch())
    assert viewer.size == (320, 180)
    assert viewer.last.to_ndarray(format="rgb24").std() > 10, "the picture is empty"


def test_three_viewers_cost_one_encode(gateway, worker, pipeline) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")

    async def watch() -> list[Viewer]:
        viewers = [Viewer() for _ in range(3)]
        for viewer in viewers:
            await viewer.watch(pipeline)
        await asyncio.gather(*(viewer.see(30) for viewer in viewers))
        for viewer in viewers:
            await viewer.close()
        return viewers

    viewers = run(watch())

    def encoded() -> dict | None:
        pipeline.refresh_from_db()
        return pipeline.metrics if pipeline.metrics.get("frames", {}).get("encode", 0) >= 30 else None

    metrics = eventually(encoded, what="the metrics")
    assert metrics["encoders"] == 1
    assert metrics["frames"]["encode"] <= metrics["frames"]["grab"]
    assert sum(viewer.frames for viewer in viewers) >= 90
