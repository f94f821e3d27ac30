"""Agreement, scores and merges, against figures worked out by hand."""

from __future__ import annotations

import doctest
import itertools
import random

import numpy as np
import pytest

from annotations.work import agreement, overlap
from annotations.work.agreement import against_truth, best_pairs, compare, differences, kappa, match, pooled
from annotations.work.merging import merged
from annotations.work.overlap import iou


def box(label: str, x: float, y: float = 0, w: float = 10, h: float = 10, **more):
    geometry = {"type": "box", "x": x, "y": y, "w": w, "h": h}
    return {"label": label, "geometry": geometry, "frame": None, "keyframes": None, "attributes": {}, **more}


def shape(geometry, **more):
    return {"label": "a", "geometry": geometry, "frame": None, "keyframes": None, "attributes": {}, **more}


def test_the_examples_in_the_modules():
    assert doctest.testmod(agreement).failed == 0 and doctest.testmod(overlap).failed == 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # Two squares of side 10, one turned by 45 degrees about the same middle: the octagon they share has
        # 8 (sqrt 2 - 1) r^2 with r = 5, of a union of 200 minus that.
        ({"type": "rbox", "cx": 50, "cy": 50, "w": 10, "h": 10, "angle": 45},
         {"type": "box", "x": 45, "y": 45, "w": 10, "h": 10}, 82.8427 / 117.1573),
        # A square of side 20 against the triangle of its half.
        ({"type": "polygon", "rings": [[["a", 0, 0], ["b", 20, 0], ["c", 0, 20]]]},
         {"type": "box", "x": 0, "y": 0, "w": 20, "h": 20}, 0.5),
        # The same square against itself with a hole of side 10.
        ({"type": "polygon", "rings": [[["a", 0, 0], ["b", 20, 0], ["c", 20, 20], ["d", 0, 20]],
                                       [["e", 5, 5], ["f", 15, 5], ["g", 15, 15], ["h", 5, 15]]]},
         {"type": "box", "x": 0, "y": 0, "w": 20, "h": 20}, 0.75),
        # The left half of a 4 x 4 picture as a mask (8 pixels on) against the whole of it.
        ({"type": "mask", "size": [4, 4], "counts": "088"}, {"type": "box", "x": 0, "y": 0, "w": 4, "h": 4}, 0.5),
        ({"type": "tag"}, {"type": "tag"}, 1.0),
        ({"type": "tag"}, {"type": "box", "x": 0, "y": 0, "w": 4, "h": 4}, 0.0),
    ],
)  # fmt: skip
def test_overlaps(a, b, expected):
    assert iou(shape(a), shape(b)) == pytest.approx(expected, abs=0.01)
    assert iou(shape(b), shape(a)) == pytest.approx(expected, abs=0.01)


def test_tracks_are_compared_along_their_way():
    def track(**frames):
        keys = {key[1:]: {"geometry": {"type": "box", "x": x, "y": 0, "w": 10, "h": 10}} for key, x in frames.items()}
        return {"label": "a", "geometry": keys[min(keys)]["geometry"], "frame": 0, "keyframes": keys, "attributes": {}}

    first, same = track(f0=0, f10=100), track(f0=0, f5=50, f10=100)
    assert iou(first, same) == 1.0
    # 5 to the right at frame 10 (IoU 1/3), together at 0: the mean of 1 and 1/3.
    assert iou(first, track(f0=0, f10=105)) == pytest.approx(2 / 3)
    late = track(f5=50, f10=100)  # not there at frame 0, then the same: 0, 1, 1
    assert iou(first, late) == pytest.approx(2 / 3)


def test_on_other_frames_nothing_is_the_same():
    assert iou(box("a", 0, frame=1), box("a", 0, frame=2)) == 0.0


def test_the_best_sum_is_found():
    rng = random.Random(5)
    for _ in range(60):
        rows, columns = rng.randint(1, 5), rng.randint(1, 5)
        weights = np.array([[rng.choice([0.0, rng.random()]) for _ in range(columns)] for _ in range(rows)])
        got = sum(weights[m, n] for m, n in best_pairs(weights))
        wide = weights if rows <= columns else weights.T
        picks = itertools.permutations(range(wide.shape[1]), wide.shape[0])
        assert got == pytest.approx(max(sum(wide[m, n] for m, n in enumerate(pick)) for pick in picks))


