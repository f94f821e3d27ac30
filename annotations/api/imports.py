"""`projects/{id}/imports` and `jobs/{id}/undo-import`: labels on their way in, and out again."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.imports import starting, undo
from annotations.serializers.imports import ImportSerializer
from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Job, Project
from projects.problems import Problem, invalid
from projects.serializers.jobs import JobSerializer
from projects.uploads.protocol import TusError

_TAGS = ["data in and out"]
_ENVELOPE_BYTES = 2**20  # what multipart adds to a file
_EXAMPLE = OpenApiExample(
    "Carry out a preview",
    {"again": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "labels": {"automobile": {"ignore": True}}},
    request_only=True,
)


class Imports(APIView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.MAX_UPLOAD_BYTES + _ENVELOPE_BYTES:
            most = f"{settings.MAX_UPLOAD_BYTES / 2**20:,.0f} MiB"
            raise Problem(413, "too-large", f"One call takes at most {most}: send it to uploads/, its id here.")

    @extend_schema(
        operation_id="imports_create",
        tags=_TAGS,
        request={"multipart/form-data": ImportSerializer, "application/json": ImportSerializer},
        responses={202: JobSerializer},
        examples=[_EXAMPLE],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Import labels, and pictures with them (managers: an import may add labels and replace others' work).

        The job's `result`, of a preview as of a failed import too, is `{format, title, mode, candidates, labels:
        [{name, count, match: {id, name} | null, how}], labels_added, pictures: {total, matched, new, missing,
        unmatched_paths}, shapes: {taken, changed, refused, ignored, left, duplicates, by_type}, conflicts: {items,
        chosen}, report: {counts, remarks: [{severity, code, text, file, where}], more}, seconds}`. `how` is name,
        alias, given, create, unused, ignored or refused. `format-unclear` is the error's code where several formats
        fit or none; `candidates` are those. Item by item shapes go by path, else by a base name that only one has.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.IMPORT)
        form = ImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            job = starting.start(project, form.wishes(), request.user, form.validated_data.get("file"))
        except starting.WishError as error:
            raise invalid(error.pointer, error.detail) from None
        except TusError as error:
            raise Problem(error.status, error.code, error.detail) from None
        return Response(JobSerializer(job).data, 202)


class UndoImport(APIView):
    @extend_schema(operation_id="imports_undo", tags=_TAGS, request=None, responses={202: JobSerializer})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Take an import back (managers): its shapes, the items it added and the labels that are then unused.

        What somebody changed since stays. What it deleted comes back. Splits that it gave stay.
        """
        job = access.fetch(Job.objects.filter(kind=starting.KIND), request.user, job_id, Act.IMPORT)
        try:
            return Response(JobSerializer(undo.start(job, request.user)).data, 202)
        except undo.UndoError as error:
            raise Problem(409, "no-undo", str(error)) from None
