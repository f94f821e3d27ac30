"""Labels, pictures and tracks as CVAT's XML 1.1. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annotations.formats import rle
from annotations.formats.records import Geometry, Label, Picture, Shape
from annotations.formats.xmlstream import leaf, tag
from annotations.interpolation import Track

_INPUT = {"select": "select", "checkbox": "checkbox", "number": "number", "text": "text"}
_SPREAD = 10


def meta(labels: Iterable[Label], inner: str) -> str:
    """What stands before the pictures; `inner` are the task's own elements."""
    said = "".join(label_xml(label) for label in labels)
    return f"<version>1.1</version>\n<meta><task>{inner}<labels>\n{said}</labels></task></meta>\n"


def label_xml(label: Label) -> str:
    kind = leaf("type", "skeleton" if label.skeleton else "any")
    color = leaf("color", label.color) if label.color else ""
    attributes = f"<attributes>{''.join(_attribute(each) for each in label.attributes)}</attributes>"
    svg = leaf("svg", _svg(label.skeleton)) if label.skeleton else ""
    made = f"<label>{leaf('name', label.name)}{color}{kind}{attributes}{svg}</label>\n"
    parts = label.skeleton["points"] if label.skeleton else ()
    return made + "".join(
        f"<label>{leaf('name', part)}{leaf('type', 'points')}<attributes/>{leaf('parent', label.name)}</label>\n"
        for part in parts
    )


def _attribute(each: dict[str, Any]) -> str:
    default = each.get("default", "")
    return (
        f"<attribute>{leaf('name', each['name'])}{leaf('mutable', bool(each.get('mutable')))}"
        f"{leaf('input_type', _INPUT.get(each.get('kind', 'text'), 'text'))}"
        f"{leaf('default_value', value_text(default))}"
        f"{leaf('values', chr(10).join(map(str, each.get('values', []))))}</attribute>"
    )


def _svg(skeleton: dict[str, Any]) -> str:
    """A drawing of the skeleton, its points along a diagonal."""
    at = [_SPREAD * (n + 1) for n in range(len(skeleton["points"]))]
    lines = [
        tag("line", {"x1": at[a], "y1": at[a], "x2": at[b], "y2": at[b], "data-type": "edge"}
            | {"data-node-from": a + 1, "data-node-to": b + 1})
        for a, b in skeleton.get("edges", [])
    ]  # fmt: skip
    circles = [
        '<circle r="1.5" cx="{0}" cy="{0}" data-type="element node" data-element-id="{1}" '
        'data-node-id="{1}" data-label-name="{2}"/>'.format(
            at[n], n + 1, name.replace("&", "&amp;").replace('"', "&quot;")
        )
        for n, name in enumerate(skeleton["points"])
    ]
    return "".join(lines + circles)


