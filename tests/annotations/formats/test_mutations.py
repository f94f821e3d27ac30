"""Archives with damage in them: every format either reads what is left or says what is wrong, and never breaks."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from annotations.formats import rle
from annotations.formats.base import FormatError, Report, chosen
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.registry import formats
from tests.annotations.formats.roundtrip import Memory, MemorySink

BOX = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
TOKENS = (
    b"NaN", b"-1", b"0",
    b"null", b"[]", b"{}", b'"', b"1e999", b"true", b"\x00", b"\xff", b"<", b"9" * 25, b",", b";", b"..", b"",
)  # fmt: skip
VALUES = (
    None, True, -1, 0, 3.5, float("nan"), float("inf"), 10**30, "", "x", "\ud800", "..", [], {}, [1], [[]], {"a": 1},
    [None], -5.0, 1e300, [1, 2, 3, 4],
)  # fmt: skip
CASES = [(name, {}) for name in formats() if name != "yolo"] + [
    ("yolo", {"task": task}) for task in ("detect", "segment", "obb", "pose", "classify")
]


def archive(form, options):
    bits = np.zeros((10, 12), np.uint8)
    bits[2:5, 3:6] = 1
    shapes = [
        Shape("car", BOX, {"a": "b"}, z=1, group="g"),
        Shape("b", {"type": "rbox", "cx": 5, "cy": 5, "w": 3, "h": 4, "angle": 30}),
        Shape("c", {"type": "polygon", "rings": [[[1, 1], [5, 1], [5, 5]]]}),
        Shape("m", {"type": "mask", "size": [10, 12], "counts": rle.encode(bits)}),
        Shape("man", {"type": "keypoints", "points": [[1, 1, 2], [2, 2, 1]]}),
        Shape("t", {"type": "tag"}),
    ]
    labels = [Label("car"), Label("man", skeleton={"points": ["x", "y"], "edges": [[0, 1]]})]
    pictures = [Picture("a.jpg", 12, 10, shapes, split="train" if form.abilities.splits else "")]
    if form.abilities.tracks:
        keyframes = {0: {"geometry": BOX}, 3: {"geometry": BOX, "outside": True}}
        pictures.append(
            Picture("v.mp4", 12, 10, [Shape("car", BOX, number=2, keyframes=keyframes)], frames=9, fps=25.0)
        )
    sink = MemorySink()
    form.write(Dataset(labels, pictures), sink, chosen(form, options), Report())
    return sink.files


def torn(data, dice):
    """Some bytes replaced."""
    made = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(made) + 1)
        made[start : start + dice.choice((0, 1, 1, 2, 5, 30))] = dice.choice(TOKENS)
    return bytes(made)


def twisted(data, dice):
    """A value of a JSON text replaced by one of another kind."""
    document = node = json.loads(data)
    while isinstance(node, dict | list) and node:
        key = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], dict | list) or not node[key] or dice.random() < 0.2:
            node[key] = dice.choice(VALUES)
            break
        node = node[key]
    return json.dumps(document).encode()


@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda case: str(case))
def test_damage_ends_in_a_report_or_an_error_that_says_what_is_wrong(name, options):
    form = formats()[name]
    files = archive(form, options)
    for seed in range(40):
        dice = random.Random(seed)
        key = dice.choice(sorted(files))
        damage = twisted if key.endswith(".json") and seed % 2 else torn
        broken = Memory({**files, key: damage(files[key], dice)})
        form.detect(broken)
        try:
            pictures = list(form.read(broken, chosen(form, options), Report()))
        except FormatError as error:
            assert error.detail
            continue
        assert all(isinstance(picture.path, str) and picture.path for picture in pictures)
