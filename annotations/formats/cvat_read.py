"""Elements of CVAT's XML 1.1 as labels, shapes and tracks. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from annotations.formats import convert, rle
from annotations.formats.base import Report
from annotations.formats.common import name_of, parsed
from annotations.formats.records import Geometry, Label, Shape
from annotations.formats.xmlstream import text_of

SHAPES = ("box", "polygon", "polyline", "points", "mask", "ellipse", "skeleton", "cuboid", "tag")
_KINDS = {"select": "select", "radio": "select", "checkbox": "checkbox", "number": "number", "text": "text"}
_EDGE = re.compile(r'data-node-from="(\d+)"[^>]*?data-node-to="(\d+)"')
_NODE = re.compile(r"<circle[^>]*>")
_MOST_POINTS = 1_000_000


class Wrong(ValueError):
    """The element cannot be taken; the text says why."""


@dataclass
class Place:
    """Where an element stands, and how large its picture is (0 for unknown)."""

    report: Report
    file: str
    where: str
    width: int = 0
    height: int = 0
    labels: dict[str, Label] = field(default_factory=dict)


def labels_of(meta: Element) -> list[Label]:
    """All labels of a task or project; the points of skeletons are no labels of their own."""
    found: dict[str, Label] = {}
    parts: dict[str, list[str]] = {}
    for element in meta.iter("label"):
        name, parent = name_of(text_of(element, "name")), name_of(text_of(element, "parent"))
        if parent:
            parts.setdefault(parent, []).append(name)
        elif name and name not in found:
            attributes = [made for each in element.iter("attribute") if (made := _attribute(each))]
            svg = text_of(element, "svg")
            skeleton = _skeleton(svg) if text_of(element, "type") == "skeleton" else None
            found[name] = Label(name, text_of(element, "color"), attributes, skeleton)
    for parent, points in parts.items():
        if parent in found and not (found[parent].skeleton or {}).get("points"):
            found[parent].skeleton = {"points": points, "edges": []}
    return list(found.values())


def _attribute(element: Element) -> dict[str, Any] | None:
    name, kind = name_of(text_of(element, "name")), _KINDS.get(text_of(element, "input_type"), "text")
    if not name:
        return None
    made: dict[str, Any] = {"name": name, "kind": kind}
    if kind == "select":
        made["values"] = [value.strip() for value in text_of(element, "values").splitlines() if value.strip()]
    default = _typed(text_of(element, "default_value"), kind)
    if default not in (None, ""):
        made["default"] = default
    if text_of(element, "mutable").lower() == "true":
        made["mutable"] = True
    return made


def _skeleton(svg: str) -> dict[str, Any]:
    """CVAT keeps a skeleton as a drawing: circles with names and lines between their numbers."""
    nodes: dict[str, str] = {}
    for circle in _NODE.findall(svg):
        number, name = (re.search(rf'{key}="([^"]*)"', circle) for key in ("data-node-id", "data-label-name"))
        if number and name:
            nodes[number.group(1)] = name_of(re.sub("&amp;", "&", name.group(1).replace("&quot;", '"')))
    order = list(nodes)
    edges = [[order.index(a), order.index(b)] for a, b in _EDGE.findall(svg) if a in nodes and b in nodes]
    return {"points": list(nodes.values()), "edges": edges}


def _typed(text: str, kind: str) -> Any:
    if kind == "checkbox":
        return text.strip().lower() in ("true", "1", "yes")
    if kind == "number":
        value = parsed(text)
        return text if value is None else int(value) if value == int(value) else value
    return text


def attributes_of(element: Element, label: Label | None) -> dict[str, Any]:
    """Values by name, of the kinds that the label declares."""
    kinds = {each["name"]: each["kind"] for each in label.attributes} if label else {}
    found = {}
    for attribute in element.findall("attribute"):
        name = name_of(attribute.get("name"))
        if name:
            found[name] = _typed(attribute.text or "", kinds.get(name, "text"))
    return found


def shape_of(element: Element, place: Place) -> Shape | None:
    """The shape of an image; None (and a remark) for what cannot be taken."""
    label = name_of(element.get("label"))
    try:
        if not label:
            raise Wrong("it has no label")
        geometry = geometry_of(element, place)
    except (Wrong, rle.RleError) as error:
        place.report.refuse("shape", f"This {element.tag} cannot be taken: {error}.", place.file, place.where)
        return None
    attributes = attributes_of(element, place.labels.get(label))
    if element.get("occluded") == "1":
        attributes["occluded"] = True
    group, z = element.get("group_id"), parsed(element.get("z_order"))
    return Shape(label, geometry, attributes, group=None if group in (None, "", "0") else group, z=int(z or 0))


def geometry_of(element: Element, place: Place) -> Geometry:
    """Raises: Wrong, RleError."""
    kind = element.tag
    if kind == "tag":
        return {"type": "tag"}
    if kind == "box":
        return _box(element)
    if kind == "mask":
        return _mask(element, place)
    if kind == "skeleton":
        return _keypoints(element, place)
    if kind == "ellipse":
        cx, cy, rx, ry = (_number(element, name) for name in ("cx", "cy", "rx", "ry"))
        if rx <= 0 or ry <= 0:
            raise Wrong("its axes have to be above 0")
        _say(place, "ellipse-as-polygon", "An ellipse is taken as a polygon of 64 points.")
        return convert.polygon_of(convert.ellipse(cx, cy, rx, ry, _turn(element)))
    if kind not in ("polygon", "polyline", "points"):
        raise Wrong("there is no such shape here")
    points = _points(element.get("points"))
    return _of_points(kind, points)


def _of_points(kind: str, points: list[list[float]]) -> Geometry:
    fewest = {"polygon": 3, "polyline": 2, "points": 1}[kind]
    if len(points) < fewest:
        raise Wrong(f"it has {len(points)} points of at least {fewest}")
    if kind == "polygon":
        return convert.polygon_of(points)
    if kind == "polyline":
        return {"type": "polyline", "points": points}
    return {"type": "keypoints", "points": [[x, y, 2] for x, y in points]}


def _box(element: Element) -> Geometry:
    x0, y0, x1, y1 = (_number(element, name) for name in ("xtl", "ytl", "xbr", "ybr"))
    if x1 <= x0 or y1 <= y0:
        raise Wrong(f"it is {x1 - x0:g} wide and {y1 - y0:g} high: both have to be above 0")
    turn = _turn(element)
    if turn:
        return {"type": "rbox", "cx": (x0 + x1) / 2, "cy": (y0 + y1) / 2, "w": x1 - x0, "h": y1 - y0, "angle": turn}
    return {"type": "box", "x": x0, "y": y0, "w": x1 - x0, "h": y1 - y0}


def _turn(element: Element) -> float:
    return (parsed(element.get("rotation")) or 0.0) % 360


def _mask(element: Element, place: Place) -> Geometry:
    if not place.width or not place.height:
        raise Wrong("the picture's size is not known")
    left, top, width, height = (int(_number(element, name)) for name in ("left", "top", "width", "height"))
    text = element.get("rle") or ""
    if not re.fullmatch(r"[\d,\s]*", text):
        raise Wrong("its rle is no list of whole numbers")
    runs = [int(run) for run in text.replace(",", " ").split() if len(run) < 12]
    counts, cut = rle.from_rows((left, top, width, height), runs, place.height, place.width)
    if cut:
        _say(place, "clipped", "A mask is cut at the picture's border.")
    return {"type": "mask", "size": [place.height, place.width], "counts": counts}


def _keypoints(element: Element, place: Place) -> Geometry:
    found: dict[str, list[float]] = {}
    for part in element.findall("points"):
        (x, y), *_ = _points(part.get("points")) or [[0.0, 0.0]]
        v = 0 if part.get("outside") == "1" else 1 if part.get("occluded") == "1" else 2
        found[name_of(part.get("label")) or str(len(found) + 1)] = [x, y, v]
    if not found:
        raise Wrong("a skeleton without points")
    label = place.labels.get(name_of(element.get("label")))
    names = label.skeleton["points"] if label and label.skeleton else list(found)
    if not set(found) <= set(names):
        _say(place, "keypoints", f"Points that {element.get('label')} does not have are left out.")
    return {"type": "keypoints", "points": [found.get(name, [0.0, 0.0, 0]) for name in names]}


def _points(text: str | None) -> list[list[float]]:
    points: list[list[float]] = []
    for pair in (text or "").split(";"):
        if not pair.strip():
            continue
        values = [parsed(value) for value in pair.split(",")]
        if len(values) != 2 or None in values or len(points) >= _MOST_POINTS:
            raise Wrong(f"{pair[:40]!r} is no point x,y")
        points.append([value for value in values if value is not None])
    return points


def _number(element: Element, name: str) -> float:
    value = parsed(element.get(name))
    if value is None:
        raise Wrong(f"{name} is {element.get(name)!r}, not a number")
    return value


def _say(place: Place, code: str, text: str) -> None:
    place.report.change(code, text, place.file, place.where)


def track_of(element: Element, place: Place) -> Shape | None:
    """A track with its keyframes (or, as our writer marks it, one shape of one frame)."""
    name = name_of(element.get("label"))
    label = place.labels.get(name)
    keyframes: dict[int, dict[str, Any]] = {}
    gone = True
    for part in element:
        if part.tag not in SHAPES:
            continue
        outside = part.get("outside") == "1"
        if part.get("keyframe") != "0" or outside != gone:
            frame = _keyframe(part, label, place)
            keyframes |= frame or {}
            gone = outside if frame else gone
    if not name or not keyframes:
        place.report.refuse("track", "A track needs a label and one shape that can be taken.", place.file, place.where)
        return None
    attributes = _common(keyframes, label)
    geometry = keyframes[min(keyframes)]["geometry"]
    number = parsed(element.get("id"))
    group = element.get("group_id")
    shape = Shape(name, geometry, attributes, number=None if number is None else int(number), z=_z(element))
    shape.group = None if group in (None, "", "0") else group
    if element.get("single") == "1":
        shape.frame = min(keyframes)
        shape.number = None
    else:
        shape.keyframes = dict(sorted(keyframes.items()))
    return shape


def _z(track: Element) -> int:
    first = next((part for part in track if part.tag in SHAPES), None)
    return int(parsed(first.get("z_order")) or 0) if first is not None else 0


def _keyframe(part: Element, label: Label | None, place: Place) -> dict[int, dict[str, Any]] | None:
    frame = parsed(part.get("frame"))
    try:
        if frame is None or frame < 0 or frame != int(frame):
            raise Wrong(f"its frame is {part.get('frame')!r}: a whole number from 0")
        if not part.get("label"):
            part.set("label", label.name if label else "")
        made: dict[str, Any] = {"geometry": geometry_of(part, place)}
    except (Wrong, rle.RleError) as error:
        where = f"{place.where}, frame {part.get('frame')}"
        place.report.refuse("shape", f"This {part.tag} cannot be taken: {error}.", place.file, where)
        return None
    for flag in ("outside", "occluded"):
        if part.get(flag) == "1":
            made[flag] = True
    made["attributes"] = attributes_of(part, label)
    return {int(frame): made}


def _common(keyframes: dict[int, dict[str, Any]], label: Label | None) -> dict[str, Any]:
    """Attributes of the whole track, taken out of its keyframes: those that never change and may not."""
    mutable = {each["name"] for each in label.attributes if each.get("mutable")} if label else set()
    first = keyframes[min(keyframes)]["attributes"]
    said = [keyframe["attributes"] for keyframe in keyframes.values()]
    common = {
        name: value
        for name, value in first.items()
        if name not in mutable and all(each.get(name, value) == value for each in said)
    }
    for keyframe in keyframes.values():
        rest = {name: value for name, value in keyframe.pop("attributes").items() if name not in common}
        if rest:
            keyframe["attributes"] = rest
    return common
