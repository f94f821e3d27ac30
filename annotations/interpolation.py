"""What a track looks like on any frame, from its keyframes. Pure.

`static/js/editor/model/interpolation.js` does the same in the browser; both run `tests/vectors/interpolation`.
Nothing of it is stored. Both compute with the same operations in the same order, so that the numbers are equal
to the last bit; they are rounded to a hundredth of a pixel.

A keyframe with a geometry says all about the shape on its frame: `outside` and `occluded` are false unless it
names them. One without a geometry changes only what it names. Before the first keyframe and while `outside`
there is nothing; after the last one the shape holds to the end of the video. Attributes hold their last value.

Between two keyframes boxes, rotated boxes (the shorter way around), polygons, lines and keypoints move in a
straight line; masks and tags hold, and so does a shape that leaves in between. Vertices belong together by
their ids where both outlines have the same; otherwise by the share of the outline that lies before them, with
the start and the direction that fit best (after both are centred).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

Geometry = dict[str, Any]
State = dict[str, Any]
Blend = Callable[[float], Geometry]
_Points = list[tuple[float, float]]

_SAMPLES = 64
_SAME_PLACE = 1e-6


def state_on(shape: Mapping[str, Any], frame: int | None) -> State | None:
    """`{geometry, occluded, attributes}` on a frame (None: of an image); None where the shape is not to be seen.

    >>> box = {"type": "box", "x": 0, "y": 0, "w": 4, "h": 4}
    >>> frames = {"0": {"geometry": box}, "10": {"geometry": {**box, "x": 5}}}
    >>> state_on({"geometry": box, "attributes": {}, "keyframes": frames}, 4)["geometry"]["x"]
    2.0
    """
    if frame is None or not shape["keyframes"]:
        here = shape["frame"] == frame
        return {"geometry": shape["geometry"], "occluded": False, "attributes": shape["attributes"]} if here else None
    return Track(shape).state(frame)


class Track:
    """A track's keyframes in order, ready for many questions."""

    def __init__(self, shape: Mapping[str, Any]) -> None:
        frames = shape["keyframes"] or {str(shape["frame"]): {"geometry": shape["geometry"]}}
        self.numbers = sorted(map(int, frames))
        self.keyframes = [frames[str(n)] for n in self.numbers]
        self._shape = shape
        self._blends: dict[int, Blend | None] = {}
        self._outside: list[bool] = []
        self._occluded: list[bool] = []
        self._attributes: list[dict[str, Any]] = []  # of the keyframes alone
        outside = occluded = False
        attributes: dict[str, Any] = {}
        for keyframe in self.keyframes:
            whole = "geometry" in keyframe
            outside = bool(keyframe.get("outside", outside and not whole))
            occluded = bool(keyframe.get("occluded", occluded and not whole))
            attributes = {**attributes, **keyframe.get("attributes", {})}
            self._outside.append(outside)
            self._occluded.append(occluded)
            self._attributes.append(attributes)

    def state(self, frame: int) -> State | None:
        at = bisect_right(self.numbers, frame) - 1
        if at < 0 or self._outside[at]:
            return None
        attributes = {**self._shape["attributes"], **self._attributes[at]}
        return {"geometry": self._geometry(at, frame), "occluded": self._occluded[at], "attributes": attributes}

    def keyframe(self, frame: int) -> dict[str, Any]:
        """All that holds on a frame where the shape is to be seen, as one keyframe."""
        at = bisect_right(self.numbers, frame) - 1
        whole: dict[str, Any] = {"geometry": self._geometry(at, frame)}
        if self._occluded[at]:
            whole["occluded"] = True
        return {**whole, "attributes": self._attributes[at]} if self._attributes[at] else whole

    def visible(self) -> list[tuple[int, int]]:
        """The runs of frames [first, last] where it is to be seen; after its last keyframe it only holds."""
        runs: list[tuple[int, int]] = []
        for at, first in enumerate(self.numbers):
            if self._outside[at]:
                continue
            last = self.numbers[at + 1] - 1 if at + 1 < len(self.numbers) else first
            if runs and runs[-1][1] == first - 1:
                runs[-1] = runs[-1][0], last
            else:
                runs.append((first, last))
        return runs

    def holds(self) -> bool:
        """Whether it is to be seen after its last keyframe."""
        return not self._outside[-1]

    def _geometry(self, at: int, frame: int) -> Geometry:
        start = at
        while start > 0 and "geometry" not in self.keyframes[start]:
            start -= 1
        here: Geometry = self.keyframes[start].get("geometry") or self._shape["geometry"]
        end = next((n for n in range(at + 1, len(self.numbers)) if "geometry" in self.keyframes[n]), None)
        if end is None or frame == self.numbers[start] or any(self._outside[start:end]):
            return here
        if start not in self._blends:
            self._blends[start] = between(here, self.keyframes[end]["geometry"])
        blend = self._blends[start]
        first, last = self.numbers[start], self.numbers[end]
        return blend((frame - first) / (last - first)) if blend else here


