"""The pages of training jobs and models."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects import access
from projects.access import Act, Rank
from projects.media import signed_url
from projects.models import Job, Project
from projects.models.item import State
from projects.models.job import Status
from training import jobs
from training.datasets.statistics import outlook
from training.engines.base import Description
from training.models import Model, Version

_SHOWN = 100
_PRELABELS_SHOWN = 8
_HIDDEN_PRESETS = {"demo"}  # made for one scene


def _context(request: HttpRequest, project: Project) -> dict[str, Any]:
    rank = access.project_rank(request.user, project.pk)
    return {"project": project, "rank": rank, "may_train": rank >= Rank(Act.TRAIN)}


def _project(request: HttpRequest, project_id: uuid.UUID) -> Project:
    return access.fetch(Project.objects.select_related("team"), request.user, project_id)


@login_required
@require_GET
def training(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """A project's training jobs as they run, and the form that starts one."""
    project = _project(request, project_id)
    description = jobs.describe("yolo")
    rows = access.visible(Job.objects.filter(project=project, kind=jobs.TRAIN), request.user)
    presets = [preset for preset in description.presets if preset.name not in _HIDDEN_PRESETS]
    context = _context(request, project) | {
        "jobs": list(rows.select_related("created_by").order_by("-created_at")[:_SHOWN]),
        "outlook": outlook(project),
        "description": description,
        "presets": presets,
        "form": {"presets": {preset.name: {"model": preset.model, **preset.params} for preset in presets}},
        "params": _fields(description, presets[0].params),
        "versions": list(access.visible(Version.objects.filter(project=project), request.user)[:_SHOWN]),
        "trainable": project.task in description.tasks,
    }
    return render(request, "training/training.html", context)


def _fields(description: Description, values: Any) -> list[dict[str, Any]]:
    """The engine's parameters for a form that begins with a preset's values."""
    return [
        {
            "name": param.name,
            "title": param.title,
            "hint": param.hint,
            "kind": param.kind,
            "low": f"{param.low:g}",
            "high": f"{param.high:.0f}" if param.kind == "whole" else f"{param.high:g}",
            "step": param.multiple if param.kind == "whole" else "any",
            "value": values.get(param.name, param.default),
        }
        for param in description.params
    ]


@login_required
@require_GET
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job, live; everything on it is read from the job's stored events."""
    row = access.fetch(
        Job.objects.filter(kind=jobs.TRAIN).select_related("project__team", "created_by"), request.user, job_id
    )
    version = access.visible(Version.objects.all(), request.user).filter(pk=row.params.get("version")).first()
    model = access.visible(Model.objects.all(), request.user).filter(job=row).first()
    context = _context(request, row.project) | {
        "job": row,
        "version": version,
        "model": model,
        "may_cancel": access.project_rank(request.user, row.project_id) >= Rank(Act.TRAIN)
        or row.created_by_id == request.user.pk,
        "settings": [("model", row.params.get("model")), *row.params.get("params", {}).items()],
    }
    return render(request, "training/job.html", context)


@login_required
@require_GET
def models(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """A project's models with what they scored, and a place to try one on a picture."""
    project = _project(request, project_id)
    rows = access.visible(Model.objects.filter(project=project), request.user)
    shown = list(rows.select_related("version", "job", "created_by")[:_SHOWN])
    best = max((row.metrics.get("map50_95", 0.0) for row in shown), default=0.0)
    context = _context(request, project) | {
        "models": [
            {
                "row": row,
                "onnx": signed_url(row.onnx) if row.onnx else "",
                "best": len(shown) > 1 and row.metrics.get("map50_95", 0.0) == best > 0,
                "figures": [row.metrics.get(name) for name in ("map50", "map50_95", "precision", "recall")],
            }
            for row in shown
        ],
        "prelabels": _prelabels(request, project),
        "states": [(value, name) for value, name in State.choices if value != State.APPROVED],
        "colors": {label.name: label.color for label in project.labels.all()},
    }
    return render(request, "training/models.html", context)


def _prelabels(request: HttpRequest, project: Project) -> list[Job]:
    """The newest pre-labellings; each knows whether it has suggestions that can be taken back."""
    rows = access.visible(Job.objects.filter(project=project, kind=jobs.AUTO_LABEL), request.user)
    shown = list(rows.select_related("created_by").order_by("-created_at")[:_PRELABELS_SHOWN])
    removed = {row.params.get("remove") for row in shown if row.status not in (Status.FAILED, Status.CANCELLED)}
    for row in shown:
        made = bool((row.result or {}).get("suggestions")) and "remove" not in row.params
        row.removable = made and str(row.pk) not in removed  # type: ignore[attr-defined]
    return shown
