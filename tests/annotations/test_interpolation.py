"""What a track looks like between its keyframes, on the vectors that the browser runs too."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from annotations import shapes
from annotations.interpolation import Track, between, state_on

FOLDER = Path(__file__).parents[1] / "vectors" / "interpolation"
VECTORS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path):
    vector = json.loads(path.read_text())
    states = {frame: state_on(vector["shape"], int(frame)) for frame in vector["states"]}
    assert states == vector["states"], vector["name"]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_what_lies_between_is_a_shape_as_any_other(path):
    shape = json.loads(path.read_text())["shape"]
    for frame in range(40):
        state = state_on(shape, frame)
        if state is not None:
            assert shapes.parse(state["geometry"]) == state["geometry"]


def outline(dice: random.Random, count: int, name: str) -> list[list]:
    return [[f"{name}{n}", dice.uniform(0, 600), dice.uniform(0, 400)] for n in range(count)]


@pytest.mark.parametrize("seed", range(12))
def test_both_ends_are_the_outlines_themselves(seed):
    """Whatever the two outlines are: each vertex of either is met at its end, and no other place is left."""
    dice = random.Random(seed)
    a = {"type": "polygon", "rings": [outline(dice, dice.randint(3, 9), "a")]}
    b = {"type": "polygon", "rings": [outline(dice, dice.randint(3, 9), "b")]}
    blend = between(a, b)
    assert blend is not None
    for end, share in ((a, 0.0), (b, 1.0)):
        there = {(round(x), round(y)) for _, x, y in blend(share)["rings"][0]}
        for _, x, y in end["rings"][0]:
            assert any(abs(x - u) <= 1 and abs(y - v) <= 1 for u, v in there)
    assert shapes.parse(blend(0.37))["type"] == "polygon"


def test_an_outline_that_only_moved_moves_straight():
    """Ids that differ and another start do not make it turn on the way."""
    dice = random.Random(5)
    ring = outline(dice, 7, "a")
    moved = [[f"b{n}", x + 300, y - 40] for n, (_, x, y) in enumerate(ring[3:] + ring[:3])]
    blend = between({"type": "polygon", "rings": [ring]}, {"type": "polygon", "rings": [moved]})
    assert blend is not None
    half = blend(0.5)["rings"][0]
    assert [[round(x, 1), round(y, 1)] for _, x, y in half] == [
        [round(x + 150, 1), round(y - 20, 1)] for _, x, y in ring
    ]


def test_the_runs_of_a_track():
    box = {"type": "box", "x": 0, "y": 0, "w": 4, "h": 4}
    frames = {"2": {"geometry": box}, "5": {"outside": True}, "9": {"geometry": box}, "12": {"geometry": box}}
    track = Track({"geometry": box, "attributes": {}, "frame": 2, "keyframes": frames})
    assert track.visible() == [(2, 4), (9, 12)] and track.holds()
