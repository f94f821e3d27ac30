"""Reading what is labelled: one pass over the annotations, a picture's shapes at a time.

What is kept of a picture in memory is small; its shapes wait in a file on disk, so that a million of them are no
more than ten thousand. One statement reads the annotations of a project: revs and shapes belong together although
people go on labelling.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any
from weakref import finalize

import orjson
from django.db.models import Q
from django.db.models.functions import Collate

from annotations import blobs
from annotations.exports.filters import Filters
from annotations.interpolation import Track
from annotations.models import Annotation, Source
from projects.models import Asset, Item, Project
from projects.models.item import State
from training.datasets.classes import Classes

Step = Callable[[int, int], None]

_CHUNK = 500
_ASSETS = 2000
_FIELDS = (
    "item_id",
    "item__path",
    "item__rev",
    "item__split",
    "item__asset_id",
    "id",
    "label_id",
    "frame",
    "geometry",
    "attributes",
    "keyframes",
)


@dataclass(slots=True)
class Planned:
    """An image item, or one labelled frame of a video item; its shapes lie in the spool.

    Attributes:
        source: Which project, by its place among those of the version.
        kinds: Shapes by type of geometry.
        labels: Shapes that the task learns from, by class.
    """

    source: int
    item: Any
    asset: Any
    path: str
    frame: int | None
    rev: int
    fixed: str
    kinds: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    at: int = 0
    size: int = 0
    digest: str = ""
    group: str = ""
    side: str = ""

    @property
    def key(self) -> tuple[int, str, int]:
        return self.source, self.path, -1 if self.frame is None else self.frame

    @property
    def shapes(self) -> int:
        return sum(self.kinds.values())


class Gathered:
    """All pictures of a version to be, in order, with their shapes in a file that goes with this object."""

    def __init__(self, learned: Sequence[str]) -> None:
        self.pictures: list[Planned] = []
        self.assets: dict[Any, Asset] = {}
        self._learned = frozenset(learned)
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the object goes
        finalize(self, self._spool.close)
        self._end = 0

    def close(self) -> None:
        self._spool.close()

    def add(self, picture: Planned, shapes: list[dict[str, Any]]) -> None:
        shapes.sort(key=itemgetter("id"))
        text = orjson.dumps(shapes, option=orjson.OPT_SORT_KEYS)
        picture.at, picture.size = self._end, len(text)
        picture.kinds = dict(Counter(shape["geometry"]["type"] for shape in shapes))
        picture.labels = dict(Counter(shape["label"] for shape in shapes if shape["geometry"]["type"] in self._learned))
        picture.digest = hashlib.sha256(text).hexdigest()
        self._spool.write(text)
        self._end += len(text)
        self.pictures.append(picture)

    def shapes_of(self, picture: Planned) -> list[dict[str, Any]]:
        self._spool.seek(picture.at)
        return orjson.loads(self._spool.read(picture.size))  # type: ignore[no-any-return]


def gather(
    projects: Sequence[Project], classes: Classes, filters: Filters, learned: Sequence[str], step: Step
) -> Gathered:
    """The pictures of one project, or of several ones under their projects' names.

    Args:
        classes: Which class each label of theirs has become.
        filters: Suggestions of a model are left out whatever they say.
        learned: The types of geometry that the task learns from.
        step: Told how many items have been read, of how many; what it raises ends the reading.
    """
    found = Gathered(learned)
    total = sum(_items(project, filters).count() for project in projects)
    done = 0
    try:
        for number, (project, prefix) in enumerate(zip(projects, _prefixes(projects), strict=True)):
            seen = set()
            for item in _labelled(project, classes, filters):
                seen.add(item[0][0])
                done += 1
                step(done, total)
                _add(found, number, prefix, item, classes, filters)
            _add_empty(found, number, prefix, _empty(project, filters), seen)
    except BaseException:
        found.close()
        raise
    found.pictures.sort(key=lambda picture: picture.key)
    _load_assets(found)
    return found


def _prefixes(projects: Sequence[Project]) -> list[str]:
    if len(projects) == 1:
        return [""]
    names = [project.name.replace("/", "_").strip() or "project" for project in projects]
    return [f"{name}/" if names.count(name) == 1 else f"{name} {n}/" for n, name in enumerate(names, start=1)]


def _items(project: Project, filters: Filters) -> Any:
    rows = Item.objects.filter(project=project)
    if filters.states:
        rows = rows.filter(state__in=filters.states)
    if filters.splits:
        rows = rows.filter(split__in=filters.splits)
    return rows.filter(pk__in=filters.items) if filters.items else rows


def _drawn(project: Project, classes: Classes, filters: Filters) -> Any:
    rows = Annotation.objects.filter(item__project=project, item__replica_of=None, deleted=False)
    rows = rows.exclude(source=Source.MODEL)
    if filters.states or filters.splits or filters.items:
        rows = rows.filter(item__in=_items(project, filters))
    if filters.labels:
        wanted = {classes.of.get(label, label) for label in filters.labels}
        rows = rows.filter(label__in=[label for label, became in classes.of.items() if became in wanted])
    if filters.authors:
        rows = rows.filter(author__in=filters.authors)
    if filters.sources:
        rows = rows.filter(source__in=filters.sources)
    if filters.confidence:
        rows = rows.filter(Q(confidence__isnull=True) | Q(confidence__range=filters.confidence))
    return rows


def _labelled(project: Project, classes: Classes, filters: Filters) -> Iterator[list[tuple[Any, ...]]]:
    """The annotations of each item, in the order of paths; a cursor of the server's, so that few are in memory."""
    rows = _drawn(project, classes, filters).order_by(Collate("item__path", "C"), "item_id", "id")
    for _, item in groupby(rows.values_list(*_FIELDS).iterator(chunk_size=_CHUNK), key=itemgetter(0)):
        yield list(item)


