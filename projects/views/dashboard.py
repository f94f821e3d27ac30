"""The start page: one's projects, and the way through the loop."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects import access
from projects.access import Rank
from projects.models import Project
from projects.views.overview import guide, overviews

CARDS = 24


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    rows = access.visible(Project.objects.select_related("team"), request.user).order_by("-created_at")
    total = rows.count()
    shown = list(rows if "all" in request.GET else rows[:CARDS])
    cards = overviews(shown)
    leading = max(cards, key=lambda card: (card.project.team.personal, card.reach), default=None)
    context = {
        "cards": cards,
        "more": total - len(shown),
        "guide": guide(leading, access.project_rank(request.user, leading.project.pk))
        if leading
        else guide(None, Rank.NONE),
        "leading": leading,
    }
    return render(request, "projects/dashboard.html", context)
