"""What most of the people drew on an item, as one drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotations.work.agreement import MATCH, Shape, assigned
from annotations.work.overlap import iou, near


def merged(people: Sequence[Sequence[Shape]], threshold: float = MATCH) -> list[Shape]:
    """What at least half of the people drew, once each: mean geometry, majority label and attributes.

    Each person's shapes in turn are matched with the clusters so far, by the mean overlap with a cluster's
    members. Boxes, rotated boxes and keypoints become the mean of theirs; of polygons, polylines, masks and
    tracks the member that lies most in the middle (the greatest mean IoU with the others) is taken.
    """
    clusters: list[list[Shape]] = []
    for shapes in people:
        _join(clusters, list(shapes), threshold)
    return [_one_of(cluster) for cluster in clusters if 2 * len(cluster) >= len(people)]


def _join(clusters: list[list[Shape]], shapes: list[Shape], threshold: float) -> None:
    overlaps = {}
    for m, n in near([cluster[0] for cluster in clusters], shapes):
        found = sum(iou(member, shapes[n]) for member in clusters[m]) / len(clusters[m])
        if found >= threshold:
            overlaps[m, n] = found
    taken = assigned(overlaps, [cluster[0] for cluster in clusters], shapes)
    for m, n in taken:
        clusters[m].append(shapes[n])
    had = {n for _, n in taken}
    clusters.extend([shape] for n, shape in enumerate(shapes) if n not in had)


def _one_of(cluster: list[Shape]) -> Shape:
    middle = max(cluster, key=lambda shape: sum(iou(shape, other) for other in cluster))
    kinds = {shape["geometry"]["type"] for shape in cluster}
    mean = _MEANS.get(middle["geometry"]["type"])
    tracks = any(shape.get("keyframes") for shape in cluster)
    geometry = middle["geometry"]
    if mean is not None and len(kinds) == 1 and not tracks:
        geometry = mean([shape["geometry"] for shape in cluster]) or geometry
    keys = sorted({key for shape in cluster for key in shape.get("attributes", {})})
    chosen = {key: _most([shape.get("attributes", {}).get(key) for shape in cluster]) for key in keys}
    return {
        "label": _most([shape["label"] for shape in cluster]),
        "geometry": geometry,
        "frame": middle.get("frame"),
        "keyframes": middle.get("keyframes"),
        "attributes": {key: value for key, value in chosen.items() if value is not None},
        "votes": len(cluster),
    }


def _most(values: Sequence[Any]) -> Any:
    """The value that most have; of equals the first."""
    return max(values, key=lambda value: sum(other == value for other in values))


def _mean_box(boxes: list[Shape]) -> Shape:
    return {"type": "box"} | {key: sum(box[key] for box in boxes) / len(boxes) for key in ("x", "y", "w", "h")}


def _mean_rbox(boxes: list[Shape]) -> Shape:
    """The angle is the mean direction of twice the angles: a box turned by 180 degrees is the same."""
    turns = np.radians([2 * box["angle"] for box in boxes])
    angle = float(np.degrees(np.arctan2(np.sin(turns).mean(), np.cos(turns).mean())) / 2)
    sides = {key: sum(box[key] for box in boxes) / len(boxes) for key in ("cx", "cy", "w", "h")}
    return {"type": "rbox", **sides, "angle": angle}


def _mean_keypoints(shapes: list[Shape]) -> Shape | None:
    """Each point over those who see it alike; None where they have different numbers of points."""
    if len({len(shape["points"]) for shape in shapes}) != 1:
        return None
    points = []
    for several in zip(*(shape["points"] for shape in shapes), strict=True):
        seen = _most([v for _, _, v in several])
        places = [(x, y) for x, y, v in several if v == seen]
        points.append([sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places), seen])
    return {"type": "keypoints", "points": points}


_MEANS = {"box": _mean_box, "rbox": _mean_rbox, "keypoints": _mean_keypoints}
