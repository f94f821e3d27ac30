"""The attributes of a label: what annotators say about each of its shapes."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from projects.access import Act
from projects.forms import AttributeForms
from projects.views.project import project_and_rank


@login_required
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, project_id: uuid.UUID, label_id: uuid.UUID) -> HttpResponse:
    """Look at a label's attributes, or save them; editors that are open follow."""
    project, _ = project_and_rank(request, project_id, Act.EDIT_LABELS)
    label = get_object_or_404(project.labels, pk=label_id)
    forms = AttributeForms(request.POST or None, label=label)
    if request.method == "POST" and forms.is_valid():
        label.attributes = forms.attributes
        label.save(update_fields=["attributes"])
        messages.success(request, f"The attributes of '{label.name}' are saved.")
        return redirect("project-attributes", project.pk, label.pk)
    return render(request, "projects/label_attributes.html", {"project": project, "label": label, "forms": forms})
