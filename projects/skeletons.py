"""Skeletons of keypoints as people type them. Pure.

The points are named one a line; the lines between them are pairs of their numbers, counted from 1: `1-2 2-3`.
"""

from __future__ import annotations

import re
from typing import Any

MOST_POINTS = 200
LONGEST_NAME = 60
_PAIR = re.compile(r"(\d{1,4})\s*[-–]\s*(\d{1,4})")


class SkeletonError(ValueError):
    """What was typed is no skeleton; `field` is `points` or `edges`."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def parse_skeleton(points: str, edges: str) -> dict[str, Any] | None:
    """`{points: [name], edges: [[from, to]]}` with edges counted from 0; None for no points.

    Raises:
        SkeletonError: a name twice or too long, too many points, an edge that names no point.

    >>> parse_skeleton("head\\ntail", "1-2")
    {'points': ['head', 'tail'], 'edges': [[0, 1]]}
    """
    names = [" ".join(line.split()) for line in re.split(r"[\n,;]", points) if line.strip()]
    if not names and not edges.strip():
        return None
    _check_names(names)
    return {"points": names, "edges": _edges(edges, len(names))}


def skeleton_text(skeleton: dict[str, Any] | None) -> tuple[str, str]:
    """What `parse_skeleton` would read it from.

    >>> skeleton_text({"points": ["head", "tail"], "edges": [[0, 1]]})
    ('head\\ntail', '1-2')
    """
    if not skeleton:
        return "", ""
    return "\n".join(skeleton["points"]), " ".join(f"{a + 1}-{b + 1}" for a, b in skeleton.get("edges", []))


def _check_names(names: list[str]) -> None:
    if not names:
        raise SkeletonError("points", "Name the points first, one a line.")
    if len(names) > MOST_POINTS:
        raise SkeletonError("points", f"{len(names)} points: a skeleton has at most {MOST_POINTS}.")
    long = next((name for name in names if len(name) > LONGEST_NAME), None)
    if long:
        raise SkeletonError("points", f"A point's name has at most {LONGEST_NAME} characters: '{long[:30]}...'.")
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice:
        raise SkeletonError("points", f"Two points are called '{twice}'.")


def _edges(text: str, count: int) -> list[list[int]]:
    rest = _PAIR.sub(" ", text)
    if re.sub(r"[\s,;]", "", rest):
        raise SkeletonError("edges", f"Lines are pairs of point numbers, like 1-2 2-3; '{rest.split()[0]}' is none.")
    pairs = [[int(a), int(b)] for a, b in _PAIR.findall(text)]
    wrong = next((pair for pair in pairs for end in pair if not 1 <= end <= count), None)
    if wrong:
        raise SkeletonError(
            "edges", f"The line {wrong[0]}-{wrong[1]} names a point that is not there: there are {count}."
        )
    return [[a - 1, b - 1] for a, b in pairs if a != b]
