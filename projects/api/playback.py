"""`items/{id}/playback`: what a browser needs to decode a video's frames by itself."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, etags, playback
from projects.media import signed_url
from projects.models import Item, Video
from projects.models.library import Kind, PlaybackState
from projects.problems import Problem
from projects.proxies import RECORD

_TAGS = ["items"]
_URL_SECONDS = 12 * 3600
_NO_VIDEO = OpenApiResponse(description="The item is an image.")


class PlaybackSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(PlaybackState.choices)
    ready = serializers.BooleanField()
    progress = serializers.FloatField(help_text="0 to 1.")
    error = serializers.CharField(help_text="Why it failed; frames then come from `frames/{n}` only.")
    frames = serializers.IntegerField()
    times_url = serializers.CharField(help_text="When each frame is shown.")
    codec = serializers.CharField(required=False, help_text="As WebCodecs names it: avc1.64001f.")
    description = serializers.CharField(
        required=False, help_text="The avcC box, base64; empty where the packets are Annex B."
    )
    width = serializers.IntegerField(required=False, help_text="Of the packets' pictures; labels refer to the item's.")
    height = serializers.IntegerField(required=False)
    group = serializers.IntegerField(required=False, help_text="The most frames from one key frame up to the next.")
    url = serializers.CharField(required=False, help_text="The packets, by byte ranges.")
    index_url = serializers.CharField(
        required=False,
        help_text="A record for each frame in display order, by byte ranges: uint64 offset in the packets' file, "
        "uint32 size, whose highest bit marks a key frame; little-endian.",
    )
    record_bytes = serializers.IntegerField(required=False)


class TimesSerializer(serializers.Serializer[Any]):
    base = serializers.ListField(
        child=serializers.IntegerField(), help_text="Seconds of a tick: [numerator, denominator]."
    )
    start = serializers.IntegerField(help_text="Ticks at which frame 0 is shown.")
    steps = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="[[ticks, frames], ...]: so many frames follow each other after so many ticks.",
    )


_EXAMPLE = {
    "state": "ready",
    "ready": True,
    "progress": 1.0,
    "error": "",
    "frames": 795,
    "times_url": "/api/v1/items/01964f5e-7a10-7cc1-8c2b-0c1f7a3f9e01/playback/times",
    "codec": "avc1.64001f",
    "description": "",
    "width": 768,
    "height": 576,
    "group": 12,
    "url": "/media/projects.video.proxy...~.../proxy.h264",
    "index_url": "/media/projects.video.packets...~.../packets.packets",
    "record_bytes": 12,
}


def _videos(request: Request, item_id: uuid.UUID) -> QuerySet[Video]:
    """The row of the item's video, alone."""
    asset = access.fetch(Item.every.select_related("asset"), request.user, item_id).asset
    if asset.kind != Kind.VIDEO:
        raise Problem(404, "no-video", "The item is an image: its only frame is frames/0.")
    return Video.objects.filter(pk=asset.pk)


class Playback(APIView):
    @extend_schema(
        operation_id="items_playback",
        tags=_TAGS,
        responses={200: PlaybackSerializer, 404: _NO_VIDEO},
        examples=[OpenApiExample("Ready", _EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """The packets of a video that browsers can decode. They are made after the upload, or once this is asked."""
        video = _videos(request, item_id).defer("pts_bytes", "key_frames_bytes", "marks_bytes").get()
        if video.playback_state == PlaybackState.NONE:
            playback.ask(video.pk)
            video.playback_state = PlaybackState.QUEUED
        elif playback.is_stuck(video):
            playback.wake()
        return Response(_said(video, request), headers={"Cache-Control": "no-store"})


def _said(video: Video, request: Request) -> dict[str, Any]:
    said: dict[str, Any] = {
        "state": video.playback_state,
        "ready": video.playback_state == PlaybackState.READY,
        "progress": video.playback_progress,
        "error": video.playback_error,
        "frames": video.frames,
        "times_url": f"{request.path}/times",
    }
    if not said["ready"]:
        return said
    facts = {name: video.proxy_index[name] for name in ("codec", "description", "width", "height", "group")}
    return (
        said
        | facts
        | {
            "url": signed_url(video.proxy or video.asset.file, _URL_SECONDS),
            "index_url": signed_url(video.packets, _URL_SECONDS),
            "record_bytes": RECORD.itemsize,
        }
    )


@method_decorator(gzip_page, "dispatch")
class Times(APIView):
    @extend_schema(operation_id="items_playback_times", tags=_TAGS, responses={200: TimesSerializer, 404: _NO_VIDEO})
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """The exact time of every frame, run-length coded: the times of a steady video are one step."""
        return etags.answer(request, playback.times(_videos(request, item_id).get()))
