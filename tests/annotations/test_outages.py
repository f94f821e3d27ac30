"""What may happen on a bad day while people label: restarts, outages, long absences, bulk work, a way that closes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connections
from django.test import Client

from annotations import journal, queries
from annotations.models import Annotation
from projects import live
from projects.models import Item
from projects.models.item import State
from projects.sockets import in_thread
from tests import servers
from tests.annotations.conftest import BOX, create, new_id, token_of, tx, update
from tests.annotations.peer import Peer
from tests.annotations.test_live import rows_of, until_presence
from tests.processes import Server, on_test_database

PEOPLE, EACH = 50, 3
FLUSHED = 15  # transactions of each person


async def test_fifty_people_in_the_middle_of_their_work_are_back_after_a_restart(
    transactional_db, tmp_path, item, labels, alice, bob
):
    server = Server("uvicorn", on_test_database(DEBUG="false"), tmp_path / "log")
    await asyncio.to_thread(server.start)
    try:
        peers = [Peer(server.url, item.pk, token_of((alice, bob)[n % 2])) for n in range(PEOPLE)]
        await asyncio.gather(*(peer.join() for peer in peers))
        for round_ in range(EACH):
            working = asyncio.gather(*(peer.insist(create(labels[0])) for peer in peers))
            if round_ == 1:
                await asyncio.sleep(0.02)
                await asyncio.to_thread(server.stop, kill=True)
                await asyncio.to_thread(server.start)
            acks = await asyncio.wait_for(working, 120)
            assert len({ack["rev"] for ack in acks}) == PEOPLE
        for peer in peers:
            if peer.closed:
                await peer.join()
            await peer.reach(PEOPLE * EACH)
        truth = await rows_of(item)
        assert len(truth) == PEOPLE * EACH and all(peer.document == truth for peer in peers)
        await asyncio.gather(*(peer.leave() for peer in peers))
    finally:
        await asyncio.to_thread(server.stop)


async def test_redis_is_flushed_again_and_again_while_two_people_edit(server, item, labels, alice, bob):
    peers = [await Peer(server.url, item.pk, token_of(person)).join() for person in (alice, bob)]

    async def work(peer: Peer) -> list[int]:
        return [(await peer.insist(create(labels[0])))["rev"] for _ in range(FLUSHED)]

    working = asyncio.gather(*map(work, peers))
    while not working.done():
        await in_thread(live.client().flushall)
        await asyncio.sleep(0.01)
    assert sorted(sum(await working, [])) == list(range(1, 2 * FLUSHED + 1))
    since = [len(peer.seen) for peer in peers]
    await in_thread(live.client().flushall)
    # What says every five seconds how far the item is needs no Redis: nobody is behind for longer.
    heads = await asyncio.gather(*(peer.until("head", n) for peer, n in zip(peers, since, strict=True)))
    assert {head["rev"] for head in heads} == {2 * FLUSHED}
    truth = await rows_of(item)
    assert len(truth) == 2 * FLUSHED
    for peer in peers:
        await peer.reach(2 * FLUSHED)
        assert peer.document == truth
    await peers[0].send({"type": "presence", "cursor": [3, 4]})
    await until_presence(peers[1], peers[0].welcome["conn"], cursor=[3, 4])
    for peer in peers:
        await peer.leave()


@pytest.fixture
def restart_postgres(transactional_db) -> Iterator[Callable[[], None]]:
    """Ends the whole server while others are connected to it, and starts it again in the same folder."""

    yield servers.restart_postgres
    connections.close_all()  # this thread's was cut as well
    connections["default"].close_pool()


async def test_postgres_restarts_under_open_sockets(server, restart_postgres, item, labels, alice, bob):
    one = await Peer(server.url, item.pk, token_of(alice)).join()
    two = await Peer(server.url, item.pk, token_of(bob)).join()
    await one.submit(create(labels[0]))
    await two.reach(1)
    url, sign_in = f"{server.url}/api/v1/items/{item.pk}/annotations", {"Authorization": f"Bearer {token_of(bob)}"}
    async with httpx.AsyncClient(headers=sign_in, timeout=30) as client:
        before = await asyncio.gather(*(client.get(url) for _ in range(4)))
        await in_thread(restart_postgres)
        after = await asyncio.gather(*(client.get(url) for _ in range(4)))
    assert {answer.status_code for answer in (*before, *after)} == {200}, "the pool's dead connections are replaced"
    for peer in (one, two):
        assert (await peer.insist(create(labels[0])))["type"] == "ack"
    for peer in (one, two):
        if peer.closed:
            await peer.join()
        await peer.reach(3)
        assert peer.document == await again(rows_of, item)
        await peer.leave()


async def again(read: Callable[[Item], Any], item: Item) -> Any:
    """Read by threads of this process, whose connections were cut."""
    while True:
        try:
            return await read(item)
        except OperationalError:
            await in_thread(connections.close_all)


@pytest.mark.parametrize("hours", [30 / 3600, 8])
async def test_both_sides_went_on_while_one_was_offline(server, item, labels, alice, bob, hours):
    hers = await Peer(server.url, item.pk, token_of(alice)).join()
    his = await Peer(server.url, item.pk, token_of(bob)).join()
    shape, other = create(labels[0]), create(labels[0])
    await hers.submit(shape, other)
    await his.reach(1)
    await his.vanish()
    offline = [
        [update(shape["id"], geometry={**BOX, "x": 200})],  # she moved it too
        [update(shape["id"], attributes={"seen": True})],  # and this only he did
        [update(other["id"], geometry={**BOX, "y": 100})],  # she deleted it
        [create(labels[1])],
    ]
    await hers.submit(update(shape["id"], geometry={**BOX, "x": 100}))
    await hers.submit({"op": "delete", "id": other["id"]})
    await in_thread(age, item, hours)

    await his.join()
    answers = [await his.submit(*ops, base_rev=1) for ops in offline]
    assert [answer["type"] for answer in answers] == ["nack", "ack", "nack", "ack"]
    assert (answers[0]["code"], answers[2]["code"]) == ("CONFLICT", "GONE")
    assert answers[0]["current"]["geometry"]["x"] == 100, "he is shown what is there now"
    for peer in (hers, his):
        await peer.reach(5)
        assert peer.document == await rows_of(item)
        await peer.leave()


def age(item: Item, hours: float) -> None:
    """As if everything so far had happened that long ago."""
    for row in Annotation.objects.filter(item=item):
        row.touched = {name: [rev, who, at - hours * 3_600_000] for name, (rev, who, at) in row.touched.items()}
        row.save(update_fields=["touched"])


async def test_an_item_is_approved_in_the_middle(server, item, labels, alice, bob):
    his = await Peer(server.url, item.pk, token_of(bob)).join()
    answers: list[dict[str, Any]] = []
    for n in range(12):
        if n == 6:
            await in_thread(lambda: Item.objects.filter(pk=item.pk).update(state=State.APPROVED))
        answers.append(await his.submit(create(labels[0])))
    assert [answer["type"] for answer in answers] == ["ack"] * 6 + ["nack"] * 6
    assert {answer["code"] for answer in answers[6:]} == {"ITEM_APPROVED"} and his.rev == 6
    hers = await Peer(server.url, item.pk, token_of(alice)).join()  # who may review may still edit
    assert (await hers.submit(create(labels[0])))["rev"] == 7
    for peer in (his, hers):
        await peer.reach(7)
        await peer.leave()


async def test_who_signs_out_in_another_tab_is_put_out(server, item, labels, bob):
    client = Client()
    await in_thread(client.force_login, bob)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    peer = Peer(server.url, item.pk, "")
    origin = server.url
    headers = {"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={cookie}", "Origin": origin}
    from websockets.asyncio.client import connect

    peer.socket = await connect(peer.url, additional_headers=headers, compression=None, ping_interval=None)
    await peer.hello()
    assert (await peer.submit(create(labels[0])))["type"] == "ack"
    await in_thread(client.post, "/sign-out/")
    assert await peer.closing() == 4401
    late = Peer(server.url, item.pk, "")
    late.socket = await connect(late.url, additional_headers=headers, compression=None, ping_interval=None)
    assert await late.closing() == 4401


async def test_rest_and_a_socket_on_one_property(server, item, labels, alice, bob):
    his = await Peer(server.url, item.pk, token_of(bob)).join()
    shape = create(labels[0])
    await his.submit(shape)

    def by_rest(n: int) -> Any:
        move = update(shape["id"], geometry={**BOX, "x": 100 + n})
        return journal.commit(item.pk, tx(move, base_rev=1, client_id="rest"), alice)

    both = []
    for n in range(10):
        move = update(shape["id"], geometry={**BOX, "x": 300 + n})
        both += await asyncio.gather(in_thread(by_rest, n), his.submit(move, base_rev=1))
    await his.reach(21)
    assert his.document == await rows_of(item)
    told = [entry for answer in both for entry in overwritten(answer)]
    assert {entry["property"] for entry in told} == {"geometry"} and len(told) >= 10
    await his.leave()


def overwritten(answer: Any) -> list[dict[str, Any]]:
    return answer["overwritten"] if isinstance(answer, dict) else answer.overwritten


def frame(message: dict[str, Any]) -> bytes:
    """A text frame as a client sends it (RFC 6455, 5.2), masked with zeros; for 126 to 65,535 bytes."""
    text = json.dumps(message).encode()
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text


async def test_a_reader_of_one_byte_at_a_time_costs_nobody_else(server, item, labels, alice, bob):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    hello = {"type": "hello", "proto": 1, "item": str(item.pk), "client_id": "slow", "last_rev": 0}
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws/items/{item.pk}/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: frameloop.v1, bearer.{token_of(bob)}\r\n\r\n".encode()
    )
    assert (await reader.read(1)) == b"H"
    writer.write(frame(hello))
    quick = await Peer(server.url, item.pk, token_of(alice)).join()
    big = {f"k{n}": "x" * 1900 for n in range(20)}
    got = 1
    for _ in range(20):
        answer = await quick.submit(*(create(labels[0], new_id(), attributes=big) for _ in range(5)))
        await quick.reach(answer["rev"])
        got += len(await reader.read(1))
    assert quick.rev == 20 and len(await in_thread(queries.annotations_of, item)) == 100
    assert got == 21
    await quick.leave()
    writer.transport.abort()
