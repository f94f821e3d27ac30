"""Values of files that came from outside: each is checked once, with a word on what is wrong and where. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from annotations import shapes
from annotations.formats import common, rle
from annotations.formats.base import Files, FormatError, Report
from annotations.formats.records import Geometry

LARGEST_DOCUMENT = 256 * 2**20
"""Bytes of a file (or a line) that is read in one piece."""
_LONGEST_ECHO = 40
_BOX = {"type", "x", "y", "w", "h"}
_HEX_COLOR = re.compile("#[0-9A-Fa-f]{6}")


class Wrong(ValueError):
    """A value that cannot be taken; the text says which and why."""


def short(value: object) -> str:
    """A value as it can stand in a sentence."""
    said = repr(value) if not isinstance(value, dict | list) else f"a {type(value).__name__} of {len(value)}"
    return said if len(said) <= _LONGEST_ECHO else f"{said[:_LONGEST_ECHO]}..."


def number(value: object, what: str) -> float:
    """A finite number; texts are none.

    >>> number(3, "x"), number(0.5, "x")
    (3, 0.5)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{what} is {short(value)}, not a number")
    if not -1e15 <= value <= 1e15:  # false for NaN too
        raise Wrong(f"{what} is {short(value)}: a finite number below 1e15 is needed")
    return value


def numeral(word: str, what: str) -> float:
    """A finite number that is written as a text.

    >>> numeral(" 2.5", "x"), numeral("7", "x")
    (2.5, 7)
    """
    try:
        value = float(word)
    except ValueError:
        raise Wrong(f"{what} is {short(word)}, not a number") from None
    if not math.isfinite(value):
        raise Wrong(f"{what} is {short(word)}: a finite number is needed")
    return number(int(value) if value.is_integer() and abs(value) < 2**53 else value, what)


def whole(value: object, what: str, least: int = 0) -> int:
    """A whole number from `least`; 3.0 is one."""
    found = number(value, what)
    if found != int(found) or found < least:
        raise Wrong(f"{what} is {short(value)}: a whole number from {least} is needed")
    return int(found)


def text(value: object, what: str) -> str:
    """A text that is not empty, in Unicode's NFC."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"{what} is {short(value)}: a text is needed")
    return unicodedata.normalize("NFC", value)


def mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"{what} is {short(value)}: an object is needed")
    return value


def listing(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong(f"{what} is {short(value)}: a list is needed")
    return value


def points(value: object, what: str) -> list[list[float]]:
    """`[[x, y], ...]`, each of finite numbers."""
    return [point(each, f"{what}[{n}]") for n, each in enumerate(listing(value, what))]


def point(value: object, what: str) -> list[float]:
    pair = listing(value, what)
    if len(pair) != 2:
        raise Wrong(f"{what} has {len(pair)} numbers: x and y are needed")
    return [number(pair[0], f"{what}.x"), number(pair[1], f"{what}.y")]


def scalars(found: object, what: str) -> tuple[dict[str, Any], list[str]]:
    """Attributes with plain values, and the names of those that have others."""
    given = mapping(found, what)
    plain = {name: value for name, value in given.items() if _plain(value)}
    return plain, [name for name, value in given.items() if not _plain(value) and value is not None]


def _plain(value: object) -> bool:
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def hex_color(value: object) -> str:
    """`#RRGGBB`, or nothing where it is no such colour.

    >>> hex_color("#e69f00"), hex_color("red")
    ('#e69f00', '')
    """
    return value if isinstance(value, str) and _HEX_COLOR.fullmatch(value) else ""


def geometry(found: Geometry) -> Geometry:
    """The same, checked by the rules of shapes; vertices may have ids or not.

    Raises:
        Wrong: it is not well-formed.
    """
    if _is_good_box(found):
        return found
    if "blob" in found:
        raise Wrong("the mask has no counts: they lie in a blob, which is not in the file")
    try:
        shapes.parse(_with_ids(found))
    except shapes.ShapeError as error:
        raise Wrong(str(error).replace("geometry.", "")) from None
    return found


def _is_good_box(found: Geometry) -> bool:
    """What nearly all shapes are, seen at once: the whole check takes several times as long."""
    if found.get("type") != "box" or found.keys() != _BOX:
        return False
    sides = [found["x"], found["y"], found["w"], found["h"]]
    plain = all(type(side) is float or type(side) is int for side in sides)
    return plain and all(-shapes.FARTHEST <= side <= shapes.FARTHEST for side in sides) and min(sides[2:]) > 0


def _with_ids(found: Geometry) -> Geometry:
    if "rings" in found and isinstance(found["rings"], list):
        ids = iter(range(2**31))
        return {
            **found,
            "rings": [[_named(p, next(ids)) for p in r] if isinstance(r, list) else r for r in found["rings"]],
        }
    if found.get("type") == "polyline" and isinstance(found.get("points"), list):
        return {**found, "points": [_named(p, n) for n, p in enumerate(found["points"])]}
    return found


def _named(vertex: object, name: int) -> object:
    return [name, *vertex] if isinstance(vertex, list) and len(vertex) == 2 else vertex


def rounded(value: float, digits: int = 6) -> float:
    """For files that people read; the error is below anything that can be seen.

    >>> rounded(0.1 + 0.2), rounded(4.0)
    (0.3, 4)
    """
    near = round(value, digits)
    return int(near) if near == int(near) else near


def picture_path(found: object, what: str = "path") -> str:
    """An item's path from whatever a file calls its picture, by the rules of `common.path_of`."""
    path = common.path_of(found)
    if not path:
        raise Wrong(f"{what} is {short(found)}: that names no picture")
    return path


def read_all(files: Files, name: str) -> bytes:
    """A file that is small by its nature.

    Raises:
        FormatError: it is larger than `LARGEST_DOCUMENT`.
    """
    with files.open(name) as stream:
        return one_piece(stream.read(LARGEST_DOCUMENT + 1), name)


def one_piece(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_DOCUMENT:
        limit = LARGEST_DOCUMENT // 2**20
        raise FormatError("too-large", f"{name} has a piece of more than {limit} MB: split it.", name)
    return data


def start_of(files: Files, name: str, size: int = 2048) -> bytes:
    """The first bytes, for telling formats apart."""
    with files.open(name) as stream:
        return stream.read(size)


def json_of(data: bytes, file: str, line: int = 0) -> Any:
    """What a JSON text says.

    Raises:
        FormatError: it is no JSON (NaN and infinity are none), or nests too deeply; names the file and the line.
    """
    try:
        return orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        where = f"line {line or error.lineno}, column {error.colno}"
        raise FormatError("json", f"{file} is not JSON: {error.msg} ({where}).", file, where) from None


@contextmanager
def refusing(report: Report, code: str, file: str, where: str) -> Iterator[None]:
    """What turns out to be wrong within is left out, and said with its place."""
    try:
        yield
    except (Wrong, rle.RleError) as error:
        report.refuse(code, f"{error}.", file, where)
