"""A procedural scene: parts on a conveyor belt, some of them defective.

The demo project labels it, trains on it and streams it, and tests use it as a camera whose ground truth
is known. Everything follows from the seed and the frame number, so any process draws the same frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
Points = Sequence[tuple[float, float]]
At = Callable[[Points], NDArray[np.int32]]  # from a part's own coordinates, -0.5 to 0.5, to canvas pixels

LABELS = ("bolt", "gear", "plate", "defect")
COLORS = {"bolt": "#56B4E9", "gear": "#E69F00", "plate": "#009E73", "defect": "#D55E00"}
FPS = 25

_DEFECT = 3
_VISIBLE = 0.4  # a part that is cut off by the frame counts when this share of its box is inside
_MATERIAL = ((150, 164, 182), (214, 168, 74), (58, 146, 122))  # steel, brass, green enamel: RGB
_RUST = np.array((176, 66, 34), np.float32)
_LIGHT = np.array((-0.45, -0.6, 0.66), np.float32)  # from the upper left, towards the viewer
_SUPERSAMPLE = 3


@dataclass(frozen=True)
class Shape:
    """One part in a frame: its label and its box in pixels, clipped to the frame."""

    label: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class _Sprite:
    """A part as it lies on the belt: colour (h, w, 3), coverage (h, w) from 0 to 1, and its tight box."""

    label: str
    color: Plane
    alpha: Plane
    box: tuple[int, int, int, int]


class Conveyor:
    """A belt that carries parts from left to right.

    `frame` is a pure function of the seed and the frame number; one frame takes a few milliseconds.
    Sizes scale with the frame, so that parts always span at least 8 % of its width.
    """

    def __init__(self, seed: int = 7, width: int = 640, height: int = 360) -> None:
        if width < 64 or height < 36:
            raise ValueError(f"A conveyor of {width} x {height} pixels is too small: at least 64 x 36.")
        self.seed, self.width, self.height = seed, width, height
        self._unit = min(width, height * 16 / 9) / 640
        self._speed = max(1, round(4 * self._unit))
        self._pitch = round(128 * self._unit)
        self._belt = _belt(seed, width, height, self._unit)
        self._light = _vignette(width, height)
        self._grain = np.random.default_rng(seed).normal(0, 3.0, (height * 2, width * 2, 1)).astype(np.float32)
        self._sprite = lru_cache(maxsize=64)(self._make_sprite)

    def frame(self, n: int) -> tuple[Picture, list[Shape]]:
        """Frame n: an RGB picture, uint8 (height, width, 3), and the parts that can be seen in it."""
        travelled = n * self._speed
        scene = np.roll(self._belt, travelled % self._belt.shape[1], axis=1)[:, : self.width].copy()
        shapes = []
        for sprite, left, top in self._parts(travelled):
            _paste(scene, sprite, left, top, round(5 * self._unit))
            shape = self._visible(sprite, left, top)
            if shape is not None:
                shapes.append(shape)
        random = np.random.default_rng((self.seed, n))
        dy, dx = random.integers(0, self.height), random.integers(0, self.width)
        scene *= self._light
        scene += self._grain[dy : dy + self.height, dx : dx + self.width]
        return np.clip(scene, 0, 255).astype(np.uint8), shapes

    def _parts(self, travelled: int) -> Iterator[tuple[_Sprite, int, int]]:
        """The sprites near the frame and where their canvases go. Slots are numbered in order of arrival."""
        first = travelled // self._pitch - self.width // self._pitch - 2
        for slot in range(first, first + self.width // self._pitch + 5):
            for lane in (0, 1):
                random = self._random(slot, lane)
                if random.random() < 0.22:
                    continue  # an empty place on the belt
                sprite = self._sprite(slot, lane)
                jitter = random.uniform(-0.08, 0.08, 2) * self._pitch
                x = travelled - slot * self._pitch + lane * self._pitch // 2 + jitter[0]
                y = self.height / 2 + (lane - 0.5) * 2 * 68 * self._unit + jitter[1]
                yield sprite, round(x - sprite.alpha.shape[1] / 2), round(y - sprite.alpha.shape[0] / 2)

    def _random(self, slot: int, lane: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, slot + 2**31, lane))

    def _make_sprite(self, slot: int, lane: int) -> _Sprite:
        random = self._random(slot, lane)
        random.random(3)  # drawn by _parts: whether there is a part, and where
        kind = int(random.integers(0, 3))
        return _sprite(kind, bool(random.random() < 0.25), 86 * self._unit * random.uniform(0.86, 1.14), random)

    def _visible(self, sprite: _Sprite, left: int, top: int) -> Shape | None:
        x0, y0, x1, y1 = sprite.box
        cut_x0, cut_x1 = max(0, left + x0), min(self.width, left + x1)
        cut_y0, cut_y1 = max(0, top + y0), min(self.height, top + y1)
        w, h = cut_x1 - cut_x0, cut_y1 - cut_y0
        if w <= 0 or h <= 0 or w * h < _VISIBLE * (x1 - x0) * (y1 - y0):
            return None
        return Shape(sprite.label, float(cut_x0), float(cut_y0), float(w), float(h))


def _belt(seed: int, width: int, height: int, unit: float) -> Plane:
    """Ribbed rubber between two steel rails, float RGB, wider than the frame so that it can be rolled."""
    random = np.random.default_rng((seed, 1))
    rib = max(4, round(32 * unit))
    span = (width // rib + 1) * rib
    speckle = cv2.GaussianBlur(random.normal(0, 9, (height, span)).astype(np.float32), (0, 0), 1.2)
    wave = 5 * np.sin(np.arange(span) * 2 * np.pi / rib).astype(np.float32)
    gray = 62 + speckle + wave
    gray[:, ::rib] -= 16
    belt = np.repeat(gray[..., None], 3, axis=2) * np.array((0.96, 1.0, 1.07), np.float32)
    rail = max(3, round(22 * unit))
    profile = (120 + 70 * np.sin(np.linspace(0.2, np.pi, rail))).astype(np.float32)[:, None, None]
    for rows in (slice(0, rail), slice(height - rail, height)):
        belt[rows] = profile + speckle[rows, :, None] * 0.4
    bolts = np.zeros((height, span), np.uint8)
    for x in range(rib, span, rib * 4):
        for y in (rail // 2, height - rail // 2):
            cv2.circle(bolts, (x, y), max(1, round(4 * unit)), 255, -1, cv2.LINE_AA)
    return np.ascontiguousarray(belt - (bolts[..., None] / np.float32(255)) * 70, dtype=np.float32)


def _vignette(width: int, height: int) -> Plane:
    """A lamp above the middle: light from 1.06 there down to 0.72 in the corners, shape (h, w, 1)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(1.06 - 0.17 * (x**2 + y**2), np.float32)[..., None]


