"""A viewer as a process of its own, to be killed: `python -m tests.streaming.vanish <pipeline>`."""

from __future__ import annotations

import asyncio
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


async def watch(pipeline_id: str) -> None:
    from streaming import signalling
    from tests.streaming.viewer import Viewer

    viewer = Viewer()
    answer = await signalling.call("offer", pipeline=pipeline_id, sdp=await viewer.offer())
    await viewer.answer(answer["sdp"])
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1]))