def between(a: Geometry, b: Geometry) -> Blend | None:
    """The geometry at a share from 0 to 1 of the way from `a` to `b`; None where it holds `a`."""
    if a["type"] != b["type"]:
        return None
    kind = _BETWEEN.get(a["type"])
    return kind(a, b) if kind else None


def _rounded(value: float) -> float:
    return math.floor(value * 100 + 0.5) / 100


def _mean(a: float, b: float, share: float) -> float:
    return _rounded(a + (b - a) * share)


def _size(a: float, b: float, share: float) -> float:
    return max(_mean(a, b, share), 0.01)


def _boxes(a: Geometry, b: Geometry) -> Blend:
    return lambda share: {
        "type": "box",
        "x": _mean(a["x"], b["x"], share),
        "y": _mean(a["y"], b["y"], share),
        "w": _size(a["w"], b["w"], share),
        "h": _size(a["h"], b["h"], share),
    }


def _rotated_boxes(a: Geometry, b: Geometry) -> Blend:
    turn = (b["angle"] - a["angle"] + 540) % 360 - 180
    return lambda share: {
        "type": "rbox",
        "cx": _mean(a["cx"], b["cx"], share),
        "cy": _mean(a["cy"], b["cy"], share),
        "w": _size(a["w"], b["w"], share),
        "h": _size(a["h"], b["h"], share),
        "angle": _rounded(a["angle"] + turn * share + 360) % 360,
    }


def _keypoints(a: Geometry, b: Geometry) -> Blend | None:
    if len(a["points"]) != len(b["points"]):
        return None
    pairs = list(zip(a["points"], b["points"], strict=True))

    def blend(share: float) -> Geometry:
        points = [[_mean(p[0], q[0], share), _mean(p[1], q[1], share), p[2]] if p[2] and q[2] else p for p, q in pairs]
        return {"type": "keypoints", "points": points}

    return blend


def _polygons(a: Geometry, b: Geometry) -> Blend:
    shared = min(len(a["rings"]), len(b["rings"]))
    pairs = [_matched(p, q, True) for p, q in zip(a["rings"][:shared], b["rings"][:shared], strict=True)]
    kept = [[(v, v) for v in ring] for ring in a["rings"][shared:]]
    rings = _named_once(pairs + kept)
    return lambda share: {"type": "polygon", "rings": [_on_the_way(ring, share) for ring in rings]}


def _polylines(a: Geometry, b: Geometry) -> Blend:
    (line,) = _named_once([_matched(a["points"], b["points"], False)])
    return lambda share: {"type": "polyline", "points": _on_the_way(line, share)}


_BETWEEN: dict[str, Callable[[Geometry, Geometry], Blend | None]] = {
    "box": _boxes,
    "rbox": _rotated_boxes,
    "keypoints": _keypoints,
    "polygon": _polygons,
    "polyline": _polylines,
}

_Pairs = list[tuple[list[Any], list[Any]]]


def _on_the_way(pairs: _Pairs, share: float) -> list[list[Any]]:
    return [[p[0], _mean(p[1], q[1], share), _mean(p[2], q[2], share)] for p, q in pairs]


def _named_once(rings: list[_Pairs]) -> list[_Pairs]:
    """Numbers for names where a ring was sampled anew; ids are unique in a shape."""
    if all(p[0] is not None for ring in rings for p, _ in ring):
        return rings
    numbers = iter(range(sum(map(len, rings))))
    return [[([next(numbers), p[1], p[2]], q) for p, q in ring] for ring in rings]


# Which vertex becomes which


