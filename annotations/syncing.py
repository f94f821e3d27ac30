"""A picture with its annotations, as a program sends them: once, however often it is sent.

The list that is sent is the whole of what that program says of the picture. What changed in it becomes one transaction;
shapes of people, and what people did to the program's shapes, are left alone unless the list says something else of
those very shapes than it did.
"""

from __future__ import annotations

import json
import uuid
from hashlib import sha256
from typing import Any

from django.db import transaction

from annotations import journal
from annotations.checks import MAX_OPS_TRUSTED
from annotations.models import Annotation, JournalTx
from annotations.protocol import Rejected, Tx
from projects.ids import uuid7
from projects.models import Item, Project

CLIENT = "sync"
_SAID = ("label", "geometry", "attributes")


class SyncError(Exception):
    """What is wrong with the list, and where in it."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(detail)
        self.where, self.detail = where, detail


def shapes_of(project: Project, rows: Any) -> list[dict[str, Any]]:
    """The list as shapes {id?, label, geometry, attributes, confidence?}.

    Raises:
        SyncError: names the row and what is wrong with it.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SyncError("", "Expected a list of objects, one an annotation.")
    if len(rows) > MAX_OPS_TRUSTED:
        raise SyncError("", f"At most {MAX_OPS_TRUSTED} annotations come in one call: import a file of more.")
    labels = {name: str(label.pk) for label in project.labels.all() for name in (label.name, str(label.pk))}
    shapes = [_shape(row, labels, f"/{n}") for n, row in enumerate(rows)]
    named = [shape["id"] for shape in shapes if "id" in shape]
    if len(named) != len(set(named)):
        raise SyncError("", "Two annotations have the same id.")
    return shapes


def _shape(row: dict[str, Any], labels: dict[str, str], where: str) -> dict[str, Any]:
    name = next((row[key] for key in ("label", "category", "category_name") if key in row), None)
    if not isinstance(name, str) or name not in labels:
        raise SyncError(f"{where}/label", f"The project has no label {str(name)[:80]!r}: add it, or mend the name.")
    geometry = row["geometry"] if "geometry" in row else _coco(row, where)
    if not isinstance(geometry, dict):
        raise SyncError(f"{where}/geometry", "Expected an object such as {type: box, x, y, w, h}.")
    shape = {"label": labels[name], "geometry": geometry, "attributes": row.get("attributes") or {}}
    confidence = row.get("confidence", row.get("score"))
    if confidence is not None:
        shape["confidence"] = confidence
    return shape | _id(row, where)


def _id(row: dict[str, Any], where: str) -> dict[str, str]:
    """An id of the interface is kept; COCO's numbers mean nothing here."""
    if not isinstance(row.get("id"), str):
        return {}
    try:
        return {"id": str(uuid.UUID(row["id"]))}
    except ValueError:
        raise SyncError(f"{where}/id", f"{row['id'][:40]!r} is no UUID: leave the id out, or give one.") from None


def _coco(row: dict[str, Any], where: str) -> dict[str, Any]:
    outline, box = row.get("segmentation"), row.get("bbox")
    if isinstance(outline, dict):
        return {"type": "mask", "size": outline.get("size"), "counts": outline.get("counts")}
    if isinstance(outline, list) and outline:
        rings = [_ring(ring, f"{where}/segmentation/{n}") for n, ring in enumerate(outline)]
        if len(rings) > 1:
            raise SyncError(f"{where}/segmentation", "An object in several parts: send it as a mask, or import it.")
        return {"type": "polygon", "rings": rings}
    if isinstance(box, list) and len(box) == 4:
        return {"type": "box", **dict(zip("xywh", box, strict=True))}
    raise SyncError(where, "There is no geometry: give `geometry`, or COCO's `bbox` or `segmentation`.")


def _ring(ring: Any, where: str) -> list[list[Any]]:
    if not isinstance(ring, list) or len(ring) < 6 or len(ring) % 2:
        raise SyncError(where, "Expected x, y, x, y, ...: at least three points.")
    return [[n, ring[2 * n], ring[2 * n + 1]] for n in range(len(ring) // 2)]


def digest(asset_sha256: str, said: dict[str, Any]) -> str:
    """The same for the same content, whatever the order of keys."""
    return sha256(f"{asset_sha256}\n{json.dumps(said, sort_keys=True)}".encode()).hexdigest()


@transaction.atomic
def write(item: Item, shapes: list[dict[str, Any]], actor: Any) -> tuple[int, dict[str, int]]:
    """Make the program's shapes of an item those of the list; the new rev, and how many were created and so on.

    Raises:
        Rejected: nothing was applied.
    """
    rev = Item.objects.select_for_update().get(pk=item.pk).rev
    ops = _ops(item, _named(item, shapes))
    counts = {kind: sum(op["op"] == kind for op in ops) for kind in ("create", "update", "delete")}
    if ops:
        rev = journal.commit(item.pk, Tx(CLIENT, str(uuid7()), rev, ops), actor, source="import").rev
    return rev, counts


def _named(item: Item, shapes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By their ids; one without gets an id that follows from what it is, so that the same one is found again."""
    named: dict[str, dict[str, Any]] = {}
    for shape in shapes:
        said, n = json.dumps([shape[key] for key in _SAID], sort_keys=True), 0
        name = shape.get("id") or str(uuid.uuid5(item.pk, said))
        while name in named:
            n += 1
            name = str(uuid.uuid5(item.pk, f"{said} {n}"))
        named[name] = shape
    return named


def _ops(item: Item, wanted: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    there = {str(row.pk): row for row in Annotation.objects.filter(item=item)}
    ops: list[dict[str, Any]] = []
    for name, shape in wanted.items():
        if name not in there:
            ops.append(
                {"op": "create", "id": name, "source": "import", **{k: v for k, v in shape.items() if k != "id"}}
            )
        elif "id" in shape and not there[name].deleted:  # what people deleted stays deleted
            changed = {key: shape[key] for key in _SAID if shape[key] != _now(there[name], key)}
            ops += [{"op": "update", "id": name, "set": changed}] if changed else []
    mine = _created(item)
    gone = [name for name, row in there.items() if name in mine and name not in wanted and not row.deleted]
    return ops + [{"op": "delete", "id": name} for name in gone]


def _now(row: Annotation, key: str) -> Any:
    return str(row.label_id) if key == "label" else getattr(row, key)


def _created(item: Item) -> set[str]:
    """The shapes that came by this way."""
    txs = JournalTx.objects.filter(item=item, client_id=CLIENT).values_list("ops", flat=True)
    return {op["id"] for ops in txs for op in ops if op["op"] == "create"}


__all__ = ["CLIENT", "Rejected", "SyncError", "digest", "shapes_of", "write"]