def _bolt(canvas: Picture, at: At, size: float) -> None:
    head = [(-0.5, -0.2), (-0.42, -0.3), (-0.24, -0.3), (-0.16, -0.2), (-0.16, 0.2), (-0.24, 0.3), (-0.42, 0.3)]
    cv2.fillPoly(canvas, [at([*head, (-0.5, 0.2)])], 255)
    thread: list[tuple[float, float]] = []
    for side in (-1, 1):
        steps = np.linspace(-0.18, 0.46, 15)[::side]
        thread += [(float(t), side * (0.15 if i % 2 else 0.115)) for i, t in enumerate(steps)]
    cv2.fillPoly(canvas, [at(thread)], 255)


def _gear(canvas: Picture, at: At, size: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    radii = 0.43 + 0.07 * np.tanh(3.5 * np.sin(angles * 10))
    cv2.fillPoly(canvas, [at(list(zip(radii * np.cos(angles), radii * np.sin(angles), strict=True)))], 255)
    middle = at([(0, 0)])[0]
    cv2.circle(canvas, (int(middle[0]), int(middle[1])), round(0.15 * size), 0, -1, cv2.LINE_AA)


def _plate(canvas: Picture, at: At, size: float) -> None:
    c = 0.07  # cut corners
    outline = [(-0.46 + c, -0.34), (0.46 - c, -0.34), (0.46, -0.34 + c), (0.46, 0.34 - c)]
    outline += [(-x, -y) for x, y in outline]
    cv2.fillPoly(canvas, [at(outline)], 255)
    for x, y in ((-0.33, -0.21), (0.33, -0.21), (0.33, 0.21), (-0.33, 0.21)):
        hole = at([(x, y)])[0]
        cv2.circle(canvas, (int(hole[0]), int(hole[1])), round(0.06 * size), 0, -1, cv2.LINE_AA)


_OUTLINES = (_bolt, _gear, _plate)


def _sprite(kind: int, defective: bool, size: float, random: np.random.Generator) -> _Sprite:
    """Draw one part, `size` pixels long, turned at random, lit from the upper left."""
    big = size * _SUPERSAMPLE
    edge = int(np.ceil(size * 1.15)) * _SUPERSAMPLE
    center, angle = edge / 2, random.uniform(0, 2 * np.pi)
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))

    def at(points: Points) -> NDArray[np.int32]:
        return np.rint(np.array(points) * big @ turn.T + center).astype(np.int32)

    mask = np.zeros((edge, edge), np.uint8)
    _OUTLINES[kind](mask, at, big)
    color = (
        np.ones((edge, edge, 1), np.float32)
        * np.array(_MATERIAL[kind], np.float32)
        * np.float32(random.uniform(0.9, 1.1))
    )
    color += cv2.GaussianBlur(random.normal(0, 22, (edge, edge, 1)).astype(np.float32), (0, 0), 3)[..., None]
    if defective:
        color = _spoil(color, at, big, random)
    color = color * _bevel(mask, big)[..., None]
    return _finish(LABELS[_DEFECT if defective else kind], color, mask)


