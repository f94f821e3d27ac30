"""Pictures and videos made by code, with their number drawn into the pixels of every video frame."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import ExifTags, Image

BITS = 10
CELL = 32
WIDTH, HEIGHT = BITS * CELL, 128


def pattern(width: int = 64, height: int = 48) -> Image.Image:
    """Red top-left, green top-right, blue bottom-left, white bottom-right: every turn shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 20, 20)
    pixels[: height // 2, width // 2 :] = (20, 200, 20)
    pixels[height // 2 :, : width // 2] = (20, 20, 220)
    pixels[height // 2 :, width // 2 :] = (240, 240, 240)
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray[Any, Any]) -> str:
    """The colours of the corners, clockwise from the top-left one, such as 'rgwb'."""
    h, w = pixels.shape[:2]
    names = []
    for y, x in ((h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, 3 * w // 4), (3 * h // 4, w // 4)):
        red, green, blue = (int(value) > 128 for value in pixels[y, x])
        names.append("w" if red and green and blue else "r" if red else "g" if green else "b" if blue else "k")
    return "".join(names)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def turned_jpeg(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encoded(pattern(), "JPEG", quality=95, exif=exif)


def bomb_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few bytes whose header promises many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray[Any, Any]:
    """A frame that shows its number as bright and dark cells, the lowest bit on the left."""
    pixels = np.full((height, width, 3), 24, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            pixels[:, bit * CELL : (bit + 1) * CELL] = 232
    return pixels


def number_in(pixels: np.ndarray[Any, Any]) -> int:
    """The number that `numbered` drew, read back from the middle of each cell."""
    middle = pixels[pixels.shape[0] // 2, CELL // 2 :: CELL, 0]
    return sum(1 << bit for bit, value in enumerate(middle[:BITS]) if value > 128)


def video(
    path: Path,
    codec: str = "libx264",
    frames: int = 60,
    times: list[int] | None = None,
    rate: Fraction | int = 25,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    time_base: Fraction | None = None,
    rotation: int = 0,
) -> Path:
    """A video of numbered frames. times: presentation times in `time_base`, by default 0, 1, 2, ... / rate."""
    rate = Fraction(rate)
    base = time_base or 1 / rate
    with av.open(str(path), "w", options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.time_base = stream.codec_context.time_base = base
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            frame.pts, frame.time_base = (times[number] if times else number), base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def stored(file: Any) -> bytes:
    """The bytes of a stored file."""
    return Path(file.path).read_bytes()


def shown(file: Any) -> Image.Image:
    """A stored picture, decoded."""
    return Image.open(BytesIO(stored(file)))
