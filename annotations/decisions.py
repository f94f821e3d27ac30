"""What becomes of a transaction: the rules that stand above the reducer. Pure.

The reducer says what an op does to a shape; here is decided whether this person's op may do it now: labels,
frames and the picture's border, stale intent, who was the last writer, and what an undo may still take back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from annotations import ops, shapes, tracks
from annotations.checks import MAX_KEYFRAMES, Rejected
from annotations.ops import Op, Shape, Stamp

STALE_MS = 10_000
_NEVER_OVERWRITTEN = {"label"}  # a class that somebody else has set is never replaced unseen

Touched = dict[str, list[Any]]  # property -> [rev, user id or None, milliseconds since 1970]


@dataclass(slots=True)
class Entry:
    """A shape, and who wrote each of its properties last."""

    shape: Shape
    touched: Touched


@dataclass(slots=True)
class Facts:
    """What the item and the moment say about a transaction."""

    stamp: Stamp
    at_ms: int
    width: int
    height: int
    frames: int | None
    labels: frozenset[str] | set[str]
    human: bool = True
    detections: int = 0  # the highest number that the item has given to a shape
    replaced: Mapping[str, str] = field(default_factory=dict)  # a merged label -> the one that took its place


@dataclass(slots=True)
class Outcome:
    """What a transaction did. `ops` are the effective ones, `inverse` takes them back in its own order."""

    ops: list[Op] = field(default_factory=list)
    inverse: list[Op] = field(default_factory=list)
    overwritten: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, Entry] = field(default_factory=dict)
    added: int = 0
    detections: int = 0


def decide(entries: Mapping[str, Entry], wanted: list[Op], base_rev: int, facts: Facts) -> Outcome:
    """Apply a person's ops to the shapes they touch; all or none.

    Raises:
        Rejected: by the reducer, or UNKNOWN_LABEL, FRAME_RANGE, OUTSIDE, CONFLICT, AHEAD, TOO_LARGE.
    """
    if base_rev >= facts.stamp.rev:
        raise Rejected("AHEAD", f"base_rev {base_rev} is not known here: load the item again.")
    outcome = Outcome(detections=facts.detections)
    for place, op in enumerate(wanted):
        if op["op"] == "track":
            _do_track(entries, op, place, base_rev, facts, outcome)
            continue
        entry = outcome.changed.get(op["id"]) or entries.get(op["id"])
        op = _numbered(_fitted(op, entry, facts), outcome)
        if entry is not None:
            _judge(entry, op, base_rev, facts, outcome)
            check_back(entry, op, facts)
        carry_out(entry, op, facts, outcome)
        follow(op, facts, outcome)
        if facts.human:
            _accept(op, facts, outcome)
    outcome.inverse.reverse()
    return outcome


def last_writer(touched: Touched, name: str) -> list[Any] | None:
    """[rev, user, milliseconds] of the last write that a property saw, by itself or as part of a whole.

    >>> last_writer({"created": [1, "a", 0], "geometry": [3, "b", 0], "vertex.v": [2, "a", 0]}, "vertex.v")
    [3, 'b', 0]
    """
    related = [touched[key] for key in (name, "created") if key in touched]
    kind = name.partition(".")[0]
    if name == "geometry" or name == "keyframes":
        part = "vertex." if name == "geometry" else "keyframe."
        related += [write for key, write in touched.items() if key.startswith(part)]
    elif kind == "vertex" and "geometry" in touched:
        related.append(touched["geometry"])
    elif kind == "keyframe" and "keyframes" in touched:
        related.append(touched["keyframes"])
    return max(related, key=lambda write: int(write[0]), default=None)


def _do_track(entries: Mapping[str, Entry], op: Op, place: int, base_rev: int, facts: Facts, outcome: Outcome) -> None:
    """Apply the plain ops that a track op amounts to; they are taken back together or not at all."""
    about = {name: outcome.changed.get(name) or entries.get(name) for name in tracks.named(op)}
    there = {name: entry for name, entry in about.items() if entry is not None}
    op = _fitted(op, None, facts)
    for name, field_ in (("id", "track_rev"), ("other", "other_rev")):
        if op.get(name) in there and field_ not in op:
            _judge_keyframes(there[op[name]], base_rev, facts)
    plain_ops = tracks.expand(op, {name: entry.shape for name, entry in there.items()})
    for plain in plain_ops:
        entry = outcome.changed.get(plain["id"]) or there.get(plain["id"])
        if entry is not None and plain["op"] == "delete":
            _judge(entry, plain, base_rev, facts, outcome)
        carry_out(entry, _numbered(plain, outcome), facts, outcome, place if len(plain_ops) > 1 else None)


def carry_out(entry: Entry | None, op: Op, facts: Facts, outcome: Outcome, together: int | None = None) -> None:
    """Apply one op and write down its effect, its inverse and its author.

    Args:
        together: marks inverses that make no sense one without the other.
    """
    before = entry.shape if entry else None
    after = ops.apply(before, op, facts.stamp)
    back = ops.inverse(before, after, op)
    if back is None:
        return
    outcome.ops.append(_public(op, before))
    outcome.inverse.append(back if together is None else {**back, "with": together})
    outcome.added += _counts(after) - _counts(before)
    touched = _written(entry.touched if entry else {}, op, facts)
    outcome.changed[op["id"]] = Entry(after, touched)


def _counts(shape: Shape | None) -> bool:
    """Whether a shape is somebody's label: a suggestion is none until a person accepts it."""
    return shape is not None and not shape["deleted"] and shape["source"] != "model"