def _matched(a: list[list[Any]], b: list[list[Any]], closed: bool) -> _Pairs:
    """Pairs of vertices [id, x, y]; without ids where new ones had to be put between."""
    there = {_key(v): v for v in b}
    if len(a) == len(b) and all(_key(v) in there for v in a):
        return [(v, there[_key(v)]) for v in a]
    one, other = [(v[1], v[2]) for v in a], [(v[1], v[2]) for v in b]
    start = 0.0
    if closed:
        if (_area(one) < 0) != (_area(other) < 0):
            other.reverse()
        start = _best_start(one, other)
    else:
        ahead = _sampled(one, False, 0.0)
        if _apart(ahead, _sampled(other[::-1], False, 0.0)) < _apart(ahead, _sampled(other, False, 0.0)):
            other.reverse()
    ours, theirs = _shares(one, closed), _shares(other, closed)
    places = sorted([*ours, *(_wrapped(place - start) if closed else place for place in theirs)])
    once = [p for n, p in enumerate(places) if n == 0 or p - places[n - 1] > _SAME_PLACE]
    if closed and len(once) > 1 and 1.0 - once[-1] <= _SAME_PLACE:
        once.pop()
    pairs: _Pairs = []
    for place in once:
        p = _point_at(one, ours, place, closed)
        q = _point_at(other, theirs, _wrapped(place + start) if closed else place, closed)
        pairs.append(([None, *p], [None, *q]))
    return pairs


def _key(vertex: list[Any]) -> tuple[bool, Any]:
    return isinstance(vertex[0], str), vertex[0]  # 1 and "1" are two vertices


def _area(ring: _Points) -> float:
    total = 0.0
    for n, (x, y) in enumerate(ring):
        right, below = ring[(n + 1) % len(ring)]
        total += x * below - right * y
    return total


def _shares(points: _Points, closed: bool) -> list[float]:
    """How much of the whole way lies before each point, from 0 to 1."""
    steps = [_step(points[n], points[n + 1]) for n in range(len(points) - 1)]
    whole = 0.0
    places = [0.0]
    for step in steps:
        whole += step
        places.append(whole)
    if closed:
        whole += _step(points[-1], points[0])
    return [place / whole for place in places] if whole > 0 else [n / len(points) for n in range(len(points))]


def _step(p: tuple[float, float], q: tuple[float, float]) -> float:
    dx, dy = q[0] - p[0], q[1] - p[1]
    return math.sqrt(dx * dx + dy * dy)  # not hypot: its last bit differs between languages


def _point_at(points: _Points, places: list[float], place: float, closed: bool) -> tuple[float, float]:
    at = max(bisect_right(places, place) - 1, 0)
    if at + 1 < len(points):
        end, following = places[at + 1], points[at + 1]
    elif closed:
        end, following = 1.0, points[0]
    else:
        return points[-1]
    length = end - places[at]
    share = (place - places[at]) / length if length > 0 else 0.0
    x, y = points[at]
    return x + (following[0] - x) * share, y + (following[1] - y) * share


def _wrapped(place: float) -> float:
    return place + 1.0 if place < 0.0 else place - 1.0 if place >= 1.0 else place


def _sampled(points: _Points, closed: bool, start: float) -> _Points:
    """Points at equal distances along an outline, about their own middle."""
    places = _shares(points, closed)
    gaps = _SAMPLES if closed else _SAMPLES - 1
    wanted = (_wrapped(n / gaps + start) if closed else n / gaps for n in range(_SAMPLES))
    found = [_point_at(points, places, place, closed) for place in wanted]
    across = down = 0.0
    for x, y in found:
        across += x
        down += y
    return [(x - across / _SAMPLES, y - down / _SAMPLES) for x, y in found]


def _apart(one: _Points, other: _Points) -> float:
    total = 0.0
    for (x, y), (u, v) in zip(one, other, strict=True):
        total += (u - x) * (u - x) + (v - y) * (v - y)
    return total


def _best_start(one: _Points, other: _Points) -> float:
    """The place on `other` that belongs to the first point of `one`: one of its vertices, or a sixty-fourth."""
    vertices = _shares(other, True) if len(other) <= _SAMPLES else []
    ours, best, least = _sampled(one, True, 0.0), 0.0, math.inf
    for start in [*vertices, *(n / _SAMPLES for n in range(_SAMPLES))]:
        apart = _apart(ours, _sampled(other, True, start))
        if apart < least - 1e-9:
            best, least = start, apart
    return best
