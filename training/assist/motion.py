"""Following an object through the next frames, until it is lost. No Django.

"flow": pyramidal Lucas-Kanade on points inside the box, checked forward and backward; the median of their
motion moves the box and the median change of their distances scales it (Kalal, Mikolajczyk and Matas,
"Forward-backward error", 2010). "template": the best normalised cross-correlation near the place where the
object is expected, with a template that follows its looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Plane = NDArray[np.uint8]
Points = NDArray[np.float32]

METHODS = ("flow", "template")
_SIDE = 960  # pixels of the longer side that is worked on
_FEWEST_POINTS = 6
_MOST_POINTS = 120
_FORWARD_BACKWARD = 1.5  # pixels that a point may miss its start by
_ALIKE = 0.4  # correlation below which it is another object
_SURE = 0.75
_VISIBLE = 0.5  # share of the box inside the picture
_PATCH = 32
_SURROUNDINGS = 1.8  # times the box: where the background's motion is read
_APART = 0.6  # pixels a frame that tell an object's point from the background's
_OWN_SHARE = 0.2


class Box(NamedTuple):
    """The top-left corner and the size, in pixels."""

    x: float
    y: float
    w: float
    h: float

    def scaled(self, by: float) -> Box:
        return Box(self.x * by, self.y * by, self.w * by, self.h * by)

    def moved(self, dx: float, dy: float, scale: float = 1.0) -> Box:
        """Moved, and grown around its middle."""
        w, h = self.w * scale, self.h * scale
        return Box(self.x + dx + (self.w - w) / 2, self.y + dy + (self.h - h) / 2, w, h)


class Lost(Exception):
    """The object cannot be followed any more; the text says why."""


@dataclass(frozen=True)
class Step:
    """Where the object is on a frame, and from 0 to 1 how much it still looks like itself."""

    frame: int
    box: Box
    confidence: float


@dataclass
class Course:
    """The steps that were found; `lost` is the frame of the first one that was not, None if all were."""

    steps: list[Step] = field(default_factory=list)
    lost: int | None = None
    reason: str = ""


class Follower(Protocol):
    def __call__(self, plane: Plane) -> tuple[Box, float]: ...


def follow(pictures: Iterable[tuple[int, Picture]], box: Box, method: str = "flow") -> Course:
    """Follow what is in a box of the first picture through the others.

    Args:
        pictures: (frame, RGB picture), the first being the one that the box is drawn on; all of one size.
        box: In pixels of the pictures.
        method: One of METHODS.
    """
    course = Course()
    planes = _planes(pictures)
    _, first, scale = next(planes)
    try:
        follower = _FOLLOWERS[method](first, box.scaled(scale))
    except Lost as lost:
        course.lost, course.reason = next(planes)[0], str(lost)
        return course
    for frame, plane, scale in planes:
        try:
            found, confidence = follower(plane)
            _check_visible(found, plane)
        except Lost as lost:
            course.lost, course.reason = frame, str(lost)
            break
        course.steps.append(Step(frame, found.scaled(1 / scale), round(min(max(confidence, 0.0), 1.0), 4)))
    return course


def _planes(pictures: Iterable[tuple[int, Picture]]) -> Iterator[tuple[int, Plane, float]]:
    """Each picture in grey at a bounded size, with its scale."""
    for frame, picture in pictures:
        grey: Any = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, _SIDE / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(grey, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield frame, grey, scale


def _check_visible(box: Box, plane: Plane) -> None:
    height, width = plane.shape
    w = min(box.x + box.w, width) - max(box.x, 0)
    h = min(box.y + box.h, height) - max(box.y, 0)
    if min(w, h) <= 0 or w * h < _VISIBLE * box.w * box.h:
        raise Lost("it leaves the picture")
    if min(box.w, box.h) < 4:
        raise Lost("it has become too small to follow")


def _patch(plane: Plane, box: Box) -> NDArray[np.float32]:
    """What is in a box, at a fixed size; beyond the border the border goes on."""
    step_x, step_y = box.w / _PATCH, box.h / _PATCH
    to = np.array([[step_x, 0, box.x + step_x / 2 - 0.5], [0, step_y, box.y + step_y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(plane, to, (_PATCH, _PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.float32)


def alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Normalised cross-correlation of two patches of one size, -1 to 1; 0 where one is flat."""
    a, b = a - a.mean(), b - b.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / length if length > 1e-3 else 0.0


