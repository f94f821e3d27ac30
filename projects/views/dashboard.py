"""The start page: one's projects, and the way through the loop."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects import access
from projects.access import Rank
from projects.models import Project
from projects.views.overview import Overview, guide, overviews

CARDS = 24


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    rows = access.visible(Project.objects.select_related("team"), request.user).order_by("-created_at")
    total = rows.count()
    cards = overviews(rows if "all" in request.GET else rows[:CARDS])
    leading = _leading(request, cards)
    rank = access.project_rank(request.user, leading.project.pk) if leading else Rank.NONE
    context = {"cards": cards, "more": total - len(cards), "guide": guide(leading, rank), "leading": leading}
    return render(request, "projects/dashboard.html", context)


def _leading(request: HttpRequest, cards: list[Overview]) -> Overview | None:
    """The project whose loop is shown: the one chosen last, else the newest."""
    if "loop" in request.GET:
        request.session["loop"] = request.GET["loop"][:36]
    chosen = request.session.get("loop")
    return next((card for card in cards if str(card.project.pk) == chosen), cards[0] if cards else None)


@login_required
@require_GET
def running_jobs(request: HttpRequest) -> HttpResponse:
    """The header's running jobs alone, for pages that follow them."""
    return render(request, "_running_jobs.html")
