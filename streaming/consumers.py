"""The socket of a pipeline: its state, its metrics and what it detects, as they come."""

from __future__ import annotations

from projects import access, live
from projects.sockets import MISSING, Refused, RoomSocket, in_thread
from streaming.models import Pipeline


class PipelineSocket(RoomSocket):
    """Everything that the pipeline's process publishes, after the state as it is now."""

    async def authorise(self) -> str:
        self.pipeline = await in_thread(access.fetch, Pipeline.objects.all(), self.user, self.path["pipeline_id"])
        return live.pipeline_room(self.pipeline.pk)

    async def on_join(self) -> None:
        row = await in_thread(Pipeline.objects.filter(pk=self.pipeline.pk).first)
        if row is None:
            raise Refused(MISSING, "The pipeline was deleted.")
        since = row.state_since.isoformat()
        self.send_message({"type": "state", "state": row.state, "reason": row.reason, "since": since})
        if row.metrics:
            self.send_message({"type": "metrics", **row.metrics})