def _add(
    found: Gathered, number: int, prefix: str, rows: list[tuple[Any, ...]], classes: Classes, filters: Filters
) -> None:
    item, path, rev, fixed, asset = rows[0][:5]
    for frame, shapes in _by_frame(item, rows, classes, filters.frames == "seen").items():
        found.add(Planned(number, item, asset, prefix + path, frame, rev, fixed), shapes)


def _by_frame(
    item: Any, rows: Iterable[tuple[Any, ...]], classes: Classes, every: bool
) -> dict[int | None, list[dict[str, Any]]]:
    frames: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    tracks: list[tuple[dict[str, Any], Track]] = []
    for row in rows:
        pk, label, frame, geometry, attributes, keyframes = row[5:]
        shape = {"id": str(pk), "label": classes.of.get(str(label), str(label))}
        whole = {"geometry": geometry, "attributes": attributes, "frame": frame, "keyframes": keyframes}
        whole = blobs.inlined_shape(item, whole)
        if keyframes:
            tracks.append((shape, Track(whole)))
        else:
            frames[frame].append({**shape, "geometry": whole["geometry"], "attributes": attributes})
    labelled = sorted({frame for frame in frames if frame is not None}.union(*_numbers(tracks, every)))
    for shape, track in tracks:
        # Where one object was drawn, the others are to be seen too: one left out would be learned as background.
        for frame in labelled:
            state = track.state(frame)
            if state is not None:
                frames[frame].append({**shape, "geometry": state["geometry"], "attributes": state["attributes"]})
    return frames


def _numbers(tracks: list[tuple[dict[str, Any], Track]], every: bool) -> Iterator[Iterable[int]]:
    """The frames that each track makes pictures of: its key frames while it is to be seen, or all of these."""
    for _, track in tracks:
        if every:
            yield (n for first, last in track.visible() for n in range(first, last + 1))
        else:
            yield (n for n in track.numbers if track.state(n))


def _empty(project: Project, filters: Filters) -> Any:
    """Approved images; those among them without shapes are worth learning from: a person says that nothing is there."""
    rows = _items(project, filters).filter(state=State.APPROVED, asset__kind="image")
    if filters.only_labelled:
        return rows.none()
    # One whose shapes were only left out by who drew them is not empty.
    chosen = filters.authors or filters.sources or filters.confidence
    return rows.filter(annotation_count=0) if chosen else rows


def _add_empty(found: Gathered, number: int, prefix: str, rows: Any, seen: set[Any]) -> None:
    for item, path, rev, fixed, asset in rows.values_list("id", "path", "rev", "split", "asset_id").iterator():
        if item not in seen:
            found.add(Planned(number, item, asset, prefix + path, None, rev, fixed), [])


def _load_assets(found: Gathered) -> None:
    wanted = list(dict.fromkeys(picture.asset for picture in found.pictures))
    fields = ("id", "team_id", "kind", "sha256", "thumbnail", "width", "height", "original_name", "phash")
    for start in range(0, len(wanted), _ASSETS):
        found.assets |= Asset.objects.only(*fields).in_bulk(wanted[start : start + _ASSETS])
