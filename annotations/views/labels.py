"""The forms on a project's settings page that change a label together with its shapes."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from annotations import relabel
from projects import access
from projects.access import Act
from projects.models import Label


@login_required
@require_POST
def merge(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    label = access.fetch(Label.objects.filter(project=project_id), request.user, label_id, Act.EDIT_LABELS)
    rows = Label.objects.filter(project=project_id, pk__in=[_id(request.POST.get("into", ""))])
    into = access.visible(rows, request.user).first()
    if into is None:
        messages.error(request, f"Choose the label that {label.name!r} shall merge into.")
        return _back(project_id)
    try:
        relabel.start_merge(label, into, request.user)
        messages.success(request, f"'{label.name}' becomes '{into.name}': its shapes follow. It can be brought back.")
    except relabel.RelabelError as error:
        messages.error(request, str(error))
    return _back(project_id)


@login_required
@require_POST
def remove(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    label = access.fetch(Label.objects.filter(project=project_id), request.user, label_id, Act.EDIT_LABELS)
    try:
        relabel.start_removal(label, request.user)
        messages.success(request, f"The label '{label.name}' is deleted with its shapes. It can be brought back.")
    except relabel.RelabelError as error:
        messages.error(request, str(error))
    return _back(project_id)


@login_required
@require_POST
def restore(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    label = access.fetch(Label.every.filter(project=project_id), request.user, label_id, Act.EDIT_LABELS)
    if label.retired_at is not None:
        relabel.start_restoring(label, request.user)
        messages.success(request, f"The label '{label.name}' comes back.")
    return _back(project_id)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _back(project_id: uuid.UUID) -> HttpResponse:
    return redirect(reverse("project-settings", args=[project_id]) + "#labels")
