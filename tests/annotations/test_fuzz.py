"""Seeded model clients on two server processes and by REST; when all is quiet, everything agrees.

Every client's document == the rows == the fold of the journal; revisions have no gap; every acknowledged
transaction is there exactly once, and none is there that was refused. A seed that fails is added to SEEDS.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import pytest

from annotations import journal
from annotations.models import JournalTx
from annotations.protocol import Rejected
from projects.models import Item
from projects.sockets import in_thread
from tests.annotations.conftest import BOX, SQUARE, create, new_id, token_of, tx, update
from tests.annotations.peer import Peer
from tests.annotations.test_commit import assert_journal_is_truth, folded

SEEDS = [1, 2, 3]
CLIENTS, STEPS = 4, 30
FRAMES = 50


class Person:
    """A tab that draws at random, loses its connection, and sends again what was not answered."""

    def __init__(self, peer: Peer, dice: random.Random, labels: list[str], video: bool) -> None:
        self.peer, self.dice, self.labels, self.video = peer, dice, labels, video
        self.acked: dict[str, int] = {}
        self.refused: dict[str, str] = {}

    async def work(self) -> None:
        await self.peer.join()
        for _ in range(STEPS):
            await self.commit(self.something())
            if self.dice.random() < 0.08:
                await self.peer.vanish()
                await self.peer.join()

    async def commit(self, message: dict[str, Any]) -> None:
        """One transaction until it is answered, over as many connections as it takes."""
        while True:
            self.peer.answers.pop(message["tx_id"], None)
            answering = self.peer.submit_later(**message)
            if self.dice.random() < 0.08:  # the line breaks before the answer
                await asyncio.sleep(self.dice.random() * 0.02)
                await self.peer.vanish()
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)
                await self.peer.join()
                continue
            answer = await answering
            if answer["type"] == "ack":
                self.acked[message["tx_id"]] = answer["rev"]
                return
            if not answer["retryable"]:
                self.refused[message["tx_id"]] = answer["code"]
                return
            await asyncio.sleep(0.2)

    def something(self) -> dict[str, Any]:
        message: dict[str, Any] = {"tx_id": uuid.UUID(int=self.dice.getrandbits(128)).hex, "base_rev": self.peer.rev}
        if self.acked and self.dice.random() < 0.15:
            return {**message, "ops": [], "undo_of": self.dice.choice(list(self.acked))}
        return {**message, "ops": [self.an_op() for _ in range(self.dice.choice([1, 1, 1, 2, 4]))]}

    def an_op(self) -> dict[str, Any]:
        shapes = list(self.peer.document.values())
        if not shapes or self.dice.random() < 0.3:
            frame = {"frame": self.dice.randrange(FRAMES)} if self.video else {}
            return create(self.dice.choice(self.labels), geometry=self.dice.choice([BOX, SQUARE]), **frame)
        shape = self.dice.choice(shapes)
        todo = [self.relabel, self.move, self.describe, self.remove, self.bring_back, self.bend]
        return self.dice.choice([*todo, *[self.keyframe] * 4, *[self.recut] * 3] if self.video else todo)(shape)

    def keyframe(self, shape: Any) -> dict[str, Any]:
        entry = {"geometry": {**BOX, "x": round(self.dice.uniform(0, 600), 2)}, "outside": self.dice.random() < 0.3}
        half = {"occluded": True, "attributes": {"k": self.dice.randrange(3)}}
        op = {"op": "keyframe", "id": shape["id"], "frame": self.dice.randrange(FRAMES)}
        return {**op, "set": self.dice.choice([entry, entry, half, None])}

    def recut(self, shape: Any) -> dict[str, Any]:
        op = {"op": "track", "id": shape["id"], "do": self.dice.choice(["split", "merge", "trim"])}
        if self.dice.random() < 0.5:
            op["track_rev"] = shape["track_rev"]
        first, last = sorted(self.dice.sample(range(FRAMES), 2))
        if op["do"] == "trim":
            return {**op, "first": first, "last": last}
        if op["do"] == "merge":
            return {**op, "other": self.dice.choice(list(self.peer.document))}
        return {**op, "frame": first, "new": str(uuid.UUID(int=self.dice.getrandbits(128)))}

    def relabel(self, shape: Any) -> dict[str, Any]:
        return update(shape["id"], label=self.dice.choice(self.labels))

    def move(self, shape: Any) -> dict[str, Any]:
        return update(shape["id"], geometry={**BOX, "x": round(self.dice.uniform(-20, 600), 2)})

    def describe(self, shape: Any) -> dict[str, Any]:
        return update(shape["id"], attributes={self.dice.choice("abc"): self.dice.choice([1, "x", None, [True]])})

    def remove(self, shape: Any) -> dict[str, Any]:
        return {"op": "delete", "id": shape["id"]}

    def bring_back(self, shape: Any) -> dict[str, Any]:
        return {"op": "restore", "id": shape["id"]}

    def bend(self, shape: Any) -> dict[str, Any]:
        points = shape["geometry"].get("rings", [[["a", 0, 0]]])[0]
        anchor = self.dice.choice(points)[0]
        op = {"op": "vertex", "id": shape["id"], "ring": 0, "do": self.dice.choice(["move", "insert", "remove"])}
        if op["do"] == "remove":
            return {**op, "vertex": anchor}
        place = {"x": self.dice.randint(0, 640), "y": self.dice.randint(0, 480)}
        if op["do"] == "move":
            return {**op, "vertex": anchor, **place}
        return {**op, "vertex": self.dice.getrandbits(40), "after": self.dice.choice([anchor, None]), **place}


def write_by_rest(item: Item, by: Any, labels: list[str], dice: random.Random, frame: dict[str, int]) -> list[str]:
    done = []
    for _ in range(STEPS):
        one = tx(create(dice.choice(labels), new_id(), **frame), client_id="rest")
        try:
            journal.commit(item.pk, one, by)
        except Rejected as refusal:
            assert refusal.retryable
        done.append(one.tx_id)
    return done


@pytest.mark.parametrize("seed", SEEDS)
async def test_when_all_is_quiet_everything_agrees(two_servers, item, video_item, labels, alice, bob, seed):
    dice, video = random.Random(seed), seed % 2 == 0
    item = video_item if video else item
    people = [
        Person(Peer(server.url, item.pk, token_of(user)), random.Random(dice.random()), labels, video)
        for server, user in zip(two_servers * 2, (alice, bob, bob, alice), strict=True)
    ]
    rest, *_ = await asyncio.gather(
        in_thread(write_by_rest, item, alice, labels, random.Random(dice.random()), {"frame": 3} if video else {}),
        *(person.work() for person in people),
    )
    await in_thread(item.refresh_from_db)
    documents = [await finish(person, item.rev) for person in people]
    await in_thread(assert_journal_is_truth, item)
    truth = await in_thread(folded, item)
    assert all(document == truth for document in documents)

    rows = await in_thread(lambda: list(JournalTx.objects.values_list("client_id", "tx_id", "rev")))
    stored = {(client, name): rev for client, name, rev in rows}
    assert len(stored) == len(rows) == item.rev
    expected = {(p.peer.client_id, name): rev for p in people for name, rev in p.acked.items()}
    assert {key: rev for key, rev in stored.items() if key[0] != "rest"} == expected
    assert {name for client, name in stored if client == "rest"} == set(rest)


async def finish(person: Person, rev: int) -> dict[str, Any]:
    await person.peer.reach(rev)
    await person.peer.leave()
    return person.peer.document