def _spoil(color: Plane, at: At, size: float, random: np.random.Generator) -> Plane:
    """Rust over most of the part and a dark crack through it."""
    edge = color.shape[0]
    patches = cv2.GaussianBlur(random.normal(0, 1, (edge, edge)).astype(np.float32), (0, 0), size / 14)
    rust = 1 / (1 + np.exp(-6 * (patches / patches.std() + 0.9)))[..., None]
    color = (color * (1 - rust) + _RUST * rust).astype(np.float32)
    along = np.linspace(-0.5, 0.5, 9)
    crack = at([(float(t), float(random.uniform(-0.07, 0.07))) for t in along])
    ink = np.zeros((edge, edge), np.uint8)
    cv2.polylines(ink, [crack], False, 255, max(2, round(size / 26)), cv2.LINE_AA)
    return np.asarray(color * (1 - 0.85 / 255 * ink[..., None]), np.float32)


def _bevel(mask: Picture, size: float) -> Plane:
    """Brightness of a part with rounded edges: Lambert's law and a soft highlight, shape (h, w)."""
    width = size * 0.06
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    height = cv2.GaussianBlur(np.sqrt(np.clip(inside / width, 0, 1)) * width, (0, 0), size / 60)
    dx, dy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
    length = np.sqrt(dx * dx + dy * dy + 1)
    lambert = np.clip((-dx * _LIGHT[0] - dy * _LIGHT[1] + _LIGHT[2]) / length, 0, 1)
    return np.asarray(0.42 + 0.8 * lambert + 0.5 * lambert**12, np.float32)


def _finish(label: str, color: Plane, mask: Picture) -> _Sprite:
    small = (mask.shape[1] // _SUPERSAMPLE, mask.shape[0] // _SUPERSAMPLE)
    alpha = np.asarray(cv2.resize(mask, small, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
    paint = np.asarray(cv2.resize(color, small, interpolation=cv2.INTER_AREA), np.float32)
    rows, columns = np.nonzero((alpha > 0.5).any(1))[0], np.nonzero((alpha > 0.5).any(0))[0]
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return _Sprite(label, paint, alpha, box)


def _paste(scene: Plane, sprite: _Sprite, left: int, top: int, drop: int) -> None:
    """Lay a sprite and its shadow onto the scene, in place; what falls outside is cut off."""
    shadow = np.asarray(cv2.GaussianBlur(sprite.alpha, (0, 0), max(0.5, drop / 2)), np.float32) * np.float32(0.55)
    for offset, alpha, color in ((drop, shadow, np.full_like(sprite.color, 8)), (0, sprite.alpha, sprite.color)):
        x, y = left + offset, top + offset
        x0, y0 = max(0, x), max(0, y)
        x1, y1 = min(scene.shape[1], x + alpha.shape[1]), min(scene.shape[0], y + alpha.shape[0])
        if x1 <= x0 or y1 <= y0:
            continue
        part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
        share = alpha[part][..., None]
        here = scene[y0:y1, x0:x1]
        here *= 1 - share
        here += color[part] * share
