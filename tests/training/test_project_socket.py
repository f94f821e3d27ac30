"""The socket of a project: stored events first, then live ones, without a hole."""

from __future__ import annotations

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from projects.models import Job, Project
from projects.routing import websocket_urls
from projects.sockets import in_thread
from tests.sockets import closing_code

pytestmark = pytest.mark.django_db(transaction=True)
APPLICATION = websocket_urls[0].callback


async def connect(user: Any, project: Project) -> WebsocketCommunicator:
    peer = WebsocketCommunicator(APPLICATION, f"/ws/projects/{project.pk}/", subprotocols=["frameloop.v1"])
    peer.scope |= {"user": user, "url_route": {"kwargs": {"project_id": project.pk}}}
    assert (await peer.connect(timeout=5))[0]
    await peer.send_json_to({"type": "ping"})
    return peer


async def joined(user: Any, project: Project) -> WebsocketCommunicator:
    peer = await connect(user, project)
    assert (await peer.receive_json_from(timeout=5))["type"] == "pong"
    return peer


@pytest.fixture
def job(project, alice):
    return Job.objects.create(project=project, kind="train", created_by=alice)


async def test_a_late_joiner_sees_what_was_and_then_what_is(bob, project, job):
    await in_thread(job.record, "log", {"text": "before"})
    await in_thread(job.record, "metrics", {"epoch": 1, "epochs": 2})
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "follow", "job": str(job.pk), "after": 0})
    stored = await peer.receive_json_from(timeout=5)
    assert (stored["type"], stored["job"], stored["more"]) == ("events", str(job.pk), False)
    assert [(event["seq"], event["kind"]) for event in stored["events"]] == [(1, "log"), (2, "metrics")]
    assert stored["events"][0]["text"] == "before"

    await in_thread(job.record, "log", {"text": "after"})
    live = await peer.receive_json_from(timeout=5)
    assert (live["type"], live["job"], live["kind"]) == ("job", str(job.pk), "train")
    assert live["event"]["seq"] == 3 and live["event"]["text"] == "after" and live["event"]["at"]
    await peer.disconnect()


async def test_following_from_a_seq_gives_only_what_is_missing(bob, project, job):
    for n in range(5):
        await in_thread(job.record, "log", {"text": str(n)})
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "follow", "job": str(job.pk), "after": 3})
    events = (await peer.receive_json_from(timeout=5))["events"]
    assert [event["text"] for event in events] == ["3", "4"]
    await peer.disconnect()


async def test_a_long_story_comes_in_parts_with_the_newest_batches_only(bob, project, job):
    def write() -> None:
        from projects.models import JobEvent

        Job.objects.filter(pk=job.pk).update(last_seq=1800)
        kinds = ("batch", "log")
        JobEvent.objects.bulk_create(JobEvent(job=job, seq=n, kind=kinds[n % 2], payload={}) for n in range(1, 1801))

    await in_thread(write)
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "follow", "job": str(job.pk), "after": 0})
    events, parts = [], 0
    while True:
        message = await peer.receive_json_from(timeout=5)
        events += message["events"]
        parts += 1
        if not message["more"]:
            break
    assert parts > 1 and [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    assert sum(event["kind"] == "log" for event in events) == 900
    batches = [event["seq"] for event in events if event["kind"] == "batch"]
    assert len(batches) == 300 and batches[-1] == 1800
    await peer.disconnect()


async def test_a_job_of_another_project_is_not_told(bob, project, job, charlie):
    def elsewhere() -> Job:
        other = Project.objects.create(team=charlie.teams.get(), name="Other", task="detect")
        foreign = Job.objects.create(project=other, kind="train")
        foreign.record("log", {"text": "secret"})
        return foreign

    foreign = await in_thread(elsewhere)
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "follow", "job": str(foreign.pk), "after": 0})
    assert (await peer.receive_json_from(timeout=5))["events"] == []
    await peer.disconnect()


async def test_a_stranger_learns_nothing(charlie, project):
    assert await closing_code(await connect(charlie, project)) == 4404


@pytest.mark.parametrize(
    "message",
    [
        {"type": "follow"},
        {"type": "follow", "job": "x"},
        {"type": "follow", "job": None, "after": 1},
        {"type": "dance"},
    ],
)
async def test_a_message_that_is_none_of_ours_is_refused(bob, project, message):
    peer = await joined(bob, project)
    await peer.send_json_to(message)
    assert await closing_code(peer) == 4400


@pytest.mark.parametrize("after", [-1, "1", None, True, 2**63])
async def test_a_place_that_cannot_be_is_refused(bob, project, job, after):
    peer = await joined(bob, project)
    await peer.send_json_to({"type": "follow", "job": str(job.pk), "after": after})
    assert await closing_code(peer) == 4400
