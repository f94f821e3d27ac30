"""A running pipeline's dealings with the rest: its row, its room, and what it is asked for."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
import redis
from django.db import DatabaseError, connection
from django.utils import timezone

from projects import live
from projects.models import Label
from streaming.models import Pipeline

_SNAPSHOT_KEPT = 10


def commands_key(pipeline_id: uuid.UUID | str) -> str:
    """The Redis list of what a pipeline's process is asked for."""
    return f"pipeline-commands:{pipeline_id}"


def snapshot_key(pipeline_id: uuid.UUID | str) -> str:
    """Where the newest small picture of a running pipeline is."""
    return f"pipeline-snapshot:{pipeline_id}"


def wake(pipeline_id: uuid.UUID | str) -> None:
    """Have the process read its row now rather than within a second."""
    try:
        live.client().rpush(commands_key(pipeline_id), b'{"do":"look"}')
        live.client().expire(commands_key(pipeline_id), 10)
    except redis.RedisError:
        return


def set_state(rows: Any, state: str, reason: str = "") -> bool:
    """Move the pipelines among `rows` to a state and tell those who watch; False when there was none."""
    changed = list(rows.values_list("pk", flat=True))
    if not rows.update(state=state, reason=reason[:500], state_since=timezone.now()):
        return False
    for pk in changed:
        live.publish_on_commit(live.pipeline_room(pk), {"type": "state", "state": state, "reason": reason[:500]})
    return True


class Desk:
    """Reads and writes the row for as long as the lease is this worker's; one thread uses it."""

    def __init__(self, pipeline_id: str, worker: str) -> None:
        self.pipeline_id, self.worker = pipeline_id, worker
        self.room = live.pipeline_room(pipeline_id)
        self._state = ("", "")

    def look(self) -> Pipeline | None:
        """The row as people want it now; None when it is to stop or another worker has it.

        Raises:
            DatabaseError: Postgres cannot be asked; the pipeline goes on as it is.
        """
        try:
            return self._mine().filter(wanted=True).select_related("source", "model").first()
        except DatabaseError:
            connection.close()
            raise

    def colors(self, pipeline: Pipeline) -> dict[str, str]:
        return dict(Label.objects.filter(project=pipeline.project_id).values_list("name", "color"))

    def tell_state(self, state: str, reason: str) -> None:
        if (state, reason) == self._state:
            return
        try:
            set_state(self._mine(), state, reason)
            self._state = (state, reason)
        except DatabaseError:
            connection.close()

    def tell_metrics(self, metrics: dict[str, Any], store: bool) -> None:
        live.publish(self.room, {"type": "metrics", **metrics})
        if not store:
            return
        try:
            self._mine().update(metrics=metrics)
        except DatabaseError:
            connection.close()

    def tell(self, message: dict[str, Any]) -> None:
        live.publish(self.room, message)

    def keep_snapshot(self, data: bytes) -> None:
        try:
            live.client().set(snapshot_key(self.pipeline_id), data, ex=_SNAPSHOT_KEPT)
        except redis.RedisError:
            return

    def next_command(self, timeout: float) -> dict[str, Any] | None:
        """What is asked next, waiting for at most `timeout` seconds.

        Raises:
            redis.RedisError: Redis cannot be asked.
        """
        asked = live.client().blpop([commands_key(self.pipeline_id)], timeout=timeout)
        return orjson.loads(asked[1]) if asked else None

    def reply(self, to: str, header: dict[str, Any], picture: bytes) -> None:
        """Hand a picture to whoever waits on the list `to`: one line of JSON, then the bytes."""
        client = live.client()
        client.rpush(to, orjson.dumps(header) + b"\n" + picture)
        client.expire(to, 15)

    def _mine(self) -> Any:
        return Pipeline.objects.filter(pk=self.pipeline_id, worker=self.worker)
