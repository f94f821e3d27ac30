"""A project's figures in the form that pages and scripts read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from annotations.figures.counting import AREAS, ASPECTS, BRIGHTS, GRID, PER
from annotations.models import ProjectFigures
from projects.models import Label, Project
from projects.models.item import Split, State

_MOST_PAIRS = 30
_MOST_SIZES = 12
SIDES = ("", Split.TRAIN.value, Split.VAL.value, Split.TEST.value)


def statistics(project: Project) -> dict[str, Any]:
    """The figures as of when they were last counted.

    Returns:
        `{at, items, labelled, shapes, labels: [{id, name, color, shapes, items, splits: {side: n}}], states, kinds,
        types, sources, splits: {side: n}, areas: [{to, count}] (share of the picture, upper bound), aspects:
        [{ratio, count}], per_item: [{from, to, count}], brightness: [{from, to, count}], sizes: [{width, height,
        count}], heat: rows of a 16 x 16 grid over the picture, pairs: [{a, b, items}] (most frequent first)}`
    """
    row = ProjectFigures.objects.filter(project=project).first()
    groups = _grouped(row.counts if row else {})
    total = groups[""]
    return {
        "at": row.at if row else None,
        "items": total.get("items", 0),
        "labelled": total.get("labelled", 0),
        "shapes": total.get("shapes", 0),
        "labels": _labels(project, groups),
        "states": {state.value: groups["state"].get(state.value, 0) for state in State},
        "kinds": groups["kind"],
        "types": _by_count(groups["type"]),
        "sources": _by_count(groups["source"]),
        "splits": {side: groups["split"].get(side, 0) for side in SIDES},
        "areas": [{"to": 2.0 ** (n + 1 - AREAS), "count": c} for n, c in enumerate(_bins(groups["area"], AREAS))],
        "aspects": [
            {"ratio": round(2.0 ** ((n - ASPECTS // 2) / 2), 3), "count": c}
            for n, c in enumerate(_bins(groups["aspect"], ASPECTS))
        ],
        "per_item": _per_item(groups["per"]),
        "brightness": _brightness(groups["bright"]),
        "sizes": _sizes(groups["size"]),
        "heat": _heat(groups["heat"]),
        "pairs": _pairs(project, groups["pair"]),
    }


def _grouped(counts: dict[str, int]) -> defaultdict[str, dict[str, int]]:
    """By what stands before the colon; those without one are under ""."""
    groups: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, n in counts.items():
        group, colon, rest = name.partition(":")
        groups[group if colon else ""][rest if colon else name] = n
    return groups


def _labels(project: Project, groups: defaultdict[str, dict[str, int]]) -> list[dict[str, Any]]:
    sides = groups["side"]
    return [
        {
            "id": str(label.pk),
            "name": label.name,
            "color": label.color,
            "shapes": groups["label"].get(str(label.pk), 0),
            "items": groups["in"].get(str(label.pk), 0),
            "splits": {side: sides.get(f"{side}|{label.pk}", 0) for side in SIDES},
        }
        for label in Label.objects.filter(project=project)
    ]


def _by_count(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _bins(counts: dict[str, int], number: int) -> list[int]:
    return [counts.get(str(n), 0) for n in range(number)]


def _per_item(counts: dict[str, int]) -> list[dict[str, Any]]:
    ends = [start - 1 for start in PER[1:]] + [None]
    bins = _bins(counts, len(PER))
    return [{"from": start, "to": end, "count": n} for start, end, n in zip(PER, ends, bins, strict=True)]


def _brightness(counts: dict[str, int]) -> list[dict[str, int]]:
    step = 256 // BRIGHTS
    return [{"from": n * step, "to": n * step + step - 1, "count": c} for n, c in enumerate(_bins(counts, BRIGHTS))]


def _sizes(counts: dict[str, int]) -> list[dict[str, int]]:
    found = []
    for name, n in list(_by_count(counts).items())[:_MOST_SIZES]:
        width, _, height = name.partition("x")
        found.append({"width": int(width), "height": int(height), "count": n})
    return found


def _heat(counts: dict[str, int]) -> list[list[int]]:
    cells = _bins(counts, GRID * GRID)
    return [cells[row * GRID : (row + 1) * GRID] for row in range(GRID)]


def _pairs(project: Project, counts: dict[str, int]) -> list[dict[str, Any]]:
    names = {str(pk): name for pk, name in Label.objects.filter(project=project).values_list("pk", "name")}
    found = []
    for pair, n in _by_count(counts).items():
        a, _, b = pair.partition("|")
        if a in names and b in names:
            found.append({"a": names[a], "b": names[b], "items": n})
    return found[:_MOST_PAIRS]