class _Looks:
    """How the object looked at first and lately."""

    def __init__(self, plane: Plane, box: Box) -> None:
        self.first = self.recent = _patch(plane, box)
        if float(self.first.std()) < 2:
            raise Lost("the box shows nothing but one colour")

    def compare(self, plane: Plane, box: Box) -> float:
        """How alike it is now; remembered when it is surely the same.

        Raises:
            Lost: it is not the same any more.
        """
        now = _patch(plane, box)
        score = max(alike(self.first, now), alike(self.recent, now))
        if score < _ALIKE:
            raise Lost("something else is in its place, or it is hidden")
        if score > _SURE:
            self.recent = 0.8 * self.recent + 0.2 * now
        return score


class _Flow:
    def __init__(self, plane: Plane, box: Box) -> None:
        self._before, self._box = plane, box
        self._looks = _Looks(plane, box)

    def __call__(self, plane: Plane) -> tuple[Box, float]:
        old = _points(self._before, self._box)
        new, good = _track(self._before, plane, old)
        if good.sum() < max(_FEWEST_POINTS, 0.2 * len(old)):
            raise Lost("too few of its points can be found again")
        share = float(good.mean())
        old, new = old[good], new[good]
        own = _own_motion(new - old, self._behind(plane))
        old, new = old[own], new[own]
        dx, dy = np.median(new - old, axis=0)
        box = self._box.moved(float(dx), float(dy), _growth(old, new))
        score = self._looks.compare(plane, box)
        self._before, self._box = plane, box
        return box, score * share**0.5

    def _behind(self, plane: Plane) -> NDArray[np.float32]:
        """How the surroundings of the box move, x and y: mostly what is behind the object as well."""
        around = _points(self._before, self._box.moved(0, 0, _SURROUNDINGS))
        x, y, w, h = self._box
        inside = (around[:, 0] > x) & (around[:, 0] < x + w) & (around[:, 1] > y) & (around[:, 1] < y + h)
        around = around[~inside]
        if len(around) < _FEWEST_POINTS:
            return np.zeros(2, np.float32)
        now, good = _track(self._before, plane, around)
        moved = (now - around)[good]
        return np.asarray(np.median(moved, axis=0) if len(moved) else np.zeros(2), np.float32)


def _own_motion(moved: NDArray[np.float32], behind: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The points that move unlike the background, where these are enough to be an object of their own.

    Of somebody walking hardly half the box is the person; the rest would hold the box back until it is lost.
    """
    own: NDArray[np.bool_] = np.linalg.norm(moved - behind, axis=1) > _APART
    return own if own.sum() >= max(_FEWEST_POINTS, _OWN_SHARE * len(own)) else np.ones(len(own), bool)


def _points(plane: Plane, box: Box) -> Points:
    """Corners inside the box, and a grid where there are few; float32 (n, 2)."""
    height, width = plane.shape
    x0, y0 = max(0, int(box.x)), max(0, int(box.y))
    x1, y1 = min(width, int(np.ceil(box.x + box.w))), min(height, int(np.ceil(box.y + box.h)))
    if x1 - x0 < 4 or y1 - y0 < 4:
        raise Lost("it leaves the picture")
    part = np.ascontiguousarray(plane[y0:y1, x0:x1])
    corners = cv2.goodFeaturesToTrack(part, _MOST_POINTS, 0.02, 3)
    found = np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)
    if len(found) < _MOST_POINTS // 4:
        xs, ys = np.meshgrid(np.linspace(0, x1 - x0 - 1, 12)[1:-1], np.linspace(0, y1 - y0 - 1, 12)[1:-1])
        found = np.vstack((found, np.stack((xs.ravel(), ys.ravel()), axis=1).astype(np.float32)))
    return np.asarray(found + np.array((x0, y0), np.float32), np.float32)


def _track(before: Plane, after: Plane, old: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Where points are now, and which of them come back to where they started from."""
    settings: dict[str, Any] = {"winSize": (17, 17), "maxLevel": 4}
    guess: Any = None
    new, there, _ = cv2.calcOpticalFlowPyrLK(before, after, old, guess, **settings)
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, new, guess, **settings)
    miss = np.linalg.norm(np.asarray(back) - old, axis=1)
    good = (np.asarray(there).ravel() == 1) & (np.asarray(again).ravel() == 1) & (miss < _FORWARD_BACKWARD)
    return np.asarray(new, np.float32), good


