"""Shapes of every kind for tests of what happens to them."""

from __future__ import annotations

import math

import cv2
import numpy as np
from hypothesis import strategies as st

from annotations.formats import rle
from training.datasets import warp

WIDTH, HEIGHT = 200, 140
FINE = 8  # cv2 fills every pixel that an outline touches: on a finer grid that is little
MIDDLES = st.tuples(st.floats(50, 150), st.floats(45, 95))


def star(cx: float, cy: float, radius: float, hole: bool) -> dict:
    """A polygon of ten corners, with a hole in its middle if wanted."""
    rings = [[(cx + r * math.cos(t), cy + r * math.sin(t)) for r, t in _turns(radius)]]
    if hole:
        rings.append([(cx + radius / 4 * math.cos(t), cy + radius / 4 * math.sin(t)) for _, t in _turns(1)])
    numbers = iter(range(100))
    return {"type": "polygon", "rings": [[[next(numbers), x, y] for x, y in ring] for ring in rings]}


def _turns(radius: float):
    return [(radius * (1 if n % 2 else 0.7), n * math.pi / 5) for n in range(10)]


def mask_of(geometry: dict, width: int = WIDTH, height: int = HEIGHT) -> dict:
    return {"type": "mask", "size": [height, width], "counts": rle.encode(raster(geometry, width, height))}


def shape(geometry: dict, name: str = "a", label: str = "car") -> dict:
    return {"id": name, "label": label, "geometry": geometry, "attributes": {}}


@st.composite
def areas(draw) -> dict:
    """A polygon with or without a hole, a mask or a rotated box."""
    cx, cy = draw(MIDDLES)
    radius = draw(st.floats(25, 45))
    kind = draw(st.sampled_from(["polygon", "hole", "mask", "rbox"]))
    if kind == "rbox":
        angle = draw(st.floats(0, 359.9))
        return {"type": "rbox", "cx": cx, "cy": cy, "w": radius * 1.6, "h": radius, "angle": angle}
    found = star(cx, cy, radius, kind == "hole")
    return mask_of(found) if kind == "mask" else found


def picture(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    either = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / either if either else 1.0


def raster(geometry: dict, width: int, height: int) -> np.ndarray:
    """What a shape with an area covers of a picture, (height, width) of 0 and 1: at least half of each pixel."""
    if geometry["type"] == "mask":
        return rle.decode(geometry["counts"], *geometry["size"])
    if geometry["type"] == "polygon":
        rings = [np.array([[x, y] for _, x, y in ring], float) for ring in geometry["rings"]]
    else:
        rings = [warp.corners_of(geometry)]
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    cv2.fillPoly(fine, [np.round((ring * FINE - 0.5) * 16).astype(np.int32) for ring in rings], 255, shift=4)
    return (cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) >= 128).astype(np.uint8)
