"""Managers give items to people: by hand, in turns, by need."""

from __future__ import annotations

from collections import Counter

import pytest

from annotations.models import Assignment
from annotations.work.assigning import shares
from projects.models import Item, Membership, Notice, Project, Role, User
from tests.annotations.conftest import make_item


@pytest.fixture
def items(project: Project) -> list[Item]:
    return [make_item(project, f"{n}.png") for n in range(6)]


def assign(client, project, **body):
    return client.post(f"/api/v1/projects/{project.pk}/assignments", body, format="json")


def ids(items) -> list[str]:
    return [str(item.pk) for item in items]


def test_by_hand(api, project, items, alice, bob):
    answer = assign(api(alice), project, items=ids(items[:2]), people=[bob.pk], how="hand")
    assert answer.status_code == 201
    assert [(row["path"], row["user"]["name"], row["role"]) for row in answer.json()["results"]] == [
        ("0.png", "Bob", "annotate"),
        ("1.png", "Bob", "annotate"),
    ]
    assert Notice.objects.get(user=bob).text == "Alice gave you 2 items of Street to annotate."
    mine = api(bob).get(f"/api/v1/projects/{project.pk}/assignments?user=me").json()["results"]
    assert [row["path"] for row in mine] == ["0.png", "1.png"]
    assert assign(api(alice), project, items=ids(items), people=[bob.pk, alice.pk], how="hand").status_code == 400


def test_evenly_over_what_they_have(api, project, items, alice, bob):
    assign(api(alice), project, items=ids(items[:1]), people=[alice.pk], how="hand")
    assign(api(alice), project, filter={"unassigned": True}, people=[alice.pk, bob.pk], how="evenly")
    assert Counter(Assignment.objects.values_list("user__name", flat=True)) == {"Alice": 3, "Bob": 3}


def test_by_need(api, project, items, alice, bob):
    assign(api(alice), project, items=ids(items[:3]), people=[alice.pk], how="hand")
    Item.objects.filter(pk=items[0].pk).update(state="approved")  # done: it is no load any more
    assign(api(alice), project, items=ids(items[3:]), people=[alice.pk, bob.pk], how="need")
    new = Assignment.objects.filter(item__in=items[3:]).order_by("item__path").values_list("user__name", flat=True)
    assert list(new) == ["Bob", "Bob", "Alice"]


def test_dealing_is_stable():
    assert shares(range(5), ["a", "b", "c"], "evenly", {"a": 9}) == [(0, "b"), (1, "c"), (2, "a"), (3, "b"), (4, "c")]
    assert Counter(person for _, person in shares(range(90), list("abc"), "need", {"a": 30})) == {
        "a": 10, "b": 40, "c": 40,
    }  # fmt: skip


def test_reviewers_are_assigned_apart(api, project, team, items, alice, bob):
    rae = User.objects.create_user("rae@example.org", "a long enough password", name="Rae")
    Membership.objects.create(team=team, user=rae, role=Role.REVIEWER)
    assert assign(api(alice), project, items=ids(items), people=[bob.pk], how="hand").status_code == 201
    assert assign(api(alice), project, items=ids(items), people=[rae.pk], role="review", how="hand").status_code == 201
    assert Assignment.objects.filter(part="annotate", user=bob).count() == 6
    assert Assignment.objects.filter(part="review", user=rae).count() == 6
    refused = assign(api(alice), project, items=ids(items), people=[bob.pk], role="review")
    assert refused.status_code == 400 and "Bob is annotator" in refused.json()["detail"]


def test_going_over_and_taking_away(api, project, items, alice, bob):
    assign(api(alice), project, items=ids(items), people=[bob.pk], how="hand")
    assign(api(alice), project, items=ids(items[:2]), people=[alice.pk], how="hand")
    assert Assignment.objects.filter(user=bob).count() == 4
    url = f"/api/v1/projects/{project.pk}/assignments"
    assert api(bob).delete(url, {"items": ids(items)}, format="json").status_code == 403
    assert api(alice).delete(url, {"items": ids(items[1:3])}, format="json").json() == {"removed": 2}
    assert Assignment.objects.count() == 4


def test_who_may(api, project, items, alice, bob, charlie):
    assert assign(api(bob), project, items=ids(items), people=[bob.pk]).status_code == 403
    assert assign(api(charlie), project, items=ids(items), people=[bob.pk]).status_code == 404
    stranger = assign(api(alice), project, items=ids(items), people=[charlie.pk])
    assert stranger.status_code == 400 and "no member" in stranger.json()["detail"]
    assert not Assignment.objects.exists()


def test_the_items_page_shows_and_filters_by_person(api, client, project, items, alice, bob):
    assign(api(alice), project, items=ids(items[:2]), people=[bob.pk], how="hand")
    client.force_login(alice)

    def shown(**query) -> list[str]:
        tiles = client.get(f"/projects/{project.pk}/", query).context["tiles"]
        return sorted(tile["item"].path for tile in tiles)

    assert shown(assignee=str(bob.pk)) == ["0.png", "1.png"]
    assert shown(assignee="nobody") == ["2.png", "3.png", "4.png", "5.png"]
    assert len(shown(assignee="x")) == 6
    assert "Bob, annotate" in client.get(f"/projects/{project.pk}/").content.decode()
    client.force_login(bob)
    start = client.get("/").content.decode()
    assert "Your work" in start and "1.png" in start and "2.png" not in start
