"""`projects/{id}/models`: what was trained, what it sees, and which of them the project's own tools ask."""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.models import Project
from projects.problems import Problem, invalid
from training import serializers, suggestions
from training.api.versions import LIST
from training.models import Model, Stage
from training.predictions import PredictionError, load_predictor
from training.uploads import read_upload

_TAGS = ["training"]


@extend_schema_view(get=LIST)
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


class Deploy(APIView):
    @extend_schema(operation_id="models_deploy", tags=_TAGS, request=None, responses=serializers.ModelSerializer)
    def post(self, request: Request, model_id: uuid.UUID) -> Response:
        """Make this the project's own model, which its tools ask from now on (managers). There is one at a time."""
        model = access.fetch(Model.objects.all(), request.user, model_id, Act.TRAIN)
        if not model.onnx:
            raise Problem(409, "no-export", f"{model.name} has no ONNX export to predict with: train it again.")
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=model.project_id)
            others = Model.objects.filter(project=model.project_id, stage=Stage.DEPLOYED).exclude(pk=model.pk)
            others.update(stage=Stage.CANDIDATE)
            model.stage = Stage.DEPLOYED
            model.save(update_fields=["stage"])
        return Response(serializers.ModelSerializer(model).data)
