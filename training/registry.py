"""Where trained weights become a model of the project."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.dispatch import Signal

from projects.ids import uuid7
from projects.models import Job
from training.models import Model, Version

# Sent after commit with `model`: pipelines that follow the project's models take the new one.
model_registered = Signal()


def register(job: Job, version: Version, result: dict[str, Any]) -> Model:
    """Store the files that a training child made and the row that names them.

    Args:
        job: The training job; its params name the engine.
        version: What it was trained on; gives the labels in index order.
        result: A child's `result` event: weights, onnx (paths), metrics, facts.
    """
    number = Model.objects.filter(project=job.project_id).count() + 1
    model = Model(
        id=uuid7(),
        project_id=job.project_id,
        name=f"Model {number}: {job.params['model'].removesuffix('.yaml').removesuffix('.pt')}",
        engine=job.params["engine"],
        version=version,
        job=job,
        labels=[
            {"id": label["id"], "name": label["name"], "color": label.get("color", "")} for label in version.labels
        ],
        params={"model": job.params["model"], **job.params["params"], **result.get("facts", {})},
        metrics=result["metrics"],
        created_by=job.created_by,
    )
    try:
        with transaction.atomic():
            _store(model, "weights", Path(result["weights"]))
            _store(model, "onnx", Path(result["onnx"]))
            model.save(force_insert=True)
            transaction.on_commit(lambda: model_registered.send(sender=Model, model=model), robust=True)
    except BaseException:
        discard(model)
        raise
    return model


def _store(model: Model, name: str, path: Path) -> None:
    with path.open("rb") as source:
        getattr(model, name).save(f"models/{model.project_id}/{model.pk}{path.suffix}", File(source), save=False)


def discard(model: Model) -> None:
    """Delete the files of a model whose row did not come to be."""
    for field in (model.weights, model.onnx):
        if field:
            with suppress(OSError):
                field.storage.delete(field.name)
