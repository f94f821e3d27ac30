"""Draws on pictures: boxes with their label and confidence, and the slate shown while there is no video. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray[Any, np.dtype[np.uint8]]
Color = tuple[int, int, int]


def color_of(hexadecimal: str) -> Color:
    """
    >>> color_of("#E69F00")
    (230, 159, 0)
    """
    value = int(hexadecimal.lstrip("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def ink_on(color: Color) -> Color:
    """Black or white, whichever is read more easily on `color` (relative luminance, Rec. 709).

    >>> ink_on((240, 228, 66)), ink_on((0, 114, 178))
    ((0, 0, 0), (255, 255, 255))
    """
    red, green, blue = color
    return (0, 0, 0) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 125 else (255, 255, 255)


@lru_cache(maxsize=1024)
def _plate(text: str, color: Color, size: int) -> Picture:
    """The text on a plate of its colour, as an RGB picture."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    pad = max(2, size // 4)
    plate = Image.new("RGB", (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad), color)
    ImageDraw.Draw(plate).text((pad - left, pad - top), text, font=font, fill=ink_on(color))
    return np.asarray(plate)


def _paste(picture: Picture, plate: Picture, x: int, y: int) -> None:
    height, width = picture.shape[:2]
    x, y = max(0, min(x, width - plate.shape[1])), max(0, min(y, height - plate.shape[0]))
    part = picture[y : y + plate.shape[0], x : x + plate.shape[1]]
    part[:] = plate[: part.shape[0], : part.shape[1]]


def draw(picture: Picture, detections: list[dict[str, Any]], scale: float = 1.0) -> Picture:
    """A copy of an RGB picture with the detections on it.

    Args:
        picture: shape (h, w, 3).
        detections: `{label, color, confidence, geometry}` with boxes `{x, y, w, h}` in source pixels.
        scale: picture pixels a source pixel.
    """
    canvas = np.ascontiguousarray(picture).copy()
    line = max(1, round(canvas.shape[0] / 240))
    size = max(11, canvas.shape[0] // 32)
    for found in sorted(detections, key=lambda one: one["confidence"]):
        box, color = found["geometry"], color_of(found["color"])
        left, top = round(box["x"] * scale), round(box["y"] * scale)
        right, bottom = round((box["x"] + box["w"]) * scale), round((box["y"] + box["h"]) * scale)
        cv2.rectangle(canvas, (left, top), (right, bottom), color, line)
        plate = _plate(f"{found['label']} {found['confidence']:.0%}", color, size)
        _paste(canvas, plate, left - line // 2, top - plate.shape[0])
    return canvas


def slate(title: str, reason: str, size: tuple[int, int] = (640, 360)) -> Picture:
    """What viewers see while there is no video: a dark picture that says why, shape (height, width, 3)."""
    width, height = size
    picture = Image.new("RGB", size, (24, 28, 35))
    pen = ImageDraw.Draw(picture)
    large, small = ImageFont.load_default(max(14, height // 14)), ImageFont.load_default(max(11, height // 24))
    pen.text((width / 2, height * 0.4), title, font=large, fill=(235, 238, 243), anchor="mm")
    for n, line in enumerate(_lines(reason, small, width * 0.86)[:4]):
        pen.text((width / 2, height * (0.52 + 0.07 * n)), line, font=small, fill=(160, 168, 180), anchor="mm")
    return np.array(picture)


def _lines(text: str, font: Any, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
