"""Processes that die and restart while people label, and an item that is deleted under their hands."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from annotations.models import Annotation, JournalTx
from config import embedded
from config.supervisor import Service, Supervisor
from projects.models import Item
from projects.sockets import in_thread
from tests.annotations.conftest import create, token_of
from tests.annotations.peer import Peer
from tests.annotations.test_live import rows_of, until_presence
from tests.processes import Server, eventually, on_test_database

WORK = 25  # transactions of each person


class Kept:
    """The web process as `manage.py up` keeps it: whenever it ends, the supervisor starts it again."""

    def __init__(self, server: Server, logs: Path) -> None:
        self.server = server
        self._supervisor = Supervisor(
            [Service("web", tuple(server.command()), server.environment)], logs, io.StringIO(), back_off=0.2
        )

    def start(self) -> None:
        self._supervisor.start()
        self.server.wait()

    def stop(self) -> None:
        self._supervisor.stop()

    def kill(self) -> None:
        """As the kernel does when memory runs out; if it is just restarting, as soon as it is there."""
        os.kill(eventually(self._pid, what="the web process"), signal.SIGKILL)

    def _pid(self) -> int | None:
        for child in psutil.Process().children():
            with suppress(psutil.Error):  # it just ended
                if str(self.server.port) in child.cmdline():
                    return child.pid
        return None


@pytest.fixture(params=["daphne", "uvicorn"])
def kept(request, transactional_db, tmp_path) -> Iterator[Kept]:
    one = Kept(Server(request.param, on_test_database(DEBUG="false"), tmp_path / "log"), tmp_path)
    one.start()
    yield one
    one.stop()


async def by_socket(peer: Peer, label: str, halfway: asyncio.Semaphore) -> dict[str, int]:
    """Label over as many connections as it takes; gives what was acknowledged, by transaction."""
    acked: dict[str, int] = {}
    for n in range(WORK):
        ack = await peer.insist(create(label))
        acked[ack["tx_id"]] = ack["rev"]
        if n == WORK // 2:
            halfway.release()
    return acked


async def by_rest(url: str, token: str, label: str) -> dict[str, int]:
    acked: dict[str, int] = {}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        for n in range(WORK):
            body = {"client_id": "rest", "tx_id": str(n), "base_rev": 0, "ops": [create(label)]}
            while str(n) not in acked:
                try:
                    answer = await client.post(url, json=body)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                assert answer.status_code in (200, 503), answer.text
                if answer.status_code == 200:
                    acked[str(n)] = answer.json()["rev"]
    return acked


async def test_nothing_acknowledged_is_lost_when_the_web_process_is_killed(kept, item, labels, alice, bob):
    halfway = asyncio.Semaphore(0)
    peers = [Peer(kept.server.url, item.pk, token_of(person)) for person in (alice, bob)]
    address = f"{kept.server.url}/api/v1/items/{item.pk}/tx"
    work = asyncio.gather(
        *(by_socket(peer, labels[0], halfway) for peer in peers), by_rest(address, token_of(bob), labels[0])
    )
    for _ in peers:
        await asyncio.wait_for(halfway.acquire(), 60)
        await asyncio.to_thread(kept.kill)
    *by_peer, rest = await asyncio.wait_for(work, 120)

    expected: dict[tuple[str, str], int] = {("rest", name): rev for name, rev in rest.items()}
    for peer, acked in zip(peers, by_peer, strict=True):
        expected |= {(peer.client_id, name): rev for name, rev in acked.items()}
    rows = await in_thread(lambda: list(JournalTx.objects.values_list("client_id", "tx_id", "rev")))
    assert {(client, name): rev for client, name, rev in rows} == expected
    assert sorted(rev for *_, rev in rows) == list(range(1, 3 * WORK + 1))
    assert await in_thread(Annotation.objects.count) == 3 * WORK
    for peer in peers:
        await peer.reach(3 * WORK)
        assert peer.document == await rows_of(item)
        await peer.leave()


@pytest.fixture
def own_redis() -> Iterator[Path]:
    """A folder for a Redis that a test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="frameloop-redis-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def test_labelling_goes_on_while_redis_is_away_and_is_live_again_after(
    own_redis, transactional_db, tmp_path, item, labels, alice, bob
):
    redis = await asyncio.to_thread(embedded.start_redis, own_redis)
    environment = on_test_database(DEBUG="false", REDIS_URL=redis.url)
    server = Server("uvicorn", environment, tmp_path / "log")
    try:
        await asyncio.to_thread(server.start)
        one = await Peer(server.url, item.pk, token_of(alice)).join()
        two = await Peer(server.url, item.pk, token_of(bob)).join()
        assert (await one.submit(create(labels[0])))["rev"] == 1
        await two.reach(1)

        await asyncio.to_thread(redis.stop)
        assert (await one.submit(create(labels[0])))["rev"] == 2  # PostgreSQL is the truth
        await two.reach(2)  # by the head, which comes from there too
        late = await Peer(server.url, item.pk, token_of(bob)).join()
        await late.reach(2)

        redis = await asyncio.to_thread(embedded.start_redis, own_redis)
        for _ in range(100):  # presence travels by Redis alone: once it arrives the room is live again
            await one.send({"type": "presence", "cursor": [1, 2], "frame": None, "selection": [], "tool": "box"})
            if any(entry["conn"] == one.welcome["conn"] for entry in presence(two)):
                break
            await asyncio.sleep(0.2)
        await until_presence(two, one.welcome["conn"], cursor=[1, 2])
        await until_presence(late, one.welcome["conn"], cursor=[1, 2])
        await two.submit(create(labels[0]))
        for peer in (one, two, late):
            await peer.reach(3)
            assert peer.document == await rows_of(item)
            await peer.leave()
    finally:
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(redis.stop)


def presence(peer: Peer) -> list[dict[str, Any]]:
    return [entry for message in peer.seen for entry in message.get("batch", ())]


async def test_an_item_deleted_while_it_is_open(server, item, labels, alice, bob, api):
    peer = await Peer(server.url, item.pk, token_of(bob)).join()
    assert (await peer.submit(create(labels[0])))["rev"] == 1

    def delete(query: str) -> int:
        return api(alice).delete(f"/api/v1/items/{item.pk}{query}").status_code

    assert await in_thread(delete, "") == 409
    assert (await peer.submit(create(labels[0])))["rev"] == 2  # the refusal changed nothing
    assert await in_thread(delete, "?confirm=true") == 204
    refused = await peer.submit(create(labels[0]))
    assert (refused["type"], refused["code"], refused["retryable"]) == ("nack", "NO_ITEM", False)
    assert await peer.closing() == 4404
    late = await Peer(server.url, item.pk, token_of(bob)).open()
    assert await late.closing() == 4404
    assert not await in_thread(Item.objects.exists) and not await in_thread(JournalTx.objects.exists)
