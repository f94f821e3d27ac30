"""Strict checks of what comes from outside: one function a field, and the ops of a transaction. Pure.

A check takes the value and where it stands, and gives the value back or raises `Malformed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from annotations import shapes

MAX_OPS = 200
MAX_OPS_TRUSTED = 500
MAX_SHAPE_BYTES = 64 * 1024
MAX_ATTRIBUTES = 100
MAX_REV = 2**53
MAX_Z = 10**6
MAX_KEYFRAMES = 10_000

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_UNSAFE_KEYS = {"__proto__", "constructor", "prototype"}
_NAMES = {"keypoints": "These keypoints take", "attributes": "These attributes take"}
_MENDING = {
    "polygon": "draw it with fewer points, or convert it to a mask.",
    "polyline": "draw it with fewer points, or in several parts.",
    "keypoints": "use fewer of them.",
    "mask": "store its run lengths at items/{id}/blobs and name them by `blob`, or paint it in several parts.",
    "attributes": "shorten their texts.",
}


class Malformed(ValueError):
    """A message that is not of this protocol; `where` points at the offending part."""

    def __init__(self, detail: str, where: str = "") -> None:
        super().__init__(f"{where}: {detail}" if where else detail)
        self.where = where


class Rejected(Exception):
    """A transaction is refused, and nothing of it was applied.

    Attributes:
        code: one of the codes in the module's description.
        detail: what is wrong, and how to mend it.
        current: the shape in the way, where there is one.
        retryable: whether the same transaction may succeed later.
    """

    def __init__(self, code: str, detail: str, current: Any = None, retryable: bool = False) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.current = current
        self.retryable = retryable


# Fields

Check = Callable[[Any, str], Any]


def is_id(value: object) -> bool:
    """Whether it is a UUID in its canonical lower-case form."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def uuid_text(value: Any, where: str) -> str:
    if not is_id(value):
        raise Malformed("must be a UUID in lower case, such as 01890f6e-8a7b-7c3d-9e2f-0123456789ab", where)
    return str(value)


def name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Malformed("must be 1 to 64 letters, digits, dots, colons, dashes or underscores", where)
    return value


def optional_name(value: Any, where: str) -> str:
    return "" if value in (None, "") else name(value, where)


def whole(low: int, high: int) -> Check:
    def check(value: Any, where: str) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Malformed(f"must be a whole number from {low} to {high}", where)
        return value

    return check


revision = whole(0, MAX_REV)
frame_number = whole(0, 2**31 - 1)


def or_null(check: Check) -> Check:
    return lambda value, where: None if value is None else check(value, where)


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed("must be true or false", where)
    return value


def one_of(*words: str) -> Check:
    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise Malformed(f"must be one of {', '.join(words)}", where)
        return value

    return check


def coordinate(value: Any, where: str) -> float:
    try:
        return shapes.number(value, where)
    except shapes.ShapeError as error:
        raise Malformed(str(error)) from None


