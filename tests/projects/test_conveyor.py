"""The procedural scene: its ground truth has to be the truth, or everything trained on it learns nonsense."""

from __future__ import annotations

import numpy as np
import pytest

from projects.conveyor import COLORS, LABELS, Conveyor


def test_the_same_seed_and_number_give_the_same_frame_in_any_order():
    first, second = Conveyor(seed=3), Conveyor(seed=3)
    wanted = {n: first.frame(n) for n in (900, 5, 40)}
    for n in (40, 900, 5):
        picture, shapes = second.frame(n)
        assert np.array_equal(picture, wanted[n][0])
        assert shapes == wanted[n][1]


def test_another_seed_carries_other_parts():
    assert Conveyor(seed=3).frame(10)[1] != Conveyor(seed=4).frame(10)[1]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (320, 180), (1280, 720), (400, 400)])
def test_boxes_lie_inside_the_frame_and_span_at_least_8_percent_of_its_width(width, height):
    scene = Conveyor(width=width, height=height)
    for n in range(0, 400, 40):
        picture, shapes = scene.frame(n)
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        for shape in shapes:
            assert shape.x >= 0 and shape.x + shape.w <= width
            assert shape.y >= 0 and shape.y + shape.h <= height
            touches_edge = shape.x == 0 or shape.x + shape.w == width
            assert touches_edge or max(shape.w, shape.h) >= 0.08 * min(width, height * 16 / 9)


def test_parts_move_along_with_the_belt():
    scene = Conveyor()
    before = {(s.label, s.w, s.h, s.y): s.x for s in scene.frame(100)[1] if s.x > 0 and s.x + s.w < 600}
    after = {(s.label, s.w, s.h, s.y): s.x for s in scene.frame(105)[1]}
    assert before
    for key, x in before.items():
        assert after[key] == x + 20


def test_every_label_has_a_colour_and_turns_up():
    assert set(COLORS) == set(LABELS)
    scene = Conveyor()
    seen = {shape.label for n in range(0, 2000, 100) for shape in scene.frame(n)[1]}
    assert seen == set(LABELS)


def test_a_part_is_reported_only_while_40_percent_of_it_can_be_seen():
    scene = Conveyor()
    widths: list[list[float]] = []
    inside = False
    for n in range(0, 120):
        entering = [s for s in scene.frame(n)[1] if s.x == 0 and s.y < 180]
        if entering and not inside:
            widths.append([])
        if entering:
            widths[-1].append(entering[0].w)
        inside = bool(entering)
    assert widths
    for story in widths[1:-1]:
        assert story == sorted(story), "a part that enters is seen more and more"
        assert story[0] >= 0.4 * story[-1]


def test_the_pixels_inside_a_box_differ_from_the_belt():
    picture, shapes = Conveyor().frame(37)
    belt = np.median(picture[40:-40].reshape(-1, 3), axis=0)
    for s in shapes:
        box = picture[int(s.y) : int(s.y + s.h), int(s.x) : int(s.x + s.w)].astype(int)
        far = np.abs(box - belt).max(axis=-1) > 25
        assert far.mean() > 0.2
        assert far[:4].any() and far[-4:].any(), "the box is tight at its top and bottom"


def test_parts_never_overlap():
    scene = Conveyor()
    for n in range(0, 1500, 50):
        shapes = scene.frame(n)[1]
        for i, a in enumerate(shapes):
            for b in shapes[i + 1 :]:
                w = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
                h = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
                assert w <= 0 or h <= 0 or w * h < 0.05 * min(a.w * a.h, b.w * b.h)


def test_a_frame_too_small_to_draw_in_is_refused():
    with pytest.raises(ValueError, match="too small"):
        Conveyor(width=20, height=20)
