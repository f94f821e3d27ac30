"""Which places of a frame have a shape already: what is there is not suggested again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from annotations.models import Annotation
from projects.models import Item
from training.assist import carry
from training.assist.motion import Box
from training.assist.propagate import geometry_on

COVERS = 0.5


@dataclass(frozen=True)
class Known:
    """A shape on a frame: its id, its label's, the box around it, whether it is only a suggestion, and a track."""

    id: str
    label: str
    box: Box
    suggested: bool
    track: bool = False


def shapes_on(item: Item, frame: int | None) -> list[Known]:
    """The living shapes on one frame of an item, tags left out."""
    return known_on(Annotation.objects.filter(item=item, deleted=False), frame)


def known_on(rows: Iterable[Annotation], frame: int | None) -> list[Known]:
    found = []
    for row in rows:
        geometry: dict[str, Any] | None = geometry_on(row, frame)
        box = carry.box_of(geometry) if geometry else None
        if box is not None:
            suggested = row.source == "model"
            found.append(Known(str(row.pk), str(row.label_id), box, suggested, bool(row.keyframes)))
    return found


def covered(box: Box, shapes: Iterable[Known]) -> bool:
    """Whether one of the shapes overlaps the box by more than half (intersection over union)."""
    return any(carry.iou(box, shape.box) > COVERS for shape in shapes)
