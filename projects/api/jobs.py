"""`jobs/`: long work, its log, and how to stop it."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view, inline_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from projects import access, etags
from projects.access import Act
from projects.models import Job, JobEvent, Project
from projects.problems import Problem, invalid
from projects.serializers.jobs import EventSerializer, JobSerializer

_TAGS = ["jobs"]
_MOST = 1000
_PAGE = [
    OpenApiParameter("after", int, description="The last seq that the caller has; 0 by default."),
    OpenApiParameter("limit", int, description=f"How many at most, up to {_MOST}; 200 by default."),
]
_EVENTS = inline_serializer(
    "JobEventList", {"results": EventSerializer(many=True), "next": serializers.URLField(allow_null=True)}
)
_RUNNING = OpenApiExample(
    "A training job half-way",
    {
        "id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "project": "0190a1b2-0000-7000-8000-000000000001",
        "kind": "train",
        "title": "yolo11n, 30 epochs",
        "status": "running",
        "phase": "train",
        "progress": 0.5,
        "params": {"epochs": 30},
        "result": None,
        "error": None,
        "metrics": {"map50": 0.81},
        "attempt": 1,
        "last_seq": 412,
        "created_by": "0190a1b2-0000-7000-8000-000000000002",
        "created_at": "2026-01-05T09:30:00Z",
        "started_at": "2026-01-05T09:30:02Z",
        "ended_at": None,
    },
    response_only=True,
)


@extend_schema_view(get=extend_schema(operation_id="jobs_list", tags=_TAGS, summary="A project's jobs"))
class Jobs(generics.ListAPIView[Job]):
    queryset = Job.objects.none()  # for the description of the interface only
    serializer_class = JobSerializer
    filterset_fields = ("kind", "status")

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        return access.visible(Job.objects.filter(project=project), self.request.user)


class OneJob(APIView):
    @extend_schema(operation_id="jobs_get", tags=_TAGS, responses=JobSerializer, examples=[_RUNNING])
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        """A job: its status, progress, result or error."""
        job = access.fetch(Job.objects.all(), request.user, job_id)
        return etags.answer(request, JobSerializer(job, context={"request": request}).data)


class CancelJob(APIView):
    @extend_schema(operation_id="jobs_cancel", tags=_TAGS, request=None, responses={202: JobSerializer})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Ask a job to end (whoever started it, and managers). A running one is `cancelling` until it has."""
        job = access.fetch(Job.objects.all(), request.user, job_id)
        own = job.created_by_id == request.user.pk
        access.require(request.user, job.project_id, Act.ANNOTATE if own else Act.TRAIN)
        if not job.request_cancel():
            raise Problem(409, "job-ended", f"The job has ended already: it {job.status}.", status_of_job=job.status)
        return Response(JobSerializer(job).data, status=202)


class _Story(APIView):
    """Events after a seq, oldest first, with the address of those that follow."""

    kinds: tuple[str, ...] = ()

    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        job = access.fetch(Job.objects.all(), request.user, job_id)
        after, limit = _whole(request, "after", 0), min(_whole(request, "limit", 200), _MOST)
        rows = access.visible(JobEvent.objects.filter(job=job, seq__gt=after), request.user).order_by("seq")
        if self.kinds:
            rows = rows.filter(kind__in=self.kinds)
        events = list(rows[: limit + 1])
        page, more = events[:limit], len(events) > limit
        follow = replace_query_param(request.build_absolute_uri(), "after", page[-1].seq) if more and page else None
        return Response({"results": EventSerializer(page, many=True).data, "next": follow})


def _whole(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        raise invalid(f"/{name}", f"{given[:20]!r} is no whole number from 0 up.")
    return int(given)


@extend_schema_view(
    get=extend_schema(
        operation_id="jobs_events", tags=_TAGS, summary="What happened", parameters=_PAGE, responses=_EVENTS
    )
)
class JobEvents(_Story):
    pass


@extend_schema_view(
    get=extend_schema(
        operation_id="jobs_log", tags=_TAGS, summary="The job's log lines", parameters=_PAGE, responses=_EVENTS
    )
)
class JobLog(_Story):
    kinds = ("log",)
