"""'Next item' gives each person an item of their own, in the right order, and lets go of what is left alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from annotations import journal
from annotations.models import AnnotationSession, Assignment, Claim, Participant
from annotations.work import claims
from projects import states
from projects.models import Item, Membership, Role, User
from tests.annotations.conftest import create, make_item, tx


@pytest.fixture
def items(project) -> list[Item]:
    return [make_item(project, f"{n}.png") for n in range(4)]


def ask(client, project, **body):
    answer = client.post(f"/api/v1/projects/{project.pk}/next-item", body, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def path_of(client, project, **body) -> str | None:
    item = ask(client, project, **body)["item"]
    return item and item["path"]


def test_two_people_never_get_the_same(api, project, items, alice, bob):
    assert path_of(api(alice), project) == "0.png"
    assert path_of(api(bob), project) == "1.png"
    assert path_of(api(alice), project) == "0.png"  # still theirs
    assert path_of(api(alice), project, after=items[0].pk) == "2.png"  # and let go
    assert path_of(api(bob), project, after=items[1].pk) == "3.png"
    assert {claim.item.path for claim in Claim.objects.all()} == {"2.png", "3.png"}


@pytest.mark.django_db(transaction=True)
def test_many_at_once(project, team, alice):
    people = [User.objects.create(email=f"p{n}@example.org", name=f"P{n}") for n in range(12)]
    Membership.objects.bulk_create(Membership(team=team, user=person, role=Role.ANNOTATOR) for person in people)
    items = [make_item(project, f"{n:02}.png") for n in range(30)]
    given: list[tuple[User, Item]] = []
    start = threading.Barrier(len(people))

    def label(person: User) -> None:
        try:
            start.wait()
            item = claims.next_item(project, person, "annotate")
            while item is not None:
                given.append((person, item))
                states.change(item.pk, "in-review", person)
                item = claims.next_item(project, person, "annotate", after=item.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=label, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paths = [item.path for _, item in given]
    assert len(paths) == len(set(paths)), "an item went to two people"
    while (left := claims.next_item(project, alice, "annotate")) is not None:  # skipped while it was locked
        paths.append(left.path)
        states.change(left.pk, "in-review", alice)
    assert sorted(paths) == [item.path for item in items]


@pytest.mark.django_db(transaction=True)
def test_a_crowd_before_the_last_item(project, team):
    people = [User.objects.create(email=f"p{n}@example.org", name=f"P{n}") for n in range(10)]
    Membership.objects.bulk_create(Membership(team=team, user=person, role=Role.ANNOTATOR) for person in people)
    for n in range(5):
        make_item(project, f"{n}.png")
        given: list[Item | None] = []
        start = threading.Barrier(len(people))

        def take(person: User, start: threading.Barrier = start, given: list[Item | None] = given) -> None:
            try:
                start.wait()
                given.append(claims.next_item(project, person, "annotate"))
            finally:
                connection.close()

        threads = [threading.Thread(target=take, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([item for item in given if item is not None]) == 1
        Item.objects.update(state="approved")
        Claim.objects.all().delete()


def test_the_order(api, project, items, alice, bob, labels):
    third, fourth = items[2], items[3]
    Assignment.objects.create(item=fourth, user=bob, by=alice)
    states.change(third.pk, "in-review", bob)
    Assignment.objects.filter(item=third).delete()
    states.change(third.pk, "sent-back", alice, "Again.")
    client = api(bob)
    assert path_of(client, project) == "3.png"  # assigned to me
    states.change(fourth.pk, "in-review", bob)
    assert path_of(client, project) == "2.png"  # sent back to me
    states.change(third.pk, "in-review", bob)
    assert path_of(client, project) == "0.png"  # nobody's
    assert path_of(api(alice), project) == "1.png"


def test_what_is_assigned_to_somebody_else_is_not_given(api, project, items, alice, bob):
    for item in items[:3]:
        Assignment.objects.create(item=item, user=bob, by=alice)
    assert path_of(api(alice), project) == "3.png"
    nothing = ask(api(alice), project, after=items[3].pk)
    assert nothing["item"] is None and nothing["detail"] == "4 items left, all with somebody else."


def test_a_lease_ends_without_activity_and_edits_renew_it(api, project, items, alice, bob, labels):
    assert path_of(api(alice), project) == "0.png"
    long_ago = timezone.now() - claims.LEASE - timedelta(minutes=1)
    Claim.objects.update(seen_at=long_ago)
    Item.objects.update(updated_at=long_ago)
    assert path_of(api(bob), project) == "0.png"
    journal.commit(items[0].pk, tx(create(labels[0])), bob)
    Claim.objects.update(seen_at=long_ago)  # no sign from the editor, but the edit counts
    assert path_of(api(alice), project) == "1.png"
    Item.objects.update(updated_at=long_ago)
    assert path_of(api(bob), project) == "0.png"


def test_the_editor_renews_and_lets_go(api, project, items, alice, bob):
    assert path_of(api(alice), project) == "0.png"
    Claim.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert api(alice).post(f"/api/v1/items/{items[0].pk}/claim").status_code == 204
    assert path_of(api(bob), project) == "1.png"
    assert api(bob).post(f"/api/v1/items/{items[0].pk}/claim").status_code == 404
    Item.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert api(alice).delete(f"/api/v1/items/{items[0].pk}/claim").status_code == 204
    assert path_of(api(bob), project, after=items[1].pk) == "2.png"  # a reload brings her back within a minute
    Claim.objects.filter(user=alice).update(seen_at=F("seen_at") - claims.GRACE)
    assert [path_of(api(bob), project, after=items[n].pk) for n in (2, 3)] == ["3.png", "0.png"]  # and round
    assert {claim.user for claim in Claim.objects.all()} == {bob}


def test_work_that_was_begun_stays_with_its_person(api, project, items, alice, bob, labels):
    assert path_of(api(bob), project) == "0.png"
    journal.commit(items[0].pk, tx(create(labels[0])), bob)
    assert path_of(api(bob), project, after=items[0].pk) == "1.png"
    assert path_of(api(alice), project) == "2.png"
    assert path_of(api(alice), project, after=items[2].pk) == "3.png"


def test_what_somebody_opened_by_themselves_is_not_given(api, project, items, alice, bob):
    session = AnnotationSession.objects.create(item=items[0], started_by=bob)
    there = Participant.objects.create(session=session, user=bob)
    assert path_of(api(alice), project) == "1.png"
    assert path_of(api(bob), project) == "0.png"
    Claim.objects.all().delete()
    Participant.objects.filter(pk=there.pk).update(seen_at=timezone.now() - timedelta(hours=1))
    assert path_of(api(alice), project) == "0.png"


def test_reviewing(api, project, items, alice, bob):
    for item in items[:2]:
        states.change(item.pk, "in-review", bob)
    states.change(items[2].pk, "in-review", alice)
    answer = api(bob).post(f"/api/v1/projects/{project.pk}/next-item", {"role": "review"}, format="json")
    assert answer.status_code == 403
    client, seen = api(alice), []
    for _ in range(3):
        item = ask(client, project, role="review")["item"]
        seen.append(item["path"])
        states.change(item["id"], "approved", alice)
    assert seen == ["0.png", "1.png", "2.png"]  # one's own last
    assert ask(client, project, role="review")["detail"] == "Nothing waits for review."


def test_when_all_is_done(api, project, alice, charlie):
    assert ask(api(alice), project)["detail"].startswith("The project has no items yet: ")
    item = make_item(project)
    states.change(item.pk, "approved", alice)
    assert ask(api(alice), project) == {"item": None, "url": None, "detail": "The item is approved."}
    assert api(charlie).post(f"/api/v1/projects/{project.pk}/next-item").status_code == 404
