"""People label while an import goes on: nobody is cut off, nobody's work is lost, and nothing is numbered twice."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection

from annotations import bulk, journal
from annotations.models import JournalTx
from annotations.queries import annotations_of, every_shape_of
from projects.sockets import in_thread
from tests.annotations.conftest import create, make_item, new_id, token_of, tx, update
from tests.annotations.importing import ask, bring, carried, coco
from tests.annotations.peer import Peer
from tests.annotations.test_commit import assert_journal_is_truth

pytestmark = pytest.mark.django_db(transaction=True)


def file_for(paths: list[str], each: int) -> dict:
    boxes = [(path, "car", [n % 600, n // 600, 30, 40]) for path in paths for n in range(each)]
    return coco(dict.fromkeys(paths, (640, 480)), boxes)


async def test_open_editors_follow_an_import(server, project, item, labels, alice, bob):
    others = [await in_thread(make_item, project, f"{n}.png") for n in range(20)]
    file = file_for(["a.png", *(other.path for other in others)], 300)
    job = await in_thread(lambda: ask(project, alice, file, conflicts="merge"))
    one = await Peer(server.url, item.pk, token_of(alice)).join()
    two = await Peer(server.url, item.pk, token_of(bob)).join()
    shape = new_id()
    await one.submit(create(labels[0], shape))
    importing = asyncio.ensure_future(in_thread(carried, job))
    edits = 0
    while not importing.done():
        for peer in (one, two):
            ack = await peer.submit(update(shape, attributes={"n": edits}))
            assert ack["type"] == "ack", ack
            edits += 1
        await asyncio.sleep(0.07)  # a person may send 20 transactions a second
    job = await importing
    assert job.status == "succeeded", job.error
    await in_thread(item.refresh_from_db)
    assert item.rev == 2 + edits and item.detections == 301
    for peer in (one, two):
        await peer.reach(item.rev)
        assert peer.document == {each["id"]: each for each in await in_thread(every_shape_of, item)}
        await peer.leave()
    await in_thread(assert_journal_is_truth, item)
    await in_thread(assert_journal_is_truth, others[0])


@pytest.fixture
def meanwhile(monkeypatch):
    """A function that has something happen when the shapes are written and nothing is locked yet."""

    def arrange(act) -> None:
        lock = bulk._Pass.lock

        def after(self):
            in_other_thread(act)
            lock(self)

        monkeypatch.setattr(bulk._Pass, "lock", after)

    return arrange


def in_other_thread(act) -> None:
    import threading

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize("conflicts", ["merge", "replace", "skip"])
def test_what_moved_after_the_shapes_were_written(project, item, labels, alice, bob, meanwhile, conflicts):
    """Somebody draws, and somebody's drawing is numbered, between two statements of the import."""
    still = make_item(project, "b.png")
    mine = new_id()
    meanwhile(lambda: journal.commit(item.pk, tx(create(labels[0], mine), create(labels[0])), bob))
    job = bring(project, alice, file_for(["a.png", "b.png"], 3), conflicts=conflicts)
    assert job.status == "succeeded", job.error
    there = annotations_of(item)
    numbers = [shape["detection_id"] for shape in there]
    assert len(set(numbers)) == len(numbers)
    expected = {"merge": (5, 2, 5), "replace": (3, 3, 5), "skip": (2, 1, 2)}[conflicts]
    item.refresh_from_db()
    assert (len(there), item.rev, item.detections) == expected
    assert (mine in {shape["id"] for shape in there}) is (conflicts != "replace")
    assert job.result["conflicts"]["items"] == (1 if conflicts == "skip" else 0)
    assert len(annotations_of(still)) == 3
    for each in (item, still):
        assert_journal_is_truth(each)
    imported = JournalTx.objects.filter(item=still).get()
    journal.commit(still.pk, tx(client_id=imported.client_id, undo_of=imported.tx_id, base_rev=1), alice)
    assert not annotations_of(still), "its author can take a transaction of an import back like any other"


def test_a_label_that_goes_meanwhile_stops_it(project, item, labels, alice, meanwhile):
    label = project.labels.get(name="car")
    meanwhile(label.retire)
    job = bring(project, alice, file_for(["a.png"], 3))
    assert job.status == "failed" and job.error["code"] == "label-gone"
    item.refresh_from_db()
    assert item.rev == 0 and not annotations_of(item)
