"""`sources/`, `pipelines/`: where frames come from, what runs on them, and the frames that are kept."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import Problem
from streaming.capture import capture
from streaming.desk import set_state, wake
from streaming.models import Capture, Pipeline, PipelineState, Source
from streaming.serializers import CaptureSerializer, MetricsSerializer, PipelineSerializer, SourceSerializer

_SOURCES, _PIPELINES = ["sources"], ["pipelines"]


def _doorbell(pipeline_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: wake(pipeline_id))


class _OfProject(generics.ListAPIView[Any]):
    """A list of a project's rows that managers may add to."""

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "project": getattr(self, "project", None)}

    def create(self, request: Request, project_id: uuid.UUID) -> Response:
        access.require(request.user, project_id, Act.STREAM)
        self.project = Project.objects.get(pk=project_id)
        form = self.get_serializer(data=request.data)
        form.is_valid(raise_exception=True)
        form.save(project=self.project, created_by=request.user)
        return Response(form.data, status=201)

    def get_queryset(self) -> Any:
        model: Any = self.serializer_class.Meta.model  # type: ignore[union-attr]
        if getattr(self, "swagger_fake_view", False):
            return model.objects.none()
        access.require(self.request.user, self.kwargs["project_id"], Act.VIEW)
        return access.visible(model.objects.filter(project=self.kwargs["project_id"]), self.request.user)


