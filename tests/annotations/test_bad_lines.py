"""Seeded people on lines that drop, delay, repeat, reorder and break: when all is quiet, everything agrees."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.exceptions import WebSocketException

from annotations.models import JournalTx
from projects.sockets import in_thread
from tests.annotations.conftest import token_of
from tests.annotations.peer import Peer
from tests.annotations.relay import Faults, Relay
from tests.annotations.test_commit import assert_journal_is_truth, folded
from tests.annotations.test_fuzz import Person, finish

SEEDS = [11, 12]
PATIENCE_S = 0.5
BAD = Faults(drop=0.06, delay=0.15, repeat=0.1, cut=0.04)


class Patient(Person):
    """Sends a transaction again, under its id, until it is answered: over this line or the next."""

    async def work(self) -> None:
        await self._join()
        for _ in range(20):
            await self.commit(self.something())

    async def commit(self, message: dict[str, Any]) -> None:
        while True:
            if self.peer.closed:
                await self._join()
            self.peer.answers.pop(message["tx_id"], None)
            answering = self.peer.submit_later(**message)
            done, _ = await asyncio.wait({answering}, timeout=PATIENCE_S)
            if not done:
                answering.cancel()
                continue
            answer = answering.result()
            if answer["type"] == "ack":
                self.acked[message["tx_id"]] = answer["rev"]
                return
            if not answer["retryable"]:
                self.refused[message["tx_id"]] = answer["code"]
                return
            await asyncio.sleep(0.1)

    async def _join(self) -> None:
        while True:
            try:
                return await asyncio.wait_for(self.peer.join(), 10)
            except (OSError, WebSocketException):
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_or_done_twice(two_servers, item, video_item, labels, alice, bob, seed):
    dice, video = random.Random(seed), seed % 2 == 0
    item = video_item if video else item
    async with AsyncExitStack() as stack:
        relays = [
            await stack.enter_async_context(Relay(server.url, random.Random(dice.random()), BAD))
            for server in two_servers
        ]
        people = [
            Patient(Peer(relay.url, item.pk, token_of(user)), random.Random(dice.random()), labels, video)
            for relay, user in zip(relays * 2, (alice, bob, bob, alice), strict=True)
        ]
        await asyncio.gather(*(person.work() for person in people))
        for fault in relays[0].met:
            assert any(relay.met[fault] for relay in relays), f"nothing was {fault}"
        for relay in relays:
            relay.faults = Faults()
        await in_thread(item.refresh_from_db)
        for person in people:
            if person.peer.closed:
                await person._join()
        documents = [await finish(person, item.rev) for person in people]

    await in_thread(assert_journal_is_truth, item)
    truth = await in_thread(folded, item)
    assert all(document == truth for document in documents)
    rows = await in_thread(lambda: list(JournalTx.objects.values_list("client_id", "tx_id", "rev")))
    stored = {(client, name): rev for client, name, rev in rows}
    assert len(stored) == len(rows) == item.rev
    assert stored == {(p.peer.client_id, name): rev for p in people for name, rev in p.acked.items()}
