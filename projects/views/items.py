"""The items of a project: a grid of thumbnails with filters, page by page."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import access
from projects.access import Act, Rank
from projects.intake import add_item
from projects.models import Asset, Item, Project
from projects.models.item import Split, State
from projects.models.library import Kind
from projects.uploads import store
from projects.views.item_filters import Filters, after, cursor_of
from projects.views.pictures import thumbnail_url
from projects.views.project import project_and_rank

PAGE = 48
LIBRARY_SHOWN = 100
SETTLES = timedelta(seconds=10)
TYPES = (
    ("box", "Box"),
    ("rbox", "Rotated box"),
    ("polygon", "Polygon"),
    ("polyline", "Line"),
    ("keypoints", "Keypoints"),
    ("mask", "Mask"),
    ("tag", "Tag"),
)
ORDERS = (
    ("created_at", "As added"),
    ("-created_at", "Newest first"),
    ("-updated_at", "Changed last"),
    ("-annotation_count", "Most shapes"),
    ("annotation_count", "Fewest shapes"),
)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def _tile(item: Item) -> dict[str, Any]:
    video = getattr(item.asset, "video", None) if item.asset.kind == Kind.VIDEO else None
    people = sorted(item.assignments.all(), key=lambda row: row.part)  # to annotate before to review
    return {"item": item, "thumbnail": thumbnail_url(item.asset), "video": video, "assignments": people}


def _page(filters: Filters, cursor: str) -> tuple[list[dict[str, Any]], str]:
    """One page of tiles and the cursor of the next one, empty at the end."""
    rows = filters.rows.with_asset().prefetch_related("assignments__user")
    page = list(after(rows, filters.ordering, cursor)[: PAGE + 1])
    behind = cursor_of(page[PAGE - 1], filters.ordering) if len(page) > PAGE else ""
    return [_tile(item) for item in page[:PAGE]], behind


def _counts(items: QuerySet[Item]) -> dict[str, Any]:
    labelled = Count("pk", filter=Q(annotation_count__gt=0))
    rows = list(items.values("state").annotate(n=Count("pk"), labelled=labelled).order_by())
    by_state = {row["state"]: row["n"] for row in rows}
    total, done = sum(by_state.values()), sum(row["labelled"] for row in rows)
    states = [{"value": value, "label": name, "n": by_state.get(value, 0)} for value, name in State.choices]
    return {"total": total, "labelled": done, "states": states, "done": done / total if total else 0}


def _mark(project: Project) -> str:
    """Differs after any change of any item; it costs a look at the end of an index, however many items there are.

    The last seconds are summed as well: a transaction that started earlier may commit later.
    """
    rows = project.items.order_by("-updated_at", "-pk")
    last = rows.values_list("updated_at", flat=True).first()
    if last is None:
        return ""
    lately = rows.filter(updated_at__gte=last - SETTLES).aggregate(revs=Sum("rev"))
    return f"{last.isoformat()}~{lately['revs']}"


@login_required
@require_GET
def changed(request: HttpRequest, project_id: uuid.UUID) -> JsonResponse:
    """What the grid asks every few seconds: has anything been labelled since?"""
    project, _ = project_and_rank(request, project_id)
    response = JsonResponse({"changed": _mark(project)})
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_GET
def items(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project, rank = project_and_rank(request, project_id)
    mark = _mark(project)  # before the items: a change in between is then seen at the next look
    rows = access.visible(Item.objects.filter(project=project), request.user)
    filters = Filters(request, project, rows)
    tiles, cursor = _page(filters, request.GET.get("after", ""))
    context = {
        "project": project,
        "rank": rank,
        "mark": mark,
        "may_add": rank >= Act.ADD_ITEMS,
        "may_delete": rank >= Act.DELETE_ITEMS,
        "may_review": rank >= Act.REVIEW,
        "may_manage": rank >= Act.MANAGE_PEOPLE,
        "people": access.members(project, Act.ANNOTATE),
        "filters": filters,
        "kinds": Kind.choices,
        "labels": project.labels.all(),
        "tiles": tiles,
        "next": filters.query(after=cursor) if cursor else "",
        "counts": _counts(rows),
        "matches": filters.rows.count() if filters.any else None,
        "splits": Split.choices[1:],
        "types": TYPES,
        "orders": ORDERS,
        "first_to_label": rows.filter(annotation_count=0).order_by("created_at").first(),
        "library": _library(request, project) if rank >= Act.ADD_ITEMS else (),
        "waiting": store.waits(request.user, project),
    }
    return render(request, "projects/items.html", context)


def _library(request: HttpRequest, project: Project) -> list[dict[str, Any]]:
    """Videos of the team that the project does not have yet; for the team's own members only."""
    if access.team_rank(request.user, project.team_id) is Rank.NONE:
        return []
    rows = Asset.objects.filter(team=project.team_id, kind=Kind.VIDEO).exclude(items__project=project)
    rows = rows.with_video()
    return [{"asset": asset, "thumbnail": thumbnail_url(asset)} for asset in rows[:LIBRARY_SHOWN]]


@login_required
@require_POST
def link(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Add a video of the team's library as an item, with labels of its own."""
    project, _ = project_and_rank(request, project_id, Act.ADD_ITEMS)
    access.require_in_team(request.user, project.team_id, Act.VIEW)
    chosen = Asset.objects.filter(team=project.team_id, pk__in=filter(None, map(_uuid, request.POST.getlist("asset"))))
    added = [add_item(project, asset, path="", by=request.user) for asset in chosen]
    if added:
        messages.success(request, f"Added {added[0].path}." if len(added) == 1 else f"Added {len(added)} videos.")
    else:
        messages.error(request, "Nothing was added: choose at least one video.")
    return redirect("project", project.pk)