def _public(op: Op, before: Shape | None) -> Op:
    """The op as peers and the journal get it: it applies wherever the ones before it were applied."""
    if op["op"] == "restore":
        return {**op, "shape": before}
    return {name: value for name, value in op.items() if name != "geom_rev"}


def _written(touched: Touched, op: Op, facts: Facts) -> Touched:
    write = [facts.stamp.rev, facts.stamp.actor, facts.at_ms]
    names = ops.touches(op)
    parts = tuple({"geometry": "vertex.", "keyframes": "keyframe."}[name] for name in names if name in _WHOLES)
    kept = {key: old for key, old in touched.items() if not key.startswith(parts)} if parts else dict(touched)
    return kept | dict.fromkeys(names, write)


_WHOLES = {"geometry", "keyframes"}


# Fitting into the project and the picture


def _fitted(op: Op, entry: Entry | None, facts: Facts) -> Op:
    """The op with its geometry clipped to the picture, if its label and frame exist."""
    kind = op["op"]
    op = present(op, facts)
    if kind == "create":
        _check_label(op["label"], facts)
        _check_frame(op.get("frame"), op["geometry"], facts)
        return {**op, "geometry": _clipped(op["geometry"], facts), **_fitted_track(op, facts)}
    if kind == "update":
        return {**op, "set": _fitted_set(op["set"], entry, facts)}
    if kind == "keyframe":
        _check_keyframe(op, facts)
        _check_room(op, entry)
        if op["set"] and "geometry" in op["set"]:
            return {**op, "set": {**op["set"], "geometry": _clipped(op["set"]["geometry"], facts)}}
    if kind == "track":
        return _fitted_cut(op, facts)
    if kind == "vertex" and "x" in op:
        x, y = shapes.clamp(op["x"], op["y"], facts.width, facts.height)
        return {**op, "x": x, "y": y}
    return op


def _fitted_track(op: Op, facts: Facts) -> dict[str, Any]:
    """The keyframes of a track that comes as a whole, clipped; its `frame` is the first of them."""
    frames = op.get("keyframes")
    if not frames:
        return {}
    fitted = {}
    for number in sorted(frames, key=int):
        _check_keyframe({"frame": int(number)}, facts)
        fitted[number] = frames[number]
        if "geometry" in fitted[number]:
            fitted[number] = {**fitted[number], "geometry": _clipped(fitted[number]["geometry"], facts)}
    return {"keyframes": fitted, "frame": int(next(iter(fitted)))}


def _fitted_cut(op: Op, facts: Facts) -> Op:
    """The frames of a cut, if they exist; the video's last frame is no end but the video's own."""
    for name in ("frame", "first", "last"):
        if op.get(name) is not None:
            _check_keyframe({"frame": op[name]}, facts)
    return {**op, "last": None} if facts.frames and op.get("last") == facts.frames - 1 else op


def _numbered(op: Op, outcome: Outcome) -> Op:
    """A new shape with the number that people will call it by: the item's next, unless an import brought one."""
    if op["op"] != "create":
        return op
    number = op.get("detection_id") or outcome.detections + 1
    outcome.detections = max(outcome.detections, number)
    return {**op, "detection_id": number}


def _fitted_set(changes: dict[str, Any], entry: Entry | None, facts: Facts) -> dict[str, Any]:
    if "label" in changes:
        _check_label(changes["label"], facts)
    if "frame" in changes:
        geometry = changes.get("geometry") or (entry.shape["geometry"] if entry else {"type": "tag"})
        _check_frame(changes["frame"], geometry, facts)
    if "geometry" in changes:
        return {**changes, "geometry": _clipped(changes["geometry"], facts)}
    return changes


def present(op: Op, facts: Facts) -> Op:
    """The op with the label that took the place of the one it names, if that one has merged meanwhile."""
    if op["op"] == "create" and op["label"] in facts.replaced:
        return {**op, "label": facts.replaced[op["label"]]}
    if op["op"] == "update" and op["set"].get("label") in facts.replaced:
        return {**op, "set": {**op["set"], "label": facts.replaced[op["set"]["label"]]}}
    return op


def follow(op: Op, facts: Facts, outcome: Outcome) -> None:
    """A shape that comes back takes the label that took the place of its own."""
    entry = outcome.changed.get(op["id"])
    if op["op"] != "restore" or entry is None:
        return
    label = entry.shape["label"]
    if label in facts.replaced:
        carry_out(entry, {"op": "update", "id": op["id"], "set": {"label": facts.replaced[label]}}, facts, outcome)


