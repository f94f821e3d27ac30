"""Shapes made to fit what a format can carry; each loss is said in the report. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from annotations.formats import convert
from annotations.formats.base import Abilities, Report
from annotations.formats.records import Geometry, Picture, Shape

# What to turn a geometry into, the nearest first.
_INSTEAD = {
    "box": ("rbox", "polygon", "mask"),
    "rbox": ("polygon", "mask", "box"),
    "polygon": ("mask", "rbox", "box"),
    "mask": ("polygon", "rbox", "box"),
    "keypoints": ("box", "rbox"),
    "polyline": ("box", "rbox"),
    "tag": (),
}
_EXACT = {("box", "rbox"), ("box", "polygon"), ("rbox", "polygon")}


def fit(
    shape: Shape, picture: Picture, able: Abilities, report: Report, *, holes: bool = False, numbers: bool = False
) -> list[Shape]:
    """The shape as a format can carry it: none, one, or the parts of a mask as polygons.

    Args:
        holes: Whether the format's polygons have holes.
        numbers: Whether it has detection or track ids though it has no tracks.
    """
    path = picture.path
    geometries = _geometries(shape.geometry, picture, able, holes, lambda code, text: report.change(code, text, path))
    if not geometries:
        kind = shape.geometry["type"]
        report.refuse(f"{kind}-left-out", f"A {kind} of {shape.label} has no place in this format.", path)
        return []
    # On a picture of its own a number says no more than the order of the shapes; over frames it says who is who.
    numbers = numbers or (shape.keyframes is None and not picture.of_video)
    for code, text in _lost(shape, able, numbers):
        report.change(code, text, path, shape.label)
    return [shape if made is shape.geometry else replace(shape, geometry=made) for made in geometries]


def _lost(shape: Shape, able: Abilities, numbers: bool) -> Iterator[tuple[str, str]]:
    if shape.attributes and not able.attributes:
        yield "attributes-lost", f"The attributes {', '.join(sorted(shape.attributes))} are left out."
    if shape.confidence is not None and not able.confidence:
        yield "confidence-lost", "The confidence is left out."
    if shape.group is not None and not able.groups:
        yield "group-lost", "The group is left out."
    if shape.z and not able.order:
        yield "order-lost", "The order of drawing is left out."
    if shape.number is not None and not able.tracks and not numbers:
        yield "number-lost", "The track's number is left out."
    if shape.keyframes is not None and not able.tracks:
        yield "track-lost", "The track's keyframes are left out."


_Say = Callable[[str, str], None]


def _geometries(geometry: Geometry, picture: Picture, able: Abilities, holes: bool, say: _Say) -> list[Geometry]:
    kind = geometry["type"]
    if kind == "polygon" and len(geometry["rings"]) > 1 and not holes:
        return _without_holes(geometry, picture, able, say)
    if kind in able.geometries:
        return [geometry]
    for other in _INSTEAD[kind]:
        made = _as(geometry, other, picture, holes, say) if other in able.geometries else []
        if made:
            if (kind, other) not in _EXACT:
                say(f"{kind}-as-{other}", f"A {kind} is written as a {other}.")
            return made
    return []


def _without_holes(geometry: Geometry, picture: Picture, able: Abilities, say: _Say) -> list[Geometry]:
    if "mask" in able.geometries and picture.width and picture.height:
        say("polygon-as-mask", "A polygon with holes is written as a mask.")
        return [convert.mask_of(geometry, picture.height, picture.width)]
    say("holes-lost", f"{len(geometry['rings']) - 1} holes of a polygon are filled.")
    outer: Geometry = {"type": "polygon", "rings": geometry["rings"][:1]}
    return _geometries(outer, picture, able, False, say)


def _as(geometry: Geometry, kind: str, picture: Picture, holes: bool, say: _Say) -> list[Geometry]:
    if kind == "mask":
        sized = picture.width > 0 and picture.height > 0
        return [convert.mask_of(geometry, picture.height, picture.width)] if sized else []
    if kind == "polygon":
        return _polygons(geometry, holes, say)
    if kind == "rbox":
        return _rbox(geometry)
    around = convert.bounds(geometry)
    return [convert.box_of(*around)] if around and around[2] > around[0] and around[3] > around[1] else []


def _polygons(geometry: Geometry, holes: bool, say: _Say) -> list[Geometry]:
    parts = _parts(geometry)
    if len(parts) > 1:
        say("parts-separated", f"A mask of {len(parts)} parts is written as as many shapes.")
    if not holes and any(len(part) > 1 for part in parts):
        say("holes-lost", "The holes of a mask are filled.")
    return [{"type": "polygon", "rings": part if holes else part[:1]} for part in parts]


def _parts(geometry: Geometry) -> list[list[list[list[float]]]]:
    return convert.mask_parts(geometry) if geometry["type"] == "mask" else [convert.rings(geometry)]


def _rbox(geometry: Geometry) -> list[Geometry]:
    if geometry["type"] == "box":
        x, y, w, h = geometry["x"], geometry["y"], geometry["w"], geometry["h"]
        return [{"type": "rbox", "cx": x + w / 2, "cy": y + h / 2, "w": w, "h": h, "angle": 0.0}]
    if geometry["type"] in ("keypoints", "polyline"):
        points = [[point[0], point[1]] for point in geometry["points"] if len(point) < 3 or point[2]]
    else:
        points = [point for part in _parts(geometry) for point in part[0]]
    made = convert.rbox_of(points) if len(points) >= 3 else None
    return [made] if made and made["w"] > 0 and made["h"] > 0 else []


def objects(shapes: Sequence[Shape], kinds: Collection[str]) -> list[tuple[Shape, Shape | None]]:
    """Each shape; one of keypoints with the only shape of `kinds` that has its label and group, as one object."""
    groups: dict[tuple[str, str], list[Shape]] = {}
    for shape in shapes:
        if shape.group is not None:
            groups.setdefault((shape.group, shape.label), []).append(shape)
    partners: dict[int, Shape] = {}
    for members in groups.values():
        poses = [member for member in members if member.geometry["type"] == "keypoints"]
        others = [member for member in members if member.geometry["type"] in kinds]
        if len(poses) == len(others) == 1 and len(members) == 2:
            partners[id(poses[0])] = others[0]
    taken = {id(partner) for partner in partners.values()}
    return [(shape, partners.get(id(shape))) for shape in shapes if id(shape) not in taken]
