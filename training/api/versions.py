"""`projects/{id}/versions`: what is labelled, frozen."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import Problem
from projects.serializers.jobs import JobSerializer
from training import jobs, serializers
from training.datasets.version import DatasetError
from training.models import Version

_TAGS = ["training"]
LIST = extend_schema(
    tags=_TAGS, parameters=[OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500.")]
)


def refusal(error: DatasetError) -> Problem:
    """What is told of a version that cannot be made."""
    return Problem(422, error.code, error.detail)


@extend_schema_view(get=LIST)
class Versions(generics.ListAPIView[Version]):
    """A project's dataset versions, newest first."""

    queryset = Version.objects.none()  # for the description of the interface only
    serializer_class = serializers.VersionSerializer

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        return access.visible(Version.objects.filter(project=project), self.request.user)

    @extend_schema(
        operation_id="versions_create",
        tags=_TAGS,
        request=serializers.NewVersionSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample("Freeze", {"name": "Before the new camera", "split": {"val": 0.2}}, request_only=True)
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Freeze what is labelled now (managers); the job's `result.version` is the version's id.

        422 with the code `no_labels`, `no_classes`, `one_image`, `no_train` or `no_val` says what is missing.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.TRAIN)
        body = serializers.NewVersionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            job = jobs.start_freeze(project, request.user, wanted["name"], dict(wanted.get("split") or {}))
        except DatasetError as error:
            raise refusal(error) from error
        return Response(JobSerializer(job).data, status=202)


class OneVersion(APIView):
    @extend_schema(operation_id="versions_get", tags=_TAGS, responses=serializers.VersionSerializer)
    def get(self, request: Request, version_id: uuid.UUID) -> Response:
        """A dataset version: labels, counts and split."""
        version = access.fetch(Version.objects.all(), request.user, version_id)
        return Response(serializers.VersionSerializer(version).data)
