"""The tables of a TOON document: from pictures with shapes and to them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from annotations.formats import common, values
from annotations.formats.base import Report
from annotations.formats.records import Geometry, Label, Picture, Shape
from annotations.formats.values import Wrong

TABLES = {
    "box": "boxes",
    "rbox": "rotated_boxes",
    "polygon": "polygons",
    "polyline": "lines",
    "keypoints": "keypoints",
    "tag": "tags",
}
"""The table of each kind of geometry."""
_FIELDS = {"box": ("x", "y", "w", "h"), "rbox": ("cx", "cy", "w", "h", "angle")}
_OPTIONAL = ("confidence", "group", "z", "track")
_RING = "/"
Row = dict[str, Any]


# Writing


def document(labels: list[Label], pictures: list[Picture], decimals: int) -> dict[str, Any]:
    """Everything of some pictures, in tables; shapes are numbered from 1 through all of them."""
    rows: dict[str, list[Row]] = {}
    attributes: list[Row] = []
    number = 0
    for n, picture in enumerate(pictures, start=1):
        for shape in picture.shapes:
            number += 1
            head = {"id": number, "picture": n, "label": shape.label}
            row = {**head, **_cells(shape.geometry, decimals), **_properties(shape)}
            rows.setdefault(TABLES[shape.geometry["type"]], []).append(row)
            attributes += [{"shape": number, "name": name, "value": v} for name, v in shape.attributes.items()]
    tables = {name: _used_columns(rows[name]) for name in TABLES.values() if name in rows}
    listed = [_picture(picture, n) for n, picture in enumerate(pictures, start=1)]
    found = {"labels": _labels(labels), "pictures": listed, **tables}
    return {**found, "attributes": attributes} if attributes else found


def _labels(labels: list[Label]) -> list[Row]:
    if not any(label.skeleton for label in labels):
        return _used_columns([{"name": each.name, "color": each.color or None} for each in labels], ("color",))
    return [{"name": each.name, "color": each.color, **_skeleton(each)} for each in labels]


def _skeleton(label: Label) -> Row:
    found = label.skeleton or {"points": [], "edges": []}
    return {"points": found["points"], "edges": [f"{a + 1}-{b + 1}" for a, b in found.get("edges", [])]}


def _picture(picture: Picture, number: int) -> Row:
    size = {"width": picture.width, "height": picture.height}
    return {"id": number, "path": picture.path, **size, "split": picture.split}


def _properties(shape: Shape) -> Row:
    return {
        "confidence": shape.confidence,
        "group": shape.group,
        "z": shape.z or None,
        "track": shape.number,
    }


def _used_columns(rows: list[Row], optional: tuple[str, ...] = _OPTIONAL) -> list[Row]:
    unused = {name for name in optional if all(row[name] is None for row in rows)}
    return [{name: value for name, value in row.items() if name not in unused} for row in rows]


def _cells(geometry: Geometry, decimals: int) -> Row:
    kind = geometry["type"]
    if kind in _FIELDS:
        return {name: _near(geometry[name], decimals, name in "wh") for name in _FIELDS[kind]}
    if kind == "polygon":
        return {"points": f" {_RING} ".join(_words(ring, decimals) for ring in geometry["rings"])}
    return {"points": _words(geometry["points"], decimals)} if kind != "tag" else {}


def _near(value: float, decimals: int, is_size: bool = False) -> float:
    near = values.rounded(value, decimals)
    return value if is_size and not near else near


def _words(points: list[list[float]], decimals: int) -> str:
    return " ".join(str(_near(value, decimals)) for point in points for value in point)


# Reading


def table(found: dict[str, Any], name: str, file: str, report: Report) -> list[Row]:
    """The rows of a table; none where there is no such table."""
    rows = found.get(name, [])
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    report.refuse("table", f"{name} is no table of rows with fields.", file, name)
    return []


def labels(found: dict[str, Any], file: str, report: Report) -> Iterator[Label]:
    for n, row in enumerate(table(found, "labels", file, report)):
        with values.refusing(report, "label", file, f"labels[{n}]"):
            name = values.text(row.get("name"), "name")
            yield Label(name, values.hex_color(row.get("color")), skeleton=_skeleton_of(row))


def _skeleton_of(row: Row) -> dict[str, Any] | None:
    points = [values.text(name, "a point's name") for name in values.listing(row.get("points") or [], "points")]
    if not points:
        return None
    edges = [_edge(word, len(points)) for word in values.listing(row.get("edges") or [], "edges")]
    return {"points": points, "edges": edges}


def _edge(word: Any, count: int) -> list[int]:
    ends = str(word).split("-")
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() and 1 <= int(end[:9]) <= count for end in ends):
        raise Wrong(f"an edge is {values.short(word)}: two points' numbers like 1-2 are needed, up to {count}")
    return [int(end) - 1 for end in ends]


class Shapes:
    """All shapes of a document by their picture."""

    def __init__(self, found: dict[str, Any], file: str, report: Report) -> None:
        self.file, self.report = file, report
        self._attributes: dict[Any, dict[str, Any]] = {}
        for n, row in enumerate(table(found, "attributes", file, report)):
            with values.refusing(report, "attribute", file, f"attributes[{n}]"):
                self._attribute(row)
        self._rows: dict[Any, list[tuple[str, Row, str]]] = {}
        for kind, name in TABLES.items():
            for n, row in enumerate(table(found, name, file, report)):
                self._rows.setdefault(_key(row.get("picture")), []).append((kind, row, f"{name}[{n}]"))

    def _attribute(self, row: Row) -> None:
        plain, others = values.scalars({values.text(row.get("name"), "name"): row.get("value")}, "value")
        if others:
            raise Wrong(f"{others[0]} is neither a text, a number, nor true or false")
        self._attributes.setdefault(_key(row.get("shape")), {}).update(plain)

    def take(self, picture: Any) -> list[Shape]:
        """The shapes of a picture, in the order of their ids; those that cannot be taken are said."""
        rows = self._rows.pop(_key(picture), [])
        shapes = []
        for kind, row, where in sorted(rows, key=lambda each: _order(each[1])):
            with values.refusing(self.report, "shape", self.file, where):
                shapes.append(self._shape(kind, row))
        return shapes

    def left(self) -> Iterator[tuple[Row, str]]:
        """Rows of pictures that are not there."""
        for rows in self._rows.values():
            yield from ((row, where) for _, row, where in rows)

    def _shape(self, kind: str, row: Row) -> Shape:
        group, track = row.get("group"), row.get("track")
        score = row.get("confidence")
        if score is not None and not 0 <= values.number(score, "confidence") <= 1:
            raise Wrong(f"confidence is {values.short(score)}: a number from 0 to 1 is needed")
        return Shape(
            values.text(row.get("label"), "label"),
            values.geometry(_geometry(kind, row)),
            self._attributes.get(_key(row.get("id")), {}) if "id" in row else {},
            confidence=score,
            number=None if track is None else values.whole(track, "track"),
            group=None if group is None else common.name_of(group),
            z=values.whole(row.get("z") or 0, "z", -(2**31)),
        )


def _key(value: Any) -> Any:
    """What can be looked up; a model may write a number as a text."""
    return common.name_of(value)


def _order(row: Row) -> float:
    return common.finite(row.get("id")) or 0


def _geometry(kind: str, row: Row) -> Geometry:
    if kind in _FIELDS:
        return {"type": kind, **{name: values.number(row.get(name), name) for name in _FIELDS[kind]}}
    return _POINTS[kind](str(row.get("points") or ""))


def _pairs(text: str, step: int = 2) -> list[list[float]]:
    numbers = [values.numeral(word, "points") for word in text.replace(",", " ").split()]
    if not numbers or len(numbers) % step:
        raise Wrong(f"points has {len(numbers)} numbers: a multiple of {step} is needed")
    return [numbers[n : n + step] for n in range(0, len(numbers), step)]


def _keypoints(text: str) -> Geometry:
    return {"type": "keypoints", "points": [[x, y, values.whole(v, "visibility")] for x, y, v in _pairs(text, 3)]}


_POINTS: dict[str, Callable[[str], Geometry]] = {
    "polygon": lambda text: {"type": "polygon", "rings": [_pairs(ring) for ring in text.split(_RING)]},
    "polyline": lambda text: {"type": "polyline", "points": _pairs(text)},
    "keypoints": _keypoints,
    "tag": lambda text: {"type": "tag"},
}