def value_text(value: Any) -> str:
    """An attribute's value; truth in small letters.

    >>> value_text(True), value_text(2.0), value_text("a")
    ('true', '2.0', 'a')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def image_xml(picture: Picture, number: int, labels: dict[str, Label], groups: dict[str, int]) -> str:
    """One `<image>` with its shapes."""
    head: dict[str, Any] = {"id": number, "name": picture.path}
    if picture.split:
        head["subset"] = picture.split
    head |= {"width": picture.width, "height": picture.height}
    shapes = "".join("\n  " + shape_xml(shape, labels, groups) for shape in picture.shapes)
    return tag("image", head, shapes + "\n" if shapes else "") + "\n"


def shape_xml(shape: Shape, labels: dict[str, Label], groups: dict[str, int]) -> str:
    occluded = shape.attributes.get("occluded") is True
    head: dict[str, Any] = {"label": shape.label, "source": "manual" if shape.source == "human" else "file"}
    more: dict[str, Any] = {"occluded": int(occluded)} if shape.geometry["type"] != "tag" else {}
    if shape.z or shape.geometry["type"] != "tag":
        more["z_order"] = shape.z
    if shape.group is not None:
        more["group_id"] = groups.setdefault(shape.group, len(groups) + 1)
    attributes = {name: value for name, value in shape.attributes.items() if not (occluded and name == "occluded")}
    return _element(shape.geometry, head | more, attributes, labels.get(shape.label))


def _element(geometry: Geometry, head: dict[str, Any], attributes: dict[str, Any], label: Label | None) -> str:
    name, more, inner = _geometry(geometry, label)
    said = "".join(tag("attribute", {"name": key}, _text(value)) for key, value in attributes.items())
    return tag(name, head | more, inner + said)


def _text(value: Any) -> str:
    return leaf("x", value_text(value))[3:-4]


def _geometry(geometry: Geometry, label: Label | None) -> tuple[str, dict[str, Any], str]:
    kind = geometry["type"]
    if kind == "box":
        x, y, w, h = (geometry[name] for name in "xywh")
        return "box", {"xtl": x, "ytl": y, "xbr": x + w, "ybr": y + h}, ""
    if kind == "rbox":
        cx, cy, w, h = (geometry[name] for name in ("cx", "cy", "w", "h"))
        edges = {"xtl": cx - w / 2, "ytl": cy - h / 2, "xbr": cx + w / 2, "ybr": cy + h / 2}
        return "box", edges | ({"rotation": geometry["angle"]} if geometry["angle"] else {}), ""
    if kind == "polygon":
        return "polygon", {"points": _points(geometry["rings"][0])}, ""
    if kind == "polyline":
        return "polyline", {"points": _points(geometry["points"])}, ""
    if kind == "mask":
        left, top, width, height, runs = rle.rows(geometry["counts"], *geometry["size"])
        frame = {"left": left, "top": top, "width": width, "height": height}
        return "mask", {"rle": ", ".join(map(str, runs)), **frame}, ""
    return _keypoints(geometry, label) if kind == "keypoints" else ("tag", {}, "")


def _keypoints(geometry: Geometry, label: Label | None) -> tuple[str, dict[str, Any], str]:
    points = geometry["points"]
    names = label.skeleton["points"] if label and label.skeleton else []
    if not names and all(v == 2 for _, _, v in points):
        return "points", {"points": _points(points)}, ""
    inner = ""
    for n, (x, y, v) in enumerate(points):
        name = names[n] if n < len(names) else str(n + 1)
        state = {"outside": int(v == 0), "occluded": int(v == 1), "points": f"{x},{y}"}
        inner += "\n    " + tag("points", {"label": name, **state})
    return "skeleton", {}, inner + "\n  "


def _points(points: list[list[float]]) -> str:
    return ";".join(f"{point[0]},{point[1]}" for point in points)


def track_xml(shape: Shape, number: int, labels: dict[str, Label], groups: dict[str, int]) -> str:
    """A track, or a shape of one frame as a track that ends on the next."""
    head: dict[str, Any] = {
        "id": number,
        "label": shape.label,
        "source": "manual" if shape.source == "human" else "file",
    }
    if shape.group is not None:
        head["group_id"] = groups.setdefault(shape.group, len(groups) + 1)
    if shape.keyframes is None:
        frame = shape.frame or 0
        states: list[tuple[int, dict[str, Any]]]
        states = [(frame, {"geometry": shape.geometry}), (frame + 1, {"geometry": shape.geometry, "outside": True})]
        head["single"] = 1
    else:
        states = sorted(_whole(shape).items())
    parts = "".join("\n  " + _part(shape, frame, state, labels) for frame, state in states)
    return tag("track", head, parts + "\n") + "\n"


def _part(shape: Shape, frame: int, state: dict[str, Any], labels: dict[str, Label]) -> str:
    flags = {"outside": int(bool(state.get("outside"))), "occluded": int(bool(state.get("occluded")))}
    head: dict[str, Any] = {"frame": frame, "keyframe": 1, **flags, "z_order": shape.z}
    if state["geometry"]["type"] == "keypoints":
        head["label"] = shape.label
    return _element(
        state["geometry"], head, {**shape.attributes, **state.get("attributes", {})}, labels.get(shape.label)
    )


def _whole(shape: Shape) -> dict[int, dict[str, Any]]:
    """Every keyframe with all that holds on it: a keyframe may name only what changes."""
    keyframes = shape.keyframes or {}
    if all("geometry" in keyframe for keyframe in keyframes.values()):
        return keyframes
    told = {str(n): _with_ids(keyframe) for n, keyframe in keyframes.items()}
    track = Track({"geometry": _named(shape.geometry), "attributes": {}, "frame": None, "keyframes": told})
    whole: dict[int, dict[str, Any]] = {}
    last: dict[str, Any] = {}
    for n in track.numbers:
        given = keyframes[n]
        last = dict(given) if "geometry" in given else {**last, **given}
        whole[n] = {**last, "geometry": given.get("geometry") or _bare(track.keyframe(n)["geometry"])}
    return whole


def _with_ids(keyframe: dict[str, Any]) -> dict[str, Any]:
    return {**keyframe, "geometry": _named(keyframe["geometry"])} if "geometry" in keyframe else keyframe


def _named(geometry: Geometry) -> Geometry:
    """With ids for its vertices, by which interpolation pairs them."""
    if geometry["type"] == "polygon":
        ids = iter(range(10**9))
        return {**geometry, "rings": [[[next(ids), *vertex[-2:]] for vertex in ring] for ring in geometry["rings"]]}
    if geometry["type"] == "polyline":
        return {**geometry, "points": [[n, *vertex[-2:]] for n, vertex in enumerate(geometry["points"])]}
    return geometry


def _bare(geometry: Geometry) -> Geometry:
    if geometry["type"] == "polygon":
        return {**geometry, "rings": [[list(vertex[-2:]) for vertex in ring] for ring in geometry["rings"]]}
    if geometry["type"] == "polyline":
        return {**geometry, "points": [list(vertex[-2:]) for vertex in geometry["points"]]}
    return geometry
