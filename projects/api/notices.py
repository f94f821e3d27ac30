"""`notices`: what a person should hear of."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects import notices as rules
from projects.models import Notice

_TAGS = ["notices"]
_MOST = 500


class NoticeActorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    actor = NoticeActorSerializer(allow_null=True, read_only=True)

    class Meta:
        model = Notice
        fields = ("id", "project", "kind", "text", "url", "actor", "created_at", "read_at")


class MarkReadSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=_MOST)
    thread = serializers.UUIDField(required=False, help_text="Those that lead to this thread of comments.")
    all = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum((attrs["all"], "ids" in attrs, "thread" in attrs)) != 1:
            raise serializers.ValidationError({"ids": "Name the notices or a thread, or say `all: true`."})
        return attrs


class UnreadSerializer(serializers.Serializer[Any]):
    unread = serializers.IntegerField()


@extend_schema_view(
    get=extend_schema(
        operation_id="notices_list",
        tags=_TAGS,
        summary="Your notices",
        parameters=[OpenApiParameter("unread", bool, description="Only those that were not read yet.")],
    )
)
class Notices(generics.ListAPIView[Notice]):
    queryset = Notice.objects.none()  # for the description of the interface only
    serializer_class = NoticeSerializer

    def get_queryset(self) -> Any:
        rows = access.own(Notice.objects.select_related("actor"), self.request.user)
        return rows.filter(read_at=None) if self.request.query_params.get("unread") in ("1", "true") else rows

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer = super().get(request, *args, **kwargs)
        answer["X-Unread"] = str(rules.unread(request.user))
        return answer


class ReadNotices(APIView):
    @extend_schema(operation_id="notices_read", tags=_TAGS, request=MarkReadSerializer, responses=UnreadSerializer)
    def post(self, request: Request) -> Response:
        """Mark some of your notices as read, or all. `unread` is how many are left."""
        form = MarkReadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        return Response({"unread": rules.mark_read(request.user, wanted.get("ids"), wanted.get("thread"))})
