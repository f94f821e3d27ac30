"""Where the data of an export come from: a registry, so that rooms above this one bring theirs.

    sources.register("version", versions.content, versions.check)

`content(project, params)` is called inside the export's snapshot, and what it gives is read there, once; `check` is
called when the export is asked for. `params` are the job's: `{format, options, filters, media, version?}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from annotations.exports.archive import Archive
from annotations.formats.base import Report
from annotations.formats.records import Label, Picture
from projects.models import Project

Params = Mapping[str, Any]


class SourceError(Exception):
    """The data cannot be had; `pointer` names the part of the request that is wrong."""

    def __init__(self, code: str, detail: str, pointer: str = "/version") -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer


class Entry(NamedTuple):
    """A picture or a video with its shapes, and where its pixels are: `token` says it to the `media` of its content.

    Geometries are as the database has them, with ids of vertices; the export takes these off where a format has none.
    """

    picture: Picture
    token: str


class Wanted(NamedTuple):
    """A file that an export has to bring: its name in the archive, whose pixels, and which frame of a video."""

    name: str
    token: str
    frame: int | None


# Puts files into the archive, in any order; says in the report what is not there any more; calls `done` for each.
Media = Callable[[Iterator[Wanted], Archive, Report, Callable[[], None]], None]


@dataclass
class Content:
    """What a source gives.

    Attributes:
        entries: Read once, an entry at a time, in order of paths.
        total: How many entries there are about, for the progress; or `done`, which says the share that was read.
    """

    labels: list[Label]
    entries: Iterable[Entry]
    media: Media
    total: int = 0
    name: str = ""
    done: Callable[[], float] | None = None


class Source(NamedTuple):
    content: Callable[[Project, Params], Content]
    check: Callable[[Project, Params], None] | None


_sources: dict[str, Source] = {}


def register(
    name: str,
    content: Callable[[Project, Params], Content],
    check: Callable[[Project, Params], None] | None = None,
) -> None:
    """Say where data called `name` come from; "version" is asked for by a request with a version."""
    _sources[name] = Source(content, check)


def source_for(params: Params) -> Source:
    """The source of an export.

    Raises:
        SourceError: it names a version, and nobody has registered where versions are.
    """
    name = "version" if params.get("version") else "project"
    found = _sources.get(name)
    if found is None:
        raise SourceError("no-versions", "There are no versions here to export: leave `version` out.")
    return found
