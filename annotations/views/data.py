"""The project's tab 'Data': labels out of it, into it, and from one format to another."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from projects import access
from projects.access import Act
from projects.models import Label
from projects.models.item import Split, State
from projects.views.project import project_and_rank


@login_required
@require_safe
def data(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Export, import and convert; what runs and what is done is read from the interface by the page's script."""
    project, rank = project_and_rank(request, project_id)
    labels = list(Label.objects.filter(project=project))
    context = {
        "project": project,
        "rank": rank,
        "may_annotate": rank >= Act.ANNOTATE,
        "may_import": rank >= Act.IMPORT,
        "labels": labels,
        "people": access.members(project),
        "states": State.choices,
        "splits": [(value, name if value else "Not chosen yet") for value, name in Split.choices],
        "facts": {
            "project": str(project.pk),
            "task": project.task,
            "me": str(request.user.pk),
            "mayAnnotate": rank >= Act.ANNOTATE,
            "mayStopOthers": rank >= Act.TRAIN,
            "mayImport": rank >= Act.IMPORT,
            "labels": [{"id": str(label.pk), "name": label.name, "color": label.color} for label in labels],
        },
    }
    return render(request, "annotations/data.html", context)
