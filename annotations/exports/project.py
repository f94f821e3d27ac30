"""A project's items with their shapes, in order of paths, a few items at a time, as they were at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet

from annotations.exports import media
from annotations.exports.filters import Filters, parse
from annotations.exports.sources import Content, Entry, Params
from annotations.formats.records import Geometry, Label, Picture, Shape
from annotations.formats.registry import formats
from annotations.models import MaskBlob
from projects import models
from projects.models import Item, Project, User
from projects.models.library import Kind

# At most so many items, and about so many shapes, are in memory at once.
_ITEMS, _SHAPES = 400, 4000
_COLUMNS = (
    "id", "path", "state", "split", "annotation_count", "asset_id", "asset__kind", "asset__width", "asset__height",
    "asset__video__frames", "asset__video__fps",
)  # fmt: skip
_READ = """
SELECT a.item_id::text, json_agg(json_build_array(
  a.id, a.label_id, a.frame, a.geometry, a.attributes, a.keyframes, a.source, a.confidence, a.detection_id, a."group",
  a.z, a.author_id) ORDER BY a.created_rev, a.id)::text
FROM annotations_annotation a
WHERE a.item_id = ANY(%(items)s::uuid[]) AND NOT a.deleted AND a.source = ANY(%(sources)s)
  AND (%(labels)s::uuid[] IS NULL OR a.label_id = ANY(%(labels)s::uuid[]))
  AND (%(authors)s::uuid[] IS NULL OR a.author_id = ANY(%(authors)s::uuid[]))
  AND (a.confidence IS NULL OR a.confidence BETWEEN %(least)s AND %(most)s)
GROUP BY a.item_id"""


def content(project: Project, params: Params) -> Content:
    """A project's labels and items under the filters of a job's params; the registered source "project"."""
    filters = parse(params.get("filters") or {})
    rows = items(project, filters)
    if not params.get("reviewer", True):
        rows = rows.filter(ground_truth=False)
    known = labels(project, filters)
    if _lossless(params) and not filters.labels:
        known = sorted([*known, *_retired(project)], key=lambda label: label.index or 0)
    return Content(known, _Reader(project, filters, rows), media.of_assets, rows.count(), project.name)


def items(project: Project, filters: Filters) -> QuerySet[Item]:
    """The items that an export looks at."""
    rows: QuerySet[Item] = Item.objects.filter(project=project)
    wanted = {"state": filters.states, "split": filters.splits, "pk": filters.items}
    for name, values in wanted.items():
        if values:
            rows = rows.filter(**{f"{name}__in": values})
    return rows


def labels(project: Project, filters: Filters) -> list[Label]:
    """The schema; under a filter of labels only those, numbered anew."""
    rows = list(models.Label.objects.filter(project=project))
    if filters.labels:
        rows = [row for row in rows if str(row.pk) in filters.labels]
    return [
        Label(row.name, row.color, row.attributes, row.skeleton, row.aliases, n if filters.labels else row.ordinal)
        for n, row in enumerate(rows)
    ]


def _lossless(params: Params) -> bool:
    found = formats().get(str(params.get("format")))
    return found is not None and found.abilities.own


def _retired(project: Project) -> list[Label]:
    """Labels that were deleted or merged into another: nothing has them, but their numbers are theirs."""
    rows = models.Label.every.filter(project=project, retired_at__isnull=False)
    return [
        Label(row.name, row.color, row.attributes, row.skeleton, row.aliases, row.ordinal, retired=True) for row in rows
    ]


class _Reader:
    def __init__(self, project: Project, filters: Filters, rows: QuerySet[Item]) -> None:
        self.filters, self.rows = filters, rows
        self.names = _names(project)
        self.people: dict[str, str] = {}
        low, high = filters.confidence or (float("-inf"), float("inf"))
        self.wanted = {
            "sources": list(filters.taken_sources()),
            "labels": list(filters.labels) or None,
            "authors": list(filters.authors) or None,
            "least": low,
            "most": high,
        }

    def __iter__(self) -> Iterator[Entry]:
        for part in self._parts():
            shapes = self._shapes([str(row[0]) for row in part])
            for row in part:
                found = shapes.pop(str(row[0]), None)
                if found or not self.filters.only_labelled:
                    yield self._entry(row, orjson.loads(found) if found else [])

    def _parts(self) -> Iterator[list[tuple[Any, ...]]]:
        part: list[tuple[Any, ...]] = []
        weight = 0
        for row in self.rows.order_by("path", "id").values_list(*_COLUMNS).iterator(chunk_size=_ITEMS):
            part.append(row)
            weight += row[4]
            if len(part) >= _ITEMS or weight >= _SHAPES:
                yield part
                part, weight = [], 0
        if part:
            yield part

    def _shapes(self, ids: list[str]) -> dict[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(_READ, {"items": ids, **self.wanted})
            return dict(cursor.fetchall())

    def _entry(self, row: tuple[Any, ...], found: list[list[Any]]) -> Entry:
        item, path, state, split, _count, asset, kind, width, height, frames, fps = row
        shapes = [shape for each in found if (shape := self._shape(each)) is not None]
        _inline(item, shapes)
        picture = Picture(path, width, height, shapes, split, state=state)
        if kind == Kind.VIDEO:
            picture.frames, picture.fps = frames, fps
        return Entry(picture, str(asset))

    def _shape(self, row: list[Any]) -> Shape | None:
        """None where its label was deleted a moment ago, and its shapes are still going with it."""
        pk, label, frame, geometry, attributes, keyframes, source, confidence, number, group, z, author = row
        name = self.names.get(label)
        if name is None:
            return None
        made = Shape(name, geometry, attributes, frame, None, confidence, source, number, group, z, id=pk)
        if keyframes:
            made.keyframes = {
                int(n): keyframe for n, keyframe in sorted(keyframes.items(), key=lambda one: int(one[0]))
            }
            made.frame = None
        if author is not None:
            made.author = self._person(author)
        return made

    def _person(self, pk: str) -> str:
        if pk not in self.people:
            self.people[pk] = User.objects.values_list("email", flat=True).filter(pk=pk).first() or ""
        return self.people[pk]


def _names(project: Project) -> dict[str, str]:
    """Label's id to name; one that merged into another has that one's."""
    names = {}
    for label in models.Label.every.filter(project=project).select_related("merged_into"):
        shown = label.merged_into or label
        if shown.retired_at is None:
            names[str(label.pk)] = shown.name
    return names


def _inline(item: Any, shapes: list[Shape]) -> None:
    """Put in the run lengths of masks that lie beside the journal."""
    places = [geometry for shape in shapes for geometry in _geometries(shape) if "blob" in geometry]
    if not places:
        return
    rows = MaskBlob.objects.filter(item=item, digest__in={geometry["blob"] for geometry in places})
    counts = dict(rows.values_list("digest", "counts"))
    for geometry in places:
        digest = geometry.pop("blob", None)
        if digest is not None:
            geometry["counts"] = counts[digest]


def _geometries(shape: Shape) -> Iterator[Geometry]:
    yield shape.geometry
    for keyframe in (shape.keyframes or {}).values():
        if "geometry" in keyframe:
            yield keyframe["geometry"]
