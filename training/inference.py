"""From pixels to detections around any network with a YOLO head: letterbox, decode, suppress. No torch, no Django."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

_PAD = 114
_MOST_CANDIDATES = 3000
_MOST_DETECTIONS = 300


@dataclass(frozen=True)
class Detection:
    """One object: its label, a confidence from 0 to 1, and x0, y0, x1, y1 in pixels."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass
class Detections:
    """What a detector saw in one picture, best first.

    Attributes:
        boxes: float32 (n, 4): x0, y0, x1, y1 in pixels of the picture.
        confidence: float32 (n,), 0 to 1.
        class_index: int (n,), into `labels`.
        labels: Class names in index order.
    """

    boxes: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    confidence: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    class_index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.boxes)

    def __iter__(self) -> Iterator[Detection]:
        for box, confidence, index in zip(self.boxes, self.confidence, self.class_index, strict=True):
            x0, y0, x1, y1 = (float(value) for value in box)
            yield Detection(self.labels[int(index)], float(confidence), (x0, y0, x1, y1))


@dataclass(frozen=True)
class Fit:
    """How a picture was put into the network's input: scaled by `scale`, then moved by `left`, `top`."""

    scale: float
    left: int
    top: int


def letterbox(picture: Picture, width: int, height: int) -> tuple[Floats, Fit]:
    """Scale an RGB picture (h, w, 3) into width x height, gray around it.

    Returns:
        float32 (1, 3, height, width) from 0 to 1, and how it was fitted.
    """
    h, w = picture.shape[:2]
    scale = min(width / w, height / h)
    new_w, new_h = max(1, round(w * scale)), max(1, round(h * scale))
    if (new_w, new_h) != (w, h):
        picture = cv2.resize(picture, (new_w, new_h), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    # Halves go as the trainer puts them: down on the left and top, up on the right and bottom.
    left, top = round((width - new_w) / 2 - 0.1), round((height - new_h) / 2 - 0.1)
    canvas = np.full((height, width, 3), _PAD, np.uint8)
    canvas[top : top + new_h, left : left + new_w] = picture
    blob = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
    blob /= 255
    return blob, Fit(scale, left, top)


def decode(
    raw: Floats, fit: Fit, size: tuple[int, int], labels: tuple[str, ...], confidence: float = 0.25, iou: float = 0.5
) -> Detections:
    """Detections from the raw output of a network.

    Args:
        raw: (4 + classes, candidates): cx, cy, w, h in input pixels, then one score for each class.
        fit: What `letterbox` returned.
        size: Width and height of the picture.
        labels: Class names in index order.
        confidence: Candidates below it are dropped.
        iou: Of two boxes of one class that overlap more, the weaker is dropped.
    """
    scores = raw[4:]
    index = scores.argmax(0)
    best = scores[index, np.arange(scores.shape[1])]
    keep = np.flatnonzero(best >= confidence)
    if len(keep) > _MOST_CANDIDATES:
        keep = keep[np.argsort(-best[keep], kind="stable")[:_MOST_CANDIDATES]]
    if not len(keep):
        return Detections(labels=labels)
    cx, cy, w, h = raw[:4, keep]
    moved = np.stack((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), axis=1)
    offset = np.array((fit.left, fit.top, fit.left, fit.top), np.float32)
    boxes: Floats = ((moved - offset) / fit.scale).astype(np.float32)
    np.clip(boxes, 0, np.array((*size, *size), np.float32), out=boxes)
    chosen = suppress(boxes, best[keep], index[keep], iou)[:_MOST_DETECTIONS]
    return Detections(
        boxes[chosen],
        best[keep][chosen].astype(np.float32),
        index[keep][chosen].astype(np.int64),
        labels,
    )


def suppress(boxes: Floats, scores: Floats, classes: NDArray[np.int64], iou: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression within each class; gives the indices that stay, best first.

    Args:
        boxes: (n, 4): x0, y0, x1, y1.
        scores: (n,).
        classes: (n,).
        iou: The overlap above which the weaker box goes.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    apart = boxes + (classes * (float(boxes.max()) + 1))[:, None]  # classes far from each other never overlap
    x0, y0, x1, y1 = apart.T.astype(np.float64)
    areas = (x1 - x0) * (y1 - y0)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        first, rest = int(order[0]), order[1:]
        kept.append(first)
        width = np.minimum(x1[first], x1[rest]) - np.maximum(x0[first], x0[rest])
        height = np.minimum(y1[first], y1[rest]) - np.maximum(y0[first], y0[rest])
        shared = np.clip(width, 0, None) * np.clip(height, 0, None)
        order = rest[shared <= iou * (areas[first] + areas[rest] - shared)]
    return np.array(kept, np.int64)
