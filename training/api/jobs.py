"""`projects/{id}/training-jobs`: training on a version."""

from __future__ import annotations

import uuid

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import invalid
from projects.serializers.jobs import JobSerializer
from training import jobs, serializers
from training.api.versions import refusal
from training.datasets.version import DatasetError
from training.engines.base import ParamErrors
from training.models import Version

_TAGS = ["training"]
_TOP = ("engine", "model", "preset", "title")


class TrainingJobs(APIView):
    @extend_schema(
        operation_id="training_jobs_create",
        tags=_TAGS,
        request=serializers.NewTrainingSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample("By preset", {"preset": "quick"}, request_only=True),
            OpenApiExample(
                "In full",
                {"engine": "yolo", "model": "yolo11n.yaml", "params": {"epochs": 50, "imgsz": 640, "batch": 8}},
                request_only=True,
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Freeze what is labelled, unless a version is named, and train on it (managers).

        Follow `GET jobs/{id}` or the project's socket; `result.model` is the model's id in the end.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.TRAIN)
        body = serializers.NewTrainingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = dict(body.validated_data)
        if wanted["engine"] == "fake" and not settings.DEBUG:
            raise invalid("/engine", "'fake' is not one of yolo.")
        version, params = _version(request, project, wanted.pop("version", None)), wanted.pop("params", {})
        clash = [name for name in _TOP if name in params]
        if clash:
            raise invalid(f"/params/{clash[0]}", "This stands beside `params`, not in it.")
        try:
            job = jobs.start_training(project, request.user, {**params, **wanted}, version)
        except ParamErrors as error:
            raise _wrong(error) from error
        except DatasetError as error:
            raise refusal(error) from error
        return Response(JobSerializer(job).data, status=202)


def _version(request: Request, project: Project, pk: uuid.UUID | None) -> Version | None:
    if pk is None:
        return None
    version = access.visible(Version.objects.filter(project=project), request.user).filter(pk=pk).first()
    if version is None:
        raise invalid("/version", "This project has no such version.")
    return version


def _wrong(error: ParamErrors) -> ValidationError:
    """Each parameter's own sentence, at its own place in the body."""
    top = {name: text for name, text in error.errors.items() if name in _TOP}
    params = {name: text for name, text in error.errors.items() if name not in _TOP}
    return ValidationError({**top, **({"params": params} if params else {})})
