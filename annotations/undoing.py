"""Taking one's own transaction back: only as far as one is still the last writer. Pure.

What only makes sense together (both halves of a split, a merge) carries the same `with` in its inverse, and is
taken back together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotations import ops
from annotations.checks import Rejected
from annotations.decisions import (
    Entry,
    Facts,
    Outcome,
    Touched,
    carry_out,
    check_back,
    follow,
    last_writer,
    present,
)
from annotations.ops import Op


def decide_undo(entries: Mapping[str, Entry], inverse: list[Op], facts: Facts) -> Outcome:
    """Take one's own transaction back, as far as one is still the last writer; the rest is skipped.

    Raises:
        Rejected: NOTHING_TO_UNDO.
    """
    outcome = Outcome(detections=facts.detections)
    broken = _broken(entries, inverse, facts, outcome)
    for op in inverse:
        entry = outcome.changed.get(op["id"]) or entries.get(op["id"])
        together = op.get("with")
        if entry is None or (together is not None and together in broken):
            continue
        op = {name: value for name, value in op.items() if name != "with"}
        left = _undoable(entry, op, facts, outcome)
        if left is None:
            continue
        left = present(left, facts)
        try:
            check_back(entry, left, facts)
            carry_out(entry, left, facts, outcome, together)
            follow(left, facts, outcome)
        except Rejected:
            for name in ops.touches(left):
                _skip(outcome, op["id"], name, last_writer(entry.touched, "geometry"))
    if not outcome.ops and not outcome.skipped:
        raise Rejected("NOTHING_TO_UNDO", "What this transaction did has been taken back already.")
    outcome.inverse.reverse()
    return outcome


def _undoable(entry: Entry, op: Op, facts: Facts, outcome: Outcome) -> Op | None:
    """What is left of an inverse op where its author is still the last writer; None for nothing."""
    me = facts.stamp.actor
    if entry.shape["deleted"] and op["op"] != "restore":
        write = last_writer(entry.touched, "deleted")
        if op["op"] != "delete" or (write and write[1] != me):
            _skip(outcome, op["id"], "deleted", write)
        return None
    if op["op"] == "delete":
        blocker = _since_mine(entry.touched, me)
        if blocker is not None:
            _skip(outcome, op["id"], "deleted", blocker)
        return None if blocker else op
    mine = []
    for name in ops.touches(op):
        write = last_writer(entry.touched, name)
        if write is not None and write[1] != me:
            _skip(outcome, op["id"], name, write)
        else:
            mine.append(name)
    if op["op"] != "update":
        return op if mine else None
    changes = _only(op["set"], mine)
    return {**op, "set": changes} if changes else None


def _broken(entries: Mapping[str, Entry], inverse: list[Op], facts: Facts, outcome: Outcome) -> set[int]:
    """What can only be taken back as a whole, and no longer can: somebody changed a part of it since."""
    broken: set[int] = set()
    for op in inverse:
        if "with" in op:
            entry = entries.get(op["id"])
            if entry is None or _undoable(entry, op, facts, outcome) is None:
                broken.add(op["with"])
                continue
            try:
                check_back(entry, op, facts)
            except Rejected:
                broken.add(op["with"])
                _skip(outcome, op["id"], "label", None)
    return broken


def _since_mine(touched: Touched, me: str | None) -> list[Any] | None:
    """Somebody else's newest write since I brought the shape into being; None when there is none."""
    mine = last_writer(touched, "deleted")
    first = mine[0] if mine and mine[1] == me else -1
    others = [write for write in touched.values() if write[1] != me and int(write[0]) > first]
    return max(others, key=lambda write: int(write[0]), default=None)


def _only(changes: dict[str, Any], names: list[str]) -> dict[str, Any]:
    left = {name: value for name, value in changes.items() if name in names}
    attributes = {key: value for key, value in changes.get("attributes", {}).items() if f"attributes.{key}" in names}
    return {**left, "attributes": attributes} if attributes else left


def _skip(outcome: Outcome, shape_id: str, name: str, write: list[Any] | None) -> None:
    outcome.skipped.append({"id": shape_id, "property": name, "by": write[1] if write else None})
