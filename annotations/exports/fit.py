"""Videos, ids and splits made into what a format can carry, and what is lost said on the way. Pure.

Where a format has no tracks, a video becomes pictures of its frames, with the shapes as they are on each frame. What
becomes of a geometry or an attribute that the format has no place for is its writer's matter (`formats.losses`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from annotations.formats.base import Abilities, Report
from annotations.formats.common import frame_name
from annotations.formats.records import Geometry, Picture, Shape
from annotations.interpolation import Track


class Fitted(NamedTuple):
    """A picture that a format can carry, whose pixels are those of `token`: of its frame `frame`, if of a video."""

    picture: Picture
    token: str
    frame: int | None


class Fitter:
    """Fits pictures for one format; `counts` tells afterwards how much was handed to it.

    Args:
        frames: "drawn" or "seen", as in `filters.Filters`.
    """

    def __init__(self, abilities: Abilities, title: str, report: Report, frames: str = "drawn") -> None:
        self.abilities, self.title, self.report, self.frames = abilities, title, report, frames
        self.pictures: Counter[str] = Counter()
        self.types: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()

    def counts(self) -> dict[str, Any]:
        """`{images, videos, frames, shapes, by_type: {type: n}, by_label: {name: n}}`."""
        kinds = {kind: self.pictures[kind] for kind in ("images", "videos", "frames")}
        return {**kinds, "shapes": self.types.total(), "by_type": dict(self.types), "by_label": dict(self.labels)}

    def entries(self, entries: Iterable[tuple[Picture, str]]) -> Iterator[Fitted]:
        """Every picture and video of a content, as pictures that the format has."""
        for picture, token in entries:
            if picture.frames is None or self.abilities.tracks:
                yield from self._emit(picture, token, picture.frame)
            else:
                yield from self._frames(picture, token)

    def _emit(self, picture: Picture, token: str, frame: int | None) -> Iterator[Fitted]:
        if not picture.shapes and not self.abilities.empty_pictures:
            words = f"{self.title} has no place for a picture without shapes."
            self.report.refuse("empty-left-out", words, picture.path)
            return
        if picture.split and not self.abilities.splits:
            self.report.change("split-lost", f"{self.title} has no splits.", picture.path)
            picture.split = ""
        if not self.abilities.own:
            picture.state = ""
            picture.shapes = [_bare(shape) for shape in picture.shapes]
        self._count(picture, frame)
        yield Fitted(picture, token, frame)

    def _count(self, picture: Picture, frame: int | None) -> None:
        kind = "videos" if picture.frames is not None else "frames" if frame is not None else "images"
        self.pictures[kind] += 1
        for shape in picture.shapes:
            self.types[shape.geometry["type"]] += 1
            self.labels[shape.label] += 1

    def _frames(self, video: Picture, token: str) -> Iterator[Fitted]:
        tracks = [(shape, Track(_told(shape))) for shape in video.shapes]
        numbers = sorted(self._numbers(tracks, video.frames or 0))
        if not numbers:
            words = "There is nothing on this video, so none of its frames is there."
            self.report.refuse("video-left-out", words, video.path)
            return
        if any(shape.keyframes for shape in video.shapes):
            words = f"{self.title} has no tracks: {len(numbers)} frames of the video are pictures of their own."
            self.report.change("track-as-frames", words, video.path)
        for n in numbers:
            shapes = [shown for shape, track in tracks if (shown := _on(shape, track, n)) is not None]
            path = frame_name(video.path, n)
            picture = replace(video, path=path, shapes=shapes, frames=None, fps=None, of_video=video.path, frame=n)
            yield from self._emit(picture, token, n)

    def _numbers(self, tracks: list[tuple[Shape, Track]], frames: int) -> Iterable[int]:
        if self.frames == "drawn":
            return {n for _, track in tracks for n in track.numbers if n < frames and track.state(n)}
        wanted: set[int] = set()
        for shape, track in tracks:
            for first, last in track.visible():
                wanted.update(range(first, min(last, frames - 1) + 1))
            if shape.keyframes and track.holds():
                wanted.update(range(track.numbers[-1], frames))
        return wanted


def _bare(shape: Shape) -> Shape:
    """Without what only Frameloop's own format has: ids of shapes and vertices, authors, and what was a track."""
    shape.geometry = without_ids(shape.geometry)
    shape.id = shape.author = ""
    for keyframe in (shape.keyframes or {}).values():
        if "geometry" in keyframe:
            keyframe["geometry"] = without_ids(keyframe["geometry"])
    return shape


def without_ids(geometry: Geometry) -> Geometry:
    """The same without ids of vertices.

    >>> without_ids({"type": "polyline", "points": [["a", 1, 2], ["b", 3, 4]]})
    {'type': 'polyline', 'points': [[1, 2], [3, 4]]}
    """
    kind = geometry["type"]
    if kind == "polygon":
        return {"type": kind, "rings": [[vertex[-2:] for vertex in ring] for ring in geometry["rings"]]}
    if kind == "polyline":
        return {"type": kind, "points": [vertex[-2:] for vertex in geometry["points"]]}
    return geometry


def _with_ids(geometry: Geometry) -> Geometry:
    """Interpolation pairs vertices by their ids: without any, the first belongs to the first."""
    ids = iter(range(10**9))
    if geometry["type"] == "polygon":
        return {**geometry, "rings": [[_named(vertex, ids) for vertex in ring] for ring in geometry["rings"]]}
    if geometry["type"] == "polyline":
        return {**geometry, "points": [_named(vertex, ids) for vertex in geometry["points"]]}
    return geometry


def _named(vertex: list[Any], ids: Iterator[int]) -> list[Any]:
    return vertex if len(vertex) == 3 else [next(ids), *vertex]


def _told(shape: Shape) -> dict[str, Any]:
    """A shape as the interpolation has it."""
    frames = {str(n): _whole(keyframe) for n, keyframe in (shape.keyframes or {}).items()}
    return {
        "geometry": _with_ids(shape.geometry),
        "attributes": shape.attributes,
        "frame": shape.frame or 0,
        "keyframes": frames or None,
    }


def _whole(keyframe: dict[str, Any]) -> dict[str, Any]:
    return {**keyframe, "geometry": _with_ids(keyframe["geometry"])} if "geometry" in keyframe else keyframe


def _on(shape: Shape, track: Track, n: int) -> Shape | None:
    """The shape as it is on frame `n`; None where it is not to be seen."""
    if not shape.keyframes and shape.frame != n:
        return None
    state = track.state(n)
    if state is None:
        return None
    attributes = {**state["attributes"], "occluded": True} if state["occluded"] else state["attributes"]
    return replace(shape, geometry=state["geometry"], attributes=attributes, frame=None, keyframes=None)
