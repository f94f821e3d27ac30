"""How pictures are prepared before anybody learns from them: tiles, a size, grey, contrast. Pure.

    tile      {width, height, overlap, keep}        large pictures in parts; `overlap` a share of a tile, `keep` the
                                                    part of a shape that a tile must have of it
    resize    {mode, width, height}                 "stretch", "letterbox" (all of it, grey around), "crop" (filled)
    greyscale true
    contrast  {clip}                                adaptive equalisation of the histogram (CLAHE), its clip limit

in this order, each where it is given; `{}` leaves pictures as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np

from training.datasets import warp
from training.datasets.warp import Pixels, Sample

Recipe = Mapping[str, Any]

MODES = {"letterbox": "Fit, grey around", "stretch": "Stretch", "crop": "Fill and crop"}
LOW, HIGH = 32, 4096
OVERLAP, KEEP, CLIP = 0.2, 0.2, 2.0
_GRID = (8, 8)


class RecipeError(ValueError):
    """A step that cannot be done: `pointer` says which, the text why and what would be right."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


def parse(given: Any) -> dict[str, Any]:
    """A checked recipe with all values in it; steps that are null or false are left out.

    >>> parse({"resize": {"width": 640}, "greyscale": False})
    {'resize': {'mode': 'letterbox', 'width': 640, 'height': 640}}

    Raises:
        RecipeError: an unknown step or value.
    """
    if not isinstance(given, Mapping):
        raise RecipeError("", 'Preprocessing is an object, such as {"resize": {"width": 640, "height": 640}}.')
    unknown = sorted(set(given) - set(_READ))
    if unknown:
        raise RecipeError(f"/{unknown[0]}", f"There is no step '{unknown[0]}': there are {', '.join(_READ)}.")
    return {name: read(given[name]) for name, read in _READ.items() if given.get(name) not in (None, False)}


