"""From a shape of a file to a `create` op: checked, clipped to the picture, with ids; or a word on why not. Pure.

What is wrong with a part (a number, an attribute) is left out and said; what is wrong with the geometry refuses the
shape, since somebody may look for it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from annotations import checks, shapes
from annotations.formats import rle
from annotations.formats.records import Geometry, Shape

_INLINE_COUNTS = checks.MAX_SHAPE_BYTES - 200
MOST_COUNTS = 4 * 1024 * 1024
_NO_ATTRIBUTES = "00000000-0000-0000-0000-000000000000"

Say = Callable[[str, str], None]  # code, text: something was changed
Blob = Callable[[str, str], None]  # digest, counts


class Refused(Exception):
    """The shape cannot be taken; `code` and the text say why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """What a shape is put on: pixels (0 by 0 where nobody knows yet), frames of a video (None: an image)."""

    width: int
    height: int
    frames: int | None
    frame: int | None = None


def op_of(
    shape: Shape, name: str, label: str, points: int | None, place: Place, say: Say, blob: Blob
) -> dict[str, Any]:
    """The op that creates a shape.

    Args:
        name: Its id.
        points: Keypoints of the label's skeleton; None where it has none.
        say: Told of what was changed.
        blob: Told of masks that are too large for an op.

    Raises:
        Refused: and nothing of it is to be written.
    """
    op: dict[str, Any] = {"op": "create", "id": name, "label": label}
    if shape.keyframes and place.frames is not None:
        op["keyframes"] = _track(shape, points, place, say, blob)
        first = next(iter(op["keyframes"]))
        op["frame"], op["geometry"] = int(first), op["keyframes"][first]["geometry"]
    else:
        op["geometry"] = fitted(shape.geometry, points, place, say, blob)
        if place.frames is not None or shape.frame:
            op["frame"] = _frame(shape, place)
    op["source"] = shape.source if shape.source in ("human", "model") else "import"
    if shape.attributes:
        op["attributes"] = _attributes(shape.attributes, say)
    if shape.confidence is not None:
        op["confidence"] = _confidence(shape.confidence, say)
    if shape.z:
        op["z"] = max(-checks.MAX_Z, min(checks.MAX_Z, shape.z))
    return op


def fitted(geometry: Geometry, points: int | None, place: Place, say: Say, blob: Blob) -> Geometry:
    """A geometry as the journal keeps it.

    Raises:
        Refused: it is not well-formed, lies outside of the picture, or has not its skeleton's points.
    """
    kind = geometry.get("type")
    if kind == "mask":
        return _mask(geometry, place, blob)
    try:
        checked = shapes.parse(_with_ids(geometry) if kind in ("polygon", "polyline") else geometry)
    except shapes.ShapeError as error:
        raise Refused("geometry", f"{_upper(str(error).replace('geometry.', ''))}.") from None
    if kind == "box":
        return _clipped(checked, place, say)
    if kind == "keypoints" and points is not None and len(checked["points"]) != points:
        raise Refused("keypoints", f"It has {len(checked['points'])} keypoints, its label's skeleton {points}.")
    if _too_large(checked):
        raise Refused("too-large", "It has more points than a shape can have: make it a mask, or simplify it.")
    return _clipped(checked, place, say)


def _too_large(geometry: Geometry) -> bool:
    rings = geometry.get("rings") or [geometry.get("points", ())]
    return sum(map(len, rings)) > 1000 and len(orjson.dumps(geometry)) > checks.MAX_SHAPE_BYTES


def _clipped(geometry: Geometry, place: Place, say: Say) -> Geometry:
    if not place.width:
        return geometry
    try:
        clipped = shapes.clip(geometry, place.width, place.height)
    except shapes.ShapeError as error:
        raise Refused("outside", f"{_upper(str(error))}.") from None
    if clipped is not geometry and clipped != geometry:
        say("clipped", f"The {geometry['type']} reaches over the picture's border and was cut there.")
    return clipped


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_ids(geometry: Geometry) -> Geometry:
    """Vertices get ids, counted through the shape, unless they have some."""
    rings = geometry.get("rings")
    if isinstance(rings, list):
        n = 0
        named = []
        for ring in rings:
            named.append(_named(ring, n))
            n += len(ring) if isinstance(ring, list) else 0
        return {**geometry, "rings": named}
    if geometry.get("type") == "polyline" and isinstance(geometry.get("points"), list):
        return {**geometry, "points": _named(geometry["points"], 0)}
    return geometry


def _named(ring: Any, first: int) -> Any:
    if not isinstance(ring, list) or not all(isinstance(v, list | tuple) and len(v) == 2 for v in ring):
        return ring
    return [[n, v[0], v[1]] for n, v in enumerate(ring, start=first)]


