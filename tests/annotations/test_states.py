"""To do, in progress, in review, approved or sent back: who may take an item where, and who hears of it."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from annotations import journal
from annotations.protocol import Rejected
from projects import live, states
from projects.models import Item, Membership, Notice, Role, StateChange, User
from projects.sockets import in_thread
from tests.annotations.conftest import create, token_of, tx
from tests.annotations.peer import Peer
from tests.processes import eventually


def post(client, item, state, **more):
    return client.post(f"/api/v1/items/{item.pk}/state", {"state": state, **more}, format="json")


def steps(item):
    return list(item.state_changes.values_list("before", "after", "by__name", "reason"))


def test_the_way_of_an_item(api, alice, bob, item, labels):
    journal.commit(item.pk, tx(create(labels[0])), bob)
    assert post(api(bob), item, "in-review").status_code == 200
    sent = post(api(alice), item, "sent-back", reason="The left car is missing.", **{"from": "in-review"})
    assert sent.json()["sent_back"]["reason"] == "The left car is missing."
    shown = api(bob).get(f"/api/v1/items/{item.pk}/state").json()
    assert shown["state"] == "sent-back" and shown["sent_back"]["by"] == "Alice" and shown["offers"] == ["in-review"]
    assert [(step["from"], step["to"], step["rev"]) for step in shown["history"]] == [
        ("in-review", "sent-back", 1),
        ("in-progress", "in-review", 1),
        ("to-do", "in-progress", 1),
    ]
    assert post(api(bob), item, "in-review").status_code == 200
    assert post(api(alice), item, "approved").status_code == 200
    assert steps(item) == [
        ("to-do", "in-progress", "Bob", ""),
        ("in-progress", "in-review", "Bob", ""),
        ("in-review", "sent-back", "Alice", "The left car is missing."),
        ("sent-back", "in-review", "Bob", ""),
        ("in-review", "approved", "Alice", ""),
    ]
    notices = Notice.objects.filter(user=bob).order_by("created_at")
    assert [notice.kind for notice in notices] == ["sent-back", "approved"]
    assert "The left car is missing." in notices[0].text and notices[0].url == f"/items/{item.pk}/"
    with pytest.raises(Rejected, match="approved"):
        journal.commit(item.pk, tx(create(labels[0]), base_rev=1), bob)


@pytest.mark.parametrize(
    ("role", "before", "after", "status"),
    [
        (Role.VIEWER, "in-progress", "in-review", 403),
        (Role.ANNOTATOR, "in-progress", "in-review", 200),
        (Role.ANNOTATOR, "in-review", "in-progress", 200),
        (Role.ANNOTATOR, "in-review", "approved", 403),
        (Role.ANNOTATOR, "in-review", "sent-back", 403),
        (Role.ANNOTATOR, "approved", "in-progress", 403),
        (Role.REVIEWER, "in-review", "approved", 200),
        (Role.REVIEWER, "approved", "sent-back", 200),
    ],
)
def test_who_may(api, team, item, bob, role, before, after, status):
    Membership.objects.filter(user=bob).update(role=role)
    item.state = before
    item.save()
    assert post(api(bob), item, after, reason="Look again.").status_code == status
    item.refresh_from_db()
    assert item.state == (after if status == 200 else before)


def test_a_stranger_knows_of_nothing(api, charlie, item):
    assert post(api(charlie), item, "in-review").status_code == 404
    assert api(charlie).get(f"/api/v1/items/{item.pk}/state").status_code == 404


def test_sending_back_needs_a_reason(api, alice, item):
    answer = post(api(alice), item, "sent-back", reason="  ")
    assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == "/reason"


def test_a_stale_page_does_not_overwrite_a_decision(api, alice, item):
    assert post(api(alice), item, "approved", **{"from": "to-do"}).status_code == 200
    late = post(api(alice), item, "sent-back", reason="No.", **{"from": "in-review"})
    assert late.status_code == 409 and late.json()["state"] == "approved"
    assert StateChange.objects.filter(item=item).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_is_told(team, item, alice):
    states.change(item.pk, "in-review", alice)
    answers: list[str] = []
    start = threading.Barrier(8)

    def decide(n: int) -> None:
        start.wait()
        try:
            states.change(item.pk, "approved" if n % 2 else "sent-back", alice, "Why", seen="in-review")
            answers.append("done")
        except states.StateConflict as conflict:
            answers.append(conflict.state)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item.refresh_from_db()
    assert sorted(answers) == sorted(["done"] + [item.state] * 7)


@pytest.mark.django_db(transaction=True)
def test_open_editors_and_pages_hear_of_it(team, item, alice):
    ears = live.client().pubsub()
    ears.subscribe(live.item_room(item.pk), live.project_room(item.project_id))
    eventually(lambda: ears.subscribed and ears.get_message(timeout=0.1) is not None)
    states.change(item.pk, "sent-back", alice, "The horizon is cut.")
    heard: list[bytes] = []

    def both() -> bool:
        message = ears.get_message(ignore_subscribe_messages=True, timeout=0.1)
        if message and b'"type":"state"' in message["data"]:
            heard.append(message["data"])
        return len(heard) == 2

    eventually(both)
    assert all(b'"state":"sent-back"' in text and b"The horizon is cut." in text for text in heard)
    assert any(str(item.path).encode() in text for text in heard)


def test_many_at_once(api, alice, bob, project, item, charlie):
    url = f"/api/v1/projects/{project.pk}/item-states"
    answer = api(bob).post(url, {"items": [str(item.pk)], "state": "approved"}, format="json").json()
    assert answer["changed"] == [] and "reviewer" in answer["refused"][0]["detail"]
    answer = api(alice).post(url, {"items": [str(item.pk)], "state": "approved"}, format="json").json()
    assert answer == {"changed": [str(item.pk)], "refused": []}
    assert api(charlie).post(url, {"items": [str(item.pk)], "state": "to-do"}, format="json").status_code == 404


def test_changing_the_state_as_a_field_takes_the_same_way(api, alice, item):
    assert api(alice).patch(f"/api/v1/items/{item.pk}", {"state": "approved"}).status_code == 200
    assert steps(item) == [("to-do", "approved", "Alice", "")]


def test_who_leaves_is_not_told_of(api, team, alice, bob, item):
    post(api(bob), item, "in-review")
    User.objects.filter(pk=bob.pk).delete()
    assert post(api(alice), item, "approved").status_code == 200


async def test_a_lost_ring_shows_in_the_next_head(server, team, item, bob):
    """The state is changed past every doorbell, as if Redis had been away."""
    peer = await Peer(server.url, item.pk, token_of(bob)).join()
    await in_thread(lambda: Item.objects.filter(pk=item.pk).update(state="approved"))
    await peer.until("head", since=len(peer.seen), state="approved")
    await peer.leave()