def number(pointer: str, value: Any, low: float, high: float) -> float:
    """A finite number in a range.

    Raises:
        RecipeError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RecipeError(pointer, f"This is a number from {low:g} to {high:g}, not {str(value)[:40]}.")
    return value


def _size(pointer: str, given: Any) -> tuple[int, int]:
    if not isinstance(given, Mapping):
        raise RecipeError(pointer, 'This is an object, such as {"width": 640, "height": 640}.')
    width = given.get("width", given.get("height", 640))
    sides = (("width", width), ("height", given.get("height", width)))
    width, height = (int(number(f"{pointer}/{name}", value, LOW, HIGH)) for name, value in sides)
    return width, height


def _resize(given: Any) -> dict[str, Any]:
    width, height = _size("/resize", given)
    mode = given.get("mode", "letterbox")
    if mode not in MODES:
        raise RecipeError("/resize/mode", f"'{str(mode)[:40]}' is not one of {', '.join(MODES)}.")
    return {"mode": mode, "width": width, "height": height}


def _tile(given: Any) -> dict[str, Any]:
    width, height = _size("/tile", given)
    overlap = number("/tile/overlap", given.get("overlap", OVERLAP), 0, 0.9)
    return {
        "width": width,
        "height": height,
        "overlap": overlap,
        "keep": number("/tile/keep", given.get("keep", KEEP), 0, 1),
    }


def _contrast(given: Any) -> dict[str, Any]:
    clip = given.get("clip", CLIP) if isinstance(given, Mapping) else CLIP
    return {"clip": number("/contrast/clip", clip, 0.1, 40)}


_READ: dict[str, Any] = {
    "tile": _tile,
    "resize": _resize,
    "greyscale": lambda given: True,
    "contrast": _contrast,
}


def tiles(recipe: Recipe, width: int, height: int) -> list[tuple[int, int, int, int]]:
    """(x, y, width, height) of each part of a picture, row by row; one, the whole, without tiles.

    The last of a row and of a column end at the border, so that all have one size; a picture that is smaller than a
    tile is one part.

    >>> tiles(parse({"tile": {"width": 100, "height": 100, "overlap": 0}}), 250, 100)
    [(0, 0, 100, 100), (75, 0, 100, 100), (150, 0, 100, 100)]
    """
    tile = recipe.get("tile")
    if not tile:
        return [(0, 0, width, height)]
    across, down = min(tile["width"], width), min(tile["height"], height)
    xs, ys = _starts(width, across, tile["overlap"]), _starts(height, down, tile["overlap"])
    return [(x, y, across, down) for y in ys for x in xs]


def _starts(length: int, part: int, overlap: float) -> list[int]:
    if part >= length:
        return [0]
    count = math.ceil((length - part) / max(1.0, part * (1 - overlap))) + 1
    return [round(n * (length - part) / (count - 1)) for n in range(count)]


def parts(recipe: Recipe, width: int, height: int) -> int:
    """How many pictures become of one."""
    return len(tiles(recipe, width, height))


def run(recipe: Recipe, sample: Sample) -> Iterator[tuple[tuple[int, int, int, int], Sample]]:
    """((x, y, width, height) in the picture, the prepared part with its shapes) for each part of a picture."""
    for place in tiles(recipe, *sample.size):
        part = _cut(sample, place, recipe["tile"]["keep"]) if "tile" in recipe else sample
        if "resize" in recipe:
            part = resized(part, **recipe["resize"])
        if recipe.get("greyscale") or "contrast" in recipe:
            part = Sample(_toned(part.pixels, recipe), part.shapes)
        yield place, part


def _cut(sample: Sample, place: tuple[int, int, int, int], keep: float) -> Sample:
    x, y, width, height = place
    if place == (0, 0, *sample.size):
        return sample
    shapes = warp.warp_shapes(sample.shapes, warp.moved(-x, -y), width, height, keep)
    return Sample(np.ascontiguousarray(sample.pixels[y : y + height, x : x + width]), shapes)


def resize_matrix(mode: str, size: tuple[int, int], width: int, height: int) -> warp.Matrix:
    """The map from a picture of `size` into one of `width` x `height`."""
    sx, sy = width / size[0], height / size[1]
    if mode == "stretch":
        return warp.scaled(sx, sy)
    scale = min(sx, sy) if mode == "letterbox" else max(sx, sy)
    inner = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return warp.moved(left, top) @ warp.scaled(inner[0] / size[0], inner[1] / size[1])


def resized(sample: Sample, mode: str, width: int, height: int) -> Sample:
    """The picture in another size, averaged where it shrinks, with its shapes."""
    matrix = resize_matrix(mode, sample.size, width, height)
    inner = round(sample.size[0] * matrix[0, 0]), round(sample.size[1] * matrix[1, 1])
    how = cv2.INTER_AREA if inner[0] < sample.size[0] or inner[1] < sample.size[1] else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(sample.pixels, inner, interpolation=how), np.uint8)
    pixels = warp.placed(small, round(matrix[0, 2]), round(matrix[1, 2]), warp.grey(width, height))
    return Sample(pixels, warp.warp_shapes(sample.shapes, matrix, width, height))


def _toned(pixels: Pixels, recipe: Recipe) -> Pixels:
    if recipe.get("greyscale"):
        pixels = np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    if "contrast" in recipe:
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        equal = cv2.createCLAHE(clipLimit=float(recipe["contrast"]["clip"]), tileGridSize=_GRID)
        lab[..., 0] = equal.apply(np.ascontiguousarray(lab[..., 0]))
        pixels = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
    return pixels


def words(recipe: Recipe) -> list[str]:
    """The steps as a person would say them."""
    said = []
    if tile := recipe.get("tile"):
        size = f"{tile['width']} x {tile['height']}"
        said.append(f"Tiles of {size} pixels that overlap by {tile['overlap']:.0%}; shapes from {tile['keep']:.0%} on.")
    if resize := recipe.get("resize"):
        said.append(f"{MODES[resize['mode']]}: {resize['width']} x {resize['height']} pixels.")
    if recipe.get("greyscale"):
        said.append("Greyscale.")
    if contrast := recipe.get("contrast"):
        said.append(f"Contrast made even, clip limit {contrast['clip']:g}.")
    return said
