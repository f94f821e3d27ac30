"""An item's past can be seen, compared and brought back, and going back rewrites nothing."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from annotations import history, journal
from annotations.models import Annotation, JournalTx
from annotations.protocol import Rejected, Tx
from annotations.queries import annotations_of, every_shape_of
from tests.annotations.conftest import BOX, SQUARE, create, new_id, tx, update
from tests.annotations.test_commit import assert_journal_is_truth

pytestmark = pytest.mark.django_db

MOVED = {**BOX, "x": 99.0}


def look(shapes) -> dict[str, list]:
    """What a person sees, without who wrote it and when."""
    return {s["id"]: [s[key] for key in history.PROPERTIES] for s in shapes if not s["deleted"]}


@pytest.fixture
def story(video_item, labels, alice, bob):
    """Six revisions by two people: two shapes, an edit, a deletion, a track, a new shape. Gives the ids."""
    a, b, c = new_id(), new_id(), new_id()
    for by, *todo in (
        (alice, create(labels[0], a, frame=3, attributes={"night": True, "side": "left"})),
        (alice, create(labels[0], b, SQUARE, frame=3)),
        (bob, update(a, geometry=MOVED, attributes={"side": None, "seen": 2}), update(a, label=labels[1])),
        (bob, {"op": "delete", "id": b}),
        (alice, {"op": "keyframe", "id": a, "frame": 9, "set": {"geometry": BOX}}),
        (bob, create(labels[1], c, frame=4)),
    ):
        video_item.refresh_from_db()
        journal.commit(video_item.pk, tx(*todo, base_rev=video_item.rev), by)
    video_item.refresh_from_db()
    return a, b, c


def test_every_revision_can_be_brought_back(video_item, story, alice):
    pasts = [look(history.at(video_item.pk, rev).values()) for rev in range(7)]
    assert pasts[6] == look(annotations_of(video_item)) and not pasts[0]
    for n, rev in enumerate([2, 6, 0, 5, 3, 1, 4]):
        history.restore(video_item, rev, alice, "tab", f"back-{n}")
        assert look(annotations_of(video_item)) == pasts[rev]
        assert_journal_is_truth(video_item)
    assert Annotation.objects.filter(item=video_item).count() == 3, "nothing was made anew"


def test_the_difference_names_what_was_added_removed_and_changed(video_item, story):
    a, b, c = story
    found = history.difference(history.at(video_item.pk, 2), history.at(video_item.pk, 6))
    assert [shape["id"] for shape in found["added"]] == [c]
    assert [shape["id"] for shape in found["removed"]] == [b]
    (change,) = found["changed"]
    assert change["id"] == a
    assert change["properties"] == ["label", "geometry", "attributes", "keyframes"]
    assert change["before"]["geometry"] == BOX and change["after"]["geometry"] == MOVED
    same = history.at(video_item.pk, 4)
    assert history.difference(same, same) == {"added": [], "removed": [], "changed": []}


def test_one_shape_can_be_taken_back_alone(video_item, story, bob):
    a, b, c = story
    history.restore(video_item, 2, bob, "tab", "one", [a])
    shapes = {shape["id"]: shape for shape in annotations_of(video_item)}
    assert shapes[a]["geometry"] == BOX and shapes[a]["attributes"] == {"night": True, "side": "left"}
    assert shapes[a]["keyframes"] is None and b not in shapes and c in shapes


def test_a_repeat_is_answered_once_and_its_author_can_undo_it(video_item, story, bob):
    before = look(annotations_of(video_item))
    first = history.restore(video_item, 2, bob, "tab", "once")
    assert history.restore(video_item, 2, bob, "tab", "once") == first
    video_item.refresh_from_db()
    assert video_item.rev == 7
    journal.commit(video_item.pk, Tx("tab", "undo", 7, [], first[0].tx_id), bob)
    assert look(annotations_of(video_item)) == before
    assert_journal_is_truth(video_item)


def test_a_suggestion_comes_back_as_one(item, labels, alice):
    shape = create(labels[0], source="model", confidence=0.7)
    journal.commit(item.pk, tx(shape), alice, source="model")
    journal.commit(item.pk, tx(update(shape["id"], geometry=MOVED), base_rev=1), alice)
    history.restore(item, 1, alice, "tab", "back")
    (back,) = annotations_of(item)
    assert (back["source"], back["confidence"], back["geometry"]) == ("model", 0.7, BOX)


def test_many_shapes_come_back_in_several_transactions_or_not_at_all(item, labels, alice):
    ids = [new_id() for _ in range(600)]
    for n in range(0, 600, 200):
        journal.commit(item.pk, tx(*(create(labels[0], name) for name in ids[n : n + 200]), base_rev=n // 200), alice)
    receipts = history.restore(item, 0, alice, "tab", "empty")
    assert [len(row.ops) for row in JournalTx.objects.filter(item=item, rev__gt=3)] == [500, 100]
    assert len(receipts) == 2 and annotations_of(item) == [] and len(every_shape_of(item)) == 600
    assert_journal_is_truth(item)


def test_who_may_not_edit_may_not_go_back(video_item, story, charlie):
    with pytest.raises(Rejected, match="NO_ITEM"):
        history.restore(video_item, 2, charlie, "tab", "x")


class TestInterface:
    @pytest.fixture
    def by(self, api, bob) -> APIClient:
        return api(bob)

    def test_diff(self, by, video_item, story):
        answer = by.get(f"/api/v1/items/{video_item.pk}/diff?from=2").json()
        assert (answer["from"], answer["to"]) == (2, 6)
        assert [len(answer[key]) for key in ("added", "removed", "changed")] == [1, 1, 1]
        assert by.get(f"/api/v1/items/{video_item.pk}/diff").status_code == 400
        assert by.get(f"/api/v1/items/{video_item.pk}/diff?from=2&to=7").status_code == 404

    def test_restore(self, by, video_item, story):
        url = f"/api/v1/items/{video_item.pk}/restore"
        answer = by.post(url, {"rev": 2, "client_id": "tab", "tx_id": "r1"}, format="json")
        assert answer.status_code == 200 and answer.json()["rev"] == 7
        assert answer.json()["txs"][0]["tx_id"] == "r1.0"
        assert by.post(url, {"rev": 2, "client_id": "tab", "tx_id": "r1"}, format="json").json() == answer.json()
        refusal = by.post(url, {"rev": 2}, format="json")
        assert (refusal.status_code, refusal.json()["code"]) == (409, "NOTHING_TO_RESTORE")
        assert by.post(url, {"rev": 99}, format="json").json()["code"] == "AHEAD"
        assert by.post(url, {"rev": -1}, format="json").status_code == 400

    def test_deleted_shapes_are_listed(self, by, video_item, story):
        answer = by.get(f"/api/v1/items/{video_item.pk}/annotations?deleted=true").json()
        assert [shape["id"] for shape in answer["results"]] == [story[1]] and answer["rev"] == 6

    def test_strangers_find_nothing(self, api, charlie, video_item, story):
        stranger = api(charlie)
        assert stranger.get(f"/api/v1/items/{video_item.pk}/diff?from=1").status_code == 404
        assert stranger.post(f"/api/v1/items/{video_item.pk}/restore", {"rev": 1}, format="json").status_code == 404
