"""Where people walk in a street video: the hand of the two labellers in the test of the whole loop."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

Box = tuple[int, int, int, int]


def moving_boxes(video: Path, frames: list[int], at_most: int = 6) -> dict[int, list[Box]]:
    """Boxes (x, y, w, h) in pixels around what moves and is shaped like a person, for each named frame.

    The background is learnt from every frame up to the last one named (a mixture of Gaussians), as
    somebody watching the street would know what stands still.
    """
    subtractor = cv2.createBackgroundSubtractorMOG2(history=200, varThreshold=36, detectShadows=True)
    found: dict[int, list[Box]] = {}
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            mask = subtractor.apply(frame.to_ndarray(format="bgr24"))
            if number in frames:
                found[number] = _people(mask)[:at_most]
            if number >= frames[-1]:
                break
    return found


def _people(mask: np.ndarray) -> list[Box]:
    solid = cv2.morphologyEx((mask > 200).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 7), np.uint8))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [tuple(int(v) for v in cv2.boundingRect(contour)) for contour in contours]
    upright = [box for box in boxes if box[2] >= 14 and box[3] >= 40 and 1.2 <= box[3] / box[2] <= 4.5]
    return sorted(upright, key=lambda box: -box[2] * box[3])  # type: ignore[return-value]
