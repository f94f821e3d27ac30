"""Written and read again: records as a format can carry them, an archive in memory, and what has to be the same.

@given(datasets(FORMAT.abilities))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)
"""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from annotations.formats import convert, rle
from annotations.formats.base import Abilities, Format, Report, chosen
from annotations.formats.records import Dataset, Label, Picture, Shape

LABELS = ("car", "ßtraße", "traffic light", "a,b;c", "0")
PATHS = ("a.jpg", "b.jpg", "one/a.jpg", "two/Ü b.png", "two/deep/c.jpeg")
WIDEST = 60


class Memory:
    """An archive in memory: both the files that a reader opens and the sink that a writer fills."""

    def __init__(self, files: Mapping[str, bytes | str] | None = None) -> None:
        self.files = {n: c.encode() if isinstance(c, str) else c for n, c in (files or {}).items()}
        self._writing = ""

    def names(self) -> list[str]:
        return sorted(self.files)

    def size(self, name: str) -> int:
        return len(self.files[name])

    @contextmanager
    def _entry(self, name: str) -> Iterator[io.BytesIO]:
        assert not self._writing, f"{self._writing} is still open"
        assert name not in self.files, f"{name} twice"
        self._writing = name
        buffer = io.BytesIO()
        yield buffer
        self.files[name] = buffer.getvalue()
        self._writing = ""

    def open(self, name: str) -> Any:
        return io.BytesIO(self.files[name])


class MemorySink(Memory):
    def open(self, name: str) -> Any:
        return self._entry(name)


def read(
    format_: Format, files: Mapping[str, bytes | str], options: Mapping[str, Any] | None = None
) -> tuple[list[Label], list[Picture], Report]:
    """(labels, pictures, report) of an archive's files."""
    report = Report()
    dataset = format_.read(Memory(files), chosen(format_, options or {}), report)
    return dataset.labels, list(dataset), report


def write(
    format_: Format, dataset: Dataset, options: Mapping[str, Any] | None = None, media: bool = False
) -> tuple[dict[str, bytes], Report]:
    """(files, report); with `media` an empty file stands where each picture's own would be."""
    report, sink = Report(), MemorySink()
    pictures = list(dataset.pictures)
    given = chosen(format_, options or {})
    format_.write(Dataset(dataset.labels, iter(pictures), dataset.name), sink, given, report)
    if media:
        for picture in pictures:
            sink.files[format_.media_name(picture, given)] = b""
    return sink.files, report


def codes(report: Report) -> dict[str, int]:
    """How often each remark was made, by its code."""
    counted: dict[str, int] = {}
    for (_severity, code), count in report.counts.items():
        counted[code] = counted.get(code, 0) + count
    return counted


def assert_round_trip(
    format_: Format,
    dataset: Dataset,
    options: Mapping[str, Any] | None = None,
    *,
    tolerance: float = 1e-6,
    media: bool = False,
    sized: bool = True,
    labels: bool = True,
    clean: bool = True,
) -> Report:
    """Write, read, compare everything that the format's abilities name; `clean`: without one remark of either.

    Args:
        tolerance: Pixels that a coordinate may be off.
        media: Whether pictures are only found by their files.
        sized: Whether the format carries the pictures' size.
        labels: Whether it declares labels that nothing uses.
    """
    pictures = list(dataset.pictures)
    before = copy.deepcopy(pictures)
    files, wrote = write(format_, Dataset(dataset.labels, pictures, dataset.name), options, media)
    assert pictures == before, "the writer changed what it was given"
    known, after, told = read(format_, files, {k: v for k, v in (options or {}).items() if _reads(format_, k)})
    if clean:
        assert not wrote.counts and not told.counts, (wrote.remarks, told.remarks)
    same_pictures(before, after, format_.abilities, tolerance, sized)
    if labels:
        assert [label.name for label in known] == [label.name for label in dataset.labels]
    if format_.abilities.skeletons:
        had = {label.name: label.skeleton for label in dataset.labels}
        assert all(label.skeleton == had.get(label.name) for label in known)
    return told


def _reads(format_: Format, option: str) -> bool:
    return next(known.use for known in format_.options if known.name == option) != "write"


def same_pictures(
    before: list[Picture], after: list[Picture], able: Abilities, tolerance: float = 1e-6, sized: bool = True
) -> None:
    there = {picture.path: picture for picture in after}
    wanted = [p for p in before if able.empty_pictures or p.shapes]
    assert sorted(there) == sorted(p.path for p in wanted) and len(after) == len(there)
    for ours in wanted:
        theirs = there[ours.path]
        if sized:
            assert (theirs.width, theirs.height) == (ours.width, ours.height)
        if able.splits:
            assert theirs.split == ours.split
        if able.tracks:
            assert (theirs.frames is None) == (ours.frames is None)
        same_shapes(ours.shapes, theirs.shapes, able, tolerance)