def _growth(old: Points, new: Points) -> float:
    """The median change of the distances between points, at most 10 % a frame."""
    some = np.linspace(0, len(old) - 1, min(len(old), 40)).astype(int)
    i, j = np.triu_indices(len(some), 1)
    before = np.linalg.norm(old[some][i] - old[some][j], axis=1)
    after = np.linalg.norm(new[some][i] - new[some][j], axis=1)
    far = before > 2
    return float(np.clip(np.median(after[far] / before[far]), 0.9, 1.1)) if far.any() else 1.0


class _Template:
    _SCALES = (1.0, 0.96, 1.04)

    def __init__(self, plane: Plane, box: Box) -> None:
        self._box, self._speed = box, (0.0, 0.0)
        self._looks = _Looks(plane, box)
        self._template = _cut(plane, box)

    def __call__(self, plane: Plane) -> tuple[Box, float]:
        expected = self._box.moved(*self._speed)
        _check_visible(expected, plane)
        reach = max(16.0, 0.6 * max(expected.w, expected.h))
        window = Box(expected.x - reach, expected.y - reach, expected.w + 2 * reach, expected.h + 2 * reach)
        box, score = self._best(_cut(plane, window), window)
        if score < _ALIKE:
            raise Lost("something else is in its place, or it is hidden")
        self._looks.compare(plane, box)
        self._speed = (
            box.x + box.w / 2 - self._box.x - self._box.w / 2,
            box.y + box.h / 2 - self._box.y - self._box.h / 2,
        )
        self._box = box
        if score > _SURE:
            self._template = _cut(plane, box)
        return box, score

    def _best(self, scene: Plane, window: Box) -> tuple[Box, float]:
        best, top = self._box, -1.0
        for scale in self._SCALES:
            template: Any = self._template
            if scale != 1:
                template = cv2.resize(template, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            if template.shape[0] > scene.shape[0] or template.shape[1] > scene.shape[1]:
                continue
            scores = np.nan_to_num(cv2.matchTemplate(scene, template, cv2.TM_CCOEFF_NORMED))
            _, score, _, (x, y) = cv2.minMaxLoc(scores)
            score -= 0.0 if scale == 1 else 0.01  # another size only for a reason
            if score > top:
                dx, dy = _between(scores, x, y)
                best = Box(round(window.x) + x + dx, round(window.y) + y + dy, self._box.w * scale, self._box.h * scale)
                top = score
        return best, top


def _cut(plane: Plane, box: Box) -> Plane:
    """Whole pixels of a box; beyond the border the border goes on."""
    height, width = plane.shape
    xs = np.clip(np.arange(round(box.x), round(box.x) + max(4, round(box.w))), 0, width - 1)
    ys = np.clip(np.arange(round(box.y), round(box.y) + max(4, round(box.h))), 0, height - 1)
    return np.ascontiguousarray(plane[np.ix_(ys, xs)])


def _between(scores: NDArray[Any], x: int, y: int) -> tuple[float, float]:
    """The summit between pixels, by a parabola through its neighbours; without it, slow motion adds up to drift."""

    def summit(low: float, middle: float, high: float) -> float:
        bend = low - 2 * middle + high
        return float(np.clip((low - high) / (2 * bend), -0.5, 0.5)) if bend < -1e-9 else 0.0

    rows, columns = scores.shape
    dx = summit(*scores[y, x - 1 : x + 2]) if 0 < x < columns - 1 else 0.0
    dy = summit(*scores[y - 1 : y + 2, x]) if 0 < y < rows - 1 else 0.0
    return dx, dy


_FOLLOWERS: dict[str, Any] = {"flow": _Flow, "template": _Template}
