"""A file's entries together with what the project knows of pictures: for labels that came without their pictures."""

from __future__ import annotations

import posixpath
from typing import IO, Any

from projects.archives import Archive
from projects.models import Item

Found = tuple[str, int, int]  # path, width, height


class Library:
    """The `Files` of a format, with `picture` besides: rows that are shares of a side need to know the side."""

    def __init__(self, archive: Archive, project_id: Any) -> None:
        self._archive, self._project = archive, project_id
        self._stems: dict[str, Found | None] | None = None

    def names(self) -> list[str]:
        """All files, sorted."""
        return self._archive.names()

    def size(self, name: str) -> int:
        """Bytes."""
        return self._archive.size(name)

    def open(self, name: str) -> IO[bytes]:
        """Raises: KeyError for a name that is not there."""
        return self._archive.open(name)

    def picture(self, stem: str) -> Found | None:
        """The only item whose path is `stem` and an ending, else the only one whose name is; upright size in pixels."""
        if self._stems is None:
            self._stems = self._load()
        known = self._stems.get("/" + stem)
        return known or self._stems.get(posixpath.basename(stem))

    def _load(self) -> dict[str, Found | None]:
        """Whole stems begin with a slash; None where several items share one."""
        stems: dict[str, Found | None] = {}
        rows = Item.objects.filter(project=self._project).values_list("path", "asset__width", "asset__height")
        for path, width, height in rows.iterator():
            stem = posixpath.splitext(path)[0]
            for key in ("/" + stem, posixpath.basename(stem)):
                stems[key] = None if key in stems else (path, width, height)
        return stems
