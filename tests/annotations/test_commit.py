"""`journal.commit`: the one way into the tables, on the real database."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from annotations import journal, ops
from annotations.models import Annotation, JournalTx
from annotations.protocol import Receipt, Rejected
from annotations.queries import annotations_of, every_shape_of
from projects.models import Item, Label, Membership
from tests.annotations.conftest import BOX, SQUARE, create, make_item, new_id, tx, update


def refused(code: str):
    return pytest.raises(Rejected, match=f"^{code}: ")


def folded(item: Item) -> dict[str, dict]:
    rows = JournalTx.objects.filter(item=item).order_by("rev")
    txs = [
        {"rev": r.rev, "actor": {"id": str(r.actor_id)} if r.actor_id else None, "at": stamp(r.at), "ops": r.ops}
        for r in rows
    ]
    assert [t["rev"] for t in txs] == list(range(1, len(txs) + 1))
    return ops.fold({}, txs)


def stamp(at) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def assert_journal_is_truth(item: Item) -> None:
    assert folded(item) == {shape["id"]: shape for shape in every_shape_of(item)}
    item.refresh_from_db()
    assert item.rev == JournalTx.objects.filter(item=item).count()
    labels = Annotation.objects.filter(item=item, deleted=False).exclude(source="model")
    assert item.annotation_count == labels.count()


@pytest.mark.django_db
class TestOneTransaction:
    def test_it_stores_the_shape_the_journal_row_and_the_rev(self, item, labels, bob):
        op = create(labels[0], attributes={"hidden": True})
        receipt = journal.commit(item.pk, tx(op), bob)
        assert receipt == Receipt(receipt.tx_id, 1)
        item.refresh_from_db()
        assert (item.rev, item.state, item.annotation_count) == (1, "in-progress", 1)
        (shape,) = annotations_of(item)
        assert shape["geometry"] == BOX and shape["attributes"] == {"hidden": True}
        assert shape["author"] == str(bob.pk) and shape["source"] == "human"
        assert_journal_is_truth(item)

    def test_every_kind_of_op_keeps_fold_and_rows_equal(self, video_item, labels, bob, alice):
        a, b, c = new_id(), new_id(), new_id()
        for by, *todo in (
            (bob, create(labels[0], a, frame=3), create(labels[1], b, SQUARE, frame=4)),
            (alice, update(a, label=labels[1], attributes={"k": [1, "x"]})),
            (bob, {"op": "vertex", "id": b, "ring": 0, "do": "insert", "vertex": "e", "after": "d", "x": 5, "y": 5}),
            (bob, {"op": "vertex", "id": b, "ring": 0, "do": "move", "vertex": "a", "x": 11, "y": 12.25}),
            (bob, {"op": "vertex", "id": b, "ring": 0, "do": "remove", "vertex": "b"}),
            (bob, {"op": "keyframe", "id": a, "frame": 9, "set": {"geometry": BOX, "occluded": True}}),
            (bob, {"op": "delete", "id": b}),
            (alice, {"op": "restore", "id": b}, update(b, attributes={"back": True})),
            (bob, create(labels[0], c, {"type": "tag"})),
        ):
            video_item.refresh_from_db()
            journal.commit(video_item.pk, tx(*todo, base_rev=video_item.rev), by)
        assert_journal_is_truth(video_item)

    def test_a_refused_op_refuses_all_of_its_transaction(self, item, labels, bob):
        with refused("MISSING"):
            journal.commit(item.pk, tx(create(labels[0]), {"op": "delete", "id": new_id()}), bob)
        item.refresh_from_db()
        assert item.rev == 0 and not Annotation.objects.exists() and not JournalTx.objects.exists()

    def test_it_joins_the_transaction_around_it(self, item, labels, bob):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            journal.commit(item.pk, tx(create(labels[0])), bob)
            raise ZeroDivisionError
        item.refresh_from_db()
        assert item.rev == 0 and not JournalTx.objects.exists()


@pytest.mark.django_db
class TestRepeats:
    def test_the_same_transaction_again_gets_the_first_answer(self, item, labels, bob):
        one = tx(create(labels[0]))
        first = journal.commit(item.pk, one, bob)
        journal.commit(item.pk, tx(create(labels[0])), bob)
        assert journal.commit(item.pk, one, bob) == first
        assert JournalTx.objects.count() == 2

    def test_the_same_id_for_something_else_is_refused(self, item, labels, bob, alice):
        op = create(labels[0])
        journal.commit(item.pk, tx(op, tx_id="t"), bob)
        with refused("ID_REUSED"):
            journal.commit(item.pk, tx(create(labels[0]), tx_id="t"), bob)
        with refused("ID_REUSED"):
            journal.commit(item.pk, tx(op, tx_id="t"), alice)


@pytest.mark.django_db
class TestWhoMay:
    def test_a_stranger_learns_nothing(self, item, labels, charlie):
        with refused("NO_ITEM"):
            journal.commit(item.pk, tx(create(labels[0])), charlie)
        with refused("NO_ITEM"):
            journal.commit(new_id(), tx(create(labels[0])), charlie)

    def test_a_viewer_may_not(self, item, labels, bob, team):
        Membership.objects.filter(user=bob, team=team).update(role="viewer")
        with refused("FORBIDDEN"):
            journal.commit(item.pk, tx(create(labels[0])), bob)

    def test_an_approved_item_is_for_reviewers(self, item, labels, bob, alice):
        Item.objects.filter(pk=item.pk).update(state="approved")
        with refused("ITEM_APPROVED"):
            journal.commit(item.pk, tx(create(labels[0])), bob)
        assert journal.commit(item.pk, tx(create(labels[0])), alice).rev == 1

    def test_only_servers_make_suggestions(self, item, labels, bob):
        op = create(labels[0], source="model", confidence=0.7)
        with refused("INVALID"):
            journal.commit(item.pk, tx(op), bob)
        journal.commit(item.pk, tx(op), bob, source="model")
        (shape,) = annotations_of(item)
        assert (shape["source"], shape["confidence"]) == ("model", 0.7)
        item.refresh_from_db()
        assert (item.state, item.annotation_count) == ("to-do", 0)
        journal.commit(item.pk, tx(update(op["id"], label=labels[1]), base_rev=1), bob)
        assert annotations_of(item)[0]["source"] == "human"
        assert_journal_is_truth(item)


@pytest.mark.django_db
class TestFitting:
    def test_a_box_is_clipped_to_the_picture(self, item, labels, bob):
        journal.commit(item.pk, tx(create(labels[0], geometry={**BOX, "x": -10, "w": 1000})), bob)
        assert annotations_of(item)[0]["geometry"] == {"type": "box", "x": 0, "y": 20, "w": 640, "h": 40}
        assert_journal_is_truth(item)

    def test_what_lies_outside_is_refused(self, item, labels, bob):
        with refused("OUTSIDE"):
            journal.commit(item.pk, tx(create(labels[0], geometry={**BOX, "x": 700})), bob)

    def test_labels_of_other_projects_are_unknown(self, item, bob, alice, team):
        from projects.models import Project

        other = Project.objects.create(team=team, name="Other", created_by=alice)
        label = Label.objects.create(project=other, name="x")
        for unknown in (str(label.pk), new_id()):
            with refused("UNKNOWN_LABEL"):
                journal.commit(item.pk, tx(create(unknown)), bob)

    def test_shapes_of_other_items_are_not_there(self, item, labels, bob, project):
        other = make_item(project, "b.png")
        op = create(labels[0])
        journal.commit(other.pk, tx(op), bob)
        with refused("MISSING") as refusal:
            journal.commit(item.pk, tx(update(op["id"], label=labels[1])), bob)
        assert refusal.value.current is None
        with refused("EXISTS") as refusal:
            journal.commit(item.pk, tx(op), bob)
        assert refusal.value.current is None

    def test_frames_are_those_of_the_video(self, item, video_item, labels, bob):
        for target, frame in ((item, 0), (video_item, None), (video_item, 50)):
            with refused("FRAME_RANGE"):
                journal.commit(target.pk, tx(create(labels[0], frame=frame)), bob)
        journal.commit(video_item.pk, tx(create(labels[0], frame=49)), bob)
        assert [shape["frame"] for shape in annotations_of(video_item, frame=49)] == [49]
        assert annotations_of(video_item, frame=48) == []

    def test_a_future_base_rev_is_refused(self, item, labels, bob):
        with refused("AHEAD"):
            journal.commit(item.pk, tx(create(labels[0]), base_rev=7), bob)


@pytest.mark.django_db
class TestTwoPeople:
    def test_an_edit_of_a_deleted_shape_is_gone_and_can_be_restored_with_it(self, item, labels, alice, bob, a_shape):
        shape = a_shape()
        journal.commit(item.pk, tx({"op": "delete", "id": shape}, base_rev=1), bob)
        with refused("GONE") as refusal:
            journal.commit(item.pk, tx(update(shape, label=labels[1]), base_rev=1), alice)
        assert refusal.value.current["id"] == shape
        both = tx({"op": "restore", "id": shape}, update(shape, label=labels[1]), base_rev=1)
        journal.commit(item.pk, both, alice)
        assert annotations_of(item)[0]["label"] == labels[1]
        assert_journal_is_truth(item)

    def test_the_last_write_wins_and_the_answer_says_over_whom(self, item, alice, bob, a_shape):
        shape = a_shape()
        moved = {**BOX, "x": 50}
        journal.commit(item.pk, tx(update(shape, geometry=moved), base_rev=1), bob)
        receipt = journal.commit(item.pk, tx(update(shape, geometry={**BOX, "x": 60}), base_rev=1), alice)
        (lost,) = receipt.overwritten
        assert lost == {
            "id": shape,
            "property": "geometry",
            "by": {"id": str(bob.pk), "name": "Bob"},
            "rev": 2,
            "value": moved,
        }
        assert annotations_of(item)[0]["geometry"]["x"] == 60

    def test_different_properties_do_not_touch(self, item, labels, alice, bob, a_shape):
        shape = a_shape()
        journal.commit(item.pk, tx(update(shape, geometry={**BOX, "x": 50}), base_rev=1), bob)
        receipt = journal.commit(item.pk, tx(update(shape, label=labels[1], attributes={"k": 1}), base_rev=1), alice)
        assert receipt.overwritten == []
        (both,) = annotations_of(item)
        assert both["geometry"]["x"] == 50 and both["label"] == labels[1] and both["attributes"] == {"k": 1}

    def test_a_class_is_never_overwritten_unseen(self, item, labels, alice, bob, a_shape, project):
        third = Label.objects.create(project=project, name="third")
        shape = a_shape()
        journal.commit(item.pk, tx(update(shape, label=labels[1]), base_rev=1), bob)
        with refused("CONFLICT") as refusal:
            journal.commit(item.pk, tx(update(shape, label=str(third.pk)), base_rev=1), alice)
        assert refusal.value.current["label"] == labels[1]
        journal.commit(item.pk, tx(update(shape, label=str(third.pk)), base_rev=2), alice)

    def test_stale_intent_does_not_beat_newer_work(self, item, alice, bob, a_shape):
        shape = a_shape()
        journal.commit(item.pk, tx(update(shape, geometry={**BOX, "x": 50}), base_rev=1), bob)
        row = Annotation.objects.get(pk=shape)
        row.touched["geometry"][2] -= timedelta(seconds=11) // timedelta(milliseconds=1)
        row.save()
        for op in (update(shape, geometry=BOX), {"op": "delete", "id": shape}):
            with refused("CONFLICT"):
                journal.commit(item.pk, tx(op, base_rev=1), alice)
        journal.commit(item.pk, tx(update(shape, geometry=BOX), base_rev=2), alice)

    def test_two_people_on_one_outline(self, item, alice, bob, a_shape):
        shape = a_shape(SQUARE)
        move = {"op": "vertex", "id": shape, "ring": 0, "do": "move", "geom_rev": 1}
        journal.commit(item.pk, tx({**move, "vertex": "a", "x": 1, "y": 1}, base_rev=1), alice)
        assert journal.commit(item.pk, tx({**move, "vertex": "b", "x": 60, "y": 1}, base_rev=1), bob).overwritten == []
        assert annotations_of(item)[0]["geometry"]["rings"][0][:2] == [["a", 1, 1], ["b", 60, 1]]
        with refused("CONFLICT"):
            journal.commit(item.pk, tx(update(shape, geometry=SQUARE), base_rev=1), alice)
        with refused("CONFLICT"):
            journal.commit(item.pk, tx({**update(shape, geometry=SQUARE), "geom_rev": 2}, base_rev=3), alice)
        journal.commit(item.pk, tx({**update(shape, geometry=SQUARE), "geom_rev": 3}, base_rev=1), alice)
        assert_journal_is_truth(item)


@pytest.mark.django_db
class TestUndo:
    def test_undo_and_redo_of_each_kind(self, item, labels, bob):
        shape = new_id()
        journal.commit(item.pk, tx(create(labels[0], shape, SQUARE), tx_id="create"), bob)
        steps = {
            "label": update(shape, label=labels[1]),
            "attributes": update(shape, attributes={"k": 1}),
            "move": {"op": "vertex", "id": shape, "ring": 0, "do": "move", "vertex": "a", "x": 1, "y": 1},
            "insert": {"op": "vertex", "id": shape, "ring": 0, "do": "insert", "vertex": "e", "x": 9, "y": 9},
            "remove": {"op": "vertex", "id": shape, "ring": 0, "do": "remove", "vertex": "d"},
            "geometry": update(shape, geometry=BOX),
            "delete": {"op": "delete", "id": shape},
        }
        states = [essence(item)]
        for name, op in steps.items():
            item.refresh_from_db()
            journal.commit(item.pk, tx(op, tx_id=name, base_rev=item.rev), bob)
            states.append(essence(item))
        for n, name in reversed(list(enumerate(steps))):
            assert journal.commit(item.pk, tx(undo_of=name, tx_id=f"undo-{name}"), bob).skipped == []
            assert essence(item) == states[n], name
        for n, name in enumerate(steps):
            journal.commit(item.pk, tx(undo_of=f"undo-{name}", tx_id=f"redo-{name}"), bob)
            assert essence(item) == states[n + 1], name
        assert_journal_is_truth(item)

    def test_what_somebody_else_wrote_since_is_skipped(self, item, labels, alice, bob, a_shape):
        shape = a_shape()
        both = update(shape, geometry={**BOX, "x": 50}, attributes={"k": 1})
        journal.commit(item.pk, tx(both, base_rev=1, tx_id="mine"), alice)
        journal.commit(item.pk, tx(update(shape, geometry={**BOX, "x": 70}), base_rev=2), bob)
        receipt = journal.commit(item.pk, tx(undo_of="mine", tx_id="undo"), alice)
        assert receipt.skipped == [{"id": shape, "property": "geometry", "by": {"id": str(bob.pk), "name": "Bob"}}]
        (left,) = annotations_of(item)
        assert left["geometry"]["x"] == 70 and left["attributes"] == {}
        assert journal.commit(item.pk, tx(undo_of="mine", tx_id="undo"), alice) == receipt
        assert_journal_is_truth(item)

    def test_a_shape_that_somebody_else_improved_is_not_undone_away(self, item, labels, alice, bob):
        op = create(labels[0])
        journal.commit(item.pk, tx(op, tx_id="mine"), alice)
        journal.commit(item.pk, tx(update(op["id"], attributes={"k": 1}), base_rev=1), bob)
        assert journal.commit(item.pk, tx(undo_of="mine"), alice).skipped[0]["by"]["name"] == "Bob"
        assert len(annotations_of(item)) == 1

    def test_only_ones_own(self, item, labels, alice, bob):
        journal.commit(item.pk, tx(create(labels[0]), tx_id="mine"), alice)
        with refused("NOTHING_TO_UNDO"):
            journal.commit(item.pk, tx(undo_of="mine"), bob)
        journal.commit(item.pk, tx(undo_of="mine"), alice)
        with refused("NOTHING_TO_UNDO"):
            journal.commit(item.pk, tx(undo_of="mine"), alice)


def essence(item: Item):
    return [
        {key: shape[key] for key in ("id", "label", "geometry", "attributes", "source")}
        for shape in annotations_of(item)
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_transaction_a_hundred_times_at_once_is_one_row(item, labels, bob):
    one, answers = tx(create(labels[0])), []

    def run() -> None:
        try:
            answers.extend(journal.commit(item.pk, one, bob) for _ in range(10))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 100 and set(map(repr, answers)) == {repr(answers[0])}
    assert JournalTx.objects.count() == Annotation.objects.count() == 1
