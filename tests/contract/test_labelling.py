"""The contract of `annotations`, `tx`, `history`, and of the socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from projects import ids
from projects.sockets import in_thread
from tests.contract.script import (
    ANNOTATION,
    BOX,
    TIME,
    Script,
    drawn,
    picture,
    registered,
)


def test_annotations_and_their_history(ada, made, item):
    bolt, gear = (label["id"] for label in made["labels"])
    op = {"op": "create", "id": str(ids.uuid7()), "label": bolt, "geometry": BOX, "attributes": {"worn": True}}
    tx = {"client_id": "script", "tx_id": "1", "base_rev": 0, "ops": [op]}
    first = ada.call(f"POST items/{item['id']}/tx", tx)
    assert first.keys() >= {"tx_id", "rev", "overwritten"} and (first["tx_id"], first["rev"]) == ("1", 1)
    assert ada.call(f"POST items/{item['id']}/tx", tx) == first
    change = {"op": "update", "id": op["id"], "set": {"label": gear}}
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "2", "base_rev": 1, "ops": [change]})

    document = ada.call(f"GET items/{item['id']}/annotations")
    assert document["rev"] == 2 and document["results"][0].keys() >= ANNOTATION
    shape = document["results"][0]
    assert (shape["id"], shape["label"], shape["geometry"]) == (op["id"], gear, BOX)
    assert (shape["source"], shape["confidence"], shape["attributes"]) == ("human", None, {"worn": True})
    assert TIME.match(shape["updated_at"])
    assert ada.call(f"GET items/{item['id']}/annotations?rev=1")["results"][0]["label"] == bolt
    assert ada.call(f"GET items/{item['id']}/annotations?frame=3")["results"] == []
    assert ada.call(f"GET items/{item['id']}")["rev"] == 2

    history = ada.results(f"items/{item['id']}/history")
    assert [row["rev"] for row in history] == [1, 2] and history[0]["actor"]["name"] == "Ada"
    assert all(row.keys() >= {"rev", "tx_id", "actor", "at", "ops"} for row in history)
    assert [row["rev"] for row in ada.results(f"items/{item['id']}/history?after=1")] == [2]

    for ops in ([{"op": "delete", "id": op["id"]}], [{"op": "restore", "id": op["id"]}]):
        ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": str(ids.uuid7()), "base_rev": 2, "ops": ops})
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "5", "ops": [{"op": "delete", "id": op["id"]}]})
    refused = ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "6", "base_rev": 5, "ops": [change]}, 409)
    assert refused["code"] == "GONE" and "current" in refused
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "7", "ops": [{"op": "dance"}]}, 400)


@pytest.mark.parametrize(
    "geometry",
    [
        BOX,
        {"type": "rbox", "cx": 30, "cy": 20, "w": 20, "h": 10, "angle": 30},
        {"type": "polygon", "rings": [[["a", 5, 5], ["b", 30, 5], ["c", 30, 30]]]},
        {"type": "polyline", "points": [["a", 5, 5], ["b", 30, 5]]},
        {"type": "mask", "size": [48, 64], "counts": "PP3"},
        {"type": "tag"},
    ],
    ids=lambda geometry: geometry["type"],
)
def test_each_geometry_comes_back_as_it_was_sent(ada, made, item, geometry):
    drawn(ada, item, made["labels"][0]["id"], geometry=geometry)
    assert ada.call(f"GET items/{item['id']}/annotations")["results"][0]["geometry"] == geometry


def test_a_vertex_is_moved_by_its_id(ada, made, item):
    ring = [["a", 5, 5], ["b", 30, 5], ["c", 30, 30]]
    shape = drawn(ada, item, made["labels"][0]["id"], geometry={"type": "polygon", "rings": [ring]})
    move = {"op": "vertex", "id": shape["id"], "ring": 0, "do": "move", "vertex": "b", "x": 31, "y": 6, "geom_rev": 1}
    insert = {**move, "do": "insert", "vertex": "d", "after": "b", "x": 32, "y": 15}
    ada.call(f"POST items/{item['id']}/tx", {"client_id": "s", "tx_id": "1", "base_rev": 1, "ops": [move, insert]})
    now = ada.call(f"GET items/{item['id']}/annotations")["results"][0]["geometry"]["rings"][0]
    assert now == [["a", 5, 5], ["b", 31, 6], ["d", 32, 15], ["c", 30, 30]]


async def until(socket: ClientConnection, *kinds: str) -> dict[str, dict[str, Any]]:
    """The next message of each kind; others in between are passed over."""
    found: dict[str, dict[str, Any]] = {}
    while set(kinds) - found.keys():
        message = json.loads(await asyncio.wait_for(socket.recv(), 20))
        found.setdefault(message["type"], message)
    return found


async def test_the_socket_with_a_token(server, transactional_db):
    def prepare() -> tuple[str, Script, dict[str, Any], str]:
        access = registered("Ada")["access"]
        ada = Script(access)
        token = ada.call("POST auth/tokens", {"name": "labeller"}, 201)["token"]
        made = ada.call("POST projects", {"name": "Belt", "task": "detect", "labels": [{"name": "bolt"}]}, 201)
        item = ada.call(f"POST projects/{made['id']}/items", {"file": picture()}, 201, form=True)
        return token, ada, item, made["labels"][0]["id"]

    token, ada, item, label = await in_thread(prepare)
    address = f"{server.url.replace('http', 'ws')}/ws/items/{item['id']}/"
    protocols = [Subprotocol("frameloop.v1"), Subprotocol(f"bearer.{token}")]
    hello = {"type": "hello", "proto": 1, "item": item["id"], "client_id": "robot", "epoch": "", "last_rev": 0}
    async with connect(address, subprotocols=protocols) as socket:
        assert socket.subprotocol == "frameloop.v1"
        await socket.send(json.dumps(hello))
        first = json.loads(await asyncio.wait_for(socket.recv(), 20))
        assert first["type"] == "welcome" and first.keys() >= {"conn", "epoch", "head", "role", "limits"}
        op = {"op": "create", "id": str(ids.uuid7()), "label": label, "geometry": BOX}
        await socket.send(json.dumps({"type": "tx", "tx_id": "1", "base_rev": 0, "ops": [op]}))
        said = await until(socket, "ops", "ack")  # in either order
        assert said["ack"].items() >= {"tx_id": "1", "rev": 1}.items()
        assert (said["ops"]["from"], said["ops"]["to"]) == (1, 1)
        assert said["ops"]["txs"][0].keys() >= {"rev", "tx_id", "client_id", "actor", "at", "ops"}
        await socket.send(json.dumps({"type": "tx", "tx_id": "2", "base_rev": 1, "ops": [{**op, "id": "no id"}]}))
        nack = (await until(socket, "nack"))["nack"]
        assert nack.keys() >= {"tx_id", "code", "current", "retryable"} and nack["tx_id"] == "2"
        await socket.send(json.dumps({"type": "pull", "from": 1}))
        assert (await until(socket, "ops"))["ops"]["txs"][0]["tx_id"] == "1"
        await socket.send(json.dumps({"type": "ping", "rev": 1}))
        await until(socket, "pong")
        assert (await until(socket, "head"))["head"]["rev"] == 1

    async with connect(address, subprotocols=protocols) as socket:
        await socket.send(json.dumps({**hello, "epoch": first["epoch"]}))
        assert (await until(socket, "welcome"))["welcome"]["head"] == 1
        assert (await until(socket, "ops"))["ops"]["to"] == 1  # it was behind
