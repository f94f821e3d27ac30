"""Draws on pictures: boxes with their label and confidence, and the slate shown while there is no video. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray[Any, np.dtype[np.uint8]]
Color = tuple[int, int, int]
Box = tuple[int, int, int, int]


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


def place(box: Box, plate: tuple[int, int], size: tuple[int, int], taken: list[Box]) -> Box:
    """Where a box's label goes: the first place at its edges that is in the picture and covers no other label.

    Args:
        box: left, top, right, bottom, as all boxes here, in pixels.
        plate: the label's width and height.
        size: the picture's width and height.
        taken: where labels are already.

    >>> place((10, 30, 60, 90), (40, 12), (200, 100), [])
    (10, 18, 50, 30)
    >>> place((10, 30, 60, 90), (40, 12), (200, 100), [(0, 10, 30, 22)])
    (10, 30, 50, 42)
    >>> place((180, 5, 260, 90), (40, 12), (200, 100), [])
    (160, 5, 200, 17)
    """
    (left, top, right, bottom), (wide, high) = box, plate
    far = right - wide
    spots = [(left, top - high), (left, top), (left, bottom), (far, top - high), (left, bottom - high)]
    spots += [(far, top), (far, bottom), (far, bottom - high)]
    places = [_inside(x, y, plate, size) for x, y in spots]
    fitting = (one for (_, y), one in zip(spots, places, strict=True) if y == one[1] and not _covers(one, taken))
    return next(fitting, places[0])


def _inside(x: int, y: int, plate: tuple[int, int], size: tuple[int, int]) -> Box:
    """The plate at (x, y), moved as little as is needed to be in the picture."""
    x, y = max(0, min(x, size[0] - plate[0])), max(0, min(y, size[1] - plate[1]))
    return x, y, x + plate[0], y + plate[1]


def _covers(one: Box, others: list[Box]) -> bool:
    return any(one[0] < far[2] and far[0] < one[2] and one[1] < far[3] and far[1] < one[3] for far in others)


def _paste(picture: Picture, plate: Picture, x: int, y: int) -> None:
    part = picture[y : y + plate.shape[0], x : x + plate.shape[1]]
    part[:] = plate[: part.shape[0], : part.shape[1]]


def draw(picture: Picture, detections: list[dict[str, Any]], scale: float = 1.0) -> Picture:
    """A copy of an RGB picture with the detections on it, the surest on top.

    Args:
        picture: shape (h, w, 3).
        detections: `{label, color, confidence, geometry}` with boxes `{x, y, w, h}` in source pixels.
        scale: picture pixels a source pixel.
    """
    canvas = np.ascontiguousarray(picture).copy()
    height, width = canvas.shape[:2]
    line, size = max(1, round(height / 240)), max(11, height // 32)
    taken: list[Box] = []
    labels: list[tuple[Picture, Box]] = []
    surest_first = sorted(detections, key=lambda one: -float(one["confidence"]))
    for found in surest_first:
        plate = _plate(f"{found['label']} {found['confidence']:.0%}", color_of(found["color"]), size)
        left, top, right, bottom = _corners(found["geometry"], scale)
        outline = (left - line // 2, top, right + line // 2, bottom)
        taken.append(place(outline, (plate.shape[1], plate.shape[0]), (width, height), taken))
        labels.append((plate, taken[-1]))
    for found in reversed(surest_first):
        left, top, right, bottom = _corners(found["geometry"], scale)
        cv2.rectangle(canvas, (left, top), (right, bottom), color_of(found["color"]), line)
    for plate, (x, y, _, _) in reversed(labels):
        _paste(canvas, plate, x, y)
    return canvas


def _corners(box: dict[str, Any], scale: float) -> Box:
    edges = (box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"])
    left, top, right, bottom = (round(edge * scale) for edge in edges)
    return left, top, right, bottom


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
