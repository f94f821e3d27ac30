"""The socket of a pipeline tells its state, its metrics and what it sees."""

from __future__ import annotations

import asyncio
import json

import pytest
from rest_framework_simplejwt.tokens import RefreshToken
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.streaming.conftest import start, wait_for
from tests.streaming.detector import make_model
from tests.streaming.viewer import run


def socket(web: str, pipeline, user):
    token = RefreshToken.for_user(user).access_token
    url = f"{web.replace('http', 'ws')}/ws/pipelines/{pipeline.pk}/"
    return connect(url, subprotocols=["frameloop.v1", f"bearer.{token}"], proxy=None)


async def until(feed, kind: str, check=lambda message: True) -> dict:
    async with asyncio.timeout(40):
        while True:
            message = json.loads(await feed.recv())
            if message["type"] == kind and check(message):
                return message


def test_it_tells_what_happens(web, worker, pipeline, project, bob) -> None:
    feed_of = socket(web, pipeline, bob)

    async def listen() -> None:
        async with feed_of as feed:
            first = await until(feed, "state")
            assert first["state"] == "stopped" and first["since"]
            await asyncio.to_thread(start, pipeline)
            await until(feed, "state", lambda message: message["state"] == "passthrough")
            metrics = await until(feed, "metrics", lambda message: message["fps"]["grab"] > 0)
            assert metrics["viewers"] == 0
            pipeline.model = await asyncio.to_thread(make_model, project)
            await asyncio.to_thread(pipeline.save, update_fields=["model"])
            seen = await until(feed, "detections")
            assert {"at", "frame", "width", "height", "detections"} <= set(seen)

    run(listen())
    wait_for(pipeline, "running")


def test_a_stranger_is_told_that_there_is_nothing(web, pipeline, charlie) -> None:
    feed_of = socket(web, pipeline, charlie)

    async def listen() -> int:
        async with feed_of as feed:
            with pytest.raises(ConnectionClosed) as closed:
                await feed.recv()
            return closed.value.rcvd.code

    assert run(listen()) == 4404
