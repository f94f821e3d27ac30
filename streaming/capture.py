"""A frame kept from a running pipeline: an item of the project with the detections as suggestions."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import redis
from django.core.files.base import ContentFile

from annotations import journal, protocol
from projects import live
from projects.intake import IntakeError, intake
from projects.models import Label, User
from projects.problems import Problem
from streaming.desk import commands_key
from streaming.models import Capture, Pipeline, PipelineState
from training.models import Model
from training.suggestions import to_ops

_WAIT = 4
_LIVE = (PipelineState.RUNNING, PipelineState.PASSTHROUGH)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the pipeline's process handed over: the JPEG, and what it says of it."""

    picture: bytes
    facts: dict[str, Any]


def _ask(pipeline: Pipeline) -> Kept:
    """The newest processed frame from the pipeline's process.

    Raises:
        Problem: 409 when it does not run, 503 when it does not answer.
    """
    if pipeline.state not in _LIVE:
        why = f": {pipeline.reason}" if pipeline.reason else "."
        raise Problem(409, "not-running", f"The pipeline is {pipeline.get_state_display().lower()}{why}")
    reply = f"pipeline-reply:{uuid.uuid4().hex}"
    command = {"do": "capture", "to": reply, "until": time.time() + _WAIT}
    try:
        client = live.client()
        client.rpush(commands_key(pipeline.pk), orjson.dumps(command))
        client.expire(commands_key(pipeline.pk), 10)
        answer: Any = client.blpop([reply], timeout=_WAIT)
    except redis.RedisError:
        answer = None
    if answer is None:
        raise Problem(503, "no-answer", "The pipeline did not hand over a frame: try again in a few seconds.")
    head, _, picture = answer[1].partition(b"\n")
    return Kept(picture, orjson.loads(head))


def capture(pipeline: Pipeline, by: User) -> Capture:
    """Keep the newest frame as an item; `captures/<pipeline>/<time>.jpg` is its path.

    Raises:
        Problem: the pipeline is not running or does not answer, or the picture was refused.
    """
    kept = _ask(pipeline)
    taken = datetime.fromtimestamp(kept.facts["at"], UTC)
    name = f"{taken:%Y-%m-%d %H-%M-%S.%f}"[:-3] + ".jpg"
    folder = pipeline.name.replace("/", "-").strip(". ") or "pipeline"
    try:
        item = intake(pipeline.project, ContentFile(kept.picture, name=name), name, by, f"captures/{folder}/{name}")
    except IntakeError as error:
        raise Problem(422, error.code, error.detail) from error
    model = Model.objects.filter(pk=kept.facts["model"]).first() if kept.facts["model"] else None
    _suggest(pipeline, item.pk, kept.facts["detections"], by)
    return Capture.objects.create(
        pipeline=pipeline, item=item, model=model, detections=kept.facts["detections"], created_by=by
    )


def _suggest(pipeline: Pipeline, item_id: uuid.UUID, detections: list[dict[str, Any]], by: User) -> None:
    """Commit the detections as suggestions; labels that the project no longer has are left out."""
    ops = to_ops(detections, Label.objects.filter(project=pipeline.project_id))
    if ops:
        tx = protocol.Tx(client_id=f"pipeline-{pipeline.pk}", tx_id=uuid.uuid4().hex, base_rev=0, ops=ops)
        journal.commit(item_id, tx, by, source="model")
