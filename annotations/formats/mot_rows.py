"""The rows of a MOT table: read, gathered to tracks, and written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from annotations.formats import convert, values
from annotations.formats.base import Report
from annotations.formats.records import Geometry, Picture, Shape
from annotations.formats.values import Wrong
from annotations.interpolation import Track

NO_CLASS = -1
_COLUMNS = (7, 9, 10)
_NEAR = 0.02
"""Pixels that a box may be off a straight line and still lie on it: positions are rounded to hundredths."""
_HALF_SEEN = 0.5
_LONGEST = 1 << 16


class Row(NamedTuple):
    """A box on one frame, which counts from 0; `number` -1 is of no track, `kind` the class from 1 or NO_CLASS."""

    frame: int
    number: int
    x: float
    y: float
    w: float
    h: float
    kind: int = NO_CLASS
    occluded: bool = False
    ignored: bool = False
    confidence: float | None = None

    @property
    def geometry(self) -> Geometry:
        return {"type": "box", "x": self.x, "y": self.y, "w": self.w, "h": self.h}


def read(stream: IO[bytes], file: str, origin: float, report: Report) -> list[Row]:
    """The rows that can be taken; `origin` is the number of the first pixel."""
    rows: list[Row] = []
    seen: set[tuple[int, int]] = set()
    number = 0
    while line := stream.readline(_LONGEST):
        number += 1
        where = f"line {number}"
        with values.refusing(report, "row", file, where):
            words = line.decode("utf-8-sig", "replace").split(",")
            if not line.strip():
                continue
            row = _row(words, origin)
            if row.number >= 0 and (row.frame, row.number) in seen:
                raise Wrong(f"track {row.number} is on frame {row.frame + 1} twice")
            seen.add((row.frame, row.number))
            rows.append(row)
    return rows


def _row(words: list[str], origin: float) -> Row:
    if len(words) not in _COLUMNS:
        raise Wrong(f"the row has {len(words)} columns: 7, 9 or 10 are needed")
    frame = values.whole(values.numeral(words[0], "frame"), "frame", 1) - 1
    number = values.whole(values.numeral(words[1], "id"), "id", -1)
    x, y, w, h = (values.numeral(word, name) for word, name in zip(words[2:6], "xywh", strict=True))
    row = Row(frame, number, x - origin, y - origin, w, h)
    values.geometry(row.geometry)
    score = values.numeral(words[6], "confidence")
    if len(words) != 9:
        return row._replace(confidence=score if 0 <= score <= 1 else None)
    kind = values.whole(values.numeral(words[7], "class"), "class", NO_CLASS)
    seen = values.numeral(words[8], "visibility")
    return row._replace(kind=kind, occluded=0 <= seen < _HALF_SEEN, ignored=score == 0)


def tracks(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows of each track by frame, the tracks in the order in which they come."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        if row.number >= 0:
            found.setdefault(row.number, []).append(row)
    return {number: sorted(members, key=lambda row: row.frame) for number, members in found.items()}


def untracked(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row.number < 0)


def keyframes(rows: list[Row], length: int) -> dict[int, dict[str, Any]]:
    """Keyframes of one track: those between which it does not move in a straight line; outside in each gap.

    Args:
        length: Frames of the video: a track that reaches the last one does not leave.
    """
    found: dict[int, dict[str, Any]] = {}
    for run in _runs(rows):
        for row in _bends(run):
            found[row.frame] = {"geometry": row.geometry, **({"occluded": True} if row.occluded else {})}
        after = run[-1].frame + 1
        if after < length:
            found[after] = {"geometry": run[-1].geometry, "outside": True}
    return found


def _runs(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows without a gap in between."""
    start = 0
    for n in range(1, len(rows) + 1):
        if n == len(rows) or rows[n].frame != rows[n - 1].frame + 1:
            yield rows[start:n]
            start = n


