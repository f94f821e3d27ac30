"""`projects/{id}/fetches`: files by their addresses."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.guard import AddressError
from projects.idempotency import idempotent
from projects.models import Project
from projects.problems import invalid
from projects.serializers.jobs import JobSerializer
from projects.uploads import by_address, fetching


class FetchSerializer(serializers.Serializer[Any]):
    urls = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=by_address.MOST_URLS)
    path = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class Fetches(APIView):
    @extend_schema(
        operation_id="fetches_create",
        tags=["uploads"],
        request=FetchSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample(
                "Two pictures",
                {"urls": ["https://example.org/a.jpg", "https://example.org/b.jpg"], "path": "day 1"},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Fetch images and videos from http(s) addresses (annotators). The job's result says of each what came of it.

        Addresses of this machine and of private networks are refused unless the operator allows them.
        """
        project = access.fetch(Project.objects.select_related("team"), request.user, project_id, Act.ADD_ITEMS)
        form = FetchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        urls = [url.strip() for url in form.validated_data["urls"]]
        for n, url in enumerate(urls):
            try:
                fetching.check(url)
            except AddressError as error:
                raise invalid(f"/urls/{n}", str(error), "bad-address") from None
        job = by_address.start(project, urls, form.validated_data["path"], request.user)
        return Response(JobSerializer(job).data, status=202)
