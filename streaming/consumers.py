"""The socket of a pipeline: its state, its metrics and what it detects, as they come."""

from __future__ import annotations

from projects import access, live
from projects.sockets import RoomSocket, in_thread
from streaming.models import Pipeline


class PipelineSocket(RoomSocket):
    """Everything that the pipeline's process publishes, after the state as it is now."""

    async def authorise(self) -> str:
        self.pipeline = await in_thread(access.fetch, Pipeline.objects.all(), self.user, self.path["pipeline_id"])
        return live.pipeline_room(self.pipeline.pk)

    async def on_join(self) -> None:
        row = await in_thread(Pipeline.objects.get, pk=self.pipeline.pk)
        since = row.state_since.isoformat()
        self.send_message({"type": "state", "state": row.state, "reason": row.reason, "since": since})
        if row.metrics:
            self.send_message({"type": "metrics", **row.metrics})
