"""How large the pictures and videos of an archive are, by their headers, for files that give shares of a side. Pure."""

from __future__ import annotations

import posixpath
from typing import Any

import av
from av.error import FFmpegError

from annotations.formats import common
from annotations.formats.base import Files
from annotations.formats.picture_size import upright_size

Size = tuple[int, int]


def size(files: Files, entry: str) -> Size:
    """(width, height) of an entry as it stands upright; (0, 0) where that cannot be told."""
    if not entry:
        return 0, 0
    return _video(files, entry) if common.is_video(entry) else _image(files, entry)


def known(files: Files, path: str, entry: str) -> Size:
    """As `size`; without an entry, as whoever reads knows it: `files` may have `picture(stem)`, see `yolo_read`."""
    found = size(files, entry)
    ask: Any = getattr(files, "picture", None)
    if not all(found) and ask is not None:
        item = ask(posixpath.splitext(path)[0])
        if item is not None:
            return item[1], item[2]
    return found


def _image(files: Files, entry: str) -> Size:
    with files.open(entry) as stream:
        return upright_size(stream)


def _video(files: Files, entry: str) -> Size:
    try:
        with files.open(entry) as stream, av.open(stream) as container:
            video = container.streams.video[0]
            return video.width, video.height
    except (FFmpegError, OSError, ValueError, IndexError):
        return 0, 0
