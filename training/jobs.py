"""Asking for long work: a job row, and a doorbell on the queue once the row is committed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction

from annotations import relabel
from projects import live
from projects.models import Job, Project, User
from projects.models.job import ACTIVE, Status
from training import engines
from training.datasets import version as versions
from training.engines.base import Description, ParamErrors
from training.models import Version

_log = logging.getLogger(__name__)

TRAIN, FREEZE, AUTO_LABEL = "train", "freeze", "auto-label"
_TASKS = {
    TRAIN: ("training.tasks.run_training_job", "training"),
    FREEZE: ("training.tasks.run_freeze_job", "default"),
    AUTO_LABEL: ("training.tasks.run_auto_label_job", "default"),
    relabel.KIND: (relabel.TASK, "default"),
}
SILENT_S = 30.0  # a holder beats every two seconds
_MOST_LOSSES = 2
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
    job = Job.objects.create(
        project=project,
        kind=TRAIN,
        title=title[:200],
        params={**chosen, "version": str(version.pk)},
        metrics={"epochs": chosen["params"].get("epochs")},
        created_by=by,
    )
    job.record("status", {"status": Status.QUEUED})
    dispatch(job)
    return job


@transaction.atomic
def start_freeze(project: Project, by: User | None, name: str = "", split: dict[str, Any] | None = None) -> Job:
    """Queue the freezing of a version; `result.version` of the job is its id.

    Raises:
        versions.DatasetError: the labels do not make a dataset yet.
    """
    versions.draft(project, split)
    title = name or "Freeze a version"
    job = Job.objects.create(
        project=project, kind=FREEZE, title=title, params={"name": name, "split": split or {}}, created_by=by
    )
    job.record("status", {"status": Status.QUEUED})
    dispatch(job)
    return job


def dispatch(job: Job) -> None:
    """Ring the queue when the surrounding transaction commits. A bell that is lost is rung again by the reaper."""
    task, queue = _TASKS[job.kind]
    pk = str(job.pk)
    transaction.on_commit(lambda: current_app.send_task(task, (pk,), queue=queue), robust=True)


def reap() -> None:
    """Queue again, at most twice, the jobs whose holder has fallen silent, and ring for those nobody heard of."""
    for job in Job.objects.filter(kind__in=_TASKS, status__in=ACTIVE):
        wanted = job.status != Status.CANCELLING
        if job.lose(SILENT_S):
            _queue_again(job, wanted)
    for kind, (_, queue) in _TASKS.items():
        waiting = Job.objects.filter(kind=kind, status=Status.QUEUED)
        if waiting.exists() and _empty(queue):
            for job in waiting.order_by("created_at"):
                dispatch(job)


def _queue_again(job: Job, wanted: bool) -> None:
    _log.warning("job %s was lost", job.pk)
    if not wanted:
        job.move(Status.CANCELLED, expect=(Status.LOST,))
    elif job.times_lost <= _MOST_LOSSES:
        job.move(Status.QUEUED, expect=(Status.LOST,))
        dispatch(job)
    else:
        detail = (
            f"The worker of this job disappeared {job.times_lost} times: see its log, "
            "and whether the computer runs out of memory."
        )
        job.move(Status.FAILED, expect=(Status.LOST,), error={"code": "lost", "detail": detail})


def _empty(queue: str) -> bool:
    try:
        return live.client().llen(queue) == 0
    except redis.RedisError:
        return False
