"""Ten thousand shapes are imported into an item that two people edit: nobody is cut off, nothing is lost."""

from __future__ import annotations

import asyncio

import pytest

from annotations import journal
from annotations.models import JournalTx
from annotations.queries import every_shape_of
from projects.models import Item
from projects.sockets import in_thread
from tests.annotations.conftest import BOX, create, new_id, token_of, tx, update
from tests.annotations.peer import Peer

pytestmark = pytest.mark.django_db(transaction=True)
SHAPES, AT_ONCE = 10_000, 500


def bring_in(item: Item, label: str, alice) -> None:
    for start in range(0, SHAPES, AT_ONCE):
        ops = [create(label, geometry={**BOX, "x": n % 600, "y": n // 600}) for n in range(start, start + AT_ONCE)]
        journal.commit(item.pk, tx(*ops, client_id="import"), alice, source="import")


async def test_people_go_on_during_an_import(server, item, labels, alice, bob):
    one = await Peer(server.url, item.pk, token_of(alice)).join()
    two = await Peer(server.url, item.pk, token_of(bob)).join()
    shape = new_id()
    await one.submit(create(labels[0], shape))
    importing = asyncio.ensure_future(in_thread(bring_in, item, labels[1], alice))
    edits = 0
    while not importing.done():
        for peer in (one, two):
            ack = await peer.submit(update(shape, attributes={"n": edits}))
            assert ack["type"] == "ack", ack
            edits += 1
    await importing
    await in_thread(item.refresh_from_db)
    assert item.rev == 1 + SHAPES // AT_ONCE + edits
    assert await in_thread(JournalTx.objects.filter(item=item).count) == item.rev
    rows = {each["id"]: each for each in await in_thread(every_shape_of, item)}
    for peer in (one, two):
        await peer.reach(item.rev)
        assert peer.document == rows
    assert len(rows) == SHAPES + 1
    late = await Peer(server.url, item.pk, token_of(bob)).join()
    snapshot = await late.until("snapshot")  # more than a replay is worth: the document in one piece
    assert snapshot["rev"] == item.rev
    for peer in (one, two, late):
        await peer.leave()
