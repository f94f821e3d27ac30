"""From what a model saw to annotation ops that suggest it: shapes with source "model", for a person to accept."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from projects.models import Label
from training.inference import Detections
from training.models import Model

Seen = dict[str, Any]


def to_json(detections: Detections) -> list[Seen]:
    """`[{label, confidence, geometry}]`, boxes in pixels rounded to hundredths."""
    found = []
    for seen in detections:
        x0, y0, x1, y1 = seen.box
        box = {"type": "box", "x": round(x0, 2), "y": round(y0, 2), "w": round(x1 - x0, 2), "h": round(y1 - y0, 2)}
        found.append({"label": seen.label, "confidence": round(seen.confidence, 4), "geometry": box})
    return found


def to_ops(
    detections: Detections | Iterable[Seen], labels: Iterable[Label] | Mapping[str, Any], frame: int | None = None
) -> list[dict[str, Any]]:
    """One `create` op for each detection whose class is a label of the project.

    Args:
        detections: Boxes in pixels of the item's picture, as they are or as `to_json` gives them.
        labels: The project's, matched by name or alias; or their ids by name.
        frame: On a video item, the frame they are on.
    """
    ids = labels if isinstance(labels, Mapping) else _ids(labels)
    found = to_json(detections) if isinstance(detections, Detections) else detections
    where = {} if frame is None else {"frame": frame}
    return [
        {
            "op": "create",
            "id": str(uuid.uuid4()),
            "label": str(ids[seen["label"]]),
            "geometry": seen["geometry"],
            "source": "model",
            "confidence": seen["confidence"],
            **where,
        }
        for seen in found
        if seen["label"] in ids and seen["geometry"]["w"] > 0 and seen["geometry"]["h"] > 0
    ]


def label_ids(model: Model, labels: Iterable[Label]) -> dict[str, Any]:
    """The project's label, by its id, for each name that a model has for a class.

    A class that the model learnt from a label stays that label when it is renamed; others go by name and alias.
    """
    known = list(labels)
    by_id, by_name = {str(label.pk): label.pk for label in known}, _ids(known)
    found = {entry["name"]: by_id.get(str(entry.get("id", "")), by_name.get(entry["name"])) for entry in model.labels}
    return {name: label for name, label in found.items() if label is not None}


def _ids(labels: Iterable[Label]) -> dict[str, Any]:
    return {name: label.pk for label in labels for name in (*label.aliases, label.name)}
