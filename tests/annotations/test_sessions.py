"""A session runs from the first who comes to work to the last who leaves, and counts what each of them did."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from annotations import journal
from annotations.models import AnnotationSession, Participant
from annotations.people import sessions
from annotations.people.sessions import GRACE, Kept, keep, sweep
from projects.models import Item, Membership, Role
from projects.models.item import State
from tests.annotations.conftest import create, make_item, new_id, token_of, tx, update
from tests.annotations.peer import Peer
from tests.processes import eventually


def at_work(item, *people, seconds: float = 0.0) -> AnnotationSession:
    session = keep(Kept(str(item.pk), {str(person.pk): seconds for person in people}))
    assert session is not None
    return session


def figures(session) -> dict[str, tuple[int, int]]:
    return {one.user.name: (one.shapes, one.edits) for one in session.participants.select_related("user")}


def age(session, seconds: float) -> None:
    AnnotationSession.objects.filter(pk=session.pk).update(seen_at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.django_db
class TestRules:
    def test_who_comes_joins_the_one_that_runs(self, item, alice, bob):
        session = at_work(item, alice)
        assert at_work(item, bob, alice, seconds=4.5) == session
        assert at_work(item, bob, seconds=2).started_by == alice
        active = {one.user.name: one.active_s for one in session.participants.select_related("user")}
        assert active == {"Alice": 4.5, "Bob": 6.5}

    @pytest.mark.parametrize(
        ("changes", "purpose"),
        [({}, "label"), ({"state": State.IN_REVIEW}, "review"), ({"ground_truth": True}, "ground-truth")],
    )
    def test_the_purpose_follows_the_item(self, item, bob, changes, purpose):
        Item.every.filter(pk=item.pk).update(**changes)
        assert at_work(item, bob).purpose == purpose

    def test_what_people_did_is_counted_once(self, item, labels, alice, bob, a_shape):
        a_shape()  # before anybody came
        session = at_work(item, alice, bob)
        mine = a_shape()
        a_shape(by=bob)
        journal.commit(item.pk, tx(update(mine, attributes={"a": 1}), base_rev=3), bob)
        again = tx(create(labels[0]), base_rev=4)
        for _ in range(2):
            journal.commit(item.pk, again, alice)
        for _ in range(2):
            at_work(item, alice, bob)
        assert figures(session) == {"Alice": (2, 0), "Bob": (1, 1)}
        session.refresh_from_db()
        assert (session.first_rev, session.last_rev) == (1, 5)

    def test_what_a_model_or_an_import_made_is_nobodys_work(self, item, labels, bob):
        session = at_work(item, bob)
        journal.commit(item.pk, tx(create(labels[0])), bob, source="import")
        at_work(item, bob)
        assert figures(session) == {"Bob": (0, 0)}

    def test_it_ends_when_nobody_was_seen_for_the_grace_and_counts_the_rest(self, item, bob, a_shape):
        session = at_work(item, bob)
        assert sweep() == 0
        a_shape(by=bob)  # and then the process was killed
        age(session, GRACE.total_seconds() + 1)
        assert sweep() == 1
        session.refresh_from_db()
        assert session.ended_at == session.seen_at
        assert figures(session) == {"Bob": (1, 0)}
        assert sweep() == 0

    def test_a_reload_within_the_grace_goes_on_with_it(self, item, bob):
        session = at_work(item, bob)
        age(session, GRACE.total_seconds() - 5)
        assert at_work(item, bob) == session

    def test_who_comes_long_after_gets_a_new_one_though_nothing_swept(self, item, bob):
        old = at_work(item, bob)
        age(old, 3 * GRACE.total_seconds())
        new = at_work(item, bob)
        old.refresh_from_db()
        assert new != old and old.ended_at is not None

    def test_nobody_and_nothing_open_none(self, item, bob):
        assert keep(Kept(str(item.pk), {})) is None
        assert keep(Kept(new_id(), {str(bob.pk): 0.0})) is None
        assert not AnnotationSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_all_who_come_at_once_are_in_one_session(item, alice, bob):
    start = threading.Barrier(8)

    def come(n: int) -> None:
        start.wait()
        sessions.keep_all([Kept(str(item.pk), {str((alice, bob)[n % 2].pk): 1.0})] * 3)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=come, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = AnnotationSession.objects.get()
    assert {one.user for one in session.participants.all()} == {alice, bob}
    assert sum(one.active_s for one in session.participants.all()) <= 24


@pytest.mark.django_db
class TestInterface:
    def test_running_and_ended_ones_are_listed(self, api, project, item, alice, bob):
        running = at_work(item, bob, seconds=3)
        ended = at_work(make_item(project, "b.png"), bob)
        AnnotationSession.objects.filter(pk=ended.pk).update(ended_at=timezone.now())
        path = f"/api/v1/projects/{project.pk}/sessions"
        (row,) = api(alice).get(f"{path}?open=true").json()["results"]
        assert (row["id"], row["purpose"], row["item"]["path"]) == (str(running.pk), "label", "a.png")
        person = row["participants"][0]
        assert (person["user"]["name"], person["here"], person["active_s"]) == ("Bob", True, 3)
        assert [one["id"] for one in api(alice).get(f"{path}?open=false").json()["results"]] == [str(ended.pk)]
        assert len(api(alice).get(f"{path}?item={item.pk}").json()["results"]) == 1
        assert api(alice).get(f"{path}?item=x").status_code == 400
        assert api(alice).get(f"/api/v1/sessions/{running.pk}").json()["id"] == str(running.pk)

    def test_the_purpose_is_the_annotators_to_say(self, api, item, team, bob, charlie):
        path = f"/api/v1/sessions/{at_work(item, bob).pk}"
        assert api(bob).patch(path, {"purpose": "ground-truth"}, format="json").json()["purpose"] == "ground-truth"
        assert api(bob).patch(path, {"purpose": "fun"}, format="json").status_code == 400
        assert api(charlie).patch(path, {"purpose": "review"}, format="json").status_code == 404
        Membership.objects.create(team=team, user=charlie, role=Role.VIEWER)
        assert api(charlie).get(path).status_code == 200
        assert api(charlie).patch(path, {"purpose": "review"}, format="json").status_code == 403

    def test_of_a_blind_copy_know_its_person_and_reviewers(self, api, project, item, alice, bob, charlie):
        Membership.objects.create(team=project.team, user=charlie, role=Role.ANNOTATOR)
        copy = make_item(project, "copy.png")
        copy.replica_of, copy.replica_for = item, bob
        copy.save()
        at_work(copy, bob)
        seen = [len(api(who).get(f"/api/v1/projects/{project.pk}/sessions").json()["results"]) for who in (alice, bob)]
        assert seen == [1, 1]
        assert api(charlie).get(f"/api/v1/projects/{project.pk}/sessions").json()["results"] == []


@pytest.mark.django_db(transaction=True)
async def test_live_work_opens_a_session_on_two_processes(two_servers, item, labels, team, alice, bob, charlie):
    from projects.sockets import in_thread

    await in_thread(lambda: Membership.objects.create(team=team, user=charlie, role=Role.VIEWER))
    seats = zip((two_servers[0].url, two_servers[1].url, two_servers[0].url), (alice, bob, charlie), strict=True)
    peers = [await Peer(url, item.pk, token_of(person)).join() for url, person in seats]
    shape = new_id()
    await peers[0].submit(create(labels[0], shape))
    await peers[1].reach(1)
    await peers[1].submit(update(shape, attributes={"a": 1}))
    for n in range(2):
        await peers[0].send({"type": "presence", "cursor": [n, n]})
    heard = await peers[1].until("session")
    assert heard["session"]["purpose"] == "label"
    for peer in peers:
        await peer.leave()

    def worked() -> dict[str, tuple[int, int, bool]]:
        rows = Participant.objects.select_related("user")
        return {one.user.name: (one.shapes, one.edits, one.active_s > 0) for one in rows}

    await in_thread(lambda: eventually(lambda: worked() == {"Alice": (1, 0, True), "Bob": (0, 1, True)}))
    assert await in_thread(AnnotationSession.objects.count) == 1


@pytest.mark.django_db
class TestPages:
    def test_the_running_and_the_ended_are_shown(self, client, project, item, alice, bob, a_shape):
        ended = at_work(make_item(project, "b.png"), bob, seconds=90)
        AnnotationSession.objects.filter(pk=ended.pk).update(ended_at=timezone.now())
        at_work(item, alice, bob)
        client.force_login(alice)
        page = client.get(f"/projects/{project.pk}/sessions/").content.decode()
        assert "At work now" in page and f'aria-label="Join {item.path}"' in page
        assert "Sessions that ended" in page and "1.5 min" in page
        part = client.get(f"/projects/{project.pk}/sessions/now/").content.decode()
        assert part.count("now-one") == 1 and 'aria-label="Alice, Bob"' in part

    def test_older_ones_follow_and_strangers_see_nothing(self, client, project, item, alice, charlie):
        for n in range(31):
            session = at_work(item, alice)
            began = timezone.now() - timedelta(hours=n + 1)
            rows = AnnotationSession.objects.filter(pk=session.pk)
            rows.update(ended_at=timezone.now(), started_at=began)
        client.force_login(alice)
        path = f"/projects/{project.pk}/sessions/"
        first = client.get(path).context
        assert (len(first["ended"]), first["running"]) == (30, [])
        assert len(client.get(path, {"before": first["older"]}).context["ended"]) == 1
        assert client.get(f"{path}now/").content.decode().strip() == ""
        client.force_login(charlie)
        assert client.get(path).status_code == client.get(f"{path}now/").status_code == 404