def _mask(geometry: Geometry, place: Place, blob: Blob) -> Geometry:
    size, counts = geometry.get("size"), geometry.get("counts")
    if not isinstance(counts, str) or not _is_size(size):
        raise Refused("geometry", "The mask has no size or no counts.")
    size = list(size or ())
    if place.width and size != [place.height, place.width]:
        raise Refused(
            "mask-size",
            f"The mask has {size[1]} x {size[0]} pixels, the picture {place.width} x {place.height}.",
        )
    try:
        runs = rle.runs(counts)
    except rle.RleError as error:
        raise Refused("geometry", f"{_upper(str(error))}.") from None
    if (len(runs) and runs.min() < 0) or int(runs.sum()) != size[0] * size[1]:
        raise Refused("geometry", f"The mask covers {int(runs.sum())} pixels, its size says {size[0] * size[1]}.")
    if len(counts) + counts.count("\\") <= _INLINE_COUNTS:
        return {"type": "mask", "size": size, "counts": counts}
    if len(counts) > MOST_COUNTS:
        raise Refused("too-large", f"The mask takes {len(counts) >> 20} MiB of run lengths; it may take 4.")
    digest = hashlib.sha256(counts.encode()).hexdigest()
    blob(digest, counts)
    return {"type": "mask", "size": size, "blob": digest}


def _is_size(size: Any) -> bool:
    return isinstance(size, list | tuple) and len(size) == 2 and all(type(n) is int and 0 < n < 2**20 for n in size)


def _frame(shape: Shape, place: Place) -> int | None:
    frame = place.frame if shape.frame is None else shape.frame
    if place.frames is None:
        raise Refused("frame", f"It is on frame {frame}, but the picture is no video.")
    if frame is None:
        if shape.geometry.get("type") == "tag":
            return None
        raise Refused("frame", "It says not on which frame of the video it is.")
    if not 0 <= frame < place.frames:
        raise Refused("frame", f"It is on frame {frame}; the video has {place.frames}, counted from 0.")
    return frame


def _track(shape: Shape, points: int | None, place: Place, say: Say, blob: Blob) -> dict[str, Any]:
    """The keyframes in order, by the text of their frames; those that cannot be are left out."""
    assert shape.keyframes is not None and place.frames is not None
    if len(shape.keyframes) > checks.MAX_KEYFRAMES:
        raise Refused(
            "too-large",
            f"The track has {len(shape.keyframes)} keyframes, it may have {checks.MAX_KEYFRAMES}: split it.",
        )
    track: dict[str, Any] = {}
    for frame in sorted(shape.keyframes):
        try:
            if not 0 <= frame < place.frames:
                raise Refused("frame", f"it is beyond the video's {place.frames} frames.")
            keyframe = _keyframe(shape.keyframes[frame], points, place, say, blob)
        except Refused as refused:
            say("keyframe", f"The keyframe {frame} of a track was left out: {refused}")
            continue
        if track or "geometry" in keyframe:
            track[str(frame)] = keyframe
    if not track:
        raise Refused("frame", "None of the track's keyframes lies in the video with a shape on it.")
    return track


def _keyframe(found: dict[str, Any], points: int | None, place: Place, say: Say, blob: Blob) -> dict[str, Any]:
    keyframe: dict[str, Any] = {}
    if found.get("geometry") is not None:
        keyframe["geometry"] = fitted(found["geometry"], points, place, say, blob)
    for name in ("outside", "occluded"):
        if name in found:
            keyframe[name] = bool(found[name])
    if found.get("attributes"):
        keyframe["attributes"] = _attributes(found["attributes"], say)
    return keyframe


def _attributes(found: dict[str, Any], say: Say) -> dict[str, Any]:
    """Attributes that can be kept; the others are said and left out."""
    if _checked(found) is not None:
        return found
    kept: dict[str, Any] = {}
    for name, value in found.items():
        if _checked({**kept, name: value}) is not None:
            kept[name] = value
        else:
            say("attribute", f"The attribute {str(name)[:40]!r} was left out: its name or value cannot be kept.")
    return kept


def _checked(found: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return checks.check_op({"op": "update", "id": _NO_ATTRIBUTES, "set": {"attributes": found}})
    except (checks.Malformed, checks.Rejected, TypeError):
        return None


def _confidence(value: Any, say: Say) -> float | None:
    if type(value) in (int, float) and 0 <= value <= 1:
        return float(value)
    say("confidence", f"The confidence {str(value)[:20]} was left out: it is no number from 0 to 1.")
    return None


def group_of(item: str, group: str) -> str:
    """A group's id, the same for the same name in one item; one that is an id already stays."""
    return group if checks.is_id(group) else str(uuid.uuid5(uuid.UUID(item), group))
