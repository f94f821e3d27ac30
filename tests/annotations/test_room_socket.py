"""The shell that every socket stands on, in one process with the real Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from projects import access, live, sockets
from projects.models import Membership, Project
from projects.sockets import Refused, RoomSocket, in_thread
from tests.sockets import closing_code

pytestmark = pytest.mark.django_db(transaction=True)


class Room(RoomSocket):
    async def authorise(self) -> str:
        project = self.scope["project"]
        await in_thread(access.fetch, Project.objects.all(), self.user, project.pk)
        return live.project_room(project.pk)

    async def on_join(self) -> None:
        self.send_message({"type": "here"})

    async def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "look":
            await self.authorise()
            return
        if message["type"] != "flood":
            raise Refused(sockets.MALFORMED, "?")
        for _ in range(message["messages"]):
            self.send_message({"type": "drop", "text": "x" * message["size"]})


def connect(user: Any, project: Project, **scope: Any) -> WebsocketCommunicator:
    peer = WebsocketCommunicator(Room.as_asgi(), "/ws/room/", subprotocols=["frameloop.v1"])
    peer.scope |= {"user": user, "project": project, **scope}
    return peer


async def joined(user: Any, project: Project) -> WebsocketCommunicator:
    peer = connect(user, project)
    assert await peer.connect(timeout=5) == (True, "frameloop.v1")
    assert await peer.receive_json_from(timeout=5) == {"type": "here"}
    return peer


async def test_what_is_published_reaches_every_socket_of_the_room(alice, bob, project):
    one, two = await joined(alice, project), await joined(bob, project)
    live_message = {"type": "job", "text": "ä\u2028"}
    await in_thread(live.publish, live.project_room(project.pk), live_message)
    assert await one.receive_json_from(timeout=5) == live_message
    assert await two.receive_json_from(timeout=5) == live_message
    await one.disconnect()
    await in_thread(live.publish, live.project_room(project.pk), {"type": "job", "n": 2})
    assert (await two.receive_json_from(timeout=5))["n"] == 2
    await two.disconnect()


async def test_a_stranger_learns_nothing(charlie, project):
    peer = connect(charlie, project)
    assert (await peer.connect(timeout=5))[0]
    assert await closing_code(peer) == 4404


async def test_a_removed_member_is_put_out_at_once(bob, project, team):
    peer = await joined(bob, project)
    await in_thread(lambda: Membership.objects.get(user=bob, team=team).delete())
    assert await closing_code(peer) == 4403


async def test_who_is_found_to_have_lost_their_rights_is_put_out(bob, project, team):
    peer = await joined(bob, project)
    await in_thread(lambda: Membership.objects.filter(user=bob, team=team)._raw_delete("default"))  # rings nobody
    await peer.send_json_to({"type": "look"})
    assert await closing_code(peer) == 4403


async def test_ping_is_answered(bob, project):
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "ping"})
    assert await peer.receive_json_from(timeout=5) == {"type": "pong"}
    await peer.disconnect()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 4400),
        ("[]", 4400),
        ('{"type": 1}', 4400),
        ('{"type": "ping", "x": NaN}', 4400),
        ('{"type": "unknown"}', 4400),
        ("[" * 5000 + "]" * 5000, 4400),
        ('{"type": "' + "x" * sockets.FRAME_BYTES + '"}', 4413),
        ('{"type": "' + "ä" * (sockets.FRAME_BYTES // 2) + '"}', 4413),
    ],
)
async def test_malformed_and_oversized_frames_close_with_a_code(bob, project, text, code):
    peer = await joined(bob, project)
    await peer.send_to(text_data=text)
    assert await closing_code(peer) == code


async def test_binary_frames_are_refused(bob, project):
    peer = await joined(bob, project)
    await peer.send_to(bytes_data=b'{"type": "ping"}')
    assert await closing_code(peer) == 4400


async def test_nobody_signed_in_and_no_auth_message_closes_with_4401(project):
    from django.contrib.auth.models import AnonymousUser

    peer = connect(AnonymousUser(), project)
    assert (await peer.connect(timeout=5))[0]
    await peer.send_json_to({"type": "hello"})
    assert await closing_code(peer) == 4401


async def test_a_token_signs_in_by_the_first_message_and_a_bad_one_does_not(bob, project):
    from django.contrib.auth.models import AnonymousUser
    from rest_framework_simplejwt.tokens import AccessToken

    peer = connect(AnonymousUser(), project)
    await peer.connect(timeout=5)
    await peer.send_json_to({"type": "auth", "token": str(AccessToken.for_user(bob))})
    assert await peer.receive_json_from(timeout=5) == {"type": "here"}
    await peer.send_json_to({"type": "auth", "token": "a.b.c"})
    assert await closing_code(peer) == 4401


@pytest.mark.parametrize(("messages", "size"), [(300, 10), (20, 100_000)])
async def test_a_reader_that_is_too_slow_is_closed_and_costs_no_memory(bob, alice, project, messages, size):
    slow, quick = connect(bob, project), await joined(alice, project)
    gate = asyncio.Event()

    class Stuck(Room):
        async def __call__(self, scope, receive, send):
            async def stuck_send(event):
                if event["type"] == "websocket.send":
                    await gate.wait()
                await send(event)

            await super().__call__(scope, receive, stuck_send)

    slow = WebsocketCommunicator(Stuck.as_asgi(), "/ws/room/")
    slow.scope |= {"user": bob, "project": project}
    await slow.connect(timeout=5)
    await slow.send_json_to({"type": "flood", "messages": messages, "size": size})
    assert await closing_code(slow) == 4408
    await in_thread(live.publish, live.project_room(project.pk), {"type": "job"})
    assert await quick.receive_json_from(timeout=5) == {"type": "job"}
    await quick.disconnect()


async def test_the_last_socket_leaves_nothing_open(alice, project):
    from projects.hub import Hub

    peer = await joined(alice, project)
    await peer.disconnect()
    hub = Hub.here()
    assert not hub.members(live.project_room(project.pk))
    assert hub._listener is None and hub._pubsub is None
