"""The page of what may be wrong with a project's labels."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.findings import running
from annotations.findings.rules import BY_CODE, RULES
from projects import access
from projects.access import Act
from projects.models import Job
from projects.models.job import ACTIVE, Status
from projects.views.project import project_and_rank

_ORDER = {"error": 0, "warning": 1, "note": 2}
_MENDS_SHOWN = 5


@login_required
@require_safe
def checks(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The project's tab 'Checks': the last look, and the mends since."""
    project, rank = project_and_rank(request, project_id)
    rows = access.visible(Job.objects.filter(project=project, kind=running.KIND), request.user).order_by("-created_at")
    looks = rows.exclude(params__has_key="mend").exclude(params__has_key="undo")
    last = looks.filter(status=Status.SUCCEEDED).first()
    mends = list(rows.filter(params__has_key="mend")[:_MENDS_SHOWN])
    undone = set(rows.filter(params__has_key="undo").values_list("params__undo", flat=True))
    context = {
        "project": project,
        "rank": rank,
        "last": last,
        "running": rows.filter(status__in=(Status.QUEUED, *ACTIVE)).first(),
        "failed": looks.first() if last is None else None,
        "findings": _found(last),
        "outdated": last is not None and rows.filter(ended_at__gt=last.ended_at, status=Status.SUCCEEDED).exists(),
        "rules": RULES,
        "mends": [(job, str(job.pk) in undone) for job in mends],
        "may_check": rank >= Act.ANNOTATE,
        "may_mend": rank >= Act.IMPORT,
    }
    return render(request, "annotations/checks.html", context)


def _found(job: Job | None) -> list[dict[str, Any]]:
    result = job.result if job is not None and job.result else {}
    known = [each for each in result.get("findings", ()) if each["code"] in BY_CODE]
    found = [{**each, "rule": BY_CODE[each["code"]]} for each in known]
    return sorted(found, key=lambda each: (_ORDER[each["rule"].severity], -each["count"]))