def test_greedy_would_lose_a_pair():
    # b0 overlaps a0 by 9/11 and a1 by 7/13; b1 overlaps a0 by 7/13 and a1 not at all.
    a, b = [box("x", 0), box("x", 4)], [box("x", 1), box("x", -3)]
    assert [(m, n) for m, n, _ in match(a, b).pairs] == [(0, 1), (1, 0)]


def test_figures_of_a_pair():
    # Three objects: the same box and label; a box moved by 2 (IoU 8/12) with another label; one drawn by a alone.
    a = [box("car", 0), box("car", 100), box("person", 200)]
    b = [box("car", 0), box("person", 102)]
    found = compare(a, b)
    assert (found.matched, found.same_label) == (2, 1)
    assert found.mean_iou == pytest.approx((1 + 8 / 12) / 2)
    assert found.f1 == pytest.approx(2 * 1 / 5)
    # Pairs: car-car, car-person, person-none. p_o = 1/3; a: car 2, person 1; b: car 1, person 1, none 1;
    # p_e = (2*1 + 1*1) / 9 = 1/3; kappa 0.
    assert found.kappa == pytest.approx(0.0)
    car, person = found.by_label["car"], found.by_label["person"]
    assert (car.drawn, car.same, car.mean_iou) == (3, 1, 1.0) and car.f1 == pytest.approx(2 / 3)
    assert person.f1 == 0.0 and person.mean_iou is None
    assert [difference.kind for difference in differences(a, b)] == ["missing", "label"]


def test_several_items_pool_by_shape():
    first = compare([box("car", 0), box("car", 100)], [box("car", 0), box("car", 102)])
    second = compare([box("bus", 0)], [])
    both = pooled([first, second])
    assert both.mean_iou == pytest.approx((1 + 8 / 12) / 2) and both.f1 == pytest.approx(4 / 5)
    # car-car twice, bus-none: p_o = 2/3, p_e = (2*2 + 0) / 9 = 4/9, kappa = (6/9 - 4/9) / (5/9).
    assert both.kappa == pytest.approx(0.4)
    assert both.by_label["car"].same == 2 and both.by_label["bus"].f1 == 0.0


def test_borders():
    assert kappa([]) is None and kappa([("a", "a")] * 3) == 1.0
    assert kappa([("a", "b"), ("b", "a")]) == -1.0
    nothing = compare([], [])
    assert nothing.f1 == 1.0 and nothing.mean_iou is None and nothing.kappa is None
    assert compare([box("a", 0)], []).f1 == 0.0


def test_against_the_truth():
    truth = [box("car", 0), box("car", 100), box("person", 200), box("person", 300)]
    drawn = [box("car", 0), box("person", 100), box("car", 500)]
    found = against_truth(drawn, truth)
    assert found.precision == pytest.approx(2 / 3) and found.recall == pytest.approx(0.5)
    assert found.label_accuracy == pytest.approx(0.5) and found.mean_iou == pytest.approx(1.0)
    assert found.by_label == {"car": [1, 1, 1], "person": [0, 1, 2]}
    assert against_truth([], truth).precision == 1.0 and against_truth(drawn, []).recall == 1.0


def test_what_most_drew():
    people = [
        [box("car", 0), box("person", 100)],
        [box("car", 2, w=12), box("person", 101, attributes={"pose": "sits"})],
        [box("bus", 1, y=1.5, w=11), box("person", 99, attributes={"pose": "sits"}), box("car", 400)],
    ]
    car, person = merged(people)
    assert car["label"] == "car" and car["votes"] == 3
    assert car["geometry"] == {"type": "box", "x": 1, "y": 0.5, "w": 11, "h": 10}
    assert person["geometry"]["x"] == 100 and person["attributes"] == {"pose": "sits"}
    assert len(merged(people[:2])) == 2
    assert len(merged([people[0], [], [], []])) == 0 and len(merged([people[0], []])) == 2  # half is enough


def test_angles_have_a_mean_across_the_turn():
    def turned(angle):
        return shape({"type": "rbox", "cx": 50, "cy": 50, "w": 40, "h": 10, "angle": angle})

    (one,) = merged([[turned(88)], [turned(-88)]])
    assert abs(one["geometry"]["angle"]) == pytest.approx(90)


def test_of_outlines_the_middle_one_is_taken():
    def square(x):
        return shape({"type": "polygon", "rings": [[["a", x, 0], ["b", x + 20, 0], ["c", x + 20, 20], ["d", x, 20]]]})

    (one,) = merged([[square(0)], [square(2)], [square(4)]])
    assert one["geometry"]["rings"][0][0] == ["a", 2, 0]
