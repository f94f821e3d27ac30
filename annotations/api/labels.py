"""`projects/{id}/labels/{id}/merge`, `remove` and `restore`: labels change while people work with them."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import relabel
from projects import access
from projects.access import Act
from projects.models import Job, Label
from projects.problems import Problem
from projects.serializers.jobs import JobSerializer
from projects.serializers.projects import LabelSerializer

_TAGS = ["labels"]


def label_of(request: Request, project_id: uuid.UUID, label_id: Any, every: bool = False) -> Label:
    """A label that the caller may change; with `every` also one that was deleted."""
    rows = (Label.every if every else Label.objects).filter(project=project_id)
    return access.fetch(rows, request.user, label_id, Act.EDIT_LABELS)


def _queued(job: Job) -> Response:
    return Response(JobSerializer(job).data, 202)


class MergeSerializer(serializers.Serializer[Any]):
    into = serializers.UUIDField(help_text="The label that takes its place.")


class MergeLabel(APIView):
    @extend_schema(operation_id="labels_merge", tags=_TAGS, request=MergeSerializer, responses={202: JobSerializer})
    def post(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """Merge a label into another (managers): its shapes follow, also those still on their way with the old one.

        Open editors follow at once. The name becomes an alias of the other; `restore` takes it all back.
        """
        label = label_of(request, project_id, label_id)
        form = MergeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        into = label_of(request, project_id, form.validated_data["into"])
        try:
            return _queued(relabel.start_merge(label, into, request.user))
        except relabel.RelabelError as error:
            raise Problem(409, "no-merge", str(error)) from None


class RemoveLabel(APIView):
    @extend_schema(operation_id="labels_remove", tags=_TAGS, request=None, responses={202: JobSerializer})
    def post(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """Delete a label with all its shapes (managers); `restore` brings both back."""
        try:
            return _queued(relabel.start_removal(label_of(request, project_id, label_id), request.user))
        except relabel.RelabelError as error:
            raise Problem(409, "no-removal", str(error)) from None


class RestoreLabel(APIView):
    @extend_schema(
        operation_id="labels_restore",
        tags=_TAGS,
        request=None,
        responses={200: LabelSerializer, 202: JobSerializer},
    )
    def post(self, request: Request, project_id: uuid.UUID, label_id: uuid.UUID) -> Response:
        """Bring a deleted or merged label back (managers), with its shapes where nobody has changed them since."""
        label = label_of(request, project_id, label_id, every=True)
        if label.retired_at is None:
            raise Problem(409, "not-deleted", f"The label {label.name!r} is in use: there is nothing to bring back.")
        job = relabel.start_restoring(label, request.user)
        return Response(LabelSerializer(label).data) if job is None else _queued(job)
