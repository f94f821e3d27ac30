"""The page of a project's figures."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.figures import keeping, reading
from projects.models import Project
from projects.models.item import Split, State
from projects.views.project import project_and_rank

_TYPES = {"box": "boxes", "rbox": "rotated boxes", "polyline": "lines", "keypoints": "skeletons"}  # others add an s
_SIDES = {"": "Not chosen yet"} | {side.value: str(side.label) for side in Split if side.value}


@login_required
@require_safe
def statistics(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The project's tab 'Statistics'."""
    return _shown(request, project_id, "annotations/statistics.html")


@login_required
@require_safe
def now(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The figures alone, for a page that follows them."""
    response = _shown(request, project_id, "annotations/_statistics.html")
    response["Cache-Control"] = "no-store"
    return response


def _shown(request: HttpRequest, project_id: uuid.UUID, template: str) -> HttpResponse:
    project, rank = project_and_rank(request, project_id)
    complete = keeping.freshen(project)
    context = {"project": project, "rank": rank, "complete": complete, **_drawn(reading.statistics(project), project)}
    return render(request, template, context)


def _drawn(found: dict[str, Any], project: Project) -> dict[str, Any]:
    """The figures with what charts need: shares of the longest bar, words for bins."""
    charts = [
        _chart("Size of shapes", "Share of the picture that the box around a shape covers", [
            (_share(bin_["to"]), bin_["count"]) for bin_ in found["areas"]
        ]),
        _chart("Aspect of shapes", "Width divided by height", [
            (f"{bin_['ratio']:.2g}", bin_["count"]) for bin_ in found["aspects"]
        ]),
        _chart("Shapes of an item", "How many shapes an item has", [
            (_span(bin_["from"], bin_["to"]), bin_["count"]) for bin_ in found["per_item"]
        ]),
        _chart("Brightness", "Mean luma of a picture, 0 black to 255 white", [
            (str(bin_["from"]), bin_["count"]) for bin_ in found["brightness"]
        ]),
    ]  # fmt: skip
    chosen = any(n for side, n in found["splits"].items() if side)
    sides = [side for side, n in found["splits"].items() if n] if chosen else []
    return {
        "figures": found,
        "charts": [chart for chart in charts if chart["total"]],
        "labels": _bars(found["labels"], "shapes"),
        "progress": [(str(state.label), found["states"][state.value], state.value) for state in State],
        "splits": [(_SIDES[side], n) for side, n in found["splits"].items() if n],
        "types": [(_TYPES.get(name, f"{name}s"), n) for name, n in found["types"].items()],
        "sides": sides,
        "side_names": [_SIDES[side] for side in sides],
        "heat": _heat(found["heat"]),
        "labelled_share": round(100 * found["labelled"] / found["items"]) if found["items"] else 0,
    }


def _chart(title: str, text: str, bins: list[tuple[str, int]]) -> dict[str, Any]:
    most = max((n for _, n in bins), default=0) or 1
    width = 100 / len(bins)
    bars = [
        {"word": word, "count": n, "x": round(i * width + width * 0.1, 3), "w": round(width * 0.8, 3),
         "y": round(60 - 60 * n / most, 3), "h": round(60 * n / most, 3)}
        for i, (word, n) in enumerate(bins)
    ]  # fmt: skip
    return {"title": title, "text": text, "bars": bars, "most": most, "total": sum(n for _, n in bins)}


def _bars(rows: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    most = max((row[by] for row in rows), default=0) or 1
    ordered = sorted(rows, key=lambda row: -row[by])
    return [{**row, "share": round(100 * row[by] / most, 2), "sides": list(row["splits"].values())} for row in ordered]


def _heat(rows: list[list[int]]) -> list[dict[str, Any]]:
    most = max((n for row in rows for n in row), default=0)
    return [
        {"x": x, "y": y, "count": n, "share": round(n / most, 3)}
        for y, row in enumerate(rows) for x, n in enumerate(row) if n
    ]  # fmt: skip


def _share(upper: float) -> str:
    return f"{100 * upper:.0f} %" if upper >= 0.01 else f"{100 * upper:.1g} %"


def _span(first: int, last: int | None) -> str:
    return f"{first}+" if last is None else str(first) if first == last else f"{first}–{last}"
