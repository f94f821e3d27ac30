"""Following an object through frames whose truth is known: where it goes, and when it is given up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faster_coco_eval.core import mask as coco

from projects.conveyor import Conveyor
from training.assist.carry import carried, iou, keyframes
from training.assist.motion import METHODS, Box, follow

SPEED = 4  # pixels a frame: what the belt does at this size


@pytest.fixture(scope="module")
def belt():
    conveyor = Conveyor(width=640, height=360)
    return [(n, *conveyor.frame(n)) for n in range(30)]


def run(belt, shape, method):
    return follow(((n, picture) for n, picture, _ in belt), Box(shape.x, shape.y, shape.w, shape.h), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_part_is_followed_along_the_belt(belt, method):
    whole = [s for s in belt[0][2] if s.x > 20 and s.x + s.w + SPEED * 30 < 620]
    assert len(whole) >= 3
    for shape in whole:
        course = run(belt, shape, method)
        assert (course.lost, [step.frame for step in course.steps]) == (None, list(range(1, 30)))
        for step in course.steps:
            truth = Box(shape.x + SPEED * step.frame, shape.y, shape.w, shape.h)
            assert iou(step.box, truth) > 0.9, (shape, step)
            assert step.confidence > 0.4


@pytest.mark.parametrize("method", METHODS)
def test_it_ends_where_the_object_leaves_the_picture(belt, method):
    leaving = max(belt[0][2], key=lambda s: s.x if s.x + s.w < 630 else 0)
    course = run(belt, leaving, method)
    assert course.reason == "it leaves the picture"
    assert course.lost == course.steps[-1].frame + 1 < 29
    assert leaving.x + SPEED * course.lost + leaving.w > 640


@pytest.mark.parametrize("method", METHODS)
def test_it_ends_where_the_object_is_hidden(belt, method):
    shape = next(s for s in belt[0][2] if s.x > 40 and s.x + s.w < 400)
    frames = [(n, picture.copy(), parts) for n, picture, parts in belt]
    for n, picture, _ in frames[8:]:
        picture[:] = np.random.default_rng(n).integers(40, 90, picture.shape)  # a curtain
    course = run(frames, shape, method)
    assert course.lost == 8 and course.steps[-1].frame == 7 and course.reason


def test_growth_is_followed():
    random = np.random.default_rng(2)
    texture = cv2.GaussianBlur(random.integers(0, 255, (80, 80, 3)).astype(np.uint8), (0, 0), 1.5)
    frames, truth = [], []
    for n in range(20):
        side = round(80 * 1.02**n)
        picture = np.full((300, 300, 3), 60, np.uint8)
        x, y = 60 + n, 70
        picture[y : y + side, x : x + side] = cv2.resize(texture, (side, side))
        frames.append((n, picture))
        truth.append(Box(x, y, side, side))
    course = follow(iter(frames), truth[0])
    assert course.lost is None
    assert min(iou(step.box, truth[step.frame]) for step in course.steps) > 0.85


@pytest.mark.parametrize("method", METHODS)
def test_a_box_of_one_colour_cannot_be_followed(method):
    flat = np.full((100, 100, 3), 128, np.uint8)
    course = follow(((n, flat) for n in range(3)), Box(10, 10, 30, 30), method)
    assert (course.steps, course.lost) == ([], 1) and "one colour" in course.reason


def test_every_shape_goes_along_with_its_box():
    before, after = Box(0, 0, 10, 10), Box(5, 5, 20, 10)
    assert carried({"type": "box", "x": 0, "y": 0, "w": 10, "h": 10}, before, after) == {
        "type": "box",
        "x": 5,
        "y": 5,
        "w": 20,
        "h": 10,
    }
    polygon = {"type": "polygon", "rings": [[["a", 0, 0], ["b", 10, 0], ["c", 10, 10]]]}
    assert carried(polygon, before, after)["rings"] == [[["a", 5, 5], ["b", 25, 5], ["c", 25, 15]]]
    points = {"type": "keypoints", "points": [[5, 5, 2], [0, 10, 1]]}
    assert carried(points, before, after)["points"] == [[15, 10, 2], [5, 15, 1]]
    turned = {"type": "rbox", "cx": 5, "cy": 5, "w": 8, "h": 4, "angle": 30}
    assert carried(turned, before, after) == {"type": "rbox", "cx": 15, "cy": 10, "w": 16, "h": 4, "angle": 30}


def test_a_mask_goes_along_as_its_pixels():
    ring = np.zeros((40, 60), np.uint8)
    ring[10:20, 10:30] = 1
    ring[13:17, 15:20] = 0
    counts = coco.encode(np.asfortranarray(ring))["counts"].decode()
    mask = {"type": "mask", "size": [40, 60], "counts": counts}

    def pixels(after: Box) -> np.ndarray:
        made = carried(mask, Box(10, 10, 20, 10), after)
        return coco.decode({"size": made["size"], "counts": made["counts"].encode()})

    assert (pixels(Box(10, 10, 20, 10)) == ring).all()
    assert (pixels(Box(13, 5, 20, 10)) == np.roll(ring, (-5, 3), (0, 1))).all()
    grown = pixels(Box(10, 10, 40, 20))
    assert grown.sum() == 4 * ring.sum() and (grown[16:24, 20:30] == 0).all()
    assert pixels(Box(50, 10, 20, 10)).sum() == 10 * 10 - 5 * 4, "beyond the edge there is nothing"


def test_straight_motion_takes_two_keyframes_and_a_bend_a_third():
    straight = [(n, Box(10 + 4 * n, 5, 30, 30)) for n in range(40)]
    assert keyframes(straight) == [0, 39]
    bent = straight[:20] + [(n, Box(86 - 4 * (n - 19), 5, 30, 30)) for n in range(20, 40)]
    assert keyframes(bent) == [0, 19, 39]
    assert keyframes(straight[:1]) == [0]
