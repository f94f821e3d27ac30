"""Rules over the shapes of one item. Pure.

Each finding has a code, the shapes that it is about, and a sentence; where a mend is safe, the ops that do it. Safe
means that nobody would decide otherwise: what it takes away is there twice or is nothing, and it can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from shapely import Polygon, make_valid
from shapely.geometry import box as rectangle
from shapely.strtree import STRtree

from annotations import shapes
from annotations.work import overlap

Shape = dict[str, Any]
Op = dict[str, Any]

TINY_SIDE = 2.0  # pixels
TINY_AREA = 9.0
SAME_IOU, NEAR_IOU = 0.98, 0.85
_OUTSIDE = 0.5  # pixels beyond the edge that nobody sees


@dataclass(frozen=True)
class Rule:
    """What a code stands for.

    Attributes:
        severity: "error" (training on it does harm), "warning" (look at it) or "note".
        why: What comes of it, for people.
        mend: What the button does, in words; "" where somebody has to decide.
    """

    code: str
    severity: str
    title: str
    why: str
    mend: str = ""


@dataclass
class Finding:
    """A rule that something breaks."""

    code: str
    text: str
    item: str = ""
    path: str = ""
    shapes: list[str] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)


RULES = (
    Rule(
        "outside",
        "error",
        "Shapes beyond the picture",
        "A trainer refuses the picture, or learns from what is not there.",
        "Clip them to the picture",
    ),
    Rule("empty", "error", "Shapes without an area", "There is nothing to learn from them.", "Delete them"),
    Rule(
        "tiny",
        "warning",
        "Tiny shapes",
        f"Less than {TINY_AREA:g} pixels, or {TINY_SIDE:g} across: mostly slips of the hand.",
    ),
    Rule(
        "duplicate",
        "error",
        "The same shape twice",
        "One object counts as two, and a detector is punished for finding it once.",
        "Delete the later of each two",
    ),
    Rule("near-duplicate", "warning", "Nearly the same shape twice", "Mostly one object that two people drew."),
    Rule("two-labels", "warning", "One shape with two labels", "The same place has two classes: which one is it?"),
    Rule(
        "crossing",
        "error",
        "Outlines that cross themselves",
        "Areas and masks of them are not what was meant.",
        "Untangle those that stay one piece",
    ),
    Rule(
        "missing-file",
        "error",
        "Missing files",
        "The storage has not got the picture: restore it from a backup, or remove the item.",
    ),
    Rule(
        "unlabelled",
        "note",
        "Finished items without labels",
        "Submitted or approved though nothing is drawn: right only where there is nothing to see.",
    ),
    Rule("no-examples", "warning", "Labels without examples", "A model cannot learn what nobody has drawn."),
    Rule(
        "imbalance",
        "warning",
        "Rare labels",
        "Less than a twentieth of the most frequent one: a model will hardly find them.",
    ),
    Rule(
        "leak-copy",
        "error",
        "Copies on two sides",
        "Pictures that look the same are in training and in validation: results look better than they are.",
    ),
    Rule(
        "leak-video",
        "error",
        "One video on two sides",
        "Frames of one video are in training and in validation: results look better than they are.",
    ),
)
BY_CODE = {rule.code: rule for rule in RULES}


def of_item(drawn: Sequence[Shape], width: int, height: int) -> Iterator[Finding]:
    """What is wrong with the shapes of an item `{id, label, geometry, frame, keyframes, created_rev}`.

    Tracks are looked at by what they are on their own, not against others: they cross each other all the time.
    """
    gone: set[str] = set()
    for shape in drawn:
        for finding in _alone(shape, width, height):
            gone.update(op["id"] for op in finding.ops if op["op"] == "delete")
            yield finding
    by_frame: dict[Any, list[Shape]] = {}
    for shape in drawn:
        if not shape.get("keyframes") and shape["id"] not in gone:
            by_frame.setdefault(shape.get("frame"), []).append(shape)
    for together in by_frame.values():
        yield from _pairs(together)


def _alone(shape: Shape, width: int, height: int) -> Iterator[Finding]:
    geometry, name = shape["geometry"], shape["id"]
    kind = geometry["type"]
    around = None if kind == "tag" or "blob" in geometry else shapes.bounds(geometry)
    if around is None:
        return
    left, top, right, bottom = around
    across, down = right - left, bottom - top
    if kind in {"box", "rbox", "polygon", "mask"} and (across <= 0 or down <= 0):
        ops: list[Op] = [{"op": "delete", "id": name}]
        yield Finding("empty", f"It is {across:g} x {down:g} pixels.", shapes=[name], ops=ops)
        return
    if left < -_OUTSIDE or top < -_OUTSIDE or right > width + _OUTSIDE or bottom > height + _OUTSIDE:
        yield Finding("outside", _beyond(around, width, height), shapes=[name], ops=_clip(shape, width, height))
    if kind in {"box", "rbox", "polygon", "mask"} and (min(across, down) < TINY_SIDE or across * down < TINY_AREA):
        yield Finding("tiny", f"It is {across:.1f} x {down:.1f} pixels.", shapes=[name])
    if kind == "polygon":
        yield from _crossing(shape)


def _beyond(around: tuple[float, float, float, float], width: int, height: int) -> str:
    left, top, right, bottom = around
    return f"It reaches from {left:.0f}, {top:.0f} to {right:.0f}, {bottom:.0f} in a picture of {width} x {height}."


def _clip(shape: Shape, width: int, height: int) -> list[Op]:
    try:
        clipped = shapes.clip(shape["geometry"], width, height)
    except shapes.ShapeError:
        return [{"op": "delete", "id": shape["id"]}]
    return [{"op": "update", "id": shape["id"], "set": {"geometry": clipped}}]


def _crossing(shape: Shape) -> Iterator[Finding]:
    rings = [[(x, y) for _, x, y in ring] for ring in shape["geometry"]["rings"]]
    if any(len(ring) < 3 for ring in rings):
        return
    polygon = Polygon(rings[0], rings[1:])
    if polygon.is_valid:
        return
    mended = make_valid(polygon)
    parts = [part for part in getattr(mended, "geoms", [mended]) if part.geom_type == "Polygon" and part.area > 0]
    ops: list[Op] = []
    # Only where hardly anything of the area moves: what was meant by a bow tie is for people to say.
    if len(parts) == 1 and abs(parts[0].area - polygon.area) <= 0.02 * parts[0].area:
        outlines = [list(ring.coords)[:-1] for ring in (parts[0].exterior, *parts[0].interiors)]
        numbered = [[[f"m{n}.{i}", x, y] for i, (x, y) in enumerate(ring)] for n, ring in enumerate(outlines)]
        ops = [{"op": "update", "id": shape["id"], "set": {"geometry": {"type": "polygon", "rings": numbered}}}]
    yield Finding("crossing", "Its outline crosses itself.", shapes=[shape["id"]], ops=ops)


def _pairs(together: list[Shape]) -> Iterator[Finding]:
    """Shapes of one frame that lie in the same place. The later of two is the one that goes."""
    placed = [(shape, around) for shape in together if (around := _around(shape)) is not None]
    tree = STRtree([rectangle(*around) for _, around in placed])
    deleted: set[str] = set()
    for n, (shape, around) in enumerate(placed):
        for other in sorted(int(index) for index in tree.query(rectangle(*around))):
            if other <= n or overlap.box_iou(around, placed[other][1]) < NEAR_IOU:
                continue
            finding = _pair(shape, placed[other][0], deleted)
            if finding is not None:
                yield finding
    yield from _tags([shape for shape in together if shape["geometry"]["type"] == "tag"])


def _around(shape: Shape) -> tuple[float, float, float, float] | None:
    geometry = shape["geometry"]
    if geometry["type"] not in {"box", "rbox", "polygon", "mask"} or "blob" in geometry:
        return None
    around = shapes.bounds(geometry)
    return around if around is not None and around[2] > around[0] and around[3] > around[1] else None


def _pair(one: Shape, other: Shape, deleted: set[str]) -> Finding | None:
    first, second = sorted((one, other), key=lambda shape: (shape["created_rev"], shape["id"]))
    if deleted & {first["id"], second["id"]}:
        return None
    share = overlap.geometry_iou(first["geometry"], second["geometry"])
    names = [first["id"], second["id"]]
    if share < NEAR_IOU:
        return None
    if first["label"] != second["label"]:
        return Finding("two-labels", f"Two labels share {share:.0%} of one place.", shapes=names)
    if share < SAME_IOU or first["geometry"]["type"] != second["geometry"]["type"]:
        return Finding("near-duplicate", f"Two shapes share {share:.0%}.", shapes=names)
    deleted.add(second["id"])
    return Finding("duplicate", "Two shapes are the same.", shapes=names, ops=[{"op": "delete", "id": second["id"]}])


def _tags(tags: list[Shape]) -> Iterator[Finding]:
    for first, second in combinations(sorted(tags, key=lambda tag: (tag["created_rev"], tag["id"])), 2):
        if first["label"] == second["label"]:
            names, ops = [first["id"], second["id"]], [{"op": "delete", "id": second["id"]}]
            yield Finding("duplicate", "One tag stands twice.", shapes=names, ops=ops)
