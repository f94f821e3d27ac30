"""The socket of a project: its jobs as they happen, for the training pages and the dashboard."""

from __future__ import annotations

import uuid
from typing import Any

from projects import access, live
from projects.hub import Frame
from projects.models import Job, JobEvent, Project
from projects.sockets import MALFORMED, Refused, RoomSocket, in_thread

_CHUNK = 400
# Batches are many and only the newest are looked at; every other kind of event is replayed whole.
_BATCHES = 300


class ProjectSocket(RoomSocket):
    """Sends every event of the project's jobs; `follow` replays a job's stored ones first."""

    async def authorise(self) -> str:
        project = await in_thread(access.fetch, Project.objects.all(), self.user, self.path["project_id"])
        return live.project_room(project.pk)

    async def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] != "follow":
            await super().on_message(message)
        job_id, after = _wanted(message)
        while True:
            events = await in_thread(self._stored, job_id, after)
            last = len(events) < _CHUNK
            self.send_message({"type": "events", "job": str(job_id), "events": events, "more": not last})
            if last:
                return
            after = events[-1]["seq"]
            await self.flushed()

    def _stored(self, job_id: uuid.UUID, after: int) -> list[dict[str, Any]]:
        """The next events of a job of this project, oldest first."""
        job = Job.objects.filter(pk=job_id, project=self.path["project_id"]).first()
        if job is None:
            return []
        newest = job.events.filter(kind="batch").order_by("-seq").values_list("seq", flat=True)
        since = next(iter(newest[_BATCHES : _BATCHES + 1]), 0)
        rows = job.events.filter(seq__gt=after).exclude(kind="batch", seq__lte=since).order_by("seq")
        return [_wire(event) for event in rows[:_CHUNK]]


class PersonSocket(RoomSocket):
    """The bell of pages that have no other socket: `notice` and `notices-read` of the person who is signed in."""

    async def authorise(self) -> str:
        return live.person_room(self.user.pk)

    def deliver(self, room: str, frame: Frame) -> None:
        super().deliver("", frame)  # by what it is: not everything in a person's room is for their eyes


def _wire(event: JobEvent) -> dict[str, Any]:
    return {"seq": event.seq, "kind": event.kind, "at": event.at.isoformat(), **event.payload}


def _wanted(message: dict[str, Any]) -> tuple[uuid.UUID, int]:
    after = message.get("after", 0)
    try:
        job_id = uuid.UUID(str(message.get("job")))
    except ValueError:
        raise Refused(MALFORMED, "`follow` needs the id of a job.") from None
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < 2**62:
        raise Refused(MALFORMED, "`after` is the last seq that you have: a whole number from 0 up.")
    return job_id, after
