"""Geometry in other words, run lengths, and what is taken from texts of others."""

from __future__ import annotations

import doctest
import importlib
import math
import tracemalloc

import cv2
import numpy as np
import pytest
from faster_coco_eval.core import mask as coco
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations import shapes
from annotations.formats import convert, rle
from annotations.formats.base import Abilities, Report
from annotations.formats.losses import fit
from annotations.formats.records import Picture, Shape
from tests.annotations.formats.roundtrip import codes, geometries

MODULES = ("common", "convert", "rle", "xmlstream", "yolo", "yolo_format", "yolo_read", "yolo_rows", "cvat_write")
BITS = st.integers(1, 12).flatmap(
    lambda w: st.lists(st.lists(st.integers(0, 1), min_size=w, max_size=w), min_size=1, max_size=12)
).map(lambda rows: np.array(rows, np.uint8))  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name):
    assert doctest.testmod(importlib.import_module(f"annotations.formats.{name}")).failed == 0


@settings(max_examples=30)
@given(BITS)
def test_run_lengths_are_those_of_cocoapi_and_of_the_interface(bits):
    counts = rle.encode(bits)
    assert counts == coco.encode(np.asfortranarray(bits))["counts"].decode()
    assert rle.runs(counts).tolist() == shapes.run_lengths(counts)
    assert (rle.decode(counts, *bits.shape) == bits).all()
    assert rle.area(counts) == bits.sum()
    mask = {"type": "mask", "size": list(bits.shape), "counts": counts}
    assert rle.bounds(counts, *bits.shape) == shapes.bounds(mask)
    left, top, width, height, runs = rle.rows(counts, *bits.shape)
    assert rle.from_rows((left, top, width, height), runs, *bits.shape) == (counts, False)


@settings(max_examples=30)
@given(BITS)
def test_the_outlines_of_a_mask_enclose_its_pixels_and_no_others(bits):
    """By area: outer rings less holes, on the borders between pixels."""
    parts = convert.mask_parts({"type": "mask", "size": list(bits.shape), "counts": rle.encode(bits)})
    outer = [convert.ring_area(part[0]) for part in parts]
    assert sum(outer) + sum(convert.ring_area(ring) for part in parts for ring in part[1:]) == bits.sum()
    assert all(area > 0 for area in outer) and outer == sorted(outer, reverse=True)
    assert len(parts) == cv2.connectedComponents(bits, connectivity=4)[0] - 1
    drawn = np.zeros(bits.shape, np.uint8)
    for y, x in np.ndindex(bits.shape):
        drawn[y, x] = sum(_inside(ring, x + 0.5, y + 0.5) for part in parts for ring in part) % 2
    assert (drawn == bits).all()


def _inside(ring, x, y):
    """Whether a ray to the right crosses it an odd number of times."""
    crossed = [
        a[0] > x
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
        if a[0] == b[0] and min(a[1], b[1]) < y < max(a[1], b[1])
    ]
    return sum(crossed) % 2


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=8))
def test_any_runs_come_back_from_their_text(lengths):
    assert rle.runs(rle.text(lengths)).tolist() == lengths


def test_few_run_lengths_are_kept_and_nobody_can_change_them():
    for n in range(1, 50):
        kept = rle.runs(rle.text([n]))
    assert rle.runs.cache_info().currsize == rle.runs.cache_info().maxsize == 8
    with pytest.raises(ValueError):
        kept[0] = 3


@pytest.mark.parametrize("counts", ["\x00", "ÿ", "o", "P", "0" * 3, [1.5], [-1, 81], None, {}, [80, 1], "o" * 15])
def test_run_lengths_that_lie_are_refused(counts):
    with pytest.raises(rle.RleError):
        rle.checked(counts, 8, 10)


