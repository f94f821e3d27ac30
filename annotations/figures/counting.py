"""What one item adds to the figures of its project: counts that can be summed. Pure.

A count's name says what it counts: `items`, `shapes`, `label:<id>`, `in:<id>` (items with that label), `pair:<id>|<id>`
(items with both), `split:<side>`, `side:<side>|<id>` (shapes of a label on a side), `state:`, `kind:`, `type:`,
`source:`, `size:<width>x<height>`, and histograms by bin: `area:`, `aspect:`, `per:` (shapes of an item), `bright:`,
`heat:` (a cell of a grid over the picture where a shape's middle lies).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from annotations import shapes

GRID = 16
AREAS, ASPECTS, BRIGHTS = 12, 9, 16
# Shapes of an item: the least number of each bin.
PER = (0, 1, 2, 3, 5, 9, 17, 33, 65, 129)
_MOST_LABELS = 40  # of one item: more would make pairs without end


class Facts(NamedTuple):
    """Of an item: `brightness` as of `Asset`, `split` "" when it is chosen later."""

    kind: str
    width: int
    height: int
    state: str
    split: str
    brightness: float | None


class Seen(NamedTuple):
    """Of a shape: its label's id, its geometry (of a track the first), and who or what drew it."""

    label: str
    geometry: dict[str, Any]
    source: str


def count(item: Facts, drawn: Iterable[Seen]) -> Counter[str]:
    """The counts of an item with its shapes."""
    counts: Counter[str] = Counter()
    labels: set[str] = set()
    for shape in drawn:
        _count_shape(counts, item, shape)
        labels.add(shape.label)
    total = counts["shapes"]
    names = ["items", f"kind:{item.kind}", f"state:{item.state}", f"split:{item.split}"]
    names += [f"size:{item.width}x{item.height}", f"per:{_bin(PER, total)}", *(["labelled"] if total else [])]
    if item.brightness is not None:
        names.append(f"bright:{min(BRIGHTS - 1, int(item.brightness * BRIGHTS / 256))}")
    counts.update(names)
    ordered = sorted(labels)[:_MOST_LABELS]
    counts.update(f"in:{label}" for label in ordered)
    counts.update(f"pair:{a}|{b}" for a, b in combinations(ordered, 2))
    return counts


def _count_shape(counts: Counter[str], item: Facts, shape: Seen) -> None:
    kind = shape.geometry["type"]
    counts.update(("shapes", f"label:{shape.label}", f"type:{kind}", f"source:{shape.source}"))
    counts[f"side:{item.split}|{shape.label}"] += 1
    around = None if "blob" in shape.geometry else shapes.bounds(shape.geometry)
    if around is None or not item.width or not item.height:
        return
    left, top, right, bottom = around
    across, down = right - left, bottom - top
    counts[f"heat:{_cell((left + right) / 2 / item.width, (top + bottom) / 2 / item.height)}"] += 1
    if across > 0 and down > 0:
        counts[f"area:{area_bin(across * down / (item.width * item.height))}"] += 1
        counts[f"aspect:{aspect_bin(across / down)}"] += 1


def _bin(starts: Sequence[int], value: int) -> int:
    return max(n for n, least in enumerate(starts) if value >= least)


def _cell(x: float, y: float) -> int:
    """
    >>> _cell(0.0, 0.0), _cell(1.0, 1.0), _cell(0.5, 0.0)
    (0, 255, 8)
    """
    column, row = (min(GRID - 1, max(0, int(part * GRID))) for part in (x, y))
    return row * GRID + column


def area_bin(share: float) -> int:
    """The bin of a box that covers `share` of its picture; each bin is twice the one before.

    >>> area_bin(1.0), area_bin(0.5), area_bin(0.25), area_bin(1e-9)
    (11, 11, 10, 0)
    """
    return min(AREAS - 1, max(0, AREAS + math.floor(math.log2(share))))


def aspect_bin(ratio: float) -> int:
    """The bin of width / height: the middle one is square, each other a factor of 2 ** 0.5 (the last are open).

    >>> aspect_bin(1.0), aspect_bin(2.0), aspect_bin(0.5), aspect_bin(100.0)
    (4, 6, 2, 8)
    """
    return min(ASPECTS - 1, max(0, round(2 * math.log2(ratio)) + ASPECTS // 2))
