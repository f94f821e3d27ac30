"""A file's pictures and shapes on their way to the staging tables, and the figures of what became of them."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from annotations import checks
from annotations.bulk import Staging
from annotations.formats.base import Report
from annotations.formats.records import Picture, Shape
from annotations.imports.labels import Labels
from annotations.imports.pictures import Known, Pictures, key_of
from annotations.imports.shapes import Blob, Place, Refused, group_of, op_of
from annotations.models import Annotation
from projects import jobs
from projects.ids import uuid7
from projects.models.item import Split

_PICTURES_AT_ONCE, _SHAPES_AT_ONCE = 200, 5000


@dataclass
class Taken:
    """How many shapes became what."""

    by_type: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    refused: int = 0
    ignored: int = 0
    left: int = 0
    left_later: int = 0
    duplicates: int = 0

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("changed", "refused", "ignored", "left", "duplicates")}
        return {"taken": self.by_type.total(), **counts, "by_type": dict(self.by_type.most_common())}


class _Where:
    """Speaks of one shape of one picture."""

    __slots__ = ("changed", "file", "n", "report")

    def __init__(self, report: Report, file: str) -> None:
        self.report, self.file, self.n, self.changed = report, file, 0, False

    def change(self, code: str, text: str) -> None:
        self.changed = True
        self.report.change(code, text, self.file, f"shape {self.n}")

    def refuse(self, code: str, text: str) -> None:
        self.report.refuse(code, text, self.file, f"shape {self.n}")


class Reading:
    """Takes pictures one after the other; nothing but their figures stays in memory.

    Args:
        staging: None for a preview.
        own: Shapes come with ids, which they keep where nothing has them.
    """

    def __init__(
        self, held: jobs.Held, pictures: Pictures, labels: Labels, report: Report, staging: Staging | None, own: bool
    ) -> None:
        self.held, self.pictures, self.labels, self.report = held, pictures, labels, report
        self.staging, self.own = staging, own
        self.taken = Taken()
        self._ids: set[int] = set()
        self._fresh_ids = _ids_in_order()
        self._numbers: tuple[str, set[int]] = ("", set())
        self._authors = False

    def run(self, pictures: Iterable[Picture]) -> None:
        """Read all of them.

        Raises:
            Interrupted: nobody wants the job any more. FormatError, ArchiveError: by the file.
        """
        with _rare_collections() as collect:
            self._run(pictures, collect)
        self._settle()

    def _run(self, pictures: Iterable[Picture], collect: Callable[[], None]) -> None:
        for group in _groups(pictures):
            self.held.check()
            self._settle()
            collect()
            for picture, known in zip(group, self.pictures.find(group), strict=True):
                self._take(picture, known)
                self.held.step(
                    0.7 * self.pictures.archive.done,
                    1,
                    "read",
                    pictures=self.pictures.figures.total,
                    shapes=self.taken.by_type.total(),
                )

    def _take(self, picture: Picture, known: Known | None) -> None:
        if known is None:
            self._missing(picture)
            return
        self._compare_sizes(picture, known)
        if known.left:
            self.taken.left += len(picture.shapes)
            return
        target = known.target
        if picture.split in Split.values and not picture.of_video:
            target.split = picture.split
        ops = [op for op in self._ops(picture, known) if op is not None]
        if self.staging is None or known.resumed:
            return
        self.staging.add(target, ops)
        if not picture.of_video:
            self.staging.finish_item(target)

    def _settle(self) -> None:
        if self.staging is not None:
            self.staging.settle()

    def _missing(self, picture: Picture) -> None:
        if picture.shapes:
            self.taken.refused += len(picture.shapes)
            text = (
                f"The project has no {picture.of_video or picture.path}: its {len(picture.shapes)} shapes are left out."
            )
            self.report.refuse(
                "picture-missing", f"{text} Add the picture, or send it along in the archive.", picture.path
            )
        else:
            self.report.note("picture-missing", f"The project has no {picture.path}; it has no shapes.", picture.path)

    def _compare_sizes(self, picture: Picture, known: Known) -> None:
        there, said = (known.target.width, known.target.height), (picture.width, picture.height)
        if not all(said) or not all(there) or said == there:
            return
        turned = (
            " The sides are swapped: it was labelled before its orientation was applied." if said == there[::-1] else ""
        )
        text = f"The file says {said[0]} x {said[1]} pixels, the picture has {there[0]} x {there[1]}.{turned}"
        self.report.change("size", f"{text} The shapes were taken as they stand: look at some.", picture.path)

    # Shapes

    def _ops(self, picture: Picture, known: Known) -> Iterator[dict[str, Any] | None]:
        target = known.target
        place = Place(target.width, target.height, target.frames, self.pictures.frame_of(picture, known))
        where = _Where(self.report, picture.path)
        names, blob = self._names(picture), self._blob(known)
        for shape in picture.shapes:
            where.n += 1
            yield self._op(shape, next(names), known, place, where, blob)

    def _op(
        self, shape: Shape, name: str, known: Known, place: Place, where: _Where, blob: Blob
    ) -> dict[str, Any] | None:
        match = self.labels.of(shape.label)
        if not match.id:
            self.taken.ignored += match.how == "ignored"
            self.taken.refused += match.how == "refused"
            return None
        where.changed = False
        try:
            op = op_of(shape, name, match.id, match.points, place, where.change, blob)
        except Refused as refused:
            where.refuse(refused.code, str(refused))
            self.taken.refused += 1
            return None
        if known.there and self._is_there(op, known.there):
            return None
        self._complete(op, shape, known)
        self.labels.use(match)
        self.taken.by_type["track" if shape.keyframes else op["geometry"]["type"]] += 1
        self.taken.changed += where.changed
        return op

    def _is_there(self, op: dict[str, Any], there: Counter[bytes]) -> bool:
        key = key_of(op["label"], op.get("frame"), op["geometry"], op.get("keyframes"))
        if not there[key]:
            return False
        there[key] -= 1  # one for one: two alike in the file are two objects
        self.taken.duplicates += 1
        return True

    def _complete(self, op: dict[str, Any], shape: Shape, known: Known) -> None:
        if shape.group is not None:
            op["group"] = group_of(known.target.id, shape.group)
        if shape.number is not None and self._is_free(shape.number, known):
            op["detection_id"] = shape.number
        if shape.author and not self._authors:
            self._authors = True
            text = "The file names authors; here the shapes are by whoever imports them."
            self.report.note("authors", text)

    def _is_free(self, number: int, known: Known) -> bool:
        """Numbers of the file stay where the item has none of its own, and where they come once."""
        item = known.target.id
        if self._numbers[0] != item:
            self._numbers = item, set()
        taken = self._numbers[1]
        if known.target.detections or not 0 < number < 2**31 or number in taken:
            return False
        taken.add(number)
        return True

    def _blob(self, known: Known) -> Blob:
        if self.staging is None or known.resumed:
            return _nothing
        staging, target = self.staging, known.target
        return lambda digest, counts: staging.add_blob(target, digest, counts)

    def _names(self, picture: Picture) -> Iterator[str]:
        """An id for each shape: its own where the format has ids and nobody has taken it."""
        free: set[str] = set()
        if self.own and self.staging is not None:
            self._settle()
            wanted = {shape.id for shape in picture.shapes if checks.is_id(shape.id)}
            taken = {str(pk) for pk in Annotation.objects.filter(pk__in=wanted).values_list("pk", flat=True)}
            free = {name for name in wanted - taken if int(name.replace("-", ""), 16) not in self._ids}
            self._ids.update(int(name.replace("-", ""), 16) for name in free)
        for shape in picture.shapes:
            if shape.id in free:
                free.remove(shape.id)
                yield shape.id
            else:
                yield next(self._fresh_ids)


def _ids_in_order() -> Iterator[str]:
    """UUIDs of version 7 of one moment, each above the one before: shapes of one revision are told in their order."""
    value = uuid7().int & ~(1 << 61)  # room to count up without touching the variant
    while True:
        value += random.getrandbits(24) + 1
        text = f"{value:032x}"
        yield f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@contextmanager
def _rare_collections() -> Iterator[Callable[[], None]]:
    """Look for garbage in cycles every fiftieth time only: shapes make none, and a fifth of the time went into it."""
    enabled, turns = gc.isenabled(), 0

    def collect() -> None:
        nonlocal turns
        turns += 1
        if turns % 50 == 0:
            gc.collect(1)

    gc.disable()
    try:
        yield collect
    finally:
        if enabled:
            gc.enable()


def _nothing(digest: str, counts: str) -> None:
    """A preview keeps no blobs."""


def _groups(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    """Enough pictures for one look into the database, and not too many shapes for memory."""
    group: list[Picture] = []
    shapes = 0
    for picture in pictures:
        group.append(picture)
        shapes += len(picture.shapes)
        if len(group) >= _PICTURES_AT_ONCE or shapes >= _SHAPES_AT_ONCE:
            yield group
            group, shapes = [], 0
    if group:
        yield group