def test_a_mask_larger_than_any_picture_is_refused_before_it_takes_memory():
    tracemalloc.start()
    huge = rle.text([0, 10**10])
    for attempt in (
        lambda: rle.decode(huge, 10**5, 10**5),
        lambda: rle.union([[0, 0, 9, 0, 9, 9]], 10**6, 10**6),
        lambda: rle.from_rows((0, 0, 10**5, 10**5), [10**10], 10**5, 10**5),
    ):
        with pytest.raises(rle.RleError):
            attempt()
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@given(geometries("rbox", 60, 40))
def test_four_corners_give_the_rotated_box_back(rbox):
    again = convert.rbox_of(convert.corners(rbox))
    assert [again[k] for k in ("cx", "cy", "w", "h")] == pytest.approx([rbox[k] for k in ("cx", "cy", "w", "h")])
    assert math.isclose(math.cos(math.radians(again["angle"] - rbox["angle"])), 1)


def test_the_smallest_box_around_many_points_holds_them():
    rbox = convert.rbox_of([[0, 0], [4, 1], [5, 5], [1, 4], [2, 2]])
    assert rbox["w"] * rbox["h"] < 25 and rbox["w"] > 0


@settings(max_examples=30)
@given(kind=st.sampled_from(("box", "rbox", "polygon", "mask")), data=st.data())
def test_bounds_and_areas_fit_the_mask_of_a_geometry(kind, data):
    geometry = data.draw(geometries(kind, 40, 30, holes=True))
    x0, y0, x1, y1 = convert.bounds(geometry)
    around = convert.bounds(convert.mask_of(geometry, 30, 40))
    if around and kind != "rbox":
        assert around[0] >= x0 - 1 and around[1] >= y0 - 1 and around[2] <= x1 + 1 and around[3] <= y1 + 1
    rings = convert.rings(geometry) if kind != "mask" else convert.mask_parts(geometry)[0]
    if kind != "mask":
        assert convert.area(geometry) == pytest.approx(
            abs(convert.ring_area(rings[0])) - sum(abs(convert.ring_area(ring)) for ring in rings[1:])
        )


def test_holes_are_cut_out_of_masks():
    ring = [[0, 0], [8, 0], [8, 8], [0, 8]]
    hole = [[2, 2], [6, 2], [6, 6], [2, 6]]
    mask = convert.mask_of({"type": "polygon", "rings": [ring, hole]}, 8, 8)
    assert convert.area(mask) == 64 - 16 and rle.decode(mask["counts"], 8, 8)[3, 3] == 0


@pytest.mark.parametrize(
    ("able", "kinds", "said"),
    [
        (("polygon",), ["polygon", "polygon"], {"mask-as-polygon": 1, "parts-separated": 1, "holes-lost": 1}),
        (("rbox",), ["rbox"], {"mask-as-rbox": 1}),
        (("box",), ["box"], {"mask-as-box": 1}),
        (("tag",), [], {"mask-left-out": 1}),
    ],
)
def test_a_mask_becomes_the_nearest_that_a_format_has_and_each_loss_is_said(able, kinds, said):
    bits = np.zeros((10, 10), np.uint8)
    bits[1:6, 1:6], bits[3, 3], bits[8, 8] = 1, 0, 1
    mask = {"type": "mask", "size": [10, 10], "counts": rle.encode(bits)}
    report = Report()
    made = fit(Shape("car", mask), Picture("a", 10, 10), Abilities(frozenset(able)), report)
    assert [shape.geometry["type"] for shape in made] == kinds and codes(report) == said


def test_everything_else_that_is_lost_is_said():
    shape = Shape("car", {"type": "tag"}, {"a": 1}, confidence=0.5, number=3, group="g", z=2, keyframes={0: {}})
    report = Report()
    fit(shape, Picture("a"), Abilities(frozenset(("tag",))), report)
    assert codes(report) == dict.fromkeys(
        ("attributes-lost", "confidence-lost", "group-lost", "order-lost", "number-lost", "track-lost"), 1
    )
