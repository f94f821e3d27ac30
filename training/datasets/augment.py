"""Augmented copies of a picture, each of which can be made again: seeded, with shapes that follow. Pure.

A recipe is `{copies, seed, and for each step {amount, chance}}`, such as `{"copies": 2, "rotate": {"amount": 15}}`;
`{}` makes no copies. Every step draws from numbers of its own, so that switching one on or off changes no other. The
numbers come from NumPy's legacy generator, whose streams are frozen (NEP 19).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from annotations import shapes as geometry
from training.datasets import warp
from training.datasets.preprocess import Recipe, RecipeError, number, resized
from training.datasets.warp import Matrix, Pixels, Sample, Shape

MOST_COPIES = 10
_HIDDEN = 0.75
_MOST_SEED = 2**31 - 1

Others = Callable[[float], Sample]


@dataclass(frozen=True)
class Step:
    """A step as a form shows it: `amount` goes from `low` to `high`, or is one of `choices`."""

    name: str
    title: str
    hint: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    by: float = 0.01
    chance: float = 0.5
    choices: tuple[tuple[str, str], ...] = ()


STEPS = (
    Step("mosaic", "Mosaic", "Four pictures in one; the amount is how far their middle moves", 0.3, 0, 0.4, chance=0.3),
    Step(
        "flip",
        "Flip",
        "Mirrored; left and right keypoints change places",
        "horizontal",
        choices=(("horizontal", "Left to right"), ("vertical", "Top to bottom"), ("both", "Either")),
    ),
    Step("rotate", "Rotate", "Degrees to either side", 15, 1, 180, 1),
    Step("perspective", "Perspective", "How far corners move, as a part of the picture", 0.08, 0.01, 0.25),
    Step("crop", "Crop", "How much may be cut away of the width and height", 0.25, 0.01, 0.8),
    Step("brightness", "Brightness", "Lighter or darker by up to this", 0.25, 0.01, 0.9),
    Step("contrast", "Contrast", "More or less by up to this", 0.25, 0.01, 0.9),
    Step("blur", "Blur", "Gaussian, sigma in pixels up to this", 1.5, 0.1, 10, 0.1, chance=0.2),
    Step("noise", "Noise", "Standard deviation up to this part of the range", 0.04, 0.005, 0.5, 0.005, chance=0.2),
    Step("cutout", "Cutout", "One to three grey patches, each up to this part of a side", 0.2, 0.02, 0.6, chance=0.3),
)
_BY_NAME = {step.name: step for step in STEPS}


def parse(given: Any) -> dict[str, Any]:
    """A checked recipe with all values in it; steps that are null or false are left out.

    >>> parse({"copies": 2, "rotate": {"amount": 10}, "blur": None})
    {'copies': 2, 'seed': 0, 'rotate': {'amount': 10, 'chance': 0.5}}

    Raises:
        RecipeError: an unknown step or value.
    """
    if not isinstance(given, Mapping):
        raise RecipeError("", 'Augmentation is an object, such as {"copies": 2, "flip": {"amount": "horizontal"}}.')
    unknown = sorted(set(given) - {"copies", "seed", *_BY_NAME})
    if unknown:
        raise RecipeError(f"/{unknown[0]}", f"There is no step '{unknown[0]}': there are {', '.join(_BY_NAME)}.")
    steps = {name: _step(_BY_NAME[name], given[name]) for name in _BY_NAME if given.get(name) not in (None, False)}
    made = int(number("/copies", given.get("copies", 1), 0, MOST_COPIES))
    seed = int(number("/seed", given.get("seed", 0), 0, _MOST_SEED))
    return {"copies": made, "seed": seed, **steps} if steps and made else {}


def _step(step: Step, given: Any) -> dict[str, Any]:
    values = given if isinstance(given, Mapping) else {}
    unknown = sorted(set(values) - {"amount", "chance"})
    if unknown:
        raise RecipeError(f"/{step.name}/{unknown[0]}", "A step has an amount and a chance, nothing else.")
    amount = values.get("amount", step.default)
    if step.choices:
        names = [name for name, _ in step.choices]
        if amount not in names:
            raise RecipeError(f"/{step.name}/amount", f"'{str(amount)[:40]}' is not one of {', '.join(names)}.")
    else:
        number(f"/{step.name}/amount", amount, step.low, step.high)
    return {"amount": amount, "chance": number(f"/{step.name}/chance", values.get("chance", step.chance), 0, 1)}


def copies(recipe: Recipe) -> int:
    """How many augmented copies there are of each picture to train on, beside itself."""
    return int(recipe.get("copies", 0))


def key(version: str, picture: str, copy: int) -> str:
    """What a copy's random numbers are drawn by: the version's hash, the picture, and which copy it is."""
    return hashlib.sha256(f"{version}:{picture}:{copy}".encode()).hexdigest()


class _Draw:
    """The random numbers of one step of one copy."""

    def __init__(self, recipe: Recipe, name: str, seed: str) -> None:
        words = hashlib.sha256(f"{recipe.get('seed', 0)}:{seed}:{name}".encode()).digest()
        self.numbers = np.random.RandomState(np.frombuffer(words, np.uint32))
        self.amount: Any = recipe[name]["amount"] if name in recipe else None
        self.happens = name in recipe and float(self.numbers.random_sample()) < recipe[name]["chance"]

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.numbers.random_sample())

    def around(self) -> float:
        """From minus to plus the amount."""
        return self.between(-self.amount, self.amount)


def run(recipe: Recipe, sample: Sample, seed: str, others: Others | None = None, mirrors: Any = None) -> Sample:
    """One augmented copy of a picture, of the same size.

    Args:
        seed: See `key`; the same one always gives the same copy.
        others: Gives another picture for a number from 0 to 1: without it there are no mosaics.
        mirrors: `{label: [the keypoint that takes the place of each when mirrored]}`.
    """
    mosaic = _Draw(recipe, "mosaic", seed)
    if mosaic.happens and others is not None:
        sample = _mosaic(sample, [others(mosaic.between(0, 1)) for _ in range(3)], mosaic)
    width, height = sample.size
    matrix = _matrix(recipe, seed, width, height)
    if not np.allclose(matrix, np.eye(3)):
        mirror = _mirror(mirrors or {}) if np.linalg.det(matrix) < 0 else None
        moved = warp.warp_shapes(sample.shapes, matrix, width, height, mirror=mirror)
        sample = Sample(warp.warp_pixels(sample.pixels, matrix, width, height), moved)
    return _cutout(recipe, seed, Sample(_light(recipe, seed, sample.pixels), sample.shapes))


def _matrix(recipe: Recipe, seed: str, width: int, height: int) -> Matrix:
    """All that moves pixels in one map, so that they are sampled once."""
    matrix = np.eye(3)
    for name, make in _MOVES.items():
        draw = _Draw(recipe, name, seed)
        if draw.happens:
            matrix = make(draw, width, height) @ matrix
    return matrix


def _flip(draw: _Draw, width: int, height: int) -> Matrix:
    across = draw.amount == "horizontal" or (draw.amount == "both" and draw.between(0, 1) < 0.5)
    if across:
        return warp.moved(width, 0) @ warp.scaled(-1, 1)
    return warp.moved(0, height) @ warp.scaled(1, -1)


def _rotate(draw: _Draw, width: int, height: int) -> Matrix:
    about = warp.moved(width / 2, height / 2)
    return np.asarray(about @ warp.turned(draw.around()) @ warp.moved(-width / 2, -height / 2))


def _perspective(draw: _Draw, width: int, height: int) -> Matrix:
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    shift = np.array([[draw.around() * width, draw.around() * height] for _ in corners], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, corners + shift), float)


def _crop(draw: _Draw, width: int, height: int) -> Matrix:
    share = 1 - draw.between(0, draw.amount)
    left, top = draw.between(0, (1 - share) * width), draw.between(0, (1 - share) * height)
    return np.asarray(warp.scaled(1 / share, 1 / share) @ warp.moved(-left, -top))


_MOVES = {"flip": _flip, "rotate": _rotate, "perspective": _perspective, "crop": _crop}


def _mirror(mirrors: Mapping[str, Sequence[int]]) -> Callable[[Shape], Shape]:
    def swapped(shape: Shape) -> Shape:
        order = mirrors.get(shape["label"])
        points = shape["geometry"].get("points", ())
        if shape["geometry"]["type"] != "keypoints" or not order or len(order) != len(points):
            return shape
        return {**shape, "geometry": {"type": "keypoints", "points": [points[n] for n in order]}}

    return swapped


def mirror_order(skeleton: Mapping[str, Any] | None) -> list[int]:
    """For each point of a skeleton the one that takes its place in a mirror, by "left" and "right" in their names.

    >>> mirror_order({"points": ["nose", "left eye", "right eye"]})
    [0, 2, 1]
    """
    names = [str(name).lower() for name in (skeleton or {}).get("points", ())]
    order = []
    for place, name in enumerate(names):
        other = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
        order.append(names.index(other) if other in names else place)
    return order


def _light(recipe: Recipe, seed: str, pixels: Pixels) -> Pixels:
    brightness, contrast, blur, noise = (
        _Draw(recipe, name, seed) for name in ("brightness", "contrast", "blur", "noise")
    )
    gain = 1 + contrast.around() if contrast.happens else 1.0
    shift = 255 * brightness.around() if brightness.happens else 0.0
    if gain != 1.0 or shift:
        middle = float(pixels.mean()) if gain != 1.0 else 0.0
        pixels = np.clip((pixels.astype(np.float32) - middle) * gain + middle + shift, 0, 255).astype(np.uint8)
    if blur.happens:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur.between(0.1, max(blur.amount, 0.11))), np.uint8)
    if noise.happens:
        grain = noise.numbers.standard_normal(pixels.shape).astype(np.float32) * (255 * noise.between(0, noise.amount))
        pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    return pixels


def _cutout(recipe: Recipe, seed: str, sample: Sample) -> Sample:
    draw = _Draw(recipe, "cutout", seed)
    if not draw.happens:
        return sample
    width, height = sample.size
    pixels, hidden = sample.pixels.copy(), np.zeros((height, width), np.uint8)
    for _ in range(1 + int(draw.between(0, 3))):
        w, h = (max(1, round(side * draw.between(draw.amount / 2, draw.amount))) for side in (width, height))
        x, y = round(draw.between(0, width - w)), round(draw.between(0, height - h))
        pixels[y : y + h, x : x + w] = warp.GREY
        hidden[y : y + h, x : x + w] = 1
    return Sample(pixels, [kept for shape in sample.shapes if (kept := _behind(shape, hidden)) is not None])


def _behind(shape: Shape, hidden: Pixels) -> Shape | None:
    """A shape with patches before it: gone when most of it is hidden; keypoints that are hidden say so."""
    found = shape["geometry"]
    if found["type"] == "keypoints":
        points = [[x, y, 1 if v and _at(hidden, x, y) else v] for x, y, v in found["points"]]
        gone = not any(point[2] == 2 for point in points) and any(point[2] == 2 for point in found["points"])
        return None if gone else {**shape, "geometry": {"type": "keypoints", "points": points}}
    around = geometry.bounds(found)
    if around is None:
        return shape
    x0, y0, x1, y1 = (max(0, int(value)) for value in around)
    part = hidden[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    return None if part.size and part.mean() >= _HIDDEN else shape


def _at(hidden: Pixels, x: float, y: float) -> bool:
    return bool(hidden[min(int(y), hidden.shape[0] - 1), min(int(x), hidden.shape[1] - 1)])


def _mosaic(first: Sample, others: Sequence[Sample], draw: _Draw) -> Sample:
    """Four pictures around a middle, each filling its quarter, cut where it is too long."""
    width, height = first.size
    middle = round(width * (0.5 + draw.around())), round(height * (0.5 + draw.around()))
    pixels = warp.grey(width, height)
    shapes: list[Shape] = []
    lefts, tops = ((0, middle[0]), (middle[0], width)), ((0, middle[1]), (middle[1], height))
    quarters = [(left, top) for top in tops for left in lefts]
    for sample, ((x0, x1), (y0, y1)) in zip((first, *others), quarters, strict=True):
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        part = resized(sample, "crop", x1 - x0, y1 - y0)
        warp.placed(part.pixels, x0, y0, pixels)
        shapes += warp.warp_shapes(part.shapes, warp.moved(x0, y0), width, height, 0.0)
    return Sample(pixels, shapes)


def words(recipe: Recipe) -> list[str]:
    """The steps as a person would say them."""
    if not recipe:
        return []
    n = copies(recipe)
    said = [f"{n} augmented cop{'ies' if n > 1 else 'y'} of each picture to train on, seed {recipe['seed']}."]
    for step in STEPS:
        if step.name in recipe:
            amount = dict(step.choices).get(recipe[step.name]["amount"], recipe[step.name]["amount"])
            shown = f"{amount:g}" if isinstance(amount, int | float) else str(amount).lower()
            said.append(f"{step.title}: {shown}, in {recipe[step.name]['chance']:.0%} of the copies.")
    return said
