"""Tracks of Label Studio's videos: boxes by frame, counted from 1. Pure.

A keyframe that is not `enabled` is still to be seen on its own frame; from the next on the object is gone. So where
Frameloop's track leaves at a frame, Label Studio's ends on the one before.
"""

from __future__ import annotations

from typing import Any

from annotations.formats import convert, values
from annotations.formats.labelstudio_values import Size, corner, rectangle
from annotations.formats.records import Geometry, Shape
from annotations.formats.values import Wrong
from annotations.interpolation import Track

Keyframes = dict[int, dict[str, Any]]


def read(value: dict[str, Any], size: Size) -> Keyframes:
    """Keyframes from 0, each with its geometry.

    Raises:
        Wrong: no keyframe, or one that cannot be taken.
    """
    found = [values.mapping(each, "a keyframe") for each in values.listing(value.get("sequence"), "sequence")]
    if not found:
        raise Wrong("the sequence is empty")
    turned = any(each.get("rotation") for each in found)
    frames = {values.whole(each.get("frame"), "frame", 1) - 1: each for each in found}
    keyframes: Keyframes = {}
    for frame, each in sorted(frames.items()):
        geometry = values.geometry(rectangle(each, size, turned))
        keyframes[frame] = {"geometry": geometry}
        if each.get("enabled", True) is False and frame + 1 not in frames:
            keyframes[frame + 1] = {"geometry": geometry, "outside": True}
    return keyframes


def written(shape: Shape, size: Size, fps: float | None) -> list[dict[str, Any]]:
    """The sequence of a track of boxes, or of a shape that is on one frame only."""
    keyframes = shape.keyframes or {shape.frame or 0: {"geometry": shape.geometry}}
    if shape.keyframes is None:
        keyframes = {**keyframes, (shape.frame or 0) + 1: {"outside": True}}
    track = Track(
        {"geometry": shape.geometry, "attributes": {}, "keyframes": {str(n): k for n, k in keyframes.items()}}
    )
    sequence = []
    for first, last in track.visible():
        ends = track.state(last + 1) is None
        within = [frame for frame in track.numbers if first <= frame <= last]
        for frame in [*within, *([last] if ends and last not in within else [])]:
            state = track.state(frame)
            assert state is not None  # it is to be seen from first to last
            enabled = not (ends and frame == last)
            sequence.append(_entry(frame, as_box(state["geometry"]), enabled, size, fps))
    return sequence


def _entry(frame: int, box: Geometry, enabled: bool, size: Size, fps: float | None) -> dict[str, Any]:
    entry = {"frame": frame + 1, "enabled": enabled, **corner(box, size)}
    return {**entry, "time": frame / fps} if fps else entry


def as_box(geometry: Geometry) -> Geometry:
    """What a track of Label Studio can show of it."""
    if geometry["type"] in ("box", "rbox"):
        return geometry
    around = convert.bounds(plain(geometry))
    return convert.box_of(*around) if around else geometry


def plain(geometry: Geometry) -> Geometry:
    """Without the vertices' ids, if it has some."""
    if geometry["type"] == "polygon":
        return {**geometry, "rings": [[point[-2:] for point in ring] for ring in geometry["rings"]]}
    return {**geometry, "points": [p[-2:] for p in geometry["points"]]} if geometry["type"] == "polyline" else geometry
