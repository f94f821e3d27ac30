"""YOLO text labels for detection: one file a picture, one `class cx cy w h` row an object, all fractions of 1.

The trainer drops every label of a picture when one of its rows is out of range, so the writer clips
and the reader reports instead of passing such a row on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class Box:
    """An object of class `index`; x, y (top-left corner), w and h in pixels."""

    index: int
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be taken, by its line number from 1."""

    line: int
    reason: str


@dataclass
class Labels:
    boxes: list[Box] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def clip(box: Box, width: int, height: int) -> Box | None:
    """The part of a box inside a picture of width x height pixels; None when nothing of it is.

    >>> clip(Box(0, -10, 5, 30, 10), 100, 100)
    Box(index=0, x=0.0, y=5.0, w=20.0, h=10.0)
    """
    left, top = max(0.0, float(box.x)), max(0.0, float(box.y))
    right, bottom = min(float(width), box.x + box.w), min(float(height), box.y + box.h)
    if right <= left or bottom <= top:
        return None
    return Box(box.index, left, top, right - left, bottom - top)


def write(boxes: Iterable[Box], width: int, height: int) -> str:
    """The text of one label file for a picture of width x height pixels; boxes outside of it are left out.

    >>> write([Box(1, 10, 20, 40, 20)], 100, 100)
    '1 0.300000 0.300000 0.400000 0.200000\\n'
    """
    rows = []
    for box in boxes:
        inside = clip(box, width, height)
        if inside is None:
            continue
        cx, cy = (inside.x + inside.w / 2) / width, (inside.y + inside.h / 2) / height
        rows.append(f"{inside.index} {cx:.6f} {cy:.6f} {inside.w / width:.6f} {inside.h / height:.6f}\n")
    return "".join(rows)


def read(text: str, width: int, height: int, classes: int) -> Labels:
    """The boxes of one label file, and the rows that were refused with the reason.

    >>> read("0 0.5 0.5 0.2 0.2\\n7 0.5 0.5 1 1", 100, 50, classes=1).refused
    [Refusal(line=2, reason='class 7 is not one of the 1 classes')]
    """
    labels = Labels()
    for line, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        try:
            labels.boxes.append(_row(row.split(), width, height, classes))
        except ValueError as error:
            labels.refused.append(Refusal(line, str(error)))
    return labels


def _row(words: Sequence[str], width: int, height: int, classes: int) -> Box:
    if len(words) != 5:
        raise ValueError(f"expected 5 columns, found {len(words)}")
    try:
        index = int(float(words[0]))
        cx, cy, w, h = (float(word) for word in words[1:])
    except (ValueError, OverflowError):
        raise ValueError("not all columns are numbers") from None
    if not 0 <= index < classes:
        raise ValueError(f"class {index} is not one of the {classes} classes")
    if not all(math.isfinite(value) and -0.01 <= value <= 1.01 for value in (cx, cy, w, h)):
        raise ValueError("a coordinate is outside of 0 to 1")
    return Box(index, (cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height)


def data_yaml(
    names: Sequence[str],
    folders: Mapping[str, str | list[str]],
    root: str = ".",
    more: Mapping[str, Any] | None = None,
) -> str:
    """The dataset's description, written anew: a foreign one may carry a `download:` script.

    Args:
        names: Class names in index order.
        folders: Split ("train", "val", "test") to its folder of pictures, relative to `root`.
        root: The dataset's folder.
        more: Further entries, such as `kpt_shape`.
    """
    content = {"path": root, **folders, "nc": len(names), "names": dict(enumerate(names)), **(more or {})}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
