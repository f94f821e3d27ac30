"""Which blobs the ops of a transaction name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from annotations.checks import Rejected


def named(ops: Iterable[dict[str, Any]]) -> set[str]:
    """The digests of all masks in these ops that lie beside the journal.

    >>> named([{"op": "update", "id": "a", "set": {"geometry": {"type": "mask", "size": [1, 1], "blob": "b0"}}}])
    {'b0'}
    """
    return {geometry["blob"] for op in ops for geometry in _geometries(op) if "blob" in geometry}


def check(ops: Iterable[dict[str, Any]], there: set[str]) -> None:
    """Refuse ops that name a blob which their item does not have.

    Raises:
        Rejected: INVALID.
    """
    for digest in sorted(named(ops) - there):
        raise Rejected("INVALID", f"This item has no mask {digest[:12]}…: store it at items/{{id}}/blobs first.")


def _geometries(op: dict[str, Any]) -> Iterator[dict[str, Any]]:
    changes = op.get("set") if isinstance(op.get("set"), dict) else {}
    for part in (op, changes):
        if part and isinstance(part.get("geometry"), dict):
            yield part["geometry"]
        for keyframe in ((part or {}).get("keyframes") or {}).values():
            if isinstance(keyframe.get("geometry"), dict):
                yield keyframe["geometry"]
