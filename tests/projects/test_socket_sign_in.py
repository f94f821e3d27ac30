"""A token that runs out is asked for again in time; who sends the next one stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from rest_framework_simplejwt.tokens import AccessToken

from projects import sockets
from projects.consumers import ProjectSocket
from projects.models import ApiToken
from projects.sign_in import Credential
from tests.sockets import closing_code

pytestmark = pytest.mark.django_db(transaction=True)


def token(user, seconds: float) -> str:
    made = AccessToken.for_user(user)
    made.set_exp(lifetime=timedelta(seconds=seconds))
    return str(made)


async def joined(project, signed: str) -> WebsocketCommunicator:
    peer = WebsocketCommunicator(ProjectSocket.as_asgi(), f"/ws/projects/{project.pk}/")
    peer.scope |= {"user": AnonymousUser(), "url_route": {"kwargs": {"project_id": project.pk}}}
    await peer.connect(timeout=5)
    await peer.send_json_to({"type": "auth", "token": signed})
    return peer


async def test_the_next_token_is_asked_for_before_this_one_runs_out(bob, project):
    peer = await joined(project, token(bob, sockets.REAUTH_S + 1.5))
    asked = await peer.receive_json_from(timeout=10)
    assert asked["type"] == "reauth" and 0 < asked["deadline"] <= sockets.REAUTH_S
    await peer.send_json_to({"type": "auth", "token": token(bob, 3600)})
    await peer.send_json_to({"type": "ping"})
    assert await peer.receive_json_from(timeout=5) == {"type": "pong"}
    await peer.disconnect()


async def test_who_sends_none_is_put_out_when_it_has_run_out(bob, project):
    peer = await joined(project, token(bob, 2))
    assert (await peer.receive_json_from(timeout=5))["type"] == "reauth"
    assert await closing_code(peer) == sockets.SIGN_IN


async def test_the_next_token_must_be_the_same_persons(alice, bob, project):
    peer = await joined(project, token(bob, 5))
    assert (await peer.receive_json_from(timeout=5))["type"] == "reauth"
    await peer.send_json_to({"type": "auth", "token": token(alice, 3600)})
    assert await closing_code(peer) == sockets.SIGN_IN


def test_only_a_jwt_says_when_it_runs_out(bob):
    lasting, _ = ApiToken.objects.create(bob), None
    assert Credential.of_token(token(bob, 60)).expires_at is not None
    for text in (str(lasting[1]), "a.b.c", "a.e30.c", ""):
        assert Credential.of_token(text).expires_at is None
