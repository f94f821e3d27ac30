"""Splitting, merging and trimming tracks: a `track` op as the plain ops that it amounts to. Pure.

    {op: "track", id, do: "split", frame, new}   from `frame` on it is the new track `new`
    {op: "track", id, do: "merge", other}        `other` joins where the first is not to be seen, and is deleted
    {op: "track", id, do: "trim", first, last}   only these frames are left; null: no end on this side

with `track_rev` (and `other_rev`): whoever cuts must have seen the keyframes as they are. Cuts get keyframes of
what was to be seen there, and `outside` after the end, so that nothing moves that was not cut away.

The journal and the peers get the plain ops (`update` of the keyframes, `create`, `delete`): they apply wherever
the ones before them were applied, and no later change of how tracks are interpolated can change the past.
`static/js/editor/model/tracks.js` does the same in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotations.checks import MAX_KEYFRAMES, Rejected
from annotations.interpolation import Track

Shape = dict[str, Any]
Op = dict[str, Any]
Frames = dict[str, Any]
_Piece = tuple[int, int, Track]


def named(op: Op) -> list[str]:
    """The ids of all shapes that an op is about.

    >>> named({"op": "track", "id": "a", "do": "merge", "other": "b"})
    ['a', 'b']
    """
    return [op[field] for field in ("id", "other", "new") if op.get(field)]


def expand(op: Op, document: Mapping[str, Shape]) -> list[Op]:
    """The plain ops of an op, in order; none when it changes nothing.

    Raises:
        Rejected: MISSING, GONE, CONFLICT (somebody changed the keyframes), INVALID, TOO_LARGE.
    """
    if op["op"] != "track":
        return [op]
    shape = _seen(document, op["id"], op.get("track_rev"))
    if op["do"] == "split":
        return _split(shape, op)
    if op["do"] == "trim":
        return _rewritten(shape, _trimmed(shape, op))
    other = _seen(document, op["other"], op.get("other_rev"))
    return [*_rewritten(shape, _merged(shape, other)), {"op": "delete", "id": other["id"]}]


def _seen(document: Mapping[str, Shape], name: str, track_rev: int | None) -> Shape:
    shape = document.get(name)
    if shape is None:
        raise Rejected("MISSING", f"There is no shape {name} in this item.")
    if shape["deleted"]:
        raise Rejected("GONE", "The track was deleted: restore it first.", shape)
    if track_rev is not None and track_rev != shape["track_rev"]:
        raise Rejected("CONFLICT", "The track's keyframes have changed since: look at it and try again.", shape)
    if shape["frame"] is None and not shape["keyframes"]:
        raise Rejected("INVALID", "A shape that is on no frame is no track.", shape)
    return shape


def _rewritten(shape: Shape, frames: Frames) -> list[Op]:
    if len(frames) > MAX_KEYFRAMES:
        raise Rejected(
            "TOO_LARGE", f"The track would have {len(frames)} keyframes; it may have {MAX_KEYFRAMES}.", shape
        )
    return [{"op": "update", "id": shape["id"], "set": {"keyframes": frames}}]


def _split(shape: Shape, op: Op) -> list[Op]:
    track = Track(shape)
    before, after = _cut(track, None, op["frame"] - 1), _cut(track, op["frame"], None)
    if not shape["keyframes"] or not before or not after:
        raise Rejected("INVALID", f"The track has nothing on one side of frame {op['frame']}: choose another.", shape)
    first = min(after, key=int)
    made = {"label": shape["label"], "geometry": after[first]["geometry"], "frame": int(first), "keyframes": after}
    kept = {name: shape[name] for name in ("attributes", "source", "confidence", "group", "z")}
    return [*_rewritten(shape, before), {"op": "create", "id": op["new"], **made, **kept}]


def _trimmed(shape: Shape, op: Op) -> Frames:
    frames = _cut(Track(shape), op.get("first"), op.get("last"))
    if not shape["keyframes"] or not frames:
        raise Rejected("INVALID", "The track is on none of these frames: delete it instead.", shape)
    return frames


def _cut(track: Track, first: int | None, last: int | None) -> Frames:
    """The keyframes that show what the track shows from `first` to `last`; none when that is nothing."""
    runs = _within(track, first, last)
    if not runs:
        return {}
    begin = runs[0][0]
    frames = {n: key for n, key in zip(track.numbers, track.keyframes, strict=True) if n >= begin}
    if begin != track.numbers[0]:
        frames[begin] = track.keyframe(begin)
    if last is not None:
        frames = {n: key for n, key in frames.items() if n <= last}
        if runs[-1][1] == last:
            frames |= _last_sight(track, last)
            frames[last + 1] = {"outside": True}
    return {str(n): frames[n] for n in sorted(frames)}


def _within(track: Track, first: int | None, last: int | None) -> list[tuple[int, int]]:
    runs = track.visible()
    if track.holds():
        begin, end = runs[-1]
        runs[-1] = begin, max(end, first or 0, last or 0)
    low = -1 if first is None else first
    high = runs[-1][1] if last is None and runs else last or 0
    cut = [(max(begin, low), min(end, high)) for begin, end in runs]
    return [(begin, end) for begin, end in cut if begin <= end]


def _merged(shape: Shape, other: Shape) -> Frames:
    """One track of two: where both are to be seen the first wins, and where neither is there is a gap."""
    if shape["id"] == other["id"] or shape["geometry"]["type"] != other["geometry"]["type"]:
        raise Rejected("INVALID", "Two tracks of the same kind of shape can be merged.", other)
    ours, theirs = Track(shape), Track(other)
    pieces: list[_Piece] = [(begin, end, ours) for begin, end in ours.visible()]
    pieces += [(begin, end, theirs) for begin, end in _left(theirs.visible(), ours.visible())]
    pieces.sort(key=lambda piece: piece[0])
    frames: dict[int, Any] = {}
    for n, (begin, _end, track) in enumerate(pieces):
        frames |= _inside(pieces[n])
        if n or begin != track.numbers[0]:
            frames[begin] = track.keyframe(begin)
        frames |= _ending(pieces[n], pieces[n + 1][0] if n + 1 < len(pieces) else None)
    return {str(n): frames[n] for n in sorted(frames)}


def _left(runs: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The runs without what is taken."""
    for begin, end in taken:
        parts = [part for low, high in runs for part in ((low, min(high, begin - 1)), (max(low, end + 1), high))]
        runs = [(low, high) for low, high in parts if low <= high]
    return runs


def _inside(piece: _Piece) -> dict[int, Any]:
    begin, end, track = piece
    return {n: key for n, key in zip(track.numbers, track.keyframes, strict=True) if begin <= n <= end}


def _last_sight(track: Track, end: int) -> dict[int, Any]:
    """A keyframe with a geometry on the last frame before a cut; nothing where there is one."""
    there = end in track.numbers and "geometry" in track.keyframes[track.numbers.index(end)]
    return {} if there else {end: track.keyframe(end)}


def _ending(piece: _Piece, following: int | None) -> dict[int, Any]:
    """The keyframes that end a piece as it ended: its last sight, and `outside` unless another follows at once."""
    _, end, track = piece
    if following is None and track.holds() and end == track.numbers[-1]:
        return {}
    sight = _last_sight(track, end)
    if following == end + 1:
        return sight
    if end + 1 in track.numbers:
        own = track.keyframes[track.numbers.index(end + 1)]
        if own.get("outside"):
            return {end + 1: own}
    return {**sight, end + 1: {"outside": True}}
