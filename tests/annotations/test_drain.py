"""A server that stops says so: its people come back to the next one and lose nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.annotations.conftest import create, token_of
from tests.annotations.peer import Peer

pytestmark = pytest.mark.django_db(transaction=True)


async def test_sigterm_says_goaway_before_the_line_is_cut(either_server, item, labels, alice, bob):
    peers = [await Peer(either_server.url, item.pk, token_of(person)).join() for person in (alice, bob)]
    await peers[0].submit(create(labels[0]))
    await peers[1].reach(1)
    stopping = asyncio.get_running_loop().run_in_executor(None, either_server.stop)
    for peer in peers:
        goaway = await peer.until("goaway")
        assert goaway["retry_after"] > 0
        assert await peer.closing() == 4503
    await stopping
    await asyncio.get_running_loop().run_in_executor(None, either_server.start)
    for peer in peers:
        again = await Peer(either_server.url, item.pk, peer.token, peer.client_id).join()
        await again.reach(1)
        await again.leave()
