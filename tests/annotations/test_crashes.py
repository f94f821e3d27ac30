"""The web process dies by SIGKILL at each moment of a commit, and the retry goes to another process."""

from __future__ import annotations

import asyncio
import sys
import uuid

import pytest

from annotations.models import Annotation, JournalTx
from projects.sockets import in_thread
from tests.annotations.conftest import create, token_of
from tests.annotations.crashing import POINTS
from tests.annotations.peer import Peer
from tests.annotations.test_live import rows_of
from tests.processes import Server, on_test_database


class Doomed(Server):
    """Dies at `point` of its first commit."""

    point = ""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.annotations.crashing", self.point, *super().command()[1:]]


@pytest.fixture
def doomed(transactional_db, tmp_path):
    server = Doomed("uvicorn", on_test_database(DEBUG="false"), tmp_path / "log")
    yield server
    server.stop(kill=True)


@pytest.mark.parametrize("point", POINTS)
async def test_what_was_committed_stays_and_the_rest_is_sent_again(server, doomed, point, item, labels, alice, bob):
    doomed.point = point
    await asyncio.to_thread(doomed.start)
    watcher = await Peer(server.url, item.pk, token_of(alice)).join()
    author = await Peer(doomed.url, item.pk, token_of(bob)).join()
    shape = create(labels[0])
    message = {"tx_id": uuid.uuid4().hex, "base_rev": 0, "ops": [shape]}
    unanswered = author.submit_later(**message)
    await author.closing()
    unanswered.cancel()
    assert "ack" not in {m["type"] for m in author.seen}, "it died before it could answer"

    committed = point != "before-commit"
    assert await in_thread(JournalTx.objects.count) == committed
    if committed:  # by the broadcast, or without one by the next head
        await watcher.reach(1)

    again = Peer(server.url, item.pk, token_of(bob), client_id=author.client_id)
    await again.join()
    answer = await again.submit(**message)
    assert (answer["type"], answer["rev"]) == ("ack", 1)
    for peer in (watcher, again):
        await peer.reach(1)
        assert peer.document == await rows_of(item)
        await peer.leave()
    assert await in_thread(JournalTx.objects.count) == 1 and await in_thread(Annotation.objects.count) == 1
