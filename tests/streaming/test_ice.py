"""Viewers are told of STUN and TURN servers, and get a login for TURN that ends by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time

import pytest
from django.test import Client

from tests.browsers import Desk
from tests.processes import ROOT, Server, on_test_database
from tests.streaming.conftest import eventually
from tests.streaming.turn import TurnServer
from tests.streaming.viewer import Viewer, run

SECRET = "a secret that coturn knows too"
LINK = re.compile(
    r'<(turn:[^>]+)>; rel="ice-server"; username="([^"]+)"; credential="([^"]+)"; credential-type="password"'
)


def password_of(username: str) -> str:
    """As coturn makes it of its static-auth-secret."""
    return base64.b64encode(hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture
def turn(settings):
    settings.ICE_SERVERS = ["stun:stun.example.org:3478"]
    settings.TURN_URLS = ["turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp"]
    settings.TURN_SECRET = SECRET


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def check_login(header: str, user) -> None:
    assert header.startswith('<stun:stun.example.org:3478>; rel="ice-server", ')
    found = LINK.findall(header)
    assert [url.rpartition("=")[2] for url, _, _ in found] == ["udp", "tcp"]
    for _, username, credential in found:
        ends, _, whose = username.partition(":")
        assert whose == str(user.pk)
        assert 0 < int(ends) - time.time() <= 3600
        assert credential == password_of(username)


def test_a_player_learns_of_the_servers_before_its_offer(turn, pipeline, bob) -> None:
    answer = signed_in(bob).options(f"/whep/{pipeline.pk}/")
    assert answer.status_code == 204
    assert answer.headers["Cache-Control"] == "no-store", "the login is one person's"
    check_login(answer.headers["Link"], bob)


def test_nobody_and_strangers_get_no_login(turn, pipeline, charlie) -> None:
    preflight = Client().options(f"/whep/{pipeline.pk}/")
    assert (preflight.status_code, preflight.headers["Link"]) == (204, '<stun:stun.example.org:3478>; rel="ice-server"')
    stranger = signed_in(charlie).options(f"/whep/{pipeline.pk}/")
    assert stranger.status_code == 404 and "Link" not in stranger.headers


def test_the_answer_to_an_offer_brings_a_login(turn, gateway, pipeline, bob) -> None:
    async def offer() -> str:
        viewer = Viewer()
        try:
            return await viewer.offer()
        finally:
            await viewer.close()

    answer = signed_in(bob).post(f"/whep/{pipeline.pk}/", data=run(offer()), content_type="application/sdp")
    assert answer.status_code == 201, answer.content
    check_login(answer.headers["Link"], bob)


def test_without_servers_there_is_no_link(pipeline, bob) -> None:
    assert "Link" not in signed_in(bob).options(f"/whep/{pipeline.pk}/").headers


def test_the_page_knows_the_servers_from_the_start(turn, pipeline, bob) -> None:
    page = signed_in(bob).get(f"/pipelines/{pipeline.pk}/").content.decode()
    card = json.loads(re.search(r'<script id="pipeline-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    assert [server["url"].partition(":")[0] for server in card["ice"]] == ["stun", "turn", "turn"]
    assert card["ice"][1]["credential"] == password_of(card["ice"][1]["username"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TURN_URLS": "turn:t.example.org"}, "without TURN_SECRET"),
        ({"TURN_URLS": "http://t.example.org", "TURN_SECRET": "s"}, "is no stun:host:port"),
        ({"ICE_SERVERS": "stun:a>;rel=x"}, "is no stun:host:port"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start(settings, words) -> None:
    command = [sys.executable, "manage.py", "check", "--list-tags"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.browser
def test_a_browser_shows_its_login_to_the_turn_server(gateway, pipeline, bob, browser, tmp_path) -> None:
    relay = TurnServer(password_of)
    environment = on_test_database(DEBUG="true", TURN_URLS=relay.url, TURN_SECRET=SECRET)
    server = Server("daphne", environment, tmp_path / "web.log")
    pipeline.state, pipeline.wanted = "starting", True
    pipeline.save()
    server.start()
    context = browser.new_context()
    try:
        Desk(context, server, bob).open(f"/pipelines/{pipeline.pk}/")
        eventually(lambda: relay.logins, what="a login at the TURN server")
        assert {name.partition(":")[2] for name in relay.logins} == {str(bob.pk)}
        assert relay.forged == []
    finally:
        context.close()
        server.stop()
        relay.close()
