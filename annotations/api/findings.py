"""`projects/{id}/checks`: looking for what may be wrong with the labels, and mending it."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.findings import running
from annotations.findings.rules import RULES
from projects import access
from projects.access import Act
from projects.idempotency import idempotent
from projects.models import Job, Project
from projects.problems import Problem, invalid
from projects.serializers.fields import Strict
from projects.serializers.jobs import JobSerializer

_TAGS = ["checks"]


class RuleSerializer(serializers.Serializer):  # type: ignore[type-arg]
    code = serializers.CharField()
    severity = serializers.CharField(help_text="error, warning or note")
    title = serializers.CharField()
    why = serializers.CharField()
    mend = serializers.CharField(help_text="What a mend does; empty where somebody has to decide.")


class RuleListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    results = RuleSerializer(many=True)


class MendSerializer(Strict):
    code = serializers.CharField(max_length=40, help_text="Of a rule that has a mend.")


class Rules(APIView):
    @extend_schema(operation_id="checks_rules", tags=_TAGS, responses=RuleListSerializer)
    def get(self, request: Request) -> Response:
        """What is looked for, how bad it is, and what can be mended by a call."""
        return Response({"results": [RuleSerializer(rule).data for rule in RULES]})


class Checks(APIView):
    @extend_schema(operation_id="checks_start", tags=_TAGS, request=None, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Look through the project: `result.findings` of the job is `[{code, count, mendable, examples}]`."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.ANNOTATE)
        return Response(JobSerializer(running.start(project, request.user)).data, status=202)


class Mend(APIView):
    @extend_schema(operation_id="checks_mend", tags=_TAGS, request=MendSerializer, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Mend all that one rule finds now (managers); it can be taken back."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.IMPORT)
        body = MendSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            job = running.start_mend(project, body.validated_data["code"], request.user)
        except running.FindingError as error:
            raise invalid("/code", str(error)) from error
        return Response(JobSerializer(job).data, status=202)


class UndoMend(APIView):
    @extend_schema(operation_id="checks_undo", tags=_TAGS, request=None, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Take a mend back, where nobody has changed the shapes since."""
        job = access.fetch(Job.objects.all(), request.user, job_id, Act.IMPORT)
        try:
            return Response(JobSerializer(running.start_undo(job, request.user)).data, status=202)
        except running.FindingError as error:
            raise Problem(409, "no-mend", str(error)) from error
