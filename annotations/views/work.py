"""The pages of work: how far a project has come, who does what and how well, and where people differ."""

from __future__ import annotations

import uuid
from itertools import combinations
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations.api.consensus import MOST_SHOWN
from annotations.models import Consensus, Part, WorkRules
from annotations.work import agreement, consensus, progress, review
from annotations.work.period import NAMES, Period, PeriodError, parse
from annotations.work.quality import OPEN, quality
from projects import access
from projects.access import Act
from projects.models import Item, Project, User
from projects.models.item import State
from projects.views.pictures import thumbnail_url
from projects.views.project import project_and_rank

MINE_SHOWN = 60


@login_required
@require_safe
def work(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The project's tab 'Work'."""
    project, rank = project_and_rank(request, project_id)
    rows = access.visible(Consensus.objects.filter(item__project=project), request.user)
    reports = [consensus.report(row) for row in rows.select_related("item").order_by("-created_at")[:MOST_SHOWN]]
    period, wrong = _period(request)
    people, labels = quality(project, [found for found in reports if period.has(found.consensus.created_at)], period)
    whole = agreement.pooled([pair for found in reports for pair in found.pairs.values()])
    rules = WorkRules.objects.filter(project=project).first()
    states = _states(project)
    context = {
        "project": project,
        "rank": rank,
        "may_annotate": rank >= Act.ANNOTATE,
        "may_review": rank >= Act.REVIEW,
        "may_manage": rank >= Act.MANAGE_PEOPLE,
        "states": states,
        "bars": _bars(states),
        "mine": mine(request.user, project),
        "people": people,
        "labels": labels,
        "period": {name: request.GET.get(name, "") for name in NAMES},
        "bounded": bool(period),
        "period_error": wrong,
        "judged": any(row.f1 is not None or row.hits + row.misses for row in labels),
        "reports": reports if rank >= Act.REVIEW else [],
        "whole": whole if any(found.pairs for found in reports) else None,
        "ground_truth": Item.objects.filter(project=project, ground_truth=True).count(),
        "rate": round(100 * rules.ground_truth_rate) if rules else 0,
    }
    return render(request, "annotations/work.html", context)


def _period(request: HttpRequest) -> tuple[Period, str]:
    """What the address asks for, or all time and a sentence where that is none."""
    try:
        return parse(request.GET), ""
    except PeriodError as error:
        return Period(), str(error)


def _states(project: Project) -> list[dict[str, Any]]:
    counts = progress.by_state(project)
    total = sum(counts.values())
    return [
        {"value": state.value, "name": state.label, "n": counts[state], "share": counts[state] / total if total else 0}
        for state in (State.APPROVED, State.IN_REVIEW, State.SENT_BACK, State.IN_PROGRESS, State.TO_DO)
    ]


def _bars(states: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(x, width, state) of the parts of the progress bar, in percent; none without items."""
    bars, x = [], 0.0
    for state in states:
        if state["n"]:
            bars.append((f"{x:.3f}", f"{100 * state['share']:.3f}", state["value"]))
            x += 100 * state["share"]
    return bars


def my_items(user: User, project: Project | None = None) -> QuerySet[Item]:
    """What a person has to do: their assignments and blind copies that are open, what is theirs to review."""
    to_do = Q(assignments__user=user, assignments__part=Part.ANNOTATE, state__in=OPEN, replica_of=None)
    blind = Q(replica_for=user, state__in=OPEN)
    to_review = Q(assignments__user=user, assignments__part=Part.REVIEW, state=State.IN_REVIEW)
    rows = access.visible(Item.every.filter(to_do | blind | to_review), user).distinct()
    return rows.filter(project=project) if project is not None else rows


def mine(user: User, project: Project | None = None) -> list[dict[str, Any]]:
    """One's own items for a page, sent back first."""
    rows = my_items(user, project).with_asset().select_related("project", "asset__video")
    order = {State.SENT_BACK: 0, State.IN_PROGRESS: 1, State.IN_REVIEW: 2, State.TO_DO: 3}
    shown = sorted(rows.order_by("path", "pk")[: 4 * MINE_SHOWN], key=lambda item: order.get(State(item.state), 9))
    return [
        {
            "item": item,
            "url": reverse("editor", args=[item.pk]),
            "thumbnail": thumbnail_url(item.asset),
            "blind": item.replica_of_id is not None and not item.ground_truth,
            "why": review.reason_of(item),
        }
        for item in shown[:MINE_SHOWN]
    ]


@login_required
@require_safe
def consensus_page(request: HttpRequest, project_id: uuid.UUID, item_id: uuid.UUID) -> HttpResponse:
    """One item that several people label: each pair's agreement, and where they differ."""
    project, rank = project_and_rank(request, project_id, Act.REVIEW)
    rows = access.visible(Consensus.objects.filter(item__project=project, item=item_id), request.user)
    row = rows.select_related("item__asset", "merged_by").first()
    if row is None:
        raise Http404("This item is not labelled by several people.")
    found = consensus.report(row)
    context = {
        "project": project,
        "rank": rank,
        "may_manage": rank >= Act.MANAGE_PEOPLE,
        "report": found,
        "item": row.item,
        "thumbnail": thumbnail_url(row.item.asset),
        "matrix": _matrix(found),
        "differences": _differences(project, found),
        "may_unmerge": consensus.may_unmerge(row, request.user),
    }
    return render(request, "annotations/work_consensus.html", context)


def _matrix(found: consensus.Report) -> list[dict[str, Any]]:
    """A row a person with a cell for each of them; None on the diagonal."""
    people = [copy.replica_for for copy in found.done if copy.replica_for]
    pairs = found.pairs | {(b, a): figures for (a, b), figures in found.pairs.items()}
    return [{"person": one, "cells": [pairs.get((one.pk, other.pk)) for other in people]} for one in people]


def _differences(project: Project, found: consensus.Report) -> list[dict[str, Any]]:
    labels = {str(label.pk): label for label in project.labels.all()}
    copies = {copy.replica_for_id: copy for copy in found.copies}
    rows = []
    for a, b in combinations(found.shapes, 2):
        for one in agreement.differences(found.shapes[a], found.shapes[b]):
            sides = [(_side(copies[who], shape, labels)) for who, shape in ((a, one.a), (b, one.b))]
            rows.append({"kind": one.kind, "sides": sides, "iou": one.iou})
    order = {"missing": 0, "label": 1, "place": 2}
    return sorted(rows, key=lambda row: order[row["kind"]])[:200]


def _side(copy: Item, shape: dict[str, Any] | None, labels: dict[str, Any]) -> dict[str, Any]:
    frame = shape and shape["frame"]
    url = reverse("editor", args=[copy.pk]) + (f"#frame={frame}" if frame is not None else "")
    label = labels.get(shape["label"]) if shape else None
    return {"person": copy.replica_for, "url": url, "label": label, "number": shape and shape["detection_id"]}
