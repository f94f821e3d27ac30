"""A shape followed through the next frames of its video, as one suggested track."""

from __future__ import annotations

from typing import Any

from annotations import blobs
from annotations.interpolation import state_on
from annotations.models import Annotation
from projects import frames
from projects.models import Item
from projects.problems import Problem, invalid
from training.assist import carry, motion, propose
from training.assist.motion import Box, Course

MOST_FRAMES = 50  # in one call, which a person waits for; more goes in several
ORIGIN = f"{propose.TOOL}propagate"
LARGEST_INLINE = 4096  # characters of a mask's run lengths: fifty of them make a transaction
_MOVABLE = ("box", "rbox", "polygon", "polyline", "keypoints", "mask")


def propagate(item: Item, shape: Annotation, frame: int, count: int, method: str) -> tuple[list[Any], Course]:
    """The ops that suggest where a shape is on up to `count` frames after `frame`.

    A track that this tool has suggested is continued; anything else gets a new track beside it.

    Raises:
        Problem: the shape cannot be followed, with the reason.
    """
    geometry = blobs.inlined(item.pk, _shown(shape, frame))
    box = carry.box_of(geometry)
    if geometry["type"] not in _MOVABLE or box is None:
        raise invalid("/annotation", f"A {geometry['type']} has no place in the picture: there is nothing to follow.")
    last = item.asset.frames - 1
    if frame >= last:
        raise invalid("/frame", f"Frame {frame} is the last one: there is none to follow the shape to.")
    course = _course(item, box, range(frame, min(frame + count, last) + 1), method)
    if not course.steps:
        raise Problem(
            422, "nothing-found", f"The object is lost on frame {course.lost} already: {course.reason}. Draw it there."
        )
    track = {n: {"geometry": _stored(item, each)} for n, each in _keyframes(geometry, box, course)}
    end = course.steps[-1].frame + 1
    if end <= last:
        track[end] = {"outside": True}  # or the track would go on to the end of the video
    if _continues(shape, frame):
        return [_keyframe(shape, n, {"outside": False, **entry}) for n, entry in track.items()], course
    return [_track(shape, track, course)], course


def _shown(shape: Annotation, frame: int) -> dict[str, Any]:
    """The shape's geometry on a frame.

    Raises:
        ValidationError: at /frame, when it is not there.
    """
    geometry = geometry_on(shape, frame)
    if geometry is None:
        raise invalid("/frame", f"The shape is not on frame {frame}: name one that it is on.")
    return geometry


def geometry_on(shape: Annotation, frame: int | None) -> dict[str, Any] | None:
    """Where a shape is on a frame (None: of an image), between a track's keyframes too; None when it is not there."""
    names = ("frame", "geometry", "attributes", "keyframes")
    state = state_on({name: getattr(shape, name) for name in names}, frame)
    return state["geometry"] if state else None


def _course(item: Item, box: Box, wanted: range, method: str) -> Course:
    try:
        return motion.follow(frames.read_frames(item.asset, wanted), box, method)
    except (frames.FrameUnreadable, OSError) as error:
        raise Problem(409, "unreadable", f"The video cannot be read: {error}") from error


def _keyframes(geometry: dict[str, Any], box: Box, course: Course) -> list[tuple[int, dict[str, Any]]]:
    boxes = {step.frame: step.box for step in course.steps}
    chosen = (carry.moves if geometry["type"] == "mask" else carry.keyframes)(list(boxes.items()))
    found = [(n, carry.carried(geometry, box, boxes[n])) for n in chosen]
    return [(n, each) for n, each in found if carry.box_of(each) is not None]


def _stored(item: Item, geometry: dict[str, Any]) -> dict[str, Any]:
    """A geometry as it goes into the journal: a long mask lies beside it."""
    if len(geometry.get("counts", "")) <= LARGEST_INLINE:
        return geometry
    return {"type": "mask", "size": geometry["size"], "blob": blobs.store(item, geometry["counts"], None).digest}


def _continues(shape: Annotation, frame: int) -> bool:
    """Whether the shape is a suggested track that nothing but its end follows on after `frame`."""
    later = [entry for key, entry in (shape.keyframes or {}).items() if int(key) > frame]
    return bool(shape.keyframes) and shape.source == "model" and all(entry.get("outside") for entry in later)


def _keyframe(shape: Annotation, frame: int, entry: dict[str, Any]) -> dict[str, Any]:
    return {"op": "keyframe", "id": str(shape.pk), "frame": frame, "set": entry}


def _track(shape: Annotation, track: dict[int, dict[str, Any]], course: Course) -> dict[str, Any]:
    first = next(iter(track))
    confidence = min(step.confidence for step in course.steps)
    op = propose.create(shape.label_id, track[first]["geometry"], confidence, first)
    attributes = {name: value for name, value in shape.attributes.items() if value is not None}
    return {**op, "attributes": attributes, "keyframes": {str(n): entry for n, entry in track.items()}}
