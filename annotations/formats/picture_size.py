"""The size of a picture from the first bytes of its file. Pure."""

from __future__ import annotations

import warnings
from typing import IO

from PIL import Image, UnidentifiedImageError

_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)


def upright_size(stream: IO[bytes]) -> tuple[int, int]:
    """(width, height) in pixels as people see it, with the EXIF orientation; (0, 0) where it cannot be told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels: none is decoded
            with Image.open(stream) as image:
                turned = image.getexif().get(_ORIENTATION) in _SIDEWAYS
                return (image.height, image.width) if turned else image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 0, 0
