"""Jobs and their events as the REST interface shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects import jobs
from projects.models import Job, JobEvent


class JobSerializer(serializers.ModelSerializer[Job]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    created_by = serializers.UUIDField(source="created_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = (
            "id",
            "project",
            "kind",
            "title",
            "status",
            "phase",
            "progress",
            "params",
            "result",
            "error",
            "metrics",
            "attempt",
            "last_seq",
            "created_by",
            "created_at",
            "started_at",
            "ended_at",
        )
        read_only_fields = fields

    def to_representation(self, job: Job) -> dict[str, Any]:
        request = self.context.get("request")
        return {**super().to_representation(job), "result": jobs.result_of(job, request.user if request else None)}


class EventSerializer(serializers.Serializer[Any]):
    """An event as the project's socket sends it: `{seq, kind, at, ...}` with what its kind brings."""

    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()

    def to_representation(self, event: JobEvent) -> dict[str, Any]:
        return {**super().to_representation(event), **event.payload}
