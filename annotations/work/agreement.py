"""How far people agree on an item. Pure.

Shapes of two people are matched one to one so that the sum of their overlaps is the greatest; only pairs
with an IoU of at least MATCH count. Labels are compared over the matched pairs and over what one of the two
did not draw, which is the class NONE of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from annotations.work.overlap import iou, near

MATCH = 0.5
NONE = "none"
_SAME_LABEL = 1e-6  # of two equal overlaps the one with the same label

Shape = dict[str, Any]


@dataclass(frozen=True)
class Matching:
    """Two people's shapes side by side: index pairs with their IoU, and what has no partner."""

    pairs: list[tuple[int, int, float]]
    only_a: list[int]
    only_b: list[int]


@dataclass
class Agreement:
    """Figures of one pair of people; None where there is nothing to compare."""

    mean_iou: float | None
    f1: float
    kappa: float | None
    matched: int
    same_label: int
    a: int
    b: int
    iou_sum: float = 0.0
    labels: list[tuple[str, str]] = field(default_factory=list)
    by_label: dict[str, LabelFigures] = field(default_factory=dict)


@dataclass
class LabelFigures:
    """Of one label: the shapes both people drew, the pairs among them that are the same, and their overlap."""

    drawn: int = 0
    same: int = 0
    iou_sum: float = 0.0

    @property
    def f1(self) -> float:
        return 2 * self.same / self.drawn if self.drawn else 1.0

    @property
    def mean_iou(self) -> float | None:
        return self.iou_sum / self.same if self.same else None


def match(a: Sequence[Shape], b: Sequence[Shape], threshold: float = MATCH) -> Matching:
    """One to one, with the greatest sum of IoU among pairs of at least `threshold`."""
    overlaps = {(m, n): found for m, n in near(a, b) if (found := iou(a[m], b[n])) >= threshold}
    pairs = [(m, n, overlaps[m, n]) for m, n in assigned(overlaps, a, b)]
    had_a, had_b = {m for m, _, _ in pairs}, {n for _, n, _ in pairs}
    return Matching(pairs, [m for m in range(len(a)) if m not in had_a], [n for n in range(len(b)) if n not in had_b])


def assigned(overlaps: dict[tuple[int, int], float], a: Sequence[Shape], b: Sequence[Shape]) -> list[tuple[int, int]]:
    """The best pairs of each group of shapes that hang together, which are few even where shapes are many."""
    pairs: list[tuple[int, int]] = []
    for rows, columns in _groups(overlaps):
        weights = np.zeros((len(rows), len(columns)))
        for i, m in enumerate(rows):
            for j, n in enumerate(columns):
                if (m, n) in overlaps:
                    weights[i, j] = overlaps[m, n] + _SAME_LABEL * (a[m]["label"] == b[n]["label"])
        pairs += [(rows[i], columns[j]) for i, j in best_pairs(weights) if weights[i, j] > 0]
    return sorted(pairs)


