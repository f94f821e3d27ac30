"""An item's past: its state at any revision, what differs between two, and going back without rewriting anything."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.db import transaction

from annotations import journal, ops, queries
from annotations.checks import MAX_OPS_TRUSTED
from annotations.ops import Document, Op, Shape
from annotations.protocol import Receipt, Rejected, Tx
from projects.models import Item

# What a person can see of a shape; the rest says who wrote it and when.
PROPERTIES = ("label", "geometry", "attributes", "keyframes", "frame", "group", "z", "source")
_BYTES_A_TX = 256 * 1024


def at(item_id: uuid.UUID | str, rev: int) -> Document:
    """The document at a revision, deleted shapes included: the fold of the journal up to there."""
    txs = [orjson.loads(text) for _, text in journal.replay(item_id, 1, rev) or ()] if rev else []
    return ops.fold({}, txs)


def difference(before: Document, after: Document) -> dict[str, list[dict[str, Any]]]:
    """What is to be seen in one document and not in the other.

    Returns:
        `{added: [shape], removed: [shape], changed: [{id, properties, before, after}]}`, oldest shapes first.
    """
    found: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "changed": []}
    for name in sorted(before.keys() | after.keys(), key=lambda key: _age(after.get(key) or before[key])):
        old, new = _seen(before.get(name)), _seen(after.get(name))
        if new and not old:
            found["added"].append(new)
        elif old and not new:
            found["removed"].append(old)
        elif old and new:
            properties = [key for key in PROPERTIES if old[key] != new[key]]
            if properties:
                found["changed"].append({"id": name, "properties": properties, "before": old, "after": new})
    return found


def _age(shape: Shape) -> tuple[int, str]:
    return shape["created_rev"], shape["id"]


def _seen(shape: Shape | None) -> Shape | None:
    return None if shape is None or shape["deleted"] else shape


def way_back(now: Document, then: Document, only: Iterable[str] | None = None) -> Iterator[Op]:
    """The ops that make `now` look like `then`. Nothing is created: what was there once is there still, deleted.

    Args:
        only: ids of the shapes to take back; all of them when None.
    """
    for name in now.keys() if only is None else only:
        if name not in now:
            continue
        new, old = now[name], _seen(then.get(name))
        if old is None:
            if not new["deleted"]:
                yield {"op": "delete", "id": name}
            continue
        if new["deleted"]:
            yield {"op": "restore", "id": name}
        changes = {key: old[key] for key in PROPERTIES if key != "attributes" and old[key] != new[key]}
        attributes = _attributes(old["attributes"], new["attributes"])
        if attributes:
            changes["attributes"] = attributes
        if changes:
            yield {"op": "update", "id": name, "set": changes}


def _attributes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {key: old.get(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def restore(
    item: Item, rev: int, actor: Any, client_id: str, tx_id: str, only: Iterable[str] | None = None
) -> list[Receipt]:
    """Make an item look as it did at `rev`, by new transactions on top: history is never rewritten.

    Args:
        rev: 0 to the item's revision.
        actor: the User who does it; they need the right to edit the item as it is.
        client_id: with `tx_id`, makes a repeat safe, and lets its author undo it.
        only: ids of the shapes to take back; all of them when None.

    Returns:
        A receipt for each transaction; none when nothing differs.

    Raises:
        Rejected: as `journal.commit`; NOTHING_TO_RESTORE; AHEAD for a revision that is not there yet.
    """
    with transaction.atomic():
        # The lock first: what is compared with must still be so when the transactions are written.
        head = Item.every.select_for_update(no_key=True).values_list("rev", flat=True).get(pk=item.pk)
        if rev > head:
            raise Rejected("AHEAD", f"The item is at revision {head}; there is no {rev} yet.")
        known = _known(item, client_id, tx_id)
        if known:
            return known
        now = {shape["id"]: shape for shape in queries.every_shape_of(item)}
        parts = list(parts_of(way_back(now, at(item.pk, rev), only)))
        if not parts:
            raise Rejected("NOTHING_TO_RESTORE", f"Everything is as it was at revision {rev}.")
        return [_commit(item, actor, client_id, f"{tx_id}.{n}", head + n, part) for n, part in enumerate(parts)]


def _known(item: Item, client_id: str, tx_id: str) -> list[Receipt]:
    """The receipts of the same request that was answered before."""
    rows = item.journal.filter(client_id=client_id, tx_id__startswith=f"{tx_id}.")
    return [Receipt(row.tx_id, row.rev, row.overwritten, row.skipped) for row in rows]


def _commit(item: Item, actor: Any, client_id: str, tx_id: str, base_rev: int, part: list[Op]) -> Receipt:
    return journal.commit(item.pk, Tx(client_id, tx_id, base_rev, part), actor, source="history")


def parts_of(wanted: Iterable[Op]) -> Iterator[list[Op]]:
    """Ops in transactions that are not too long for a message."""
    part: list[Op] = []
    size = 0
    for op in wanted:
        length = len(orjson.dumps(op))
        if part and (len(part) >= MAX_OPS_TRUSTED or size + length > _BYTES_A_TX):
            yield part
            part, size = [], 0
        part.append(op)
        size += length
    if part:
        yield part