def same_shapes(before: list[Shape], after: list[Shape], able: Abilities, tolerance: float) -> None:
    assert [shape.label for shape in after] == [shape.label for shape in before]
    for ours, theirs in zip(before, after, strict=True):
        same_geometry(ours.geometry, theirs.geometry, tolerance)
        if able.attributes:
            assert theirs.attributes == ours.attributes
        if able.confidence:
            assert (theirs.confidence is None) == (ours.confidence is None)
            assert math.isclose(theirs.confidence or 0, ours.confidence or 0, abs_tol=1e-6)
        if able.order:
            assert theirs.z == ours.z
        if able.tracks:
            assert (theirs.frame, theirs.number) == (ours.frame, ours.number)
            _same_keyframes(ours.keyframes, theirs.keyframes, tolerance)
    if able.groups:
        assert _partition(after) == _partition(before)


def _partition(shapes: list[Shape]) -> list[int | None]:
    """Groups by the order in which they turn up: their names are the format's own."""
    seen: dict[str, int] = {}
    return [None if shape.group is None else seen.setdefault(shape.group, len(seen)) for shape in shapes]


def _same_keyframes(
    before: dict[int, dict[str, Any]] | None, after: dict[int, dict[str, Any]] | None, tolerance: float
) -> None:
    if before is None or after is None:
        assert before is after
        return
    assert sorted(after) == sorted(before)
    for frame, ours in before.items():
        theirs = after[frame]
        same_geometry(ours["geometry"], theirs["geometry"], tolerance)
        for flag in ("outside", "occluded"):
            assert bool(theirs.get(flag)) == bool(ours.get(flag)), (frame, flag)
        assert theirs.get("attributes", {}) == ours.get("attributes", {})


def same_geometry(before: dict[str, Any], after: dict[str, Any], tolerance: float) -> None:
    """The same kind with the same numbers; rotated boxes by their corners, masks by their pixels."""
    assert after["type"] == before["type"], (before, after)
    if before["type"] == "mask":
        assert after["size"] == before["size"]
        assert (rle.decode(after["counts"], *after["size"]) == rle.decode(before["counts"], *before["size"])).all()
        return
    ours, theirs = _numbers(before), _numbers(after)
    assert len(ours) == len(theirs), (before, after)
    assert all(abs(a - b) <= tolerance for a, b in zip(ours, theirs, strict=True)), (before, after)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict) and value["type"] == "rbox":
        return _numbers(convert.corners(value))
    if isinstance(value, dict):
        return [n for name in sorted(value) if name != "type" for n in _numbers(value[name])]
    if isinstance(value, list | tuple):
        return [n for each in value for n in _numbers(each)]
    return [float(value)]


# Strategies


@st.composite
def datasets(
    draw: st.DrawFn,
    able: Abilities,
    *,
    names: tuple[str, ...] = LABELS,
    paths: tuple[str, ...] = PATHS,
    splits: tuple[str, ...] = ("", "train", "val", "test"),
    kinds: tuple[str, ...] = (),
    holes: bool = False,
    attributes: st.SearchStrategy[dict[str, Any]] | None = None,
    least: int = 0,
    most: int = 3,
) -> Dataset:
    """A dataset that a format of these abilities can carry whole.

    Args:
        kinds: Only these geometries.
        holes: Whether polygons may have some.
        attributes: Of shapes; None for texts, numbers and truth values.
        least: Pictures.
        most: Pictures, and shapes of one.
    """
    kinds = kinds or tuple(sorted(able.geometries))
    skeleton = {"points": ["head", "tail", "left"], "edges": [[0, 1], [1, 2]]}
    labels = [Label(name) for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))]
    if able.skeletons and "keypoints" in kinds:
        labels.append(Label("pose", skeleton=skeleton))
    pictures = []
    for path in draw(st.lists(st.sampled_from(paths), min_size=least, max_size=most, unique=True)):
        width, height = draw(st.integers(8, WIDEST)), draw(st.integers(8, WIDEST))
        split = draw(st.sampled_from(splits)) if able.splits else ""
        one = shapes(able, labels, width, height, kinds, holes, attributes)
        pictures.append(Picture(path, width, height, draw(st.lists(one, max_size=most)), split=split))
    return Dataset(labels, pictures)


@st.composite
def shapes(
    draw: st.DrawFn,
    able: Abilities,
    labels: list[Label],
    width: int,
    height: int,
    kinds: tuple[str, ...],
    holes: bool = False,
    attributes: st.SearchStrategy[dict[str, Any]] | None = None,
) -> Shape:
    kind = draw(st.sampled_from(kinds))
    fitting = [label for label in labels if bool(label.skeleton) == (kind == "keypoints" and able.skeletons)]
    shape = Shape(draw(st.sampled_from(fitting)).name, draw(geometries(kind, width, height, holes)))
    if able.attributes:
        shape.attributes = draw(attributes if attributes is not None else plain_attributes())
    if able.confidence and draw(st.booleans()):
        shape.confidence = draw(st.integers(0, 1000)) / 1000
    if able.groups:
        shape.group = draw(st.sampled_from((None, "1", "2")))
    if able.order:
        shape.z = draw(st.integers(0, 5))
    return shape


def plain_attributes() -> st.SearchStrategy[dict[str, Any]]:
    value = st.one_of(st.booleans(), st.integers(-5, 5), st.sampled_from(("red", "a b", "ü")))
    return st.dictionaries(st.sampled_from(("colour", "speed", "hidden part")), value, max_size=2)