def _groups(overlaps: Iterable[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that are connected by overlaps (union-find over both sides)."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for m, n in overlaps:
        parent[root(("a", m))] = root(("b", n))
    groups: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
    for node in sorted(parent):
        groups.setdefault(root(node), ([], []))[node[0] == "b"].append(node[1])
    return list(groups.values())


def best_pairs(weights: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The assignment of rows to columns with the greatest sum of weights.

    Kuhn's Hungarian method with Munkres' potentials, one augmenting path a row (Burkard, Dell'Amico, Martello,
    Assignment Problems, 2009, section 4.4), O(rows^2 columns).

    >>> best_pairs(np.array([[0.9, 0.8], [0.8, 0.0]]))
    [(0, 1), (1, 0)]
    """
    if weights.shape[0] > weights.shape[1]:
        return sorted((m, n) for n, m in best_pairs(weights.T))
    rows, columns = weights.shape
    costs = weights.max(initial=0.0) - weights
    u, v = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, int)
    for row in range(1, rows + 1):
        _augment(costs, u, v, row_of, row)
    return sorted((int(row_of[j]) - 1, j - 1) for j in range(1, columns + 1) if row_of[j])


def _augment(
    costs: npt.NDArray[np.float64],
    u: npt.NDArray[np.float64],
    v: npt.NDArray[np.float64],
    row_of: npt.NDArray[np.int_],
    row: int,
) -> None:
    """Find the cheapest alternating path from a free row to a free column, and turn it over."""
    columns = costs.shape[1]
    slack, way = np.full(columns + 1, np.inf), np.zeros(columns + 1, int)
    used = np.zeros(columns + 1, bool)
    row_of[0], j = row, 0
    while row_of[j]:
        used[j] = True
        free = ~used
        free[0] = False
        i = row_of[j]
        reduced = np.concatenate(([np.inf], costs[i - 1] - u[i] - v[1:]))
        better = free & (reduced < slack)
        slack[better], way[better] = reduced[better], j
        following = int(np.where(free, slack, np.inf).argmin())
        step = slack[following]
        u[row_of[used]] += step
        v[used] -= step
        slack[free] -= step
        j = following
    while j:
        row_of[j] = row_of[way[j]]
        j = int(way[j])


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two people's classes: (p_o - p_e) / (1 - p_e).

    p_o is the share of pairs with the same class, p_e what chance would give from how often each person uses
    each class (Cohen, A coefficient of agreement for nominal scales, 1960). Where both only ever use one and
    the same class there is nothing to correct for: 1. None without pairs.

    >>> round(kappa([("cat", "cat")] * 20 + [("cat", "dog")] * 5 + [("dog", "cat")] * 10 + [("dog", "dog")] * 15), 4)
    0.4
    """
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(first == second for first, second in pairs) / total
    first_uses, second_uses = Counter(p for p, _ in pairs), Counter(q for _, q in pairs)
    expected = sum(first_uses[name] * second_uses[name] for name in first_uses) / total**2
    return 1.0 if expected == 1.0 else (observed - expected) / (1 - expected)


def compare(a: Sequence[Shape], b: Sequence[Shape], threshold: float = MATCH) -> Agreement:
    """Two people's shapes of one item.

    F1 = 2 n / (|a| + |b|), n the matched pairs with the same label; 1 where both drew nothing.
    """
    found = match(a, b, threshold)
    labels = label_pairs(a, b, found)
    same = sum(first == second for first, second in labels if NONE not in (first, second))
    overlaps = sum(overlap for _, _, overlap in found.pairs)
    return _figures(len(a), len(b), len(found.pairs), same, overlaps, labels, _by_label(a, b, found))


def pooled(several: Sequence[Agreement]) -> Agreement:
    """One figure of several items or pairs, each shape counting the same."""
    by_label: dict[str, LabelFigures] = {}
    for one in several:
        for label, part in one.by_label.items():
            total = by_label.setdefault(label, LabelFigures())
            total.drawn += part.drawn
            total.same += part.same
            total.iou_sum += part.iou_sum
    return _figures(
        sum(one.a for one in several),
        sum(one.b for one in several),
        sum(one.matched for one in several),
        sum(one.same_label for one in several),
        sum(one.iou_sum for one in several),
        [pair for one in several for pair in one.labels],
        by_label,
    )


def _figures(
    a: int,
    b: int,
    matched: int,
    same: int,
    overlaps: float,
    labels: list[tuple[str, str]],
    by_label: dict[str, LabelFigures],
) -> Agreement:
    return Agreement(
        mean_iou=overlaps / matched if matched else None,
        f1=2 * same / (a + b) if a + b else 1.0,
        kappa=kappa(labels),
        matched=matched,
        same_label=same,
        a=a,
        b=b,
        iou_sum=overlaps,
        labels=labels,
        by_label=by_label,
    )


def label_pairs(a: Sequence[Shape], b: Sequence[Shape], found: Matching) -> list[tuple[str, str]]:
    """The two labels of each matched pair, and (label, NONE) for what only one of them drew."""
    return [
        *((a[m]["label"], b[n]["label"]) for m, n, _ in found.pairs),
        *((a[m]["label"], NONE) for m in found.only_a),
        *((NONE, b[n]["label"]) for n in found.only_b),
    ]


def _by_label(a: Sequence[Shape], b: Sequence[Shape], found: Matching) -> dict[str, LabelFigures]:
    figures: dict[str, LabelFigures] = {}
    for shape in (*a, *b):
        figures.setdefault(shape["label"], LabelFigures()).drawn += 1
    for m, n, overlap in found.pairs:
        if a[m]["label"] == b[n]["label"]:
            figures[a[m]["label"]].same += 1
            figures[a[m]["label"]].iou_sum += overlap
    return dict(sorted(figures.items()))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


@dataclass(frozen=True)
class Difference:
    """Where two people differ: `kind` is "label", "place" (an IoU below LOOSE) or "missing" in one of the two."""

    kind: str
    a: Shape | None
    b: Shape | None
    iou: float


LOOSE = 0.75


def differences(a: Sequence[Shape], b: Sequence[Shape], threshold: float = MATCH) -> list[Difference]:
    """What two people should talk about, the gravest first."""
    found = match(a, b, threshold)
    pairs = [(a[m], b[n], overlap) for m, n, overlap in found.pairs]
    return [
        *(Difference("missing", a[m], None, 0.0) for m in found.only_a),
        *(Difference("missing", None, b[n], 0.0) for n in found.only_b),
        *(Difference("label", p, q, overlap) for p, q, overlap in pairs if p["label"] != q["label"]),
        *(
            Difference("place", p, q, overlap)
            for p, q, overlap in pairs
            if p["label"] == q["label"] and overlap < LOOSE
        ),
    ]


# Ground truth


@dataclass(frozen=True)
class Scored:
    """Somebody's shapes against the truth; `by_label` is {label: [hits, false ones, misses]}."""

    precision: float
    recall: float
    mean_iou: float | None
    label_accuracy: float | None
    by_label: dict[str, list[int]]


def against_truth(drawn: Sequence[Shape], truth: Sequence[Shape], threshold: float = MATCH) -> Scored:
    """Precision and recall go by place; label accuracy is the share of found objects with the right label.

    Where nothing was drawn nothing is wrong: precision 1; where there is nothing to find, recall 1.
    """
    found = match(drawn, truth, threshold)
    right = sum(drawn[m]["label"] == truth[n]["label"] for m, n, _ in found.pairs)
    by_label: dict[str, list[int]] = {}
    for first, second in label_pairs(drawn, truth, found):
        if first == second:
            by_label.setdefault(first, [0, 0, 0])[0] += 1
            continue
        if first != NONE:
            by_label.setdefault(first, [0, 0, 0])[1] += 1
        if second != NONE:
            by_label.setdefault(second, [0, 0, 0])[2] += 1
    return Scored(
        precision=len(found.pairs) / len(drawn) if drawn else 1.0,
        recall=len(found.pairs) / len(truth) if truth else 1.0,
        mean_iou=_mean([overlap for _, _, overlap in found.pairs]),
        label_accuracy=right / len(found.pairs) if found.pairs else None,
        by_label=by_label,
    )
