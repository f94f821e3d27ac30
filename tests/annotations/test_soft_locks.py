"""What presence may carry: a view to follow, who is away, and what a hand holds; shown to others, never enforced."""

from __future__ import annotations

import pytest

from annotations.protocol import Malformed, parse_presence
from tests.annotations.conftest import BOX, SQUARE, create, new_id, token_of, update
from tests.annotations.peer import Peer
from tests.annotations.test_live import until_presence

HERE = {"type": "presence", "cursor": [1, 2]}


def test_everything_optional_has_a_meaning_when_it_is_missing():
    assert parse_presence(HERE).public() == {
        "cursor": [1.0, 2.0], "frame": None, "selection": [], "tool": "", "drag": None, "view": None, "away": False,
        "given_up": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "geometry",
    [
        BOX,
        SQUARE,
        {"type": "rbox", "cx": 9, "cy": 9, "w": 4, "h": 5, "angle": 30},
        {"type": "polyline", "points": [["a", 1, 1], ["b", 5, 5]]},
        {"type": "keypoints", "points": [[1, 1, 2], [3, 3, 1]]},
    ],
)
def test_a_hand_may_hold_any_shape(geometry):
    drag = {"id": new_id(), "geometry": geometry}
    held = parse_presence({**HERE, "drag": drag, "frame": 12}).public()
    assert held["drag"]["id"] == drag["id"] and held["drag"]["geometry"]["type"] == geometry["type"]


def test_a_view_is_a_middle_and_a_width():
    seen = parse_presence({**HERE, "view": {"x": -3.5, "y": 4, "w": 640}, "away": True, "given_up": True}).public()
    assert (seen["view"], seen["away"], seen["given_up"]) == ({"x": -3.5, "y": 4.0, "w": 640.0}, True, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("view", {"x": 1, "y": 2}),
        ("view", {"x": 1, "y": 2, "w": 0}),
        ("view", {"x": 1, "y": 2, "w": -5}),
        ("view", {"x": 1, "y": float("nan"), "w": 5}),
        ("view", {"x": 1, "y": 2, "w": 5, "scale": 2}),
        ("view", [1, 2, 3]),
        ("view", {"x": "1", "y": 2, "w": 5}),
        ("away", 1),
        ("away", None),
        ("given_up", "yes"),
        ("following", "me"),
    ],
)
def test_anything_else_is_refused(field, value):
    with pytest.raises(Malformed, match=field):
        parse_presence({**HERE, field: value})


@pytest.mark.django_db(transaction=True)
async def test_a_held_shape_is_seen_by_others_and_can_be_changed(server, item, labels, alice, bob):
    one = await Peer(server.url, item.pk, token_of(alice)).join()
    two = await Peer(server.url, item.pk, token_of(bob)).join()
    shape = new_id()
    await one.submit(create(labels[0], shape))
    await two.reach(1)
    held = {"id": shape, "geometry": {**BOX, "x": 55.0}}
    view = {"x": 5.0, "y": 6.0, "w": 70.0}
    await one.send({**HERE, "drag": held, "view": view})
    told = await until_presence(two, one.welcome["conn"], view=view)
    assert told["user"]["name"] == "Alice" and told["drag"]["id"] == shape
    assert (await two.submit(update(shape, geometry={**BOX, "x": 99})))["type"] == "ack"
    await one.leave()
    await two.leave()
