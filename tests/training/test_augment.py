"""Augmented copies: the same ones each time, with every kind of shape staying on what it was drawn on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.shape_makers import HEIGHT, WIDTH, areas, mask_of, overlap, picture, raster, shape, star
from training.datasets import augment, warp
from training.datasets.preprocess import RecipeError
from training.datasets.warp import Sample

MOVES = {
    "flip": {"amount": "both", "chance": 0.7},
    "rotate": {"amount": 40, "chance": 0.7},
    "perspective": {"amount": 0.12, "chance": 0.7},
    "crop": {"amount": 0.4, "chance": 0.7},
}
ALL = augment.parse({"copies": 3, "seed": 5, **{step.name: {"chance": 1.0} for step in augment.STEPS}})


def painted(geometry: dict) -> Sample:
    """A black picture in which what the shape covers is white."""
    bits = raster(geometry, WIDTH, HEIGHT)
    return Sample(np.repeat(bits[..., None] * np.uint8(255), 3, axis=2), [shape(geometry)])


@settings(max_examples=80, deadline=None)
@given(geometry=areas(), seed=st.integers(0, 10**6))
def test_a_shape_goes_where_its_pixels_go(geometry, seed):
    recipe = augment.parse({"copies": 1, **MOVES})
    if geometry["type"] == "rbox":
        recipe.pop("perspective", None)
    made = augment.run(recipe, painted(geometry), str(seed))
    white = (made.pixels[..., 0] > 180).astype(np.uint8)  # around the picture it is grey
    if not made.shapes:
        assert white.sum() < 0.25 * painted(geometry).pixels[..., 0].astype(bool).sum() / (0.6**2)
        return
    (left,) = made.shapes
    found = raster(left["geometry"], WIDTH, HEIGHT)
    if geometry["type"] == "rbox":  # it may reach over the border, or be fitted to what is left
        assert np.count_nonzero(white & ~found.astype(bool)) < 0.05 * white.sum()
    else:
        assert overlap(found.astype(bool), white.astype(bool)) > 0.9
    around = warp._WARPS["box"](_bounds(geometry), augment._matrix(recipe, str(seed), WIDTH, HEIGHT), WIDTH, HEIGHT, 0)
    inside = np.zeros_like(white)
    for box in around:
        x, y = int(box["x"]) - 1, int(box["y"]) - 1
        inside[max(y, 0) : int(box["y"] + box["h"]) + 2, max(x, 0) : int(box["x"] + box["w"]) + 2] = 1
    assert not (white & ~inside.astype(bool)).any()


def _bounds(geometry: dict) -> dict:
    rows, columns = (np.flatnonzero(raster(geometry, WIDTH, HEIGHT).any(axis=axis)) for axis in (1, 0))
    x, y = float(columns[0]), float(rows[0])
    return {"type": "box", "x": x, "y": y, "w": float(columns[-1] + 1 - x), "h": float(rows[-1] + 1 - y)}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), points=st.lists(st.tuples(st.floats(5, 195), st.floats(5, 135)), min_size=1))
def test_keypoints_stay_on_their_spots_or_leave_with_visibility_nought(seed, points):
    recipe = augment.parse({"copies": 1, **MOVES})
    matrix = augment._matrix(recipe, str(seed), WIDTH, HEIGHT)
    geometry = {"type": "keypoints", "points": [[x, y, 2] for x, y in points]}
    for made in warp.warp_shapes([shape(geometry)], matrix, WIDTH, HEIGHT, 0.0):
        for (x, y), (u, v, seen) in zip(points, made["geometry"]["points"], strict=True):
            (there,) = cv2.perspectiveTransform(np.array([[[x, y]]]), matrix)[0]
            inside = 0 <= there[0] <= WIDTH and 0 <= there[1] <= HEIGHT
            assert bool(seen) == inside
            assert (u, v) == (pytest.approx(tuple(there)) if inside else (0, 0))


def test_the_same_seed_makes_the_same_copy_and_another_one_another():
    sample = Sample(picture(), [shape(star(100, 70, 40, True)), shape(mask_of(star(60, 60, 30, False)), "b")])
    others = [Sample(picture(n), [shape(star(80, 70, 30, False), f"o{n}")]) for n in range(1, 6)]

    def made(seed: str) -> Sample:
        return augment.run(ALL, sample, seed, lambda share: others[int(share * 5) % 5])

    first, again, other = made(augment.key("hash", "a.jpg", 1)), made(augment.key("hash", "a.jpg", 1)), made("x")
    assert np.array_equal(first.pixels, again.pixels) and first.shapes == again.shapes
    assert not np.array_equal(first.pixels, other.pixels)
    assert first.pixels.shape == sample.pixels.shape and first.pixels.dtype == np.uint8


def test_switching_one_step_on_changes_no_other():
    sample = Sample(picture(), [shape(star(100, 70, 40, False))])
    moves = augment.parse({"copies": 1, **MOVES})
    lit = augment.parse({"copies": 1, **MOVES, "brightness": {"chance": 1.0}, "noise": {"chance": 1.0}})
    assert augment.run(moves, sample, "s").shapes == augment.run(lit, sample, "s").shapes


def test_light_changes_pixels_and_leaves_shapes():
    sample = Sample(picture(), [shape(star(100, 70, 40, False))])
    for name in ("brightness", "contrast", "blur", "noise"):
        made = augment.run(augment.parse({"copies": 1, name: {"chance": 1.0}}), sample, "s")
        assert made.shapes == sample.shapes and not np.array_equal(made.pixels, sample.pixels)


def test_what_is_hidden_by_a_patch_is_gone_and_keypoints_say_so():
    recipe = augment.parse({"copies": 1, "cutout": {"amount": 0.6, "chance": 1.0}})
    boxes = [
        shape({"type": "box", "x": float(x), "y": float(y), "w": 4.0, "h": 4.0}, f"{x} {y}")
        for x in range(0, 196, 8)
        for y in range(0, 136, 8)
    ]
    points = shape({"type": "keypoints", "points": [[x + 0.5, 70.5, 2] for x in range(0, 200, 4)]}, "points")
    made = augment.run(recipe, Sample(np.zeros((HEIGHT, WIDTH, 3), np.uint8), [*boxes, points]), "s")
    grey = made.pixels[..., 0] == warp.GREY
    kept = {found["id"]: found["geometry"] for found in made.shapes}
    for box in boxes:
        x, y = int(box["geometry"]["x"]), int(box["geometry"]["y"])
        assert (box["id"] in kept) == (grey[y : y + 4, x : x + 4].mean() < 0.75)
    assert [seen == 1 for _, _, seen in kept["points"]["points"]] == [bool(grey[70, x]) for x in range(0, 200, 4)]


def test_a_mirror_swaps_left_and_right_keypoints():
    order = augment.mirror_order({"points": ["nose", "left eye", "right eye"]})
    geometry = {"type": "keypoints", "points": [[10, 20, 2], [30, 20, 2], [50, 20, 1]]}
    recipe = augment.parse({"copies": 1, "flip": {"amount": "horizontal", "chance": 1.0}})
    made = augment.run(recipe, Sample(picture(), [shape(geometry)]), "s", mirrors={"car": order})
    assert made.shapes[0]["geometry"]["points"] == [[190, 20, 2], [150, 20, 1], [170, 20, 2]]


def test_a_mosaic_has_shapes_of_four_pictures_where_they_are():
    samples = []
    for n, tone in enumerate((50, 100, 150, 200)):
        pixels = np.full((HEIGHT, WIDTH, 3), tone, np.uint8)
        samples.append(Sample(pixels, [shape(mask_of(star(100, 70, 40, False)), f"{n}")]))
        pixels[raster(samples[-1].shapes[0]["geometry"], WIDTH, HEIGHT).astype(bool)] = tone + 40
    recipe = augment.parse({"copies": 1, "mosaic": {"amount": 0.2, "chance": 1.0}})
    rest = iter(samples[1:])
    made = augment.run(recipe, samples[0], "s", lambda share: next(rest))
    assert [found["id"] for found in made.shapes] == ["0", "1", "2", "3"]
    for found, tone in zip(made.shapes, (90, 140, 190, 240), strict=True):
        inside = raster(found["geometry"], WIDTH, HEIGHT).astype(bool)
        assert np.median(made.pixels[inside]) == tone


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"spin": {}}, "/spin"),
        ({"rotate": {"amount": 500}}, "/rotate/amount"),
        ({"rotate": {"amount": float("nan")}}, "/rotate/amount"),
        ({"rotate": {"degrees": 5}}, "/rotate/degrees"),
        ({"flip": {"amount": "sideways"}}, "/flip/amount"),
        ({"blur": {"chance": 2}}, "/blur/chance"),
        ({"copies": 1000, "blur": True}, "/copies"),
        ({"seed": -1, "blur": True}, "/seed"),
        ([], ""),
    ],
)
def test_a_wrong_recipe_is_named(given, pointer):
    with pytest.raises(RecipeError) as refused:
        augment.parse(given)
    assert refused.value.pointer == pointer


def test_a_recipe_is_said_in_words():
    said = augment.words(augment.parse({"copies": 2, "rotate": {"amount": 10}, "flip": True}))
    assert said[0].startswith("2 augmented copies") and "Rotate: 10, in 50% of the copies." in said
    assert augment.parse({"copies": 0, "flip": True}) == augment.parse({"copies": 3}) == {}
