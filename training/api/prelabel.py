"""`projects/{id}/auto-label`, and taking it back."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Item, Job, Project
from projects.models.item import State
from projects.problems import Problem, invalid
from projects.serializers.fields import Choice
from projects.serializers.jobs import JobSerializer
from training import jobs
from training.assist import prelabel
from training.models import Model

_TAGS = ["assistance"]
_MOST_NAMED = 500


@extend_schema_field(OpenApiTypes.ANY)
class Frames(serializers.Field):  # type: ignore[type-arg]
    """Which frames of a video: "all", or {"step": n} for every n-th from the first on. Gives the step."""

    def to_internal_value(self, data: Any) -> int:
        step = 1 if data == "all" else data.get("step") if isinstance(data, dict) else None
        if type(step) is not int or not 1 <= step <= 100_000:
            raise serializers.ValidationError('Expected "all", or {"step": n} with a whole number from 1.')
        return step

    def to_representation(self, value: Any) -> Any:
        return {"step": value}


class AutoLabelSerializer(serializers.Serializer[Any]):
    model = serializers.UUIDField()
    confidence = serializers.FloatField(min_value=0.01, max_value=1, default=0.4, help_text="Below it: no suggestion.")
    iou = serializers.FloatField(min_value=0.01, max_value=1, default=0.5, help_text="Of the model's suppression.")
    items = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        max_length=_MOST_NAMED,
        help_text=f"Only these, at most {_MOST_NAMED}; annotators have to name them.",
    )
    state = Choice(choices=State.choices, required=False, allow_blank=True, help_text="Only items in this state.")
    frames = Frames(default=prelabel.STEP, help_text='Of videos: "all", or {"step": n} for every n-th frame.')
    replace = serializers.BooleanField(default=False, help_text="Take earlier suggestions on these frames away.")


class AutoLabel(APIView):
    @extend_schema(
        operation_id="auto_label_create",
        tags=_TAGS,
        request=AutoLabelSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample(
                "What is to do yet",
                {"model": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "confidence": 0.5, "state": "to-do"},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Let a model suggest labels on many items: managers anywhere, annotators on items that they name.

        Approved items are left out, and so is what a person has labelled already (the same label, more than
        half overlapping). The job's `result` has the numbers of suggestions, items and frames; cancelling
        keeps what has been suggested so far, and `jobs/{id}/remove-suggestions` takes it back.
        """
        body = AutoLabelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = dict(body.validated_data)
        act = Act.ANNOTATE if wanted.get("items") else Act.TRAIN
        project = access.fetch(Project.objects.all(), request.user, project_id, act)
        model = _model(request, project, wanted["model"])
        params = {name: wanted[name] for name in ("confidence", "iou", "replace")}
        params |= {"step": wanted["frames"], "state": wanted.get("state", "")}
        params["items"] = _items(request, project, wanted.get("items"))
        return Response(JobSerializer(prelabel.start(project, request.user, model, params)).data, status=202)


def _model(request: Request, project: Project, pk: uuid.UUID) -> Model:
    model = access.visible(Model.objects.filter(project=project), request.user).filter(pk=pk).first()
    if model is None:
        raise invalid("/model", "This project has no such model.")
    if not model.onnx:
        raise invalid("/model", f"{model.name} has no ONNX export to predict with: train it again.")
    return model


def _items(request: Request, project: Project, named: list[uuid.UUID] | None) -> list[str] | None:
    if not named:
        return None
    rows = access.visible(Item.objects.filter(project=project), request.user)
    known = set(rows.filter(pk__in=named).values_list("pk", flat=True))
    for n, pk in enumerate(named):
        if pk not in known:
            raise invalid(f"/items/{n}", "This project has no such item.")
    return [str(pk) for pk in named]


class RemoveSuggestions(APIView):
    @extend_schema(operation_id="auto_label_remove", tags=_TAGS, request=None, responses={202: JobSerializer})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Take back what a pre-labelling has suggested and nobody has accepted (whoever started it, and managers)."""
        job = access.fetch(Job.objects.filter(kind=jobs.AUTO_LABEL), request.user, job_id)
        own = job.created_by_id == request.user.pk
        access.require(request.user, job.project_id, Act.ANNOTATE if own else Act.TRAIN)
        if "remove" in job.params:
            raise Problem(409, "no-suggestions", "This job has only removed suggestions: pre-label again instead.")
        if not job.ended:
            raise Problem(409, "job-running", "The job is still at work: cancel it first.")
        return Response(JobSerializer(prelabel.start_removal(job, request.user)).data, status=202)
