"""What is different between two versions: pictures, and the shapes in them, by their ids, overlap and class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from annotations.work import agreement
from training.models import Version, VersionFrame

_ROWS = 100
_LISTED = 500
_KINDS = ("same", "moved", "relabelled", "added", "removed")

Shape = dict[str, Any]
Key = tuple[Any, int | None, int]


@dataclass
class Diff:
    """From an older version to a newer one.

    Attributes:
        items: `{same, changed, added, removed, moved}` pictures; `moved` ones are on another side of the split.
        shapes: `{same, moved, relabelled, added, removed}`; `moved` ones have another outline.
        labels: `{class: {added, removed}}`.
        pictures: The first 500 that differ: `{path, frame, change, split, shapes}`.
    """

    items: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    labels: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "items": {kind: self.items[kind] for kind in ("same", "changed", "added", "removed", "moved")},
            "shapes": {kind: self.shapes[kind] for kind in _KINDS},
            "labels": {
                name: {kind: found[kind] for kind in ("added", "removed")}
                for name, found in sorted(self.labels.items())
            },
            "pictures": self.pictures,
        }


def diff(before: Version, after: Version) -> Diff:
    """From `before` to `after`; both may be of different projects. Shapes are read a hundred pictures at a time."""
    found = Diff()
    old, new = _rows(before), _rows(after)
    names = _Names(before, after)
    pairs: list[tuple[int | None, int | None]] = []
    for key in sorted({*old, *new}, key=lambda key: _order(old.get(key) or new[key])):
        a, b = old.get(key), new.get(key)
        moved = a is not None and b is not None and a["split"] != b["split"]
        found.items["moved"] += moved
        if a and b and a["digest"] and a["digest"] == b["digest"]:
            found.items["same"] += 1
            found.shapes["same"] += b["shape_count"]
            if moved:
                _list(found, a, b, "same", {})
            continue
        pairs.append((a["id"] if a else None, b["id"] if b else None))
    for a_row, b_row in _loaded(pairs):
        _compare(found, a_row, b_row, names)
    return found


def _order(row: dict[str, Any]) -> tuple[str, int]:
    return row["path"], -1 if row["frame"] is None else row["frame"]


def _rows(version: Version) -> dict[Key, dict[str, Any]]:
    """The pictures by what they show; the same file twice in a project is told apart by its place."""
    found: dict[Key, dict[str, Any]] = {}
    seen: Counter[tuple[Any, int | None]] = Counter()
    fields = ("id", "asset__sha256", "frame", "path", "split", "digest", "shape_count")
    for row in version.frames.order_by("path", "frame").values(*fields).iterator(chunk_size=2000):
        what = row["asset__sha256"], row["frame"]
        found[*what, seen[what]] = row
        seen[what] += 1
    return found


def _loaded(
    pairs: list[tuple[int | None, int | None]],
) -> Iterator[tuple[VersionFrame | None, VersionFrame | None]]:
    for start in range(0, len(pairs), _ROWS):
        part = pairs[start : start + _ROWS]
        rows = VersionFrame.objects.in_bulk([pk for pair in part for pk in pair if pk is not None])
        for a, b in part:
            yield rows.get(a), rows.get(b)


class _Names:
    """Classes by name: two versions may call the same one by different ids."""

    def __init__(self, *versions: Version) -> None:
        self._of = {label["id"]: label["name"] for version in versions for label in version.labels}

    def shapes(self, row: VersionFrame | None) -> list[Shape]:
        found = row.shapes if row else []
        return [{**shape, "label": self._of.get(shape["label"], shape["label"])} for shape in found]


def _compare(found: Diff, a: VersionFrame | None, b: VersionFrame | None, names: _Names) -> None:
    changes = compare_shapes(names.shapes(a), names.shapes(b), found.labels)
    found.shapes.update(changes)
    kind = "added" if a is None else "removed" if b is None else "changed" if _differs(changes) else "same"
    found.items[kind] += 1
    if kind != "same" or (a and b and a.split != b.split):
        row = {"path": (b or a).path, "frame": (b or a).frame}  # type: ignore[union-attr]
        _list(found, {**row, "split": a.split if a else ""}, {**row, "split": b.split if b else ""}, kind, changes)


def _differs(changes: Counter[str]) -> bool:
    return any(changes[kind] for kind in _KINDS if kind != "same")


def _list(found: Diff, a: dict[str, Any], b: dict[str, Any], change: str, shapes: dict[str, int]) -> None:
    if len(found.pictures) < _LISTED:
        told = {kind: n for kind, n in shapes.items() if kind != "same" and n}
        row = {"path": b["path"], "frame": b["frame"], "change": change, "split": [a["split"], b["split"]]}
        found.pictures.append({**row, "shapes": told})


def compare_shapes(
    a: list[Shape], b: list[Shape], labels: defaultdict[str, Counter[str]] | None = None
) -> Counter[str]:
    """`{same, moved, relabelled, added, removed}` of one picture's shapes, whose labels are names.

    Shapes with the same id are one; of the others those that overlap by half or more. One that has another class and
    another outline counts as relabelled.
    """
    labels = defaultdict(Counter) if labels is None else labels
    there = {shape["id"]: shape for shape in b}
    pairs = [(shape, there.pop(shape["id"])) for shape in a if shape["id"] in there]
    known = {shape["id"] for shape, _ in pairs}
    left, right = [shape for shape in a if shape["id"] not in known], list(there.values())
    matched = agreement.match(left, right)
    pairs += [(left[m], right[n]) for m, n, _ in matched.pairs]
    changes = Counter(_change(one, other) for one, other in pairs)
    for kind, shapes in (
        ("removed", [left[n] for n in matched.only_a]),
        ("added", [right[n] for n in matched.only_b]),
    ):
        changes[kind] += len(shapes)
        for shape in shapes:
            labels[shape["label"]][kind] += 1
    for one, other in pairs:
        if one["label"] != other["label"]:
            labels[one["label"]]["removed"] += 1
            labels[other["label"]]["added"] += 1
    return changes


def _change(a: Shape, b: Shape) -> str:
    if a["label"] != b["label"]:
        return "relabelled"
    return "same" if a["geometry"] == b["geometry"] and a["attributes"] == b["attributes"] else "moved"
