"""The editor's page. What it shows and does lives in `static/js/editor`."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations.people.comments import people_of
from annotations.views.modules import MODULES, VIDEO_MODULES
from annotations.work.desk import desk
from projects import access
from projects.media import signed_url
from projects.models import Item, User
from projects.models.item import State
from projects.models.library import Kind

# What every browser shows as it is; anything else comes as a JPEG of its frame 0.
_SHOWN_BY_BROWSERS = {"image/jpeg", "image/png", "image/webp", "image/bmp"}
_A_WORKING_DAY = 12 * 3600


@login_required
@require_safe
def editor(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """The editor on one item; 404 for those who may not know of it, for viewers without the means to change."""
    rows = Item.every.select_related("project", "asset", "asset__video")
    item = access.fetch(rows, request.user, item_id)
    rank = access.project_rank(request.user, item.project_id)
    is_video = item.asset.kind == Kind.VIDEO
    context = {
        "item": item,
        "project": item.project,
        "config": _config(request, item, rank),
        "is_video": is_video,
        "modules": [static(f"js/{name}") for name in MODULES + (VIDEO_MODULES if is_video else ())],
    }
    response = render(request, "annotations/editor.html", context)
    # The page holds the item's rev and a signed address: an old copy from the history would be wrong.
    response["Cache-Control"] = "private, no-store"
    return response


def _config(request: HttpRequest, item: Item, rank: access.Rank) -> dict[str, Any]:
    labels = item.project.labels.values("id", "name", "color", "attributes", "skeleton")
    return {
        "item": _item(item),
        "labels": [{**label, "id": str(label["id"])} for label in labels],
        "project": {"id": str(item.project_id), "name": item.project.name, "task": item.project.task},
        "user": {"id": str(request.user.pk), "name": request.user.name},
        "role": rank.name.lower(),
        "people": _people(item),
        "can_edit": rank >= (access.Act.REVIEW if item.state == State.APPROVED else access.Act.ANNOTATE),
        "urls": _urls(item, request.user),
        "work": desk(item, request.user, rank),
    }


def _people(item: Item) -> dict[str, str]:
    """Names by id of those who may see the item, and of those who drew in it and have left since."""
    drawn = item.annotations.values("author").union(item.annotations.values("updated_by"))
    left = User.objects.filter(pk__in=[row["author"] for row in drawn if row["author"]])
    return {str(person.pk): person.name for person in (*people_of(item), *left)}


def _item(item: Item) -> dict[str, Any]:
    asset = item.asset
    video = asset.video if asset.kind == Kind.VIDEO else None
    return {
        "id": str(item.pk),
        "path": item.path,
        "kind": asset.kind,
        "width": asset.width,
        "height": asset.height,
        "frames": video.frames if video else 1,
        "fps": video.fps if video else 0,
        "state": item.state,
        "rev": item.rev,
        "epoch": str(item.epoch),
    }


def _urls(item: Item, user: Any) -> dict[str, str]:
    interface = f"/api/v1/items/{item.pk}"
    previous, following = _neighbours(item, user)
    return {
        "socket": f"/ws/items/{item.pk}/",
        "annotations": f"{interface}/annotations",
        "tx": f"{interface}/tx",
        "frames": f"{interface}/frames/",
        "playback": f"{interface}/playback",
        "picture": _picture_url(item, f"{interface}/frames/0"),
        "project": reverse("project", args=[item.project_id]),
        "previous": _editor_url(previous),
        "next": _editor_url(following),
    }


def _picture_url(item: Item, frame_url: str) -> str:
    """The picture's own bytes where a browser can show them: sharper and cheaper than another JPEG of it."""
    asset = item.asset
    if asset.kind == Kind.IMAGE and (asset.upright or asset.content_type in _SHOWN_BY_BROWSERS):
        return signed_url(asset.picture, _A_WORKING_DAY)
    return frame_url


def _neighbours(item: Item, user: Any) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The items before and after this one in the order of their paths, which are unique in a project."""
    rows = access.visible(Item.objects.filter(project=item.project_id), user).values_list("pk", flat=True)
    before = rows.filter(path__lt=item.path).order_by("-path").first()
    after = rows.filter(path__gt=item.path).order_by("path").first()
    return before, after


def _editor_url(item_id: uuid.UUID | None) -> str:
    return reverse("editor", args=[item_id]) if item_id else ""