def text_attributes() -> st.SearchStrategy[dict[str, str]]:
    """For formats whose attributes are all texts."""
    return st.dictionaries(st.sampled_from(("colour", "kind")), st.sampled_from(("red", "a b", "ü & <x>")), max_size=2)


@st.composite
def geometries(draw: st.DrawFn, kind: str, width: int, height: int, holes: bool = False) -> dict[str, Any]:
    """A geometry inside the picture, on quarters of a pixel."""
    x, y = _along(width), _along(height)
    if kind == "box":
        left, top = draw(st.integers(0, width * 4 - 4)) / 4, draw(st.integers(0, height * 4 - 4)) / 4
        w = draw(st.integers(1, int((width - left) * 4))) / 4
        return {"type": "box", "x": left, "y": top, "w": w, "h": draw(st.integers(1, int((height - top) * 4))) / 4}
    if kind == "rbox":
        cx, cy, span = width / 2, height / 2, min(width, height)
        w, h = (draw(st.integers(4, max(4, span * 2))) / 4 for _ in "wh")
        return {"type": "rbox", "cx": cx, "cy": cy, "w": w, "h": h, "angle": draw(st.integers(1, 719)) / 2}
    if kind == "polygon":
        return _polygon(draw, width, height, holes)
    if kind == "polyline":
        return {
            "type": "polyline",
            "points": [list(p) for p in draw(st.lists(st.tuples(x, y), min_size=2, max_size=5))],
        }
    if kind == "keypoints":
        return {"type": "keypoints", "points": [[draw(x), draw(y), v] for v in (2, *draw(_TWO))]}
    return {"tag": {"type": "tag"}}.get(kind) or _mask(draw, width, height)


_TWO = st.tuples(st.integers(0, 2), st.integers(0, 2))


def _along(size: int) -> st.SearchStrategy[float]:
    return st.integers(0, size * 4).map(lambda n: n / 4)


def _polygon(draw: st.DrawFn, width: int, height: int, holes: bool) -> dict[str, Any]:
    """A star around the middle, so that it never crosses itself, with an even smaller one as a hole."""
    count = draw(st.integers(3, 7))
    reach = min(width, height) / 2
    far = [draw(st.integers(5, 10)) / 10 * reach for _ in range(count)]
    outer = [_star(width, height, n / count, radius) for n, radius in enumerate(far)]
    inner = [_star(width, height, n / 4, reach / 10) for n in range(4)]
    return {"type": "polygon", "rings": [outer, inner] if holes and count > 3 and draw(st.booleans()) else [outer]}


def _star(width: int, height: int, turn: float, radius: float) -> list[float]:
    x, y = width / 2 + radius * math.cos(2 * math.pi * turn), height / 2 + radius * math.sin(2 * math.pi * turn)
    return [round(x * 4) / 4, round(y * 4) / 4]


def _mask(draw: st.DrawFn, width: int, height: int) -> dict[str, Any]:
    """Some rectangles, here and there with a hole."""
    import numpy as np

    bits = np.zeros((height, width), np.uint8)
    for value in (1, *draw(st.lists(st.integers(0, 1), max_size=3))):
        x, y = draw(st.integers(0, width - 2)), draw(st.integers(0, height - 2))
        bits[y : draw(st.integers(y + 1, height)), x : draw(st.integers(x + 1, width))] = value
    bits[0, 0] = 1
    return {"type": "mask", "size": [height, width], "counts": rle.encode(bits)}


@st.composite
def videos(
    draw: st.DrawFn,
    able: Abilities,
    *,
    path: str = "clip.mp4",
    kinds: tuple[str, ...] = ("box",),
    names: tuple[str, ...] = LABELS[:3],
    frames: int = 40,
    outside: bool = True,
    occluded: bool = True,
    attributes: st.SearchStrategy[dict[str, Any]] | None = None,
) -> Dataset:
    """One video with tracks: each a number, keyframes, and (with `outside`) frames from which it is gone."""
    width, height = draw(st.integers(8, WIDEST)), draw(st.integers(8, WIDEST))
    tracks = []
    for number in draw(st.lists(st.integers(1, 30), max_size=3, unique=True)):
        at = sorted(draw(st.sets(st.integers(0, frames - 1), min_size=1, max_size=4)))
        kind = draw(st.sampled_from(kinds))
        given = draw(attributes if attributes is not None else plain_attributes()) if able.attributes else {}
        keyframes: dict[int, dict[str, Any]] = {f: {"geometry": draw(geometries(kind, width, height))} for f in at}
        for n, keyframe in enumerate(keyframes.values()):
            if n and outside and draw(st.booleans()):
                keyframe["outside"] = True
            if occluded and draw(st.booleans()):
                keyframe["occluded"] = True
        first = keyframes[at[0]]["geometry"]
        tracks.append(Shape(draw(st.sampled_from(names)), first, given, keyframes=keyframes, number=number))
    picture = Picture(path, width, height, tracks, frames=frames, fps=25.0)
    return Dataset([Label(name) for name in names], [picture])
