"""The pages of dataset versions."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotations.models import Annotation, Source
from projects import access
from projects.access import Act, Rank
from projects.models import Job, Project
from projects.models.item import State
from projects.models.job import ENDED
from training import jobs
from training.datasets import augment, preprocess
from training.datasets.split import SIDES
from training.models import Restoration, Version

_SHOWN = 200
_SIDE_NAMES = {"train": "Train", "val": "Validation", "test": "Test"}


def _context(request: HttpRequest, project: Project) -> dict[str, Any]:
    rank = access.project_rank(request.user, project.pk)
    team = access.team_rank(request.user, project.team_id)
    return {
        "project": project,
        "rank": rank,
        "may_train": rank >= Rank(Act.TRAIN),
        "may_restore": rank >= Rank(Act.TRAIN) and team >= Rank(Act.CREATE_PROJECTS),
    }


def bars(counts: dict[str, Any]) -> list[dict[str, Any]]:
    """The sides of a split as a bar of 100 units: `{side, name, pictures, x, width}`."""
    total = max(sum(counts.get(side, 0) for side in SIDES), 1)
    found, x = [], 0.0
    for side in SIDES:
        width = 100 * counts.get(side, 0) / total
        if counts.get(side):
            found.append({"side": side, "name": _SIDE_NAMES[side], "pictures": counts[side], "x": x, "width": width})
        x += width
    return found


@login_required
@require_GET
def versions(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """A project's versions, newest first, and those on their way."""
    project = access.fetch(Project.objects.select_related("team"), request.user, project_id)
    rows = access.visible(Version.objects.filter(project=project), request.user)
    shown = list(rows.select_related("created_by").prefetch_related("models")[:_SHOWN])
    waiting = access.visible(Job.objects.filter(project=project, kind__in=(jobs.FREEZE, jobs.RESTORE)), request.user)
    restored = Restoration.objects.filter(project=project).select_related("version__project").first()
    context = _context(request, project) | {
        "versions": [{"row": row, "bars": bars(row.counts)} for row in shown],
        "jobs": list(waiting.exclude(status__in=ENDED).order_by("created_at")),
        "restored": restored if restored and _visible(request, restored.version) else None,
    }
    return render(request, "training/versions.html", context)


def _visible(request: HttpRequest, version: Version | None) -> bool:
    return version is not None and access.visible(Version.objects.filter(pk=version.pk), request.user).exists()


@login_required
@require_GET
def version(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """One version: what is in it, what differs from another, and what can be done with it."""
    row = access.fetch(Version.objects.select_related("project__team", "created_by"), request.user, version_id)
    others = access.visible(Version.objects.filter(project=row.project).exclude(pk=row.pk), request.user)
    context = _context(request, row.project) | {
        "version": row,
        "bars": bars(row.counts),
        "classes": _classes(row),
        "recipe": [*preprocess.words(row.preprocess), *augment.words(row.augment)],
        "made": row.counts.get("pictures", {}),
        "copies": augment.copies(row.augment),
        "others": list(others[:_SHOWN]),
        "parent": row.parent_id,
        "models": list(access.visible(row.models.all(), request.user)[:20]),
        "facts": {"labels": [{key: label.get(key) for key in ("id", "name", "color")} for label in row.labels]},
    }
    return render(request, "training/version.html", context)


def _classes(row: Version) -> list[dict[str, Any]]:
    """`{id, name, color, total, sides: [{side, n}], share}` of each class that is not deleted."""
    labels = [label for label in row.labels if not label.get("retired")]
    totals = row.counts.get("labels", {})
    most = max(totals.values(), default=0) or 1
    sides = row.counts.get("sides", {})
    return [
        {
            "id": label["id"],
            "name": label["name"],
            "color": label.get("color") or "#999999",
            "total": totals.get(label["name"], 0),
            "sides": sides.get(label["name"], []),
            "share": f"{100 * totals.get(label['name'], 0) / most:.1f}",
        }
        for label in labels
    ]


def _has_labels(project: Project) -> bool:
    """Whether anything of it could be frozen; an approved picture without a shape counts."""
    drawn = Annotation.objects.filter(item__project=project, deleted=False).exclude(source=Source.MODEL)
    return drawn.exists() or project.items.filter(state=State.APPROVED).exists()


@login_required
@require_GET
def new(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The form of a new version, which shows what it would make."""
    project = access.fetch(Project.objects.select_related("team"), request.user, project_id, Act.TRAIN)
    others = access.visible(Project.objects.filter(team=project.team).exclude(pk=project.pk), request.user)
    context = _context(request, project) | {
        "steps": augment.STEPS,
        "modes": preprocess.MODES.items(),
        "labels": list(project.labels.all()),
        "states": State.choices,
        "others": [
            other for other in others[:_SHOWN] if access.project_rank(request.user, other.pk) >= Rank(Act.TRAIN)
        ],
        "most_copies": augment.MOST_COPIES,
        "nothing_yet": not _has_labels(project),
    }
    return render(request, "training/version_new.html", context)
