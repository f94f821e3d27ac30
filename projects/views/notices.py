"""The notices of the person who is signed in."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import access
from projects.models import Notice
from projects.notices import mark_read

PAGE = 50


@login_required
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The newest first; `unread` leaves out what was read, `before` goes back in time."""
    rows = access.own(Notice.objects.select_related("project", "actor"), request.user)
    only_unread = "unread" in request.GET
    if only_unread:
        rows = rows.filter(read_at=None)
    before = _time(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    shown = list(rows[: PAGE + 1])
    older = shown[PAGE - 1].created_at.isoformat() if len(shown) > PAGE else ""
    context = {"notices": shown[:PAGE], "only_unread": only_unread, "older": older}
    return render(request, "projects/notices.html", context)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


@login_required
@require_GET
def open_notice(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """Go where a notice leads; it is read by that."""
    notice = get_object_or_404(access.own(Notice.objects.all(), request.user), pk=notice_id)
    mark_read(request.user, [notice.pk])
    return redirect(notice.url if notice.url.startswith("/") and not notice.url.startswith("//") else "notices")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    mark_read(request.user)
    return redirect("notices")
