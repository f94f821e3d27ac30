"""The skeletons of a project's labels, edited on its settings page."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects.access import Act
from projects.forms import SkeletonForm
from projects.views.project import project_and_rank, settings_page


@login_required
@require_POST
def change(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    """Save the skeleton of a label; without points it has none."""
    project, rank = project_and_rank(request, project_id, Act.EDIT_LABELS)
    label = get_object_or_404(project.labels, pk=label_id)
    form = SkeletonForm(request.POST, label=label)
    if not form.is_valid():
        return settings_page(request, project, rank, skeletons=SkeletonForm.rows(project, form))
    form.save()
    messages.success(request, f"The skeleton of '{label.name}' is saved.")
    return redirect(reverse("project-settings", args=[project.pk]) + "#skeletons")
