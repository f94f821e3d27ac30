"""WHEP over HTTP: what any player does, and what it is told when that cannot be."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from django.test import Client
from rest_framework_simplejwt.tokens import RefreshToken

from tests.streaming.conftest import eventually, start, wait_for
from tests.streaming.viewer import Viewer, run

SDP = {"Content-Type": "application/sdp"}


def bearer(user) -> dict[str, str]:
    return {"Authorization": f"Bearer {RefreshToken.for_user(user).access_token}"}


@pytest.fixture
def client(web, alice, team):
    with httpx.Client(base_url=web, headers=bearer(alice), timeout=20, trust_env=False) as client:
        yield client


def offer(*codecs: str) -> str:
    async def make() -> str:
        viewer = Viewer(*codecs)
        try:
            return await viewer.offer()
        finally:
            await viewer.close()

    return run(make())


def test_a_player_watches_and_leaves(gateway, worker, pipeline, client) -> None:
    start(pipeline)
    wait_for(pipeline, "passthrough")

    async def watch() -> httpx.Response:
        viewer = Viewer()
        body = await viewer.offer()
        answer = await asyncio.to_thread(client.post, f"/whep/{pipeline.pk}/", content=body, headers=SDP)
        assert answer.status_code == 201, answer.text
        await viewer.answer(answer.text)
        await viewer.see(5)
        gone = await asyncio.to_thread(client.delete, answer.headers["Location"])
        assert gone.status_code == 200
        await viewer.close()
        return answer

    answer = run(watch())
    assert answer.headers["Content-Type"] == "application/sdp"
    again = client.delete(answer.headers["Location"])
    assert again.status_code == 404
    assert again.json()["code"] == "no-session"

    def nobody() -> bool:
        pipeline.refresh_from_db()
        return pipeline.metrics.get("viewers") == 0

    eventually(nobody, what="the viewer to be counted out")


def test_candidates_trickle_in(gateway, pipeline, client) -> None:
    answer = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
    fragment = "a=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host\r\na=end-of-candidates\r\n"
    kind = {"Content-Type": "application/trickle-ice-sdpfrag"}
    assert client.patch(answer.headers["Location"], content=fragment, headers=kind).status_code == 204
    assert client.patch(answer.headers["Location"], content="a=candidate:nonsense\r\n", headers=kind).status_code == 400
    assert client.patch(answer.headers["Location"], content=fragment, headers=SDP).status_code == 415


def test_a_player_without_h264_is_told_406(gateway, pipeline, client) -> None:
    refusal = client.post(f"/whep/{pipeline.pk}/", content=offer("video/VP8"), headers=SDP)
    assert refusal.status_code == 406
    assert "H.264" in refusal.json()["detail"]


@pytest.mark.parametrize("body", ["", "hello", "v=0\r\nm=video"])
def test_nonsense_is_no_offer(gateway, pipeline, client, body) -> None:
    refusal = client.post(f"/whep/{pipeline.pk}/", content=body, headers=SDP)
    assert refusal.status_code == 400
    assert refusal.headers["Content-Type"] == "application/problem+json"


def test_a_stranger_finds_nothing(web, pipeline, charlie) -> None:
    answer = httpx.post(f"{web}/whep/{pipeline.pk}/", content="v=0", headers=SDP | bearer(charlie), trust_env=False)
    assert answer.status_code == 404
    nobody = httpx.post(f"{web}/whep/{pipeline.pk}/", content="v=0", headers=SDP, trust_env=False)
    assert nobody.status_code == 401


def test_without_a_gateway_it_says_so(pipeline, client) -> None:
    refusal = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
    assert refusal.status_code == 503
    assert "gateway is not running" in refusal.json()["detail"]
    assert refusal.headers["Retry-After"]


def test_the_last_place_is_taken(processes, pipeline, client) -> None:
    processes.start("media_gateway", GATEWAY_VIEWERS="1")
    first = eventually(lambda: taken(client, pipeline), what="the first place")
    assert first.status_code == 201
    refusal = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
    assert refusal.status_code == 503
    assert refusal.json()["code"] == "viewer-cap"


def test_ports_run_out(processes, pipeline, client) -> None:
    processes.start("media_gateway", GATEWAY_PORTS="42711-42711", GATEWAY_ADDRESSES="127.0.0.1")
    first = eventually(lambda: taken(client, pipeline), what="the only port")
    assert " 42711 typ host" in first.text
    refusal = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
    assert refusal.status_code == 503
    assert refusal.json()["code"] == "no-port"
    assert client.delete(first.headers["Location"]).status_code == 200
    assert client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP).status_code == 201


def taken(client: httpx.Client, pipeline) -> httpx.Response | None:
    answer = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
    return answer if answer.status_code == 201 else None


def test_a_session_needs_the_csrf_token(gateway, pipeline, web, alice, settings) -> None:
    browser = Client()
    browser.force_login(alice)
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value, "csrftoken": "a" * 32}
    with httpx.Client(base_url=web, cookies=cookies, trust_env=False) as client:
        refusal = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP)
        assert refusal.status_code == 403
        answer = client.post(f"/whep/{pipeline.pk}/", content=offer(), headers=SDP | {"X-CSRFToken": "a" * 32})
        assert answer.status_code == 201
