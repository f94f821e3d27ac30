"""A notice is nobody's but its person's, rings their open pages, and leads to its place."""

from __future__ import annotations

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client

from projects.consumers import PersonSocket, ProjectSocket
from projects.ids import uuid7
from projects.models import Membership, Notice
from projects.notices import mark_read, notify, unread
from projects.sockets import in_thread
from tests.sockets import closing_code


@pytest.fixture
def notices(project, alice, bob) -> list[Notice]:
    for n in range(3):
        notify([alice, bob], project, "mention", f"Bob mentioned you {n}", f"/items/x/#frame={n}", bob)
    return list(Notice.objects.order_by("created_at"))


@pytest.mark.django_db
class TestInterface:
    def test_the_one_who_acts_hears_nothing(self, notices, alice):
        assert {notice.user for notice in notices} == {alice}

    def test_a_person_lists_their_own(self, api, notices, alice, bob):
        answer = api(alice).get("/api/v1/notices?unread=true")
        assert [row["text"][-1] for row in answer.json()["results"]] == ["2", "1", "0"]
        assert answer.json()["results"][0]["actor"] == {"id": str(bob.pk), "name": "Bob"}
        assert answer["X-Unread"] == "3"
        assert api(bob).get("/api/v1/notices").json()["results"] == []
        assert api().get("/api/v1/notices").status_code == 401

    def test_they_are_read_one_by_one_or_all(self, api, notices, alice, bob):
        ids = [str(notices[0].pk)]
        assert api(bob).post("/api/v1/notices/read", {"ids": ids}, format="json").json() == {"unread": 0}
        assert unread(alice) == 3
        assert api(alice).post("/api/v1/notices/read", {"ids": ids}, format="json").json() == {"unread": 2}
        assert len(api(alice).get("/api/v1/notices?unread=1").json()["results"]) == 2
        assert api(alice).post("/api/v1/notices/read", {"all": True}, format="json").json() == {"unread": 0}
        for body in ({}, {"all": True, "ids": ids}, {"thread": "?"}):
            assert api(alice).post("/api/v1/notices/read", body, format="json").status_code == 400

    def test_those_that_lead_to_a_thread_are_read_with_it(self, api, project, alice):
        threads = [uuid7(), uuid7()]
        for thread in threads:
            notify([alice], project, "reply", "?", f"/items/x/#frame=3&thread={thread}")
        body = {"thread": str(threads[0])}
        assert api(alice).post("/api/v1/notices/read", body, format="json").json() == {"unread": 1}
        assert Notice.objects.get(read_at=None).url.endswith(str(threads[1]))


@pytest.mark.django_db
class TestPages:
    def test_the_bell_counts_and_the_list_marks(self, client: Client, notices, alice):
        client.force_login(alice)
        page = client.get("/notices/").content.decode()
        assert 'data-unread="3"' in page and page.count('class="unread"') == 3
        opened = client.get(f"/notices/{notices[0].pk}/")
        assert opened["Location"] == "/items/x/#frame=0"
        assert client.get("/notices/?unread").content.decode().count('class="unread"') == 2
        assert client.post("/notices/read/")["Location"] == "/notices/"
        assert "Nothing unread" in client.get("/notices/?unread").content.decode()

    def test_somebody_elses_does_not_exist(self, client: Client, notices, bob):
        client.force_login(bob)
        assert client.get(f"/notices/{notices[0].pk}/").status_code == 404

    def test_a_notice_leads_nowhere_outside(self, client: Client, project, alice):
        notify([alice], project, "x", "?", "//evil.example/")
        client.force_login(alice)
        assert client.get(f"/notices/{Notice.objects.get().pk}/")["Location"] == "/notices/"

    def test_older_ones_follow(self, client: Client, project, alice):
        for n in range(51):
            notify([alice], project, "x", f"number {n}", "/")
        client.force_login(alice)
        first = client.get("/notices/").context
        assert len(first["notices"]) == 50
        rest = client.get("/notices/", {"before": first["older"]}).context["notices"]
        assert [notice.text for notice in rest] == ["number 0"]


@pytest.mark.django_db(transaction=True)
async def test_open_pages_hear_of_it_at_once(project, alice, bob):
    bell = WebsocketCommunicator(PersonSocket.as_asgi(), "/ws/notices/")
    page = WebsocketCommunicator(ProjectSocket.as_asgi(), f"/ws/projects/{project.pk}/")
    bell.scope |= {"user": alice}
    page.scope |= {"user": alice, "url_route": {"kwargs": {"project_id": project.pk}}}
    for peer in (bell, page):
        await peer.connect(timeout=5)
        await peer.send_json_to({"type": "ping"})
        assert await peer.receive_json_from(timeout=5) == {"type": "pong"}
    await in_thread(notify, [alice, bob], project, "reply", "Bob answered", "/items/x/", bob)
    for peer in (bell, page):
        heard = await peer.receive_json_from(timeout=5)
        assert (heard["type"], heard["text"], heard["kind"]) == ("notice", "Bob answered", "reply")
    await in_thread(mark_read, alice)
    for peer in (bell, page):
        assert await peer.receive_json_from(timeout=5) == {"type": "notices-read", "unread": 0}
    await in_thread(lambda: Membership.objects.get(user=alice, team=project.team).delete())
    assert await closing_code(page) == 4403
    await bell.send_json_to({"type": "ping"})
    assert await bell.receive_json_from(timeout=5) == {"type": "pong"}
    await bell.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_the_bell_needs_a_sign_in(project):
    from django.contrib.auth.models import AnonymousUser

    bell = WebsocketCommunicator(PersonSocket.as_asgi(), "/ws/notices/")
    bell.scope |= {"user": AnonymousUser()}
    await bell.connect(timeout=5)
    await bell.send_json_to({"type": "ping"})
    assert await closing_code(bell) == 4401
