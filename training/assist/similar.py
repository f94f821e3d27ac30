"""'Find more like this': by the project's own deployed model, or without one by looks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.models import Annotation
from projects.models import Item, Label
from projects.problems import Problem, invalid
from training import suggestions
from training.assist import carry, propose
from training.assist.covered import covered, shapes_on
from training.assist.lookalike import Find, look_alikes
from training.assist.motion import Box
from training.assist.propagate import geometry_on
from training.models import Model, Stage
from training.predictions import PredictionError, load_predictor


class Finds(NamedTuple):
    """The ops that suggest what was found, who found it, and what to tell of it."""

    ops: list[dict[str, Any]]
    origin: str
    note: str


def find(item: Item, shape: Annotation, frame: int | None, rgb: NDArray[np.uint8], confidence: float) -> Finds:
    """Suggest the objects of a picture that are like a shape and have none around them yet.

    Raises:
        Problem: there is nothing to compare with.
    """
    geometry = geometry_on(shape, frame)
    if geometry is None:
        raise invalid("/frame", f"The shape is not on frame {frame}: name one that it is on.")
    model = deployed(item)
    seen, origin, why = None, f"{propose.TOOL}similar", "the project has no deployed model"
    if model is not None:
        seen, why = _by_model(model, shape.label, rgb, confidence)
        origin = f"{propose.MODEL}{model.pk}" if seen is not None else origin
    if seen is None:
        seen = _by_looks(rgb, carry.box_of(geometry))
    known = shapes_on(item, frame)
    new = [found for found in seen if not covered(found.box, known)]
    ops = [propose.create(shape.label_id, _box(found.box, item), found.confidence, frame) for found in new]
    return Finds(ops, origin, _note(len(seen), len(new), why))


def deployed(item: Item) -> Model | None:
    """The model that the item's project has chosen as its own."""
    return Model.objects.filter(project=item.project_id, stage=Stage.DEPLOYED).exclude(onnx="").first()


def _by_model(model: Model, label: Label, rgb: NDArray[np.uint8], confidence: float) -> tuple[list[Find] | None, str]:
    """What the model takes for the label; None, with the reason, when it cannot say."""
    names = suggestions.label_ids(model, [label])
    if not names:
        return None, f"the deployed model {model.name} does not know {label.name}"
    try:
        detections = load_predictor(model).predict(rgb, confidence)
    except PredictionError as error:
        return None, str(error)
    boxes = [(d, Box(d.box[0], d.box[1], d.box[2] - d.box[0], d.box[3] - d.box[1])) for d in detections]
    return [Find(box, d.confidence) for d, box in boxes if d.label in names and min(box.w, box.h) > 0], ""


def _by_looks(rgb: NDArray[np.uint8], box: Box | None) -> list[Find]:
    if box is None:
        raise invalid("/annotation", "A tag has no place in the picture: choose a shape that has.")
    try:
        return look_alikes(rgb, box)
    except ValueError as error:
        raise Problem(422, "nothing-found", f"Nothing can be compared: {error}.") from None


def _box(box: Box, item: Item) -> dict[str, Any]:
    """The box as a geometry, inside the picture."""
    x, y = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(item.asset.width, box.x + box.w), min(item.asset.height, box.y + box.h)
    values = {"x": x, "y": y, "w": right - x, "h": bottom - y}
    return {"type": "box", **{name: round(value, 2) for name, value in values.items()}}


def _note(seen: int, new: int, why: str) -> str:
    by = f" They were found by their looks, since {why}." if why else ""
    if new:
        return f"{new} found.{by}"
    return f"Nothing was found that has no shape already.{by}" if seen else f"Nothing like this was found.{by}"
