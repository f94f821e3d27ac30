"""The pages of pipelines, and the still pictures they fall back to."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import redis
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from projects import access, live
from projects.access import Act, Rank
from projects.models import Item, Project
from projects.models.library import Kind
from streaming import signalling
from streaming.desk import snapshot_key
from streaming.models import Pipeline
from streaming.whep import ice_servers
from training.models import Model

_BOUNDARY = "frameloop-picture"
_CARDS = 200


def _card(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": str(pipeline.pk),
        "name": pipeline.name,
        "state": pipeline.state,
        "reason": pipeline.reason,
        "since": pipeline.state_since.isoformat(),
        "wanted": pipeline.wanted,
        "model": str(pipeline.model_id) if pipeline.model_id else None,
        "follow_model": pipeline.follow_model,
        "overlay": {"mode": "synced", "confidence": 0.25, **pipeline.overlay},
        "metrics": pipeline.metrics,
        "whep": reverse("whep", args=[pipeline.pk]),
        "mjpeg": reverse("pipeline-mjpeg", args=[pipeline.pk]),
    }


@login_required
@require_GET
def pipelines(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """A project's pipelines as cards, and the dialog that makes one."""
    project = access.fetch(Project.objects.select_related("team"), request.user, project_id)
    rank = access.project_rank(request.user, project_id)
    rows = access.visible(Pipeline.objects.filter(project=project), request.user).select_related("source", "model")
    shown = list(rows.order_by("name", "pk")[:_CARDS])
    items = access.visible(Item.objects.filter(project=project, asset__kind=Kind.VIDEO), request.user)
    videos = items.order_by("path")[:_CARDS]
    context = {
        "project": project,
        "rank": rank,
        "may_stream": rank >= Rank(Act.STREAM),
        "pipelines": shown,
        "videos": videos,
        "models": Model.objects.filter(project=project)[:_CARDS],
        "sources": project.sources.all()[:_CARDS],
    }
    return render(request, "streaming/pipelines.html", context)


@login_required
@require_GET
def pipeline(request: HttpRequest, pipeline_id: uuid.UUID) -> HttpResponse:
    """The viewer of one pipeline."""
    rows = Pipeline.objects.select_related("project__team", "source", "model")
    found = access.fetch(rows, request.user, pipeline_id)
    rank = access.project_rank(request.user, found.project_id)
    context = {
        "project": found.project,
        "rank": rank,
        "pipeline": found,
        "card": _card(found) | {"ice": [asdict(server) for server in ice_servers(str(request.user.pk))]},
        "models": Model.objects.filter(project=found.project)[:_CARDS],
        "may_stream": rank >= Rank(Act.STREAM),
        "may_capture": rank >= Rank(Act.CAPTURE),
    }
    return render(request, "streaming/pipeline.html", context)


def _find(request: HttpRequest, pipeline_id: uuid.UUID) -> Pipeline:
    return access.fetch(Pipeline.objects.all(), request.user, pipeline_id)


@login_required
@require_GET
def snapshot(request: HttpRequest, pipeline_id: uuid.UUID) -> HttpResponse:
    """The newest small picture of a running pipeline; 204 while there is none."""
    _find(request, pipeline_id)
    try:
        data: Any = live.client().get(snapshot_key(pipeline_id))
    except redis.RedisError:
        data = None
    response = HttpResponse(data, content_type="image/jpeg") if data else HttpResponse(status=204)
    response["Cache-Control"] = "no-store"
    return response


async def _parts(pipeline_id: uuid.UUID) -> AsyncIterator[bytes]:
    async for picture in signalling.stills(str(pipeline_id)):
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        yield head.encode() + picture + b"\r\n"


async def mjpeg(request: HttpRequest, pipeline_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """Still pictures without end, for browsers that cannot take WebRTC; encoded once for all of them."""
    user = await request.auser()
    if not user.is_authenticated:
        raise Http404("No such pipeline.")
    request.user = user
    await sync_to_async(_find)(request, pipeline_id)
    kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    response = StreamingHttpResponse(_parts(pipeline_id), content_type=kind)
    response["Cache-Control"] = "no-store"
    return response
