"""A version as the data of an export: in any format, with the pictures as they were uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from annotations.exports import media, sources
from annotations.exports.filters import Filters, parse
from annotations.exports.sources import Content, Entry, Params, SourceError
from annotations.formats.records import Label, Picture, Shape
from annotations.formats.registry import formats
from projects.models import Project
from projects.models.library import Kind
from training.models import Version, VersionFrame

_ROWS = 100
_KNOWN = {"labels", "splits", "items", "only_labelled", "frames", "suggestions"}


def content(project: Project, params: Params) -> Content:
    """The registered source "version": `params["version"]` is a version of the project.

    Raises:
        SourceError: there is no such version any more.
    """
    version = _version(project, params)
    filters = parse(params.get("filters") or {})
    rows = _rows(version, filters)
    entries = _entries(version, rows, filters, _has_tracks(params))
    return Content(_labels(version, filters), entries, media.of_assets, rows.count(), f"{project.name} {version}")


def check(project: Project, params: Params) -> None:
    """Whether an export can be had of it.

    Raises:
        SourceError: no such version, or a filter that a version cannot be asked for.
    """
    _version(project, params)
    for name in parse(params.get("filters") or {}).as_json():
        if name not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            detail = f"A version does not remember what '{name}' asks for: it can be filtered by {known}."
            raise SourceError("filter", detail, f"/filters/{name}")


def _version(project: Project, params: Params) -> Version:
    version = Version.objects.filter(project=project, pk=params["version"]).first()
    if version is None:
        raise SourceError("no-version", "The project has no such version.")
    return version


def _rows(version: Version, filters: Filters) -> Any:
    rows = version.frames.select_related("asset__video").order_by("path", "asset_id", "frame", "id")
    if filters.splits:
        rows = rows.filter(split__in=filters.splits)
    return rows.filter(item__in=filters.items) if filters.items else rows


def _labels(version: Version, filters: Filters) -> list[Label]:
    """The classes under their numbers; deleted ones are left out, which leaves a gap."""
    return [
        Label(
            row["name"],
            row.get("color", ""),
            row.get("attributes", []),
            row.get("skeleton"),
            row.get("aliases", []),
            index,
        )
        for index, row in enumerate(version.labels)
        if not row.get("retired") and (not filters.labels or row["id"] in filters.labels)
    ]


def _has_tracks(params: Params) -> bool:
    form = formats().get(str(params.get("format")))
    return form is not None and form.abilities.tracks


def _entries(version: Version, rows: Any, filters: Filters, tracks: bool) -> Iterator[Entry]:
    """An entry a picture; of a video one for all its frames, or, where a format has no videos, one for each side."""
    names = {row["id"]: row["name"] for row in version.labels if not filters.labels or row["id"] in filters.labels}
    for _, group in groupby(rows.iterator(chunk_size=_ROWS), key=lambda row: (row.path, row.asset_id)):
        frames = list(group)
        sides = sorted({row.split for row in frames})
        parts = [frames] if tracks else [[row for row in frames if row.split == side] for side in sides]
        for part in parts:
            entry = _entry(part, names)
            if entry.picture.shapes or not filters.only_labelled:
                yield entry


def _entry(rows: list[VersionFrame], names: dict[str, str]) -> Entry:
    first = rows[0]
    asset = first.asset
    sides = {row.split for row in rows}
    shapes = [
        _shape(row, shape, names[shape["label"]]) for row in rows for shape in row.shapes if shape["label"] in names
    ]
    picture = Picture(first.path, asset.width, asset.height, shapes, sides.pop() if len(sides) == 1 else "")
    if asset.kind == Kind.VIDEO:
        picture.frames, picture.fps = asset.video.frames, asset.video.fps
    return Entry(picture, str(asset.pk))


def _shape(row: VersionFrame, shape: dict[str, Any], name: str) -> Shape:
    made = Shape(name, shape["geometry"], shape["attributes"], row.frame)
    if row.frame is None:
        made.id = shape["id"]  # on a video the frames of one track have it in common
    return made


sources.register("version", content, check)
