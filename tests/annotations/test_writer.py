"""The group writer: batches, neighbours of a failure, and items that somebody else holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import psycopg
import pytest
from django.db import connection

from annotations import journal, writer
from annotations.models import JournalTx
from annotations.protocol import Receipt, Rejected
from annotations.writer import Writer
from projects.hub import Hub
from projects.models import Item
from projects.sockets import in_thread
from tests.annotations.conftest import create, make_item, tx
from tests.annotations.test_commit import assert_journal_is_truth

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def group_writer() -> AsyncIterator[Writer]:
    yield Writer.here()
    await Writer.here().close()
    await Hub.here().close()


async def all_of(futures) -> list[Receipt | Rejected]:
    return await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 30)


async def test_many_transactions_share_few_commits(group_writer, project, labels, bob):
    items = [await in_thread(make_item, project, f"{n}.png") for n in range(4)]
    before = await in_thread(commits)
    works = [journal.prepare(items[n % 4].pk, tx(create(labels[0])), bob.pk) for n in range(400)]
    answers = await all_of(group_writer.submit(work) for work in works)
    used = await in_thread(commits) - before
    for n, item in enumerate(items):
        revs = [answer.rev for answer in answers[n::4]]
        assert revs == list(range(1, 101))  # in the order in which they came
        await in_thread(assert_journal_is_truth, item)
    assert used < 50


def commits() -> int:
    """Transactions that wrote: their ids are given out one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())")
        return cursor.fetchone()[0]


async def test_the_same_transaction_a_hundred_times_in_one_batch(group_writer, item, labels, bob):
    one = tx(create(labels[0]))
    answers = await all_of(group_writer.submit(journal.prepare(item.pk, one, bob.pk)) for _ in range(100))
    assert set(map(repr, answers)) == {repr(Receipt(one.tx_id, 1))}
    assert await in_thread(JournalTx.objects.count) == 1


async def test_a_refused_one_leaves_its_neighbours_alone(group_writer, item, labels, bob, charlie):
    good = [journal.prepare(item.pk, tx(create(labels[0])), bob.pk) for _ in range(10)]
    bad = [journal.prepare(item.pk, tx(create(labels[0])), charlie.pk) for _ in range(5)]
    mixed = [work for pair in zip(good, bad + bad, strict=True) for work in pair]
    answers = await all_of(group_writer.submit(work) for work in mixed)
    kinds = Counter(answer.code if isinstance(answer, Rejected) else "ok" for answer in answers)
    assert kinds == {"ok": 10, "NO_ITEM": 10}
    assert sorted(a.rev for a in answers if isinstance(a, Receipt)) == list(range(1, 11))


async def test_one_id_for_shapes_of_two_items_at_once(group_writer, item, project, labels, bob):
    other = await in_thread(make_item, project, "b.png")
    op = create(labels[0])
    works = [journal.prepare(place.pk, tx(op), bob.pk) for place in (item, other)]
    works += [journal.prepare(place.pk, tx(create(labels[0])), bob.pk) for place in (item, other)]
    answers = await all_of(group_writer.submit(work) for work in works)
    codes = [answer.code if isinstance(answer, Rejected) else "ok" for answer in answers]
    assert sorted(codes[:2]) == ["EXISTS", "ok"] and codes[2:] == ["ok", "ok"]
    await in_thread(assert_journal_is_truth, item)
    await in_thread(assert_journal_is_truth, other)


async def test_a_locked_item_does_not_hold_up_the_others(group_writer, item, project, labels, bob):
    other = await in_thread(make_item, project, "b.png")
    holder = await _holder()
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM projects_item WHERE id = %s FOR UPDATE", [item.pk])
        held = [group_writer.submit(journal.prepare(item.pk, tx(create(labels[0])), bob.pk)) for _ in range(3)]
        free = await all_of([group_writer.submit(journal.prepare(other.pk, tx(create(labels[0])), bob.pk))])
        assert free[0].rev == 1
        assert not any(future.done() for future in held)
    assert [answer.rev for answer in await all_of(held)] == [1, 2, 3]
    await holder.close()


async def test_an_item_that_stays_locked_is_busy(group_writer, item, labels, bob, monkeypatch):
    monkeypatch.setattr(writer, "LOCK_WAIT", "100ms")
    holder = await _holder()
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM projects_item WHERE id = %s FOR UPDATE", [item.pk])
        (answer,) = await all_of([group_writer.submit(journal.prepare(item.pk, tx(create(labels[0])), bob.pk))])
    assert (answer.code, answer.retryable) == ("BUSY", True)
    await holder.close()
    (answer,) = await all_of([group_writer.submit(journal.prepare(item.pk, tx(create(labels[0])), bob.pk))])
    assert answer.rev == 1


async def test_a_lost_connection_is_made_again(group_writer, item, labels, bob):
    await all_of([group_writer.submit(journal.prepare(item.pk, tx(create(labels[0])), bob.pk))])
    holder = await _holder()
    pid = group_writer._connection.info.backend_pid
    await holder.execute("SELECT pg_terminate_backend(%s)", [pid])
    await holder.close()
    one = journal.prepare(item.pk, tx(create(labels[0])), bob.pk)
    (answer,) = await all_of([group_writer.submit(one)])
    if isinstance(answer, Rejected):
        assert answer.retryable
        (answer,) = await all_of([group_writer.submit(one)])
    assert answer.rev == 2
    await in_thread(assert_journal_is_truth, await in_thread(lambda: Item.objects.get(pk=item.pk)))


async def _holder() -> psycopg.AsyncConnection:
    return await writer._connect()
