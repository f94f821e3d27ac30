"""MIT LabelMe's XML of one picture: objects with outlines. Only read. Pure."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from annotations.formats import convert, values
from annotations.formats.base import FormatError, Report
from annotations.formats.records import Geometry, Picture, Shape
from annotations.formats.values import Wrong

_MARKS = (b"<imagesize", b"<polygon>", b"<sourceImage", b"<hasparts", b"<segm>")


def likely(start: bytes) -> bool:
    """Whether a file begins as LabelMe's; Pascal VOC's begins alike but has `size` and `bndbox`."""
    return b"<annotation" in start and any(mark in start for mark in _MARKS)


def read(data: bytes, file: str, report: Report) -> Picture | None:
    """The picture; None for an XML of somebody else.

    Raises:
        FormatError: it is no XML, or an unsafe one.
    """
    root = _root(data, file)
    if root.tag != "annotation" or root.find("object/bndbox") is not None:
        report.note("other-file", "This file is not of LabelMe and was left alone.", file)
        return None
    picture = Picture(_word(root, "filename"), _pixels(root, "ncols"), _pixels(root, "nrows"))
    for n, found in enumerate(root.findall("object")):
        if _word(found, "deleted") not in ("", "0"):
            continue
        with values.refusing(report, "shape", file, f"object {n + 1}"):
            picture.shapes.append(_shape(found))
    return picture


def _root(data: bytes, file: str) -> Element:
    try:
        root: Element = fromstring(data)
    except ParseError as error:
        line, column = error.position
        raise FormatError("xml", f"{file} is not XML: {error}.", file, f"line {line}, column {column}") from None
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise FormatError("xml", f"{file} cannot be read safely: {type(error).__name__}.", file) from None
    return root


def _word(element: Element, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())


def _pixels(root: Element, name: str) -> int:
    word = _word(root, f"imagesize/{name}")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0


def _shape(found: Element) -> Shape:
    label = values.text(_word(found, "name"), "name")
    attributes = _attributes(_word(found, "attributes"))
    if _word(found, "occluded") == "yes":
        attributes["occluded"] = True
    return Shape(label, values.geometry(_geometry(found)), attributes)


def _geometry(found: Element) -> Geometry:
    points = [[_coordinate(pt, axis) for axis in "xy"] for pt in found.findall("polygon/pt")]
    if not points and found.find("segm/box") is not None:
        edges = [_coordinate(found, f"segm/box/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]
        return convert.box_of(*edges)
    if len(points) < 2:
        raise Wrong(f"the outline has {len(points)} points")
    if _word(found, "type") == "bounding_box":
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return convert.box_of(min(xs), min(ys), max(xs), max(ys))
    return {"type": "polyline", "points": points} if len(points) == 2 else {"type": "polygon", "rings": [points]}


def _coordinate(element: Element, path: str) -> float:
    return values.numeral(_word(element, path), path)


def _attributes(text: str) -> dict[str, Any]:
    """`red, age=3` is a mark and a value.

    >>> _attributes("red, age=3")
    {'red': True, 'age': '3'}
    """
    pairs = (word.partition("=") for word in text.split(",") if word.strip())
    return {name.strip(): value.strip() if equals else True for name, equals, value in pairs if name.strip()}
