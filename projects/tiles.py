"""A huge picture as tiles of 512 pixels, level by level: each level has half the sides of the next, the last one is the
picture itself, the first one fits one tile. All tiles lie in one file, found by arithmetic. Pure.

The file: b"FLTILES1", width and height (uint32), then the offset of each tile and of the end (uint64, little-endian),
then the tiles as WebP: levels from the last to the first, rows from the top, columns from the left.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image

SIDE = 512
HUGE_PIXELS = 40_000_000
_MAGIC = b"FLTILES1"
_HEAD = struct.Struct("<8sII")
_OFFSET = struct.Struct("<Q")
_QUALITY = 85


class NoTile(LookupError):
    """There is no such tile, or the file is none of tiles."""


@dataclass(frozen=True, slots=True)
class Level:
    """width, height: pixels. first: the number of its first tile in the file."""

    width: int
    height: int
    first: int

    @property
    def columns(self) -> int:
        return -(-self.width // SIDE)

    @property
    def rows(self) -> int:
        return -(-self.height // SIDE)


def levels(width: int, height: int) -> list[Level]:
    """From the one that fits a tile to the picture itself.

    >>> [(level.width, level.columns, level.first) for level in levels(2000, 900)]
    [(500, 1, 12), (1000, 2, 10), (2000, 4, 0)]
    """
    found: list[Level] = []
    first = 0
    while True:
        found.append(Level(width, height, first))
        if max(width, height) <= SIDE:
            return found[::-1]
        first += found[-1].columns * found[-1].rows
        width, height = -(-width // 2), -(-height // 2)


def write(image: Image.Image, path: Path) -> None:
    """Cut a picture. Memory: one and a half times its pixels."""
    layout = levels(*image.size)
    count = layout[0].first + 1
    offsets: list[int] = []
    with path.open("wb") as file:
        file.seek(_HEAD.size + _OFFSET.size * (count + 1))
        shown = image if image.mode in {"L", "RGB"} else image.convert("RGB")
        for level in reversed(layout):
            shown = shown if level.first == 0 else shown.reduce(2)
            for row in range(level.rows):
                for column in range(level.columns):
                    offsets.append(file.tell())
                    file.write(_encoded(shown, column * SIDE, row * SIDE))
        offsets.append(file.tell())
        file.seek(0)
        file.write(_HEAD.pack(_MAGIC, *image.size))
        file.write(b"".join(_OFFSET.pack(offset) for offset in offsets))


def _encoded(image: Image.Image, x: int, y: int) -> bytes:
    output = BytesIO()
    box = (x, y, min(x + SIDE, image.width), min(y + SIDE, image.height))
    image.crop(box).convert("RGB").save(output, "WEBP", quality=_QUALITY, method=0)
    return output.getvalue()


def read(file: IO[bytes], level: int, x: int, y: int) -> bytes:
    """A tile as WebP: column `x` and row `y` of a level.

    Raises:
        NoTile: beyond the edge, or the file is none of `write`.
    """
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or head[:8] != _MAGIC:
        raise NoTile("The stored file holds no tiles.")
    _, width, height = _HEAD.unpack(head)
    layout = levels(width, height)
    if not (0 <= level < len(layout) and 0 <= x < layout[level].columns and 0 <= y < layout[level].rows):
        raise NoTile(f"There is no tile {x}, {y} on level {level}.")
    number = layout[level].first + y * layout[level].columns + x
    file.seek(_HEAD.size + _OFFSET.size * number)
    start, end = struct.unpack("<QQ", file.read(2 * _OFFSET.size))
    file.seek(start)
    return file.read(end - start)
