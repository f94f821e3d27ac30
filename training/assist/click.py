"""The object under some clicks, as a suggestion that takes the place of the one before."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings

from annotations.models import Annotation
from projects.models import Item
from projects.problems import Problem, invalid
from training.assist import propose, segmenter
from training.assist.outline import Mask, Place, geometry_of
from training.assist.segmenter import Click, Embeddings, NoWeights

ORIGIN = f"{propose.TOOL}click"


def ready() -> str:
    """Empty when clicks can be answered, else what is missing."""
    try:
        segmenter.find_weights(Path(settings.WEIGHTS_DIR))
    except NoWeights as missing:
        return str(missing)
    return ""


def segment(item: Item, frame: int | None, clicks: Sequence[Click], form: str) -> tuple[dict[str, Any], float]:
    """The geometry of the object under the clicks and the network's own opinion of it, from 0 to 1.

    Raises:
        Problem: no weights, or nothing found.
    """
    try:
        weights = segmenter.find_weights(Path(settings.WEIGHTS_DIR))
        network = segmenter.shelf.get(weights)
    except NoWeights as missing:
        raise Problem(409, "no-weights", str(missing)) from None
    size = (item.asset.width, item.asset.height)
    known = Embeddings(Path(settings.DATA_DIR, "cache", "embeddings"))
    key = f"{weights.stamp} {item.asset.sha256} {item.asset.width} {frame or 0}"
    embedding = known.get(key, lambda: network.embed(propose.pixels(item, frame)))
    mask, quality = network.segment(embedding, size, clicks)
    scale = size[0] / mask.shape[1]
    if form == "polygon":
        mask = _clicked(mask, [(x / scale, y / scale) for x, y, on in clicks if on])
    geometry = geometry_of(mask, Place(0, 0, scale), size, form)
    if geometry is None:
        raise Problem(422, "nothing-found", "Nothing was found under these points: click on the middle of the object.")
    return geometry, quality


def _clicked(mask: Mask, points: list[tuple[float, float]]) -> Mask:
    """The islands that were clicked on; all of them where no click hit one. A polygon holds one island only."""
    _, names = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    height, width = mask.shape
    hit = {int(names[min(int(y), height - 1), min(int(x), width - 1)]) for x, y in points} - {0}
    chosen: Mask = np.isin(names, list(hit)) if hit else mask
    return chosen


def replaced(item: Item, annotation: uuid.UUID | None) -> list[dict[str, Any]]:
    """The op that takes away the suggestion which further clicks refine.

    Raises:
        ValidationError: at /replaces, for anything but a living suggestion of this item.
    """
    if annotation is None:
        return []
    rows = Annotation.objects.filter(item=item, pk=annotation)
    shape = rows.first()
    if shape is None or shape.source != "model":
        raise invalid("/replaces", "Only a suggestion of this item can be replaced.")
    return [] if shape.deleted else [{"op": "delete", "id": str(annotation)}]
