"""`items/{id}/frames-as-items`: pictures of a video's frames."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, frame_items
from projects.access import Act
from projects.frame_items import Wish
from projects.idempotency import idempotent
from projects.models import Item
from projects.models.library import Kind
from projects.problems import Problem, invalid
from projects.serializers.jobs import JobSerializer


class FramesAsItemsSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField(min_value=1, default=1, help_text="Every so many frames; 1 for each.")
    range = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        min_length=2,
        max_length=2,
        required=False,
        help_text="The first and the last frame, both included; the whole video by default.",
    )
    scenes = serializers.BooleanField(default=False, help_text="Of these only the first frame of each scene.")


class FramesAsItems(APIView):
    @extend_schema(
        operation_id="items_frames_as_items",
        tags=["items"],
        request=FramesAsItemsSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample("Every 25th of a part", {"step": 25, "range": [0, 999]}, request_only=True),
            OpenApiExample("The first of each scene", {"scenes": True}, request_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Make image items of a video's frames, without its labels (annotators).

        They are called `<path of the video>/frame_000123.jpg`. Frames that were made items before are left alone.
        """
        item = access.fetch(Item.objects.with_asset(), request.user, item_id, Act.ADD_ITEMS)
        form = FramesAsItemsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        job = frame_items.start(item, _wish(item, form.validated_data), request.user)
        return Response(JobSerializer(job).data, status=202)


def _wish(item: Item, given: dict[str, Any]) -> Wish:
    if item.asset.kind != Kind.VIDEO:
        raise Problem(409, "no-video", f"{item.path} is a picture: only a video has frames to make items of.")
    end = item.asset.frames - 1
    first, last = given.get("range", (0, end))
    if not first <= last <= end:
        raise invalid("/range", f"Expected two frames from 0 to {end}, the first one not behind the last.")
    wish = Wish(first, last, given["step"], given["scenes"])
    if not wish.scenes and len(wish.numbers()) > frame_items.MOST:
        raise invalid(
            "/step", f"These are {len(wish.numbers())} frames; at most {frame_items.MOST} become items at once."
        )
    return wish