@extend_schema_view(
    get=extend_schema(operation_id="sources_list", tags=_SOURCES, description="A project's sources (everybody in it).")
)
class Sources(_OfProject):
    serializer_class = SourceSerializer

    @extend_schema(
        operation_id="sources_create",
        tags=_SOURCES,
        request=SourceSerializer,
        responses={201: SourceSerializer},
        examples=[
            OpenApiExample(
                "A camera", {"kind": "rtsp", "config": {"url": "rtsp://user:secret@10.0.0.5/live"}}, request_only=True
            ),
            OpenApiExample("The conveyor", {"kind": "synthetic", "config": {"fps": 25}}, request_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Add a source (managers)."""
        return self.create(request, project_id)


class OneSource(generics.GenericAPIView[Source]):
    serializer_class = SourceSerializer

    def _source(self, act: Act) -> Source:
        source = access.fetch(
            Source.objects.select_related("project"), self.request.user, self.kwargs["source_id"], act
        )
        self.project = source.project
        return source

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "project": getattr(self, "project", None)}

    @extend_schema(operation_id="sources_get", tags=_SOURCES)
    def get(self, request: Request, source_id: uuid.UUID) -> Response:
        """A source, without its credentials."""
        return Response(self.get_serializer(self._source(Act.VIEW)).data)

    @extend_schema(operation_id="sources_change", tags=_SOURCES)
    def patch(self, request: Request, source_id: uuid.UUID) -> Response:
        """Change a source (managers); running pipelines go over to it without a restart."""
        source = self._source(Act.STREAM)
        form = self.get_serializer(source, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        form.save()
        for pk in source.pipelines.filter(wanted=True).values_list("pk", flat=True):
            _doorbell(pk)
        return Response(form.data)

    @extend_schema(operation_id="sources_delete", tags=_SOURCES, responses={204: None})
    def delete(self, request: Request, source_id: uuid.UUID) -> Response:
        """Delete a source and its pipelines (managers); refused while one of them runs."""
        source = self._source(Act.STREAM)
        running = source.pipelines.filter(Q(wanted=True) | ~Q(worker="")).first()
        if running:
            raise Problem(409, "in-use", f"The pipeline {running.name} runs on this source: stop it first.")
        source.delete()
        return Response(status=204)


@extend_schema_view(
    get=extend_schema(
        operation_id="pipelines_list", tags=_PIPELINES, description="A project's pipelines (everybody in it)."
    )
)
class Pipelines(_OfProject):
    serializer_class = PipelineSerializer

    @extend_schema(
        operation_id="pipelines_create",
        tags=_PIPELINES,
        request=PipelineSerializer,
        responses={201: PipelineSerializer},
        examples=[
            OpenApiExample(
                "Boxes on the picture",
                {"source": "0197f5c0-0000-7000-8000-000000000001", "overlay": {"mode": "synced", "confidence": 0.3}},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Make a pipeline (managers); it runs once it is started."""
        return self.create(request, project_id)


class _OnePipeline(generics.GenericAPIView[Pipeline]):
    serializer_class: Any = PipelineSerializer

    def pipeline(self, act: Act) -> Pipeline:
        rows = Pipeline.objects.select_related("project__team", "source", "model")
        found = access.fetch(rows, self.request.user, self.kwargs["pipeline_id"], act)
        self.project = found.project
        return found

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "project": getattr(self, "project", None)}


class OnePipeline(_OnePipeline):
    @extend_schema(operation_id="pipelines_get", tags=_PIPELINES)
    def get(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """A pipeline and its state."""
        return Response(self.get_serializer(self.pipeline(Act.VIEW)).data)

    @extend_schema(operation_id="pipelines_change", tags=_PIPELINES)
    def patch(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """Change model, threshold, overlay or source (managers); viewers stay connected."""
        form = self.get_serializer(self.pipeline(Act.STREAM), data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        # Only these columns: state, lease and metrics are the worker's.
        Pipeline.objects.filter(pk=pipeline_id).update(**form.validated_data)
        _doorbell(pipeline_id)
        return Response(self.get_serializer(self.pipeline(Act.VIEW)).data)

    @extend_schema(operation_id="pipelines_delete", tags=_PIPELINES, responses={204: None})
    def delete(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """Stop and delete a pipeline (managers); the frames kept from it stay."""
        self.pipeline(Act.STREAM).delete()
        _doorbell(pipeline_id)
        return Response(status=204)


class StartPipeline(_OnePipeline):
    @extend_schema(operation_id="pipelines_start", tags=_PIPELINES, request=None, responses=PipelineSerializer)
    def post(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """Start it (managers). It runs until it is stopped, over restarts of the server too."""
        pipeline = self.pipeline(Act.STREAM)
        rows = Pipeline.objects.filter(pk=pipeline.pk)
        if rows.filter(wanted=False).update(wanted=True):
            idle = rows.filter(worker="")
            set_state(idle, PipelineState.STARTING, "It waits for a stream worker.")
            _doorbell(pipeline.pk)
        return Response(self.get_serializer(self.pipeline(Act.VIEW)).data)


class StopPipeline(_OnePipeline):
    @extend_schema(operation_id="pipelines_stop", tags=_PIPELINES, request=None, responses=PipelineSerializer)
    def post(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """Stop it (managers)."""
        pipeline = self.pipeline(Act.STREAM)
        rows = Pipeline.objects.filter(pk=pipeline.pk)
        rows.update(wanted=False)
        set_state(rows.filter(worker="").exclude(state=PipelineState.STOPPED), PipelineState.STOPPED)
        _doorbell(pipeline.pk)
        return Response(self.get_serializer(self.pipeline(Act.VIEW)).data)


class PipelineMetrics(_OnePipeline):
    serializer_class = MetricsSerializer

    @extend_schema(operation_id="pipelines_metrics", tags=_PIPELINES, responses=MetricsSerializer)
    def get(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """What the pipeline's process measured last."""
        return Response(self.get_serializer(self.pipeline(Act.VIEW)).data)


@extend_schema_view(get=extend_schema(operation_id="captures_list", tags=_PIPELINES, summary="Frames that were kept"))
class Captures(generics.ListAPIView[Capture]):
    serializer_class = CaptureSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Capture.objects.none()
        access.fetch(Pipeline.objects.all(), self.request.user, self.kwargs["pipeline_id"])
        return access.visible(Capture.objects.filter(pipeline=self.kwargs["pipeline_id"]), self.request.user)

    @extend_schema(operation_id="captures_create", tags=_PIPELINES, request=None, responses={201: CaptureSerializer})
    def post(self, request: Request, pipeline_id: uuid.UUID) -> Response:
        """Keep the current frame as an item of the project, with the detections as suggestions (annotators)."""
        rows = Pipeline.objects.select_related("project__team")
        pipeline = access.fetch(rows, request.user, pipeline_id, Act.CAPTURE)
        return Response(self.get_serializer(capture(pipeline, request.user)).data, status=201)
