"""Annotation sessions under /api/v1/."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import AnnotationSession
from annotations.people import sessions
from annotations.serializers.sessions import ChangeSessionSerializer, SessionSerializer
from projects import access
from projects.access import Act
from projects.models import Project
from projects.pagination import CursorPages
from projects.problems import invalid

_TAGS = ["sessions"]


class _Newest(CursorPages):
    ordering = "-started_at"


@extend_schema_view(
    get=extend_schema(
        operation_id="sessions_list",
        tags=_TAGS,
        summary="Who works, or worked, on a project's items",
        parameters=[
            OpenApiParameter("open", bool, description="Only those that run (true), or have ended (false)."),
            OpenApiParameter("item", uuid.UUID, description="Only those of one item."),
        ],
    )
)
class Sessions(generics.ListAPIView[AnnotationSession]):
    queryset = AnnotationSession.objects.none()  # for the description of the interface only
    serializer_class = SessionSerializer
    pagination_class = _Newest

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        rows = access.visible(sessions.with_people().filter(item__project=project), self.request.user)
        wanted, item = self.request.query_params.get("open"), self.request.query_params.get("item")
        if wanted is not None:
            rows = rows.filter(ended_at__isnull=wanted in ("1", "true"))
        return rows.filter(item=_uuid(item)) if item else rows


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise invalid("/item", f"{text[:40]!r} is no id.") from None


class OneSession(APIView):
    @extend_schema(operation_id="sessions_get", tags=_TAGS, responses=SessionSerializer)
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """A session: its purpose, its people, and what each of them did."""
        return Response(SessionSerializer(access.fetch(sessions.with_people(), request.user, session_id)).data)

    @extend_schema(
        operation_id="sessions_change", tags=_TAGS, request=ChangeSessionSerializer, responses=SessionSerializer
    )
    def patch(self, request: Request, session_id: uuid.UUID) -> Response:
        """Say what the session is for (annotators)."""
        session = access.fetch(sessions.with_people(), request.user, session_id, Act.ANNOTATE)
        form = ChangeSessionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(SessionSerializer(sessions.change_purpose(session, form.validated_data["purpose"])).data)
