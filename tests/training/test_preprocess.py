"""Sizes, tiles, grey and contrast: pictures change, and shapes follow exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.shape_makers import HEIGHT, WIDTH, areas, mask_of, overlap, picture, raster, shape, star
from training.datasets import preprocess, warp
from training.datasets.preprocess import RecipeError
from training.datasets.warp import Sample


def prepared(recipe: dict, sample: Sample) -> list[tuple[tuple[int, int, int, int], Sample]]:
    return list(preprocess.run(preprocess.parse(recipe), sample))


@settings(max_examples=80, deadline=None)
@given(
    geometry=areas(),
    mode=st.sampled_from(["stretch", "letterbox", "crop"]),
    width=st.integers(96, 300),
    height=st.integers(96, 300),
)
def test_in_another_size_a_shape_covers_what_it_covered(geometry, mode, width, height):
    if geometry["type"] == "rbox":
        mode = "letterbox"  # a stretched one is no rectangle any more
    bits = raster(geometry, WIDTH, HEIGHT)
    sample = Sample(np.repeat(bits[..., None] * np.uint8(255), 3, axis=2), [shape(geometry)])
    ((_, made),) = prepared({"resize": {"mode": mode, "width": width, "height": height}}, sample)
    assert made.size == (width, height)
    white = made.pixels[..., 0] >= 128
    for found in made.shapes:
        assert overlap(raster(found["geometry"], width, height).astype(bool), white) > 0.9
    assert made.shapes or white.sum() < 0.15 * bits.sum() * max(width / WIDTH, height / HEIGHT) ** 2


def test_a_letterbox_keeps_proportions_with_grey_around():
    geometry = {"type": "box", "x": 0.0, "y": 0.0, "w": 200.0, "h": 140.0}
    recipe = {"resize": {"mode": "letterbox", "width": 100, "height": 100}}
    ((_, made),) = prepared(recipe, Sample(np.zeros((140, 200, 3), np.uint8), [shape(geometry)]))
    assert made.shapes[0]["geometry"] == {"type": "box", "x": 0.0, "y": 15.0, "w": 100.0, "h": 70.0}
    assert (made.pixels[:15] == warp.GREY).all() and (made.pixels[85:] == warp.GREY).all()
    assert not made.pixels[15:85].any()


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(40, 900),
    height=st.integers(40, 900),
    tile=st.integers(32, 400),
    overlapping=st.floats(0, 0.6),
)
def test_tiles_cover_all_have_one_size_and_overlap(width, height, tile, overlapping):
    recipe = preprocess.parse({"tile": {"width": tile, "height": tile, "overlap": overlapping}})
    places = preprocess.tiles(recipe, width, height)
    covered = np.zeros((height, width), bool)
    for x, y, w, h in places:
        assert (w, h) == (min(tile, width), min(tile, height)) and x >= 0 and y >= 0
        assert x + w <= width and y + h <= height
        covered[y : y + h, x : x + w] = True
    assert covered.all() and len(set(places)) == len(places) == preprocess.parts(recipe, width, height)
    xs = sorted({x for x, _, _, _ in places})
    assert all(b - a <= tile * (1 - overlapping) + 1 for a, b in zip(xs, xs[1:], strict=False))


def test_a_mask_in_tiles_is_the_mask():
    whole = mask_of(star(100, 70, 55, True))
    bits = raster(whole, WIDTH, HEIGHT)
    recipe = {"tile": {"width": 64, "height": 64, "overlap": 0.25, "keep": 0}}
    again = np.zeros_like(bits)
    for (x, y, w, h), part in prepared(recipe, Sample(picture(), [shape(whole)])):
        assert np.array_equal(part.pixels, picture()[y : y + h, x : x + w])
        for found in part.shapes:
            again[y : y + h, x : x + w] |= raster(found["geometry"], w, h)
    assert np.array_equal(again, bits)


def test_small_remains_in_a_tile_are_dropped_and_the_rest_is_cut():
    box = {"type": "box", "x": 55.0, "y": 10.0, "w": 50.0, "h": 20.0}
    recipe = {"tile": {"width": 64, "height": 140, "overlap": 0, "keep": 0.3}}
    made = prepared(recipe, Sample(picture(), [shape(box), shape({"type": "tag"}, "t")]))
    boxes = [[found["geometry"] for found in part.shapes if found["id"] == "a"] for _, part in made]
    assert boxes[0] == []  # 9 of 50
    assert boxes[1][0]["x"] == 55 - made[1][0][0] and boxes[1][0]["h"] == 20
    assert all(any(found["id"] == "t" for found in part.shapes) for _, part in made)


def test_a_line_that_leaves_and_returns_becomes_two():
    line = {"type": "polyline", "points": [[0, 10.0, 10.0], [1, 10.0, 200.0], [2, 60.0, 200.0], [3, 60.0, 10.0]]}
    parts = warp.warp_shapes([shape(line)], np.eye(3), 100, 100)
    assert [part["id"] for part in parts] == ["a", "a/1"]
    assert parts[0]["geometry"]["points"][-1][1:] == [10, 100] and parts[1]["geometry"]["points"][0][1:] == [60, 100]


def test_a_polygon_keeps_its_hole_or_what_the_border_leaves_of_it():
    ring = [[0, 0.0, 0.0], [1, 80.0, 0.0], [2, 80.0, 80.0], [3, 0.0, 80.0]]
    hole = [[4, 20.0, 20.0], [5, 60.0, 20.0], [6, 60.0, 60.0], [7, 20.0, 60.0]]
    (part,) = warp.warp_shapes([shape({"type": "polygon", "rings": [ring, hole]})], warp.moved(-40, 0), 100, 100)
    outer, inner = (warp.area_of(np.array(ring)[:, 1:]) for ring in part["geometry"]["rings"])
    assert (outer, inner) == (40 * 80, 20 * 40)
    (gone,) = warp.warp_shapes([shape({"type": "polygon", "rings": [ring, hole]})], warp.moved(-60, 0), 100, 100)
    assert len(gone["geometry"]["rings"]) == 1


def test_grey_and_contrast():
    dull = np.clip(picture() // 8 + 100, 0, 255).astype(np.uint8)
    ((_, grey),) = prepared({"greyscale": True}, Sample(dull, []))
    assert (grey.pixels[..., 0] == grey.pixels[..., 2]).all()
    ((_, even),) = prepared({"contrast": {"clip": 4}}, Sample(dull, []))
    assert even.pixels.std() > 1.5 * dull.std()


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"shrink": 1}, "/shrink"),
        ({"resize": {"mode": "squash"}}, "/resize/mode"),
        ({"resize": {"width": 8}}, "/resize/width"),
        ({"resize": 640}, "/resize"),
        ({"tile": {"width": 640, "overlap": 1}}, "/tile/overlap"),
        ({"contrast": {"clip": "much"}}, "/contrast/clip"),
        (7, ""),
    ],
)
def test_a_wrong_recipe_is_named(given, pointer):
    with pytest.raises(RecipeError) as refused:
        preprocess.parse(given)
    assert refused.value.pointer == pointer
    assert preprocess.words(preprocess.parse({"tile": {"width": 640}, "greyscale": True}))[1] == "Greyscale."
