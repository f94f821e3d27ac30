"""How large the pictures and videos of an archive are, by their headers, for files that give shares of a side. Pure."""

from __future__ import annotations

import warnings

import av
from av.error import FFmpegError
from PIL import ExifTags, Image

from annotations.formats import common
from annotations.formats.base import Files

Size = tuple[int, int]
_TROUBLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
_LYING = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def size(files: Files, entry: str) -> Size:
    """(width, height) of an entry as it stands upright; (0, 0) where that cannot be told."""
    if not entry:
        return 0, 0
    return _video(files, entry) if common.is_video(entry) else _image(files, entry)


def _image(files: Files, entry: str) -> Size:
    try:
        with files.open(entry) as stream, warnings.catch_warnings(action="ignore"), Image.open(stream) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _LYING
            return (image.height, image.width) if turned else (image.width, image.height)
    except _TROUBLE:
        return 0, 0


def _video(files: Files, entry: str) -> Size:
    try:
        with files.open(entry) as stream, av.open(stream) as container:
            video = container.streams.video[0]
            return video.width, video.height
    except (FFmpegError, *_TROUBLE, IndexError):
        return 0, 0