@dataclass
class _Cone:
    """The slopes of a number from an anchor on that pass near all values since."""

    least: float = float("-inf")
    most: float = float("inf")

    def allows(self, slope: float) -> bool:
        return self.least <= slope <= self.most

    def narrow(self, change: float, frames: int) -> None:
        self.least = max(self.least, (change - _NEAR) / frames)
        self.most = min(self.most, (change + _NEAR) / frames)


def _bends(run: list[Row]) -> Iterator[Row]:
    """The rows of a run that straight lines between them do not make up for (the swinging door)."""
    anchor, last = run[0], run[0]
    cones = [_Cone() for _ in range(4)]
    yield anchor
    for row in run[1:]:
        if not _straight(anchor, row, cones) or row.occluded != last.occluded:
            if last is not anchor:
                yield last
            anchor, cones = last, [_Cone() for _ in range(4)]
        if row.occluded != anchor.occluded:
            yield row
            anchor, cones = row, [_Cone() for _ in range(4)]
        else:
            for cone, change in zip(cones, _changes(anchor, row), strict=True):
                cone.narrow(change, row.frame - anchor.frame)
        last = row
    if last is not anchor:
        yield last


def _straight(anchor: Row, row: Row, cones: list[_Cone]) -> bool:
    frames = row.frame - anchor.frame
    return all(cone.allows(change / frames) for cone, change in zip(cones, _changes(anchor, row), strict=True))


def _changes(anchor: Row, row: Row) -> tuple[float, float, float, float]:
    return row.x - anchor.x, row.y - anchor.y, row.w - anchor.w, row.h - anchor.h


# Writing


def of_shape(shape: Shape, kind: int, picture: Picture, taken: set[int], report: Report) -> Iterator[Row]:
    """A row for every frame on which the shape is to be seen; `taken` are the numbers of the tracks before."""
    if shape.keyframes is None:
        yield _of_state(shape.frame or 0, -1, shape.geometry, False, kind)
        return
    number = _number(shape, picture, taken, report)
    if any(keyframe.get("attributes") for keyframe in shape.keyframes.values()):
        report.change("attributes-lost", "The attributes of single frames are left out.", picture.path, shape.label)
    frames = {str(n): keyframe for n, keyframe in shape.keyframes.items()}
    track = Track({"geometry": shape.geometry, "attributes": {}, "keyframes": frames})
    for frame in range(track.numbers[0], max(picture.frames or 0, track.numbers[-1] + 1)):
        if state := track.state(frame):
            yield _of_state(frame, number, _box(state["geometry"]), state["occluded"], kind)


def _number(shape: Shape, picture: Picture, taken: set[int], report: Report) -> int:
    number = shape.number if shape.number is not None and shape.number not in taken else max(taken, default=0) + 1
    if shape.number is not None and number != shape.number:
        text = f"Two tracks have the number {shape.number}: one is {number} now."
        report.change("number-twice", text, picture.path, shape.label)
    taken.add(number)
    return number


def _box(geometry: Geometry) -> Geometry:
    """A track can have another kind on a single frame."""
    around = None if geometry["type"] == "box" else convert.bounds(geometry)
    return convert.box_of(*around) if around else geometry


def _of_state(frame: int, number: int, box: Geometry, occluded: bool, kind: int) -> Row:
    return Row(frame, number, box["x"], box["y"], box["w"], box["h"], kind, occluded)


def write(stream: IO[bytes], rows: list[Row], origin: float) -> None:
    """By frame and number, with nine columns; an occluded box is seen by 0 of 1."""
    for row in sorted(rows, key=lambda row: (row.frame, row.number)):
        numbers = [values.rounded(each) for each in (row.x + origin, row.y + origin, row.w, row.h)]
        place = ",".join(map(str, numbers))
        stream.write(f"{row.frame + 1},{row.number},{place},1,{row.kind},{0 if row.occluded else 1}\n".encode())
