"""Pipelines that follow their project take each new model as soon as it is trained."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from streaming.desk import wake
from streaming.models import Pipeline
from training.models import Model


def follow(sender: Any, model: Model, **_: Any) -> None:
    """Hand a newly registered model to the pipelines that wait for one."""
    rows = Pipeline.objects.filter(Q(model=None) | ~Q(model=model), project=model.project_id, follow_model=True)
    taken = list(rows.values_list("pk", flat=True))
    Pipeline.objects.filter(pk__in=taken).update(model=model)
    for pk in taken:
        wake(pk)