def check_back(entry: Entry, op: Op, facts: Facts) -> None:
    """A label that was deleted meanwhile does not come back with a shape."""
    if op["op"] == "restore" and entry.shape["label"] not in facts.replaced:
        _check_label(entry.shape["label"], facts)
    if op["op"] == "update" and "label" in op["set"]:
        _check_label(op["set"]["label"], facts)


def _check_label(label: str, facts: Facts) -> None:
    if label not in facts.labels:
        raise Rejected("UNKNOWN_LABEL", f"The project has no label {label} (any more): choose one of its labels.")


def _check_frame(frame: int | None, geometry: dict[str, Any], facts: Facts) -> None:
    if facts.frames is None:
        if frame is not None:
            raise Rejected("FRAME_RANGE", "An image has no frames: leave frame out.")
    elif frame is None:
        if geometry["type"] != "tag":
            raise Rejected("FRAME_RANGE", "On a video a shape needs the frame that it is on: give frame.")
    elif frame >= facts.frames:
        raise Rejected("FRAME_RANGE", f"The video has {facts.frames} frames, numbered from 0; {frame} is beyond.")


def _check_keyframe(op: Op, facts: Facts) -> None:
    if facts.frames is None:
        raise Rejected("FRAME_RANGE", "An image has no keyframes: give the shape a geometry instead.")
    if op["frame"] >= facts.frames:
        raise Rejected("FRAME_RANGE", f"The video has {facts.frames} frames, numbered from 0; {op['frame']} is beyond.")


def _check_room(op: Op, entry: Entry | None) -> None:
    keyframes = (entry.shape["keyframes"] if entry else None) or {}
    if op["set"] and str(op["frame"]) not in keyframes and len(keyframes) >= MAX_KEYFRAMES:
        detail = f"The track has {len(keyframes)} keyframes, as many as it may: split it first."
        raise Rejected("TOO_LARGE", detail, entry.shape if entry else None)


def _clipped(geometry: dict[str, Any], facts: Facts) -> dict[str, Any]:
    try:
        return shapes.clip(geometry, facts.width, facts.height)
    except shapes.ShapeError as error:
        raise Rejected("OUTSIDE", f"{error}.") from None


# Other people's work


def _judge(entry: Entry, op: Op, base_rev: int, facts: Facts, outcome: Outcome) -> None:
    """Let the last write of a property win, unless its author cannot have meant to beat the one before."""
    if entry.shape["deleted"] or op["op"] == "create":
        return  # the reducer answers
    if op["op"] == "delete":
        others = [write for write in entry.touched.values() if _unseen(write, base_rev, facts)]
        if any(_stale(write, facts) for write in others):
            raise Rejected("CONFLICT", "Somebody changed the shape meanwhile: look before you delete it.", entry.shape)
        return
    for name in ops.touches(op):
        write = last_writer(entry.touched, name)
        if write is None or not _unseen(write, base_rev, facts):
            continue
        if _refuses(entry, op, name, write, facts):
            raise Rejected("CONFLICT", f"Somebody changed the {name} meanwhile: look at it first.", entry.shape)
        value = ops.value_of(entry.shape, name)
        outcome.overwritten.append({"id": op["id"], "property": name, "by": write[1], "rev": write[0], "value": value})


def _judge_keyframes(entry: Entry, base_rev: int, facts: Facts) -> None:
    """Without a `track_rev`, because one's own edits are on their way: nobody else's keyframe may be unseen."""
    write = last_writer(entry.touched, "keyframes")
    if write is not None and _unseen(write, base_rev, facts):
        raise Rejected("CONFLICT", "Somebody changed the track's keyframes: look at it first.", entry.shape)


def _unseen(write: list[Any], base_rev: int, facts: Facts) -> bool:
    return int(write[0]) > base_rev and write[1] != facts.stamp.actor


def _stale(write: list[Any], facts: Facts) -> bool:
    return facts.at_ms - int(write[2]) > STALE_MS


def _refuses(entry: Entry, op: Op, name: str, write: list[Any], facts: Facts) -> bool:
    if name in _NEVER_OVERWRITTEN:
        return bool(op["set"][name] != entry.shape[name])
    if name == "geometry" and entry.shape["geometry"]["type"] in ("polygon", "polyline", "mask"):
        return "geom_rev" not in op  # with it, the reducer compares
    return _stale(write, facts)


def _accept(op: Op, facts: Facts, outcome: Outcome) -> None:
    """A person who moves or relabels a suggestion has accepted it."""
    entry = outcome.changed.get(op["id"])
    if entry is None or entry.shape["source"] != "model" or op["op"] not in ("update", "vertex", "keyframe"):
        return
    if op["op"] == "update" and not op["set"].keys() & {"geometry", "label"}:
        return
    carry_out(entry, {"op": "update", "id": op["id"], "set": {"source": "human"}}, facts, outcome)
