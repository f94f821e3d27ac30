"""Asking for a training or a frozen version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from projects import jobs
from projects.models import Job, Project, User
from training import engines
from training.datasets import version as versions
from training.engines.base import Description, ParamErrors
from training.models import Version

TRAIN, FREEZE, RESTORE, AUTO_LABEL = "train", "freeze", "restore", "auto-label"
jobs.register(TRAIN, "training.tasks.run_training_job", "training")
jobs.register(FREEZE, "training.tasks.run_freeze_job")
jobs.register(RESTORE, "training.tasks.run_restore_job")
jobs.register(AUTO_LABEL, "training.tasks.run_auto_label_job")
_NAMES = ("engine", "model", "preset", "title")


def describe(engine: str) -> Description:
    """What can be chosen of an engine, with the pretrained weights that this server has.

    Raises:
        ParamErrors: there is no such engine.
    """
    try:
        return engines.load(engine).describe(settings.WEIGHTS_DIR)
    except KeyError:
        raise ParamErrors({"engine": f"'{engine}' is not one of {', '.join(engines.OFFERED)}."}) from None


def read_params(given: Mapping[str, Any]) -> dict[str, Any]:
    """`{engine, model, preset, params}` complete and typed, from what somebody asked for.

    Args:
        given: `engine` ("yolo"), `preset` or `model`, and any parameter of the engine.

    Raises:
        ParamErrors: one sentence for each thing that is wrong.
    """
    description = describe(str(given.get("engine") or "yolo"))
    wanted = {name: value for name, value in given.items() if name not in _NAMES}
    name = str(given.get("preset") or "")
    preset = description.preset(name)
    if name and preset is None:
        known = ", ".join(preset.name for preset in description.presets)
        raise ParamErrors({"preset": f"'{name}' is not one of {known}."})
    model = str(given.get("model") or (preset.model if preset else description.models[0].name))
    if model not in {choice.name for choice in description.models}:
        raise ParamErrors({"model": _no_model(model, description)})
    values = description.read({**(preset.params if preset else {}), **wanted})
    return {"engine": description.name, "model": model, "preset": name, "params": values}


def _no_model(model: str, description: Description) -> str:
    known = ", ".join(choice.name for choice in description.models)
    if model.endswith(".pt"):
        return f"The weights '{model}' are not in this server's weights folder; it has {known}."
    return f"'{model}' is not one of {known}."


@transaction.atomic
def start_training(project: Project, by: User | None, params: Mapping[str, Any], version: Version | None = None) -> Job:
    """Freeze what is labelled, unless a version is given, and queue a training job on it.

    Args:
        project: Of a task that the engine can learn.
        by: Who asks.
        params: As in `read_params`, such as `{"preset": "demo"}` or `{"model": "tiny", "epochs": 20}`.
        version: What to train on instead of a new version.

    Raises:
        ParamErrors: a parameter is wrong.
        versions.DatasetError: the labels do not make a dataset yet.
    """
    chosen = read_params(params)
    description = describe(chosen["engine"])
    if project.task not in description.tasks:
        raise versions.DatasetError(
            "wrong_task", f"{description.title} cannot learn '{project.get_task_display()}' yet, only boxes."
        )
    if version is None:
        version = versions.freeze(project, by, reuse=True)
    title = str(params.get("title") or f"{chosen['model']} on {version}")
    metrics = {"epochs": chosen["params"].get("epochs")}
    return jobs.start(project, TRAIN, title, {**chosen, "version": str(version.pk)}, by, metrics=metrics)


@transaction.atomic
def start_freeze(
    project: Project,
    by: User | None,
    name: str = "",
    split: dict[str, Any] | None = None,
    recipe: versions.Recipe | None = None,
) -> Job:
    """Queue the freezing of a version; `result.version` of the job is its id.

    A small dataset is tried at once, so that whoever asks hears what is missing; of a large one the job says it.

    Raises:
        versions.DatasetError: the labels do not make a dataset yet.
    """
    recipe = recipe or versions.Recipe(split=split or {})
    if versions.is_small(project, recipe):
        with versions.draft(project, recipe=recipe):
            pass
    return jobs.start(project, FREEZE, name or "Freeze a version", {"name": name, **recipe.as_json()}, by)


def start_restore(version: Version, by: User | None, name: str = "") -> Job:
    """Queue making a project of a version; `result.project` of the job is its id."""
    title = name or f"{version.project.name}: {version}"[:120]
    return jobs.start(version.project, RESTORE, title, {"version": str(version.pk), "name": title}, by)
