"""The pages of annotation sessions: who works now, and what was done in those that ended."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from annotations.models import AnnotationSession
from annotations.people import sessions
from projects import access
from projects.views.pictures import thumbnail_url
from projects.views.project import project_and_rank

PAGE = 30
_HERE_SHOWN = 60


@login_required
@require_safe
def project_sessions(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The project's tab 'Sessions'; `before` goes back in time."""
    project, rank = project_and_rank(request, project_id)
    rows = access.visible(sessions.with_people().filter(item__project=project), request.user)
    ended = rows.filter(ended_at__isnull=False)
    before = _time(request.GET.get("before", ""))
    if before is not None:
        ended = ended.filter(started_at__lt=before)
    page = list(ended[: PAGE + 1])
    context = {
        "project": project,
        "rank": rank,
        "running": [_row(session) for session in _running(rows)],
        "ended": [_row(session) for session in page[:PAGE]],
        "older": page[PAGE - 1].started_at.isoformat() if len(page) > PAGE else "",
    }
    return render(request, "annotations/sessions.html", context)


@login_required
@require_safe
def now(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The sessions that run, as a part of a page; empty when nobody is at work."""
    project, rank = project_and_rank(request, project_id)
    rows = access.visible(sessions.with_people().filter(item__project=project), request.user)
    context = {"project": project, "rank": rank, "running": [_row(session) for session in _running(rows)]}
    response = render(request, "annotations/_now.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _running(rows: Any) -> list[AnnotationSession]:
    """Those in which somebody was seen lately, though nothing may have ended the others yet."""
    lately = timezone.now() - 2 * sessions.GRACE
    return list(rows.filter(ended_at=None, seen_at__gte=lately)[:_HERE_SHOWN])


def _row(session: AnnotationSession) -> dict[str, Any]:
    told = sessions.session_json(session)
    people = list(zip(session.participants.all(), told["participants"], strict=True))
    return {
        "session": session,
        "thumbnail": thumbnail_url(session.item.asset),
        "here": [one.user for one, seen in people if seen["here"]],
        "people": [{"user": one.user, "row": one, "minutes": round(one.active_s / 60, 1)} for one, _ in people],
        "minutes": max(1, round(((session.ended_at or timezone.now()) - session.started_at).total_seconds() / 60)),
        "shapes": sum(one.shapes for one, _ in people),
        "edits": sum(one.edits for one, _ in people),
    }


def _time(text: str) -> Any:
    try:
        time = parse_datetime(text)
    except ValueError:
        return None
    return time if time is not None and time.tzinfo else None
