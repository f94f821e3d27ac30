"""`versions`, `training-jobs` and `models` of the REST interface."""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import Problem, invalid
from projects.serializers.jobs import JobSerializer
from training import jobs, serializers, suggestions
from training.datasets.version import DatasetError
from training.engines.base import ParamErrors
from training.models import Model, Version
from training.predictions import PredictionError, load_predictor
from training.uploads import read_upload

_TAGS = ["training"]
_TOP = ("engine", "model", "preset", "title")
_LIST = extend_schema(
    tags=_TAGS, parameters=[OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500.")]
)


def _refusal(error: DatasetError) -> Problem:
    return Problem(422, error.code, error.detail)


@extend_schema_view(get=_LIST)
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
            raise _refusal(error) from error
        return Response(JobSerializer(job).data, status=202)


class OneVersion(APIView):
    @extend_schema(operation_id="versions_get", tags=_TAGS, responses=serializers.VersionSerializer)
    def get(self, request: Request, version_id: uuid.UUID) -> Response:
        """A dataset version: labels, counts and split."""
        version = access.fetch(Version.objects.all(), request.user, version_id)
        return Response(serializers.VersionSerializer(version).data)


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
            raise _refusal(error) from error
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


@extend_schema_view(get=_LIST)
class Models(generics.ListAPIView[Model]):
    """A project's models, newest first."""

    queryset = Model.objects.none()
    serializer_class = serializers.ModelSerializer

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        return access.visible(Model.objects.filter(project=project), self.request.user)


class OneModel(APIView):
    @extend_schema(operation_id="models_get", tags=_TAGS, responses=serializers.ModelSerializer)
    def get(self, request: Request, model_id: uuid.UUID) -> Response:
        """A model: its labels in index order, parameters and metrics."""
        return Response(serializers.ModelSerializer(access.fetch(Model.objects.all(), request.user, model_id)).data)


class Predict(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="models_predict",
        tags=_TAGS,
        request={"multipart/form-data": serializers.PictureSerializer},
        parameters=[serializers.ThresholdsSerializer],
        responses=serializers.PredictionSerializer,
    )
    def post(self, request: Request, model_id: uuid.UUID) -> Response:
        """What the model sees in one picture; the picture is not kept."""
        model = access.fetch(Model.objects.all(), request.user, model_id)
        query = serializers.ThresholdsSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        files = request.FILES.getlist("file")
        if len(files) != 1:
            raise invalid("/file", f"Send one picture in the form's field `file`; there are {len(files)}.", "required")
        picture = read_upload(files[0])
        try:
            predictor = load_predictor(model)
        except PredictionError as error:
            raise Problem(409, "no-export", str(error)) from error
        began = time.perf_counter()
        found = predictor.predict(picture, **query.validated_data)
        spent = (time.perf_counter() - began) * 1000
        return Response(
            {
                "detections": suggestions.to_json(found),
                "speed_ms": round(spent, 2),
                "width": picture.shape[1],
                "height": picture.shape[0],
            }
        )
