"""The reducer: a document is a mapping of shapes, and an op gives the next one. Pure.

`static/js/editor/model/ops.js` does the same in the browser; both run `tests/vectors/ops/*.json`, so that
they cannot drift apart. A shape is an annotation of the interface:

    {id, label, frame, geometry, attributes, keyframes, source, confidence, detection_id, group, z,
     geom_rev, track_rev, created_rev, updated_rev, author, updated_by, updated_at, deleted}

A deleted shape stays in the document with `deleted: true`: an edit of it is `GONE`, and it can be restored.
A `track` op is about several shapes: `tracks.expand` gives the plain ops that it amounts to, and those are
applied, undone, journalled and broadcast.

A refused op raises `Rejected` with one of: MISSING, EXISTS, GONE, CONFLICT, ANCHOR_GONE, TOO_FEW,
LAST_KEYFRAME, INVALID, UNSUPPORTED. A transaction is atomic: one refused op refuses all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from annotations import tracks
from annotations.checks import Rejected
from annotations.shapes import MIN_LINE, MIN_RING

Shape = dict[str, Any]
Op = dict[str, Any]
Document = dict[str, Shape]


class Stamp(NamedTuple):
    """Who and when: what every changed shape is marked with."""

    rev: int
    actor: str | None
    at: str


def fold(document: Mapping[str, Shape], txs: list[dict[str, Any]]) -> Document:
    """The document after the transactions `{rev, actor: {id}, at, ops}`; the given one is left as it is.

    Raises:
        Rejected: an op cannot be applied.
    """
    result = dict(document)
    for tx in txs:
        actor = tx["actor"]
        stamp = Stamp(tx["rev"], actor["id"] if actor else None, tx["at"])
        for op in tx["ops"]:
            for plain in tracks.expand(op, result):
                result[plain["id"]] = apply(result.get(plain["id"]), plain, stamp)
    return result


def apply(shape: Shape | None, op: Op, stamp: Stamp) -> Shape:
    """The shape after an op; `shape` itself when nothing changes, otherwise a new one.

    Raises:
        Rejected: the op cannot be applied to the shape as it is.
    """
    kind = op["op"]
    if kind == "create":
        return _create(shape, op, stamp)
    if kind == "restore":
        return _restore(shape, op, stamp)
    if shape is None:
        raise Rejected("MISSING", f"There is no shape {op['id']} in this item.")
    if kind == "delete":
        return shape if shape["deleted"] else _marked(shape, stamp, deleted=True)
    if shape["deleted"]:
        raise Rejected("GONE", "The shape was deleted: restore it together with this change.", shape)
    if kind == "update":
        return _update(shape, op, stamp)
    if kind == "vertex":
        return _vertex(shape, op, stamp)
    if kind == "keyframe":
        return _keyframe(shape, op, stamp)
    raise Rejected("UNSUPPORTED", f"The op {kind!r} is about several shapes: apply what it amounts to.")


def inverse(before: Shape | None, after: Shape, op: Op) -> Op | None:
    """The op that takes `op` back, given the shape before and after it; None when it changed nothing."""
    if after is before:
        return None
    kind, name = op["op"], op["id"]
    if kind == "create" or kind == "restore":
        return {"op": "delete", "id": name}
    if kind == "delete":
        return {"op": "restore", "id": name}
    assert before is not None
    if kind == "update":
        return {"op": "update", "id": name, "set": _old_values(before, op["set"])}
    if kind == "vertex":
        return _inverse_vertex(before, op)
    frames = before["keyframes"]
    if frames is None:  # the op made a track out of a single shape
        return {"op": "update", "id": name, "set": {"keyframes": None}}
    return {"op": "keyframe", "id": name, "frame": op["frame"], "set": _old_keyframe(frames, op)}


def touches(op: Op) -> list[str]:
    """The names of the properties that an op writes; the last writer is remembered for each.

    >>> touches({"op": "update", "id": "a", "set": {"label": "b", "attributes": {"k": 1}}})
    ['label', 'attributes.k']
    """
    kind = op["op"]
    if kind == "update":
        names = [name for name in op["set"] if name != "attributes"]
        return names + [f"attributes.{key}" for key in op["set"].get("attributes", ())]
    if kind == "vertex":
        return [f"vertex.{op['vertex']}"]
    if kind == "keyframe":
        return [f"keyframe.{op['frame']}"]
    return ["created"] if kind == "create" else ["deleted"]


def value_of(shape: Shape, name: str) -> Any:
    """What a property of `touches` holds now."""
    kind, _, key = name.partition(".")
    if kind == "attributes" and key:
        return shape["attributes"].get(key)
    if kind == "keyframe":
        return (shape["keyframes"] or {}).get(key)
    if kind == "vertex":
        return shape["geometry"]
    return shape.get(kind)


def _marked(shape: Shape, stamp: Stamp, **changes: Any) -> Shape:
    return {
        **shape,
        **changes,
        "updated_rev": stamp.rev,
        "updated_by": stamp.actor,
        "updated_at": stamp.at,
    }


def _create(shape: Shape | None, op: Op, stamp: Stamp) -> Shape:
    if shape is not None:
        raise Rejected("EXISTS", f"The id {op['id']} is taken: make a new one.", shape)
    return {
        "id": op["id"],
        "label": op["label"],
        "frame": op.get("frame"),
        "geometry": op["geometry"],
        "attributes": op.get("attributes", {}),
        "keyframes": op.get("keyframes"),
        "source": op.get("source", "human"),
        "confidence": op.get("confidence"),
        "detection_id": op.get("detection_id"),
        "group": op.get("group"),
        "z": op.get("z", 0),
        "geom_rev": stamp.rev,
        "track_rev": stamp.rev if op.get("keyframes") else 0,
        "created_rev": stamp.rev,
        "updated_rev": stamp.rev,
        "author": stamp.actor,
        "updated_by": stamp.actor,
        "updated_at": stamp.at,
        "deleted": False,
    }


def _restore(shape: Shape | None, op: Op, stamp: Stamp) -> Shape:
    whole = shape or op.get("shape")
    if whole is None:
        raise Rejected("MISSING", f"There is no shape {op['id']} in this item.")
    if shape is not None and not shape["deleted"]:
        return shape
    return _marked(whole, stamp, deleted=False)


def _update(shape: Shape, op: Op, stamp: Stamp) -> Shape:
    changes = dict(op["set"])
    if "geometry" in changes:
        if op.get("geom_rev", shape["geom_rev"]) != shape["geom_rev"]:
            raise Rejected("CONFLICT", "The geometry has changed since: look at it and try again.", shape)
        changes["geom_rev"] = stamp.rev
    if "keyframes" in changes:
        changes["track_rev"] = stamp.rev
    if "attributes" in changes:
        changes["attributes"] = _merged(shape["attributes"], changes["attributes"])
    return _marked(shape, stamp, **changes)


def _merged(attributes: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**attributes, **changes}.items() if value is not None}


def _old_values(before: Shape, changes: dict[str, Any]) -> dict[str, Any]:
    old = {name: before[name] for name in changes if name != "attributes"}
    if "attributes" in changes:
        old["attributes"] = {key: before["attributes"].get(key) for key in changes["attributes"]}
    return old


# Vertices


def _ring(geometry: dict[str, Any], op: Op) -> tuple[list[list[Any]], int]:
    """The ring that a vertex op names, and how few vertices it may have."""
    if geometry["type"] == "polygon" and op["ring"] < len(geometry["rings"]):
        return geometry["rings"][op["ring"]], MIN_RING
    if geometry["type"] == "polyline" and op["ring"] == 0:
        return geometry["points"], MIN_LINE
    raise Rejected("INVALID", f"A {geometry['type']} has no ring {op['ring']} with vertices.")


def _with_ring(geometry: dict[str, Any], n: int, ring: list[list[Any]]) -> dict[str, Any]:
    if geometry["type"] == "polyline":
        return {**geometry, "points": ring}
    return {**geometry, "rings": [*geometry["rings"][:n], ring, *geometry["rings"][n + 1 :]]}


def _place(ring: list[list[Any]], vertex: int | str) -> int:
    """Where a vertex stands in its ring; -1 where it does not. 1 and "1" are two vertices."""
    return next((n for n, p in enumerate(ring) if p[0] == vertex and type(p[0]) is type(vertex)), -1)


def _anchor(ring: list[list[Any]], vertex: int | str, shape: Shape) -> int:
    place = _place(ring, vertex)
    if place < 0:
        raise Rejected("ANCHOR_GONE", f"The vertex {vertex!r} is no longer there.", shape)
    return place


def _vertex(shape: Shape, op: Op, stamp: Stamp) -> Shape:
    geometry = shape["geometry"]
    ring, fewest = _ring(geometry, op)
    if op["do"] == "insert":
        ring = _inserted(geometry, ring, op, shape)
    else:
        place = _anchor(ring, op["vertex"], shape)
        if op["do"] == "remove" and len(ring) <= fewest:
            raise Rejected("TOO_FEW", f"A {geometry['type']} needs {fewest} vertices: delete the shape instead.", shape)
        middle = [[op["vertex"], op["x"], op["y"]]] if op["do"] == "move" else []
        ring = [*ring[:place], *middle, *ring[place + 1 :]]
    return _marked(shape, stamp, geometry=_with_ring(geometry, op["ring"], ring), geom_rev=stamp.rev)


def _inserted(geometry: dict[str, Any], ring: list[list[Any]], op: Op, shape: Shape) -> list[list[Any]]:
    rings = geometry["rings"] if geometry["type"] == "polygon" else [ring]
    if any(_place(other, op["vertex"]) >= 0 for other in rings):
        raise Rejected("EXISTS", f"The vertex id {op['vertex']!r} is taken: make a new one.", shape)
    after = op.get("after")
    place = 0 if after is None else _anchor(ring, after, shape) + 1
    return [*ring[:place], [op["vertex"], op["x"], op["y"]], *ring[place:]]


def _inverse_vertex(before: Shape, op: Op) -> Op:
    back: Op = {"op": "vertex", "id": op["id"], "ring": op["ring"], "vertex": op["vertex"]}
    if op["do"] == "insert":
        return {**back, "do": "remove"}
    ring, _ = _ring(before["geometry"], op)
    place = _place(ring, op["vertex"])
    _, x, y = ring[place]
    if op["do"] == "move":
        return {**back, "do": "move", "x": x, "y": y}
    return {**back, "do": "insert", "after": ring[place - 1][0] if place else None, "x": x, "y": y}


# Keyframes


def _keyframe(shape: Shape, op: Op, stamp: Stamp) -> Shape:
    frames = dict(shape["keyframes"] or {})
    if not frames and shape["frame"] is not None:
        frames[str(shape["frame"])] = {"geometry": shape["geometry"]}
    key = str(op["frame"])
    if op["set"] is None:
        if key not in frames:
            return shape
        if len(frames) == 1:
            raise Rejected("LAST_KEYFRAME", "A track needs one keyframe: delete the track instead.", shape)
        del frames[key]
    else:
        frames[key] = _merged_keyframe(frames.get(key, {}), op["set"])
    return _marked(shape, stamp, keyframes=frames, track_rev=stamp.rev)


def _merged_keyframe(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**old, **changes}
    if "attributes" in changes:
        merged["attributes"] = _merged(old.get("attributes", {}), changes["attributes"])
    return {key: value for key, value in merged.items() if value is not None}


def _old_keyframe(frames: dict[str, Any], op: Op) -> dict[str, Any] | None:
    """What the named properties held; null in it takes a property out again, null as a whole the keyframe."""
    old = frames.get(str(op["frame"]))
    if old is None or op["set"] is None:
        return old
    back = {key: old.get(key) for key in op["set"]}
    if "attributes" in back:
        back["attributes"] = {key: old.get("attributes", {}).get(key) for key in op["set"]["attributes"]}
    return back
