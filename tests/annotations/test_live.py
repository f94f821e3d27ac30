"""`/ws/items/<id>/` on a real server, with real sockets."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from annotations import journal
from annotations.models import JournalTx
from annotations.queries import annotations_of, every_shape_of
from projects.models import Item, Membership
from projects.sockets import in_thread
from tests.annotations.conftest import BOX, create, make_item, new_id, token_of, tx, update
from tests.annotations.peer import Peer


async def rows_of(item) -> dict:
    return {shape["id"]: shape for shape in await in_thread(every_shape_of, item)}


async def test_two_people_see_each_others_boxes(either_server, item, labels, alice, bob):
    one = await Peer(either_server.url, item.pk, token_of(alice)).join()
    two = await Peer(either_server.url, item.pk, token_of(bob)).join()
    assert one.welcome["role"] == "owner" and two.welcome["role"] == "annotator"
    assert one.welcome["user"] == {"id": str(alice.pk), "name": "Alice"}
    op = create(labels[0])
    ack = await one.submit(op)
    assert ack == {"type": "ack", "tx_id": ack["tx_id"], "rev": 1, "overwritten": [], "skipped": []}
    assert await in_thread(JournalTx.objects.count) == 1  # it was on disk before it was acknowledged
    await two.reach(1)
    (sent,) = (await two.until("ops"))["txs"]
    assert sent["actor"] == {"id": str(alice.pk), "name": "Alice"} and sent["client_id"] == one.client_id
    answer = await two.submit(update(op["id"], geometry={**BOX, "x": 99}))
    assert answer["rev"] == 2
    await one.reach(2)
    await two.reach(2)
    assert one.document == two.document == await rows_of(item)
    await one.leave()
    await two.leave()


async def test_rest_and_sockets_write_into_the_same_journal(server, item, labels, alice, bob):
    peer = await Peer(server.url, item.pk, token_of(alice)).join()
    receipt = await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    await peer.reach(receipt.rev)
    assert (await peer.submit(create(labels[0])))["rev"] == 2
    await peer.reach(2)
    assert peer.document == await rows_of(item)
    await peer.leave()


async def test_a_repeat_gets_the_first_answer_and_another_payload_does_not(server, item, labels, bob):
    peer = await Peer(server.url, item.pk, token_of(bob)).join()
    op = create(labels[0])
    first = await peer.submit(op, tx_id="t")
    peer.answers.clear()
    again = await peer.submit(op, tx_id="t")
    assert again == first
    peer.answers.clear()
    other = await peer.submit(create(labels[0]), tx_id="t")
    assert (other["type"], other["code"], other["retryable"]) == ("nack", "ID_REUSED", False)
    assert await in_thread(JournalTx.objects.count) == 1
    await peer.leave()


async def test_a_reconnect_replays_what_was_missed(server, item, labels, alice, bob):
    peer = await Peer(server.url, item.pk, token_of(alice)).join()
    await peer.submit(create(labels[0]))
    await peer.reach(1)
    await peer.vanish()
    for _ in range(30):
        await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    await peer.join()
    await peer.reach(31)
    assert peer.document == await rows_of(item)
    await peer.leave()


async def test_who_is_too_far_behind_gets_a_snapshot(server, item, labels, bob, api, alice):
    await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    await in_thread(lambda: JournalTx.objects.update(rev=3000))
    await in_thread(lambda: Item.objects.update(rev=3000))
    peer = await Peer(server.url, item.pk, token_of(bob)).join()
    snapshot = await peer.until("snapshot")
    assert snapshot["rev"] == 3000
    answer = await in_thread(lambda: api(bob).get(snapshot["url"]).json())
    assert answer["rev"] == 3000 and len(answer["results"]) == 1
    peer.rev = 3000
    assert (await peer.submit(create(labels[0])))["rev"] == 3001
    await peer.reach(3001)
    await peer.leave()


@pytest.mark.parametrize("change", [{"epoch": new_id()}, {"last_rev": 5}])
async def test_another_epoch_or_a_future_rev_gets_a_snapshot(server, item, bob, change):
    peer = Peer(server.url, item.pk, token_of(bob))
    await peer.open()
    await peer.hello(**change)
    assert (await peer.until("snapshot"))["rev"] == 0
    await peer.leave()


async def test_a_lost_broadcast_shows_in_the_head_and_is_pulled(server, item, labels, alice, bob):
    peer = await Peer(server.url, item.pk, token_of(alice)).join()
    peer.deaf = True
    await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    await peer.until("ops")
    assert peer.rev == 0
    peer.deaf = False
    await peer.until("head", since=len(peer.seen), rev=1)
    await peer.reach(1)
    assert peer.document == await rows_of(item)
    await peer.leave()


async def test_what_nobody_rang_for_shows_in_the_head(server, item, labels, alice, bob, settings):
    peer = await Peer(server.url, item.pk, token_of(alice)).join()
    settings.REDIS_URL = "redis://127.0.0.1:1"  # only in this process: the commit stands, the ring is lost
    from projects import live

    pool, live._pool = live._pool, None
    await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    live._pool = pool
    await peer.reach(1)
    assert peer.document == await rows_of(item)
    await peer.leave()


async def test_killed_after_the_commit_nothing_is_lost(server, item, labels, bob):
    peer = await Peer(server.url, item.pk, token_of(bob)).join()
    await peer.submit(create(labels[0]))
    await in_thread(journal.commit, item.pk, tx(create(labels[0])), bob)
    await asyncio.to_thread(server.stop, kill=True)
    await peer.closing()
    await asyncio.to_thread(server.start)
    await peer.join()
    await peer.reach(2)
    assert peer.document == await rows_of(item)
    await peer.leave()


async def test_undo_over_the_socket(server, item, labels, alice, bob):
    one = await Peer(server.url, item.pk, token_of(alice)).join()
    two = await Peer(server.url, item.pk, token_of(bob)).join()
    op = create(labels[0])
    await one.submit(op, tx_id="mine")
    await two.reach(1)
    await two.submit(update(op["id"], attributes={"k": 1}))
    ack = await one.submit(undo_of="mine")
    assert ack["skipped"] == [{"id": op["id"], "property": "deleted", "by": {"id": str(bob.pk), "name": "Bob"}}]
    await one.reach(3)
    await two.reach(3)
    assert one.document == two.document == await rows_of(item)
    await one.leave()
    await two.leave()


async def test_presence_is_told_and_forgotten(either_server, item, alice, bob):
    one = await Peer(either_server.url, item.pk, token_of(alice)).join()
    two = await Peer(either_server.url, item.pk, token_of(bob)).join()
    for x in range(50):
        await one.send({"type": "presence", "cursor": [x, 1.5], "frame": None, "selection": [], "tool": "box"})
    await until_presence(two, one.welcome["conn"], cursor=[49, 1.5])
    sent = [m for m in two.seen if m["type"] == "presence"]
    assert len(sent) < 50  # the latest wins; the ones between were never sent
    late = await Peer(either_server.url, item.pk, token_of(bob)).join()
    known = await until_presence(late, one.welcome["conn"], cursor=[49, 1.5])
    assert known["user"] == {"id": str(alice.pk), "name": "Alice"} and known["tool"] == "box"
    await one.vanish()
    await until_presence(two, one.welcome["conn"], gone=True)
    await two.leave()
    await late.leave()


async def until_presence(peer: Peer, conn: str, **fields):
    while True:
        for message in peer.seen:
            for entry in message.get("batch", ()):
                if entry["conn"] == conn and fields.items() <= entry.items():
                    return entry
        await peer.until("presence", since=len(peer.seen))


class TestRefusals:
    async def test_other_teams_items_and_no_items_look_the_same(self, server, item, charlie):
        for unknown in (item.pk, new_id()):
            peer = await Peer(server.url, unknown, token_of(charlie)).open()
            assert await peer.closing() == 4404

    async def test_a_wrong_token(self, server, item):
        peer = await Peer(server.url, item.pk, "not.a.token").open()
        assert await peer.closing() == 4401

    @pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
    async def test_foreign_pages_and_absent_origins_without_a_token(self, server, item, origin):
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"{server.url.replace('http', 'ws')}/ws/items/{item.pk}/", additional_headers=headers)
        assert refusal.value.response.status_code == 403

    async def test_a_foreign_origin_with_a_token(self, server, item, bob):
        with pytest.raises(InvalidStatus):
            await Peer(server.url, item.pk, token_of(bob)).open(origin="https://evil.example")

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("no json", 4400),
            ('{"type":"hello"}', 4400),
            ('{"type":"tx","tx_id":"a","base_rev":0,"ops":[]}', 4400),
            ('{"type":"presence","cursor":[NaN,0]}', 4400),
            ('{"type":"__proto__"}', 4400),
            ("{" + '"a":{' * 2000 + "}" * 2001, 4400),
            (" " * (256 * 1024 + 1), 4413),
        ],
    )
    async def test_before_hello(self, either_server, item, bob, text, code):
        peer = await Peer(either_server.url, item.pk, token_of(bob)).open()
        await peer.send(text)
        assert await peer.closing() == code

    async def test_bytes_that_are_no_text(self, server, item, bob, alice):
        peer = await Peer(server.url, item.pk, token_of(bob)).join()
        await peer.socket.send(b"\xff\xfe\x00")
        assert await peer.closing() == 4400
        peer = await Peer(server.url, item.pk, token_of(bob)).join()
        await peer.socket.send(b'{"type":"ping\xff"}', text=True)
        assert await peer.closing() in (1007, 1006)
        peer = await Peer(server.url, item.pk, token_of(alice)).join()
        await peer.send({"type": "ping", "rev": 0})
        assert (await peer.until("pong"))["rev"] == 0
        await peer.leave()

    async def test_another_protocol_version(self, server, item, bob):
        peer = await Peer(server.url, item.pk, token_of(bob)).open()
        await peer.send({"type": "hello", "proto": 2, "item": str(item.pk), "client_id": "a", "last_rev": 0})
        assert await peer.closing() == 4409

    async def test_hello_for_another_item(self, server, item, bob):
        peer = await Peer(server.url, item.pk, token_of(bob)).open()
        await peer.send({"type": "hello", "proto": 1, "item": new_id(), "client_id": "a", "last_rev": 0})
        assert await peer.closing() == 4400

    async def test_bad_ops_are_answered_and_the_socket_stays(self, server, item, project, labels, bob, alice):
        other = await in_thread(make_item, project, "b.png")
        elsewhere = create(labels[0])
        await in_thread(journal.commit, other.pk, tx(elsewhere), alice)
        peer = await Peer(server.url, item.pk, token_of(bob)).join()
        good = create(labels[0])
        huge = {"type": "polygon", "rings": [[[f"v{n}", n % 600, n % 400] for n in range(6000)]]}
        before = await rows_of(other)
        for op, code in [
            ({**good, "unknown": 1}, "INVALID"),
            (json.loads('{"op":"create","__proto__":{"x":1}}'), "INVALID"),
            ({**good, "attributes": json.loads('{"__proto__":1}')}, "INVALID"),
            ({**good, "attributes": {"a": {"deep": 1}}}, "INVALID"),
            ({**good, "attributes": {"a": "\x00"}}, "INVALID"),
            ({**good, "geometry": {**BOX, "w": -1}}, "INVALID"),
            ({**good, "geometry": {**BOX, "x": 1e300}}, "INVALID"),
            ({**good, "id": "x"}, "INVALID"),
            ({**good, "source": "model"}, "INVALID"),
            ({**good, "label": new_id()}, "UNKNOWN_LABEL"),
            ({**good, "geometry": {**BOX, "x": 5000}}, "OUTSIDE"),
            ({**good, "geometry": huge}, "TOO_LARGE"),
            (update(elsewhere["id"], label=labels[1]), "MISSING"),
            ({"op": "delete", "id": elsewhere["id"]}, "MISSING"),
            ({**elsewhere, "geometry": {**BOX, "x": 1}}, "EXISTS"),
            ({"op": "track", "id": good["id"], "do": "cut"}, "INVALID"),
            ("op", "INVALID"),
        ]:
            answer = await peer.submit(op)
            assert (answer["type"], answer["code"], answer["retryable"]) == ("nack", code, False), op
            assert answer["current"] is None
        many = await peer.submit(*[create(labels[0]) for _ in range(201)])
        assert many["code"] == "TOO_LARGE"
        assert await rows_of(item) == {} and await rows_of(other) == before  # nothing half done
        assert (await peer.submit(good))["rev"] == 1
        await peer.leave()

    async def test_too_many_transactions_a_second(self, server, item, labels, bob):
        peer = await Peer(server.url, item.pk, token_of(bob)).join()
        answers = await asyncio.gather(*[peer.submit_later(create(labels[0])) for _ in range(60)])
        refused = [answer for answer in answers if answer["type"] == "nack"]
        assert refused and all(answer["code"] == "RATE" and answer["retryable"] for answer in refused)
        revs = sorted(answer["rev"] for answer in answers if answer["type"] == "ack")
        assert revs == list(range(1, len(revs) + 1))
        await peer.leave()

    async def test_a_token_that_may_only_read(self, server, item, labels, bob):
        from projects.models import ApiToken

        made = await in_thread(lambda: ApiToken.objects.create(user=bob, name="reader", scopes=["read"]))
        peer = await Peer(server.url, item.pk, made[1]).join()
        assert (await peer.submit(create(labels[0])))["code"] == "FORBIDDEN"
        await peer.leave()

    async def test_a_viewer_may_watch_but_not_touch(self, server, item, labels, alice, bob, team):
        await in_thread(lambda: Membership.objects.filter(user=bob, team=team).update(role="viewer"))
        peer = await Peer(server.url, item.pk, token_of(bob)).join()
        assert peer.welcome["role"] == "viewer"
        assert (await peer.submit(create(labels[0])))["code"] == "FORBIDDEN"
        await in_thread(journal.commit, item.pk, tx(create(labels[0])), alice)
        await peer.reach(1)
        await peer.leave()


async def test_a_removed_member_is_put_out_at_once(either_server, item, bob, alice, team):
    peer = await Peer(either_server.url, item.pk, token_of(bob)).join()
    await in_thread(lambda: Membership.objects.get(user=bob, team=team).delete())
    assert await peer.closing() == 4403


async def test_a_changed_role_is_told(server, item, bob, team):
    peer = await Peer(server.url, item.pk, token_of(bob)).join()

    def demote() -> None:
        membership = Membership.objects.get(user=bob, team=team)
        membership.role = "viewer"
        membership.save()

    await in_thread(demote)
    assert (await peer.until("role"))["role"] == "viewer"
    await peer.leave()


async def test_a_reader_that_stops_is_closed_and_nobody_else_notices(either_server, item, labels, alice, bob):
    slow = await Peer(either_server.url, item.pk, token_of(bob)).open()
    await slow.hello()
    slow.socket.transport.pause_reading()
    quick = await Peer(either_server.url, item.pk, token_of(alice)).join()
    big = [create(labels[0], attributes={f"k{n}": "x" * 1900 for n in range(20)}) for _ in range(5)]
    for _ in range(25):
        for op in big:
            op["id"] = new_id()
        answer = await quick.submit(*big)
        assert answer["type"] == "ack"
        await quick.reach(answer["rev"])
        await quick.send({"type": "ping", "rev": quick.rev})
    slow.socket.transport.resume_reading()
    assert await slow.closing() in (4408, 1006)
    assert len(await in_thread(annotations_of, item)) == 125
    slow = await slow.join()
    await slow.until("snapshot")
    await slow.leave()
    await quick.leave()
