"""The labels of a project, edited on its settings page."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects.access import Act
from projects.forms import MOST_LABELS, LabelForm
from projects.models import Label, Project
from projects.views.project import project_and_rank, settings_page


def _back(project: Project) -> HttpResponse:
    return redirect(reverse("project-settings", args=[project.pk]) + "#labels")


@login_required
@require_POST
def add(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project, rank = project_and_rank(request, project_id, Act.EDIT_LABELS)
    form = LabelForm(request.POST, instance=Label(project=project), prefix="label")
    if project.labels.count() >= MOST_LABELS:
        form.add_error(None, f"A project holds at most {MOST_LABELS} labels.")
    if form.is_valid():
        try:
            with transaction.atomic():
                project.add_label(form.cleaned_data["name"], form.cleaned_data["color"])
            return _back(project)
        except IntegrityError:  # the same name a moment ago, from another browser
            form.add_error("name", "The project has this label already.")
    return settings_page(request, project, rank, label_form=form)


@login_required
@require_POST
def change(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    """`do`: save (name and colour), up, down or delete."""
    project, _ = project_and_rank(request, project_id, Act.EDIT_LABELS)
    label = get_object_or_404(project.labels, pk=label_id)
    acts = {"save": _save, "up": _move, "down": _move, "delete": _delete}
    act = acts.get(request.POST.get("do", "save"))
    if act is None:
        raise BadRequest("A label can be saved, moved up or down, or deleted.")
    act(request, project, label)
    return _back(project)


def _save(request: HttpRequest, project: Project, label: Label) -> None:
    form = LabelForm(request.POST, instance=label)
    if form.is_valid():
        form.save()
    else:
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))


def _delete(request: HttpRequest, project: Project, label: Label) -> None:
    try:
        label.retire()
        messages.success(request, f"The label '{label.name}' is deleted.")
    except ProtectedError:
        uses = label.uses()
        shapes = "1 shape uses" if uses == 1 else f"{uses} shapes use"
        messages.error(
            request,
            f"{shapes} '{label.name}', counting deleted ones that can still be restored. "
            "Merge it into another label, or delete it with its shapes, below the list.",
        )


@transaction.atomic
def _move(request: HttpRequest, project: Project, label: Label) -> None:
    """Swap with the neighbour: the class indices of these two, and of no other, change for models to come."""
    rows = list(project.labels.select_for_update())
    at = rows.index(label)
    to = at + (1 if request.POST["do"] == "down" else -1)
    if not 0 <= to < len(rows):
        return
    rows[at].ordinal, rows[to].ordinal = rows[to].ordinal, rows[at].ordinal
    for row in (rows[at], rows[to]):
        row.save(update_fields=["ordinal"])