def _confidence(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise Malformed("must be a number from 0 to 1", where)
    return float(value)


def _vertex(value: Any, where: str) -> int | str:
    try:
        return shapes.vertex_id(value, where)
    except shapes.ShapeError as error:
        raise Malformed(str(error)) from None


def geometry(value: Any, where: str) -> dict[str, Any]:
    try:
        geometry = shapes.parse(value)
    except shapes.ShapeError as error:
        raise Malformed(str(error).replace("geometry", where, 1)) from None
    if geometry["type"] in ("polygon", "polyline", "keypoints", "mask"):
        _small_enough(geometry, where, geometry["type"])
    return geometry


def _small_enough(value: dict[str, Any], where: str, what: str) -> None:
    size = len(orjson.dumps(value))
    if size > MAX_SHAPE_BYTES:
        takes = f"{_NAMES.get(what, f'This {what} takes')} {-(-size // 1024)} KiB"
        raise Rejected("TOO_LARGE", f"{takes}, and may take {MAX_SHAPE_BYTES // 1024}: {_MENDING[what]} ({where})")


def _text(value: Any, where: str, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise Malformed(f"must be a text of at most {longest} characters without NUL", where)
    return value


def _scalar(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where, 2000)
    if type(value) in (int, float) and abs(value) <= 1e15:  # false for NaN
        return value
    raise Malformed("must be a text, a number, true, false, null, or a list of these", where)


def _attributes(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ATTRIBUTES:
        raise Malformed(f"must be an object of at most {MAX_ATTRIBUTES} attributes", where)
    checked: dict[str, Any] = {}
    for key, entry in value.items():
        at = f"{where}/{key[:40]}"
        if not key or key in _UNSAFE_KEYS:
            raise Malformed("is no usable attribute name", at)
        _text(key, at, 100)
        if isinstance(entry, list) and len(entry) <= 100:
            checked[key] = [_scalar(part, at) for part in entry]
        else:
            checked[key] = _scalar(entry, at)
    _small_enough(checked, where, "attributes")
    return checked


def fields(message: dict[str, Any], where: str, must: dict[str, Check], may: dict[str, Check]) -> dict[str, Any]:
    """The checked values of an object that has all of `must`, some of `may`, and nothing else."""
    checked: dict[str, Any] = {}
    for name, value in message.items():
        check = must.get(name) or may.get(name)
        if check is None:
            raise Malformed("is not a known field", f"{where}/{name[:40]}")
        checked[name] = check(value, f"{where}/{name}")
    for name in must:
        if name not in checked:
            raise Malformed("is missing", f"{where}/{name}")
    return checked


def json_object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("must be an object", where)
    return value


# Ops

_op = one_of("create", "update", "delete", "restore", "vertex", "keyframe", "track")


def _update_set(value: Any, where: str) -> dict[str, Any]:
    changes = fields(json_object(value, where), where, {}, _SET)
    if not changes:
        raise Malformed("must name at least one property", where)
    return changes


def _keyframe_set(value: Any, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    changes = fields(json_object(value, where), where, {}, _KEYFRAME)
    if not changes:
        raise Malformed("must name at least one property, or be null to remove the keyframe", where)
    return changes


_SET: dict[str, Check] = {
    "label": uuid_text,
    "geometry": geometry,
    "attributes": _attributes,
    "frame": or_null(frame_number),
    "source": one_of("human", "model", "import"),
    "group": or_null(uuid_text),
    "z": whole(-MAX_Z, MAX_Z),
    "keyframes": or_null(lambda value, where: _keyframes(value, where)),
}
_KEYFRAME: dict[str, Check] = {
    "geometry": geometry,
    "outside": flag,
    "occluded": flag,
    "attributes": _attributes,
}
_TRUSTED_ONLY = {"source", "confidence", "detection_id"}


def _keyframes(value: Any, where: str) -> dict[str, Any]:
    """A whole track: {frame: {geometry, outside, occluded, attributes}}; its first keyframe has a geometry."""
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_KEYFRAMES:
        raise Malformed(f"must be an object of 1 to {MAX_KEYFRAMES} keyframes", where)
    checked: dict[str, Any] = {}
    for key, entry in value.items():
        if not (key.isascii() and key.isdigit() and str(int(key)) == key and int(key) < 2**31):
            raise Malformed("is no frame number", f"{where}/{key[:20]}")
        checked[key] = fields(json_object(entry, f"{where}/{key}"), f"{where}/{key}", {}, _KEYFRAME)
    first = min(checked, key=int)
    if "geometry" not in checked[first]:
        raise Malformed("needs a geometry, for it is the track's first keyframe", f"{where}/{first}")
    return checked


_OPS: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "create": (
        {"op": _op, "id": uuid_text, "label": uuid_text, "geometry": geometry},
        {
            "frame": or_null(frame_number),
            "attributes": _attributes,
            "source": one_of("human", "model", "import"),
            "confidence": or_null(_confidence),
            "keyframes": or_null(_keyframes),
            "detection_id": or_null(frame_number),
            "group": or_null(uuid_text),
            "z": whole(-MAX_Z, MAX_Z),
        },
    ),
    "update": ({"op": _op, "id": uuid_text, "set": _update_set}, {"geom_rev": revision}),
    "delete": ({"op": _op, "id": uuid_text}, {}),
    "restore": ({"op": _op, "id": uuid_text}, {}),
    "vertex": (
        {
            "op": _op,
            "id": uuid_text,
            "ring": whole(0, 1000),
            "do": one_of("move", "insert", "remove"),
            "vertex": _vertex,
        },
        {"after": or_null(_vertex), "x": coordinate, "y": coordinate, "geom_rev": revision},
    ),
    "keyframe": ({"op": _op, "id": uuid_text, "frame": frame_number, "set": _keyframe_set}, {}),
}
_TRACK: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "split": ({"frame": frame_number, "new": uuid_text}, {}),
    "merge": ({"other": uuid_text}, {"other_rev": revision}),
    "trim": ({}, {"first": or_null(frame_number), "last": or_null(frame_number)}),
}


def check_op(op: Any, where: str = "/ops/0", trusted: bool = False) -> dict[str, Any]:
    """A checked copy of one op.

    Only `trusted` callers, which are never browsers, may say that a shape comes from a model or an import.

    Raises:
        Malformed: naming the field. Rejected: TOO_LARGE.
    """
    kind = _op(json_object(op, where).get("op"), f"{where}/op")
    must, may = _track_fields(op, where) if kind == "track" else _OPS[kind]
    checked = fields(op, where, must, may)
    if kind == "vertex":
        _check_vertex(checked, where)
    if not trusted:
        _check_source(checked, where)
    return checked


def _track_fields(op: dict[str, Any], where: str) -> tuple[dict[str, Check], dict[str, Check]]:
    must, may = _TRACK[one_of(*_TRACK)(op.get("do"), f"{where}/do")]
    common: dict[str, Check] = {"op": _op, "id": uuid_text, "do": one_of(*_TRACK)}
    return common | must, may | {"track_rev": revision}


def _check_vertex(op: dict[str, Any], where: str) -> None:
    removes = op["do"] == "remove"
    for name in ("x", "y"):
        if (name in op) is removes:
            raise Malformed("is missing" if not removes else "has no meaning when removing", f"{where}/{name}")
    if "after" in op and op["do"] != "insert":
        raise Malformed("is for inserting only", f"{where}/after")


def _check_source(op: dict[str, Any], where: str) -> None:
    if op["op"] == "create" and not op.keys().isdisjoint(_TRUSTED_ONLY):
        raise Malformed("source, confidence and detection_id are set by models and imports only", where)
    if op["op"] == "update" and "keyframes" in op["set"]:
        raise Malformed("are set one by one, by ops of the kind keyframe", f"{where}/set/keyframes")
    if op["op"] == "update" and op["set"].get("source", "human") != "human":
        raise Malformed("can only be set to human, which accepts a suggestion", f"{where}/set/source")


def check_ops(ops: Any, trusted: bool = False) -> list[dict[str, Any]]:
    """Checked copies of a transaction's ops.

    Raises:
        Rejected: INVALID with the place and the reason, TOO_LARGE.
    """
    most = MAX_OPS_TRUSTED if trusted else MAX_OPS
    if not isinstance(ops, list):
        raise Rejected("INVALID", "/ops: must be a list of ops")
    if len(ops) > most:
        raise Rejected("TOO_LARGE", f"/ops: a transaction may have at most {most} ops, not {len(ops)}: send several.")
    try:
        return [check_op(op, f"/ops/{n}", trusted) for n, op in enumerate(ops)]
    except Malformed as error:
        raise Rejected("INVALID", str(error)) from None
