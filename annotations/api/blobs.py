"""`items/{id}/blobs`: the run lengths of masks that are too large for an op."""

from __future__ import annotations

import uuid
from typing import IO, Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import blobs
from annotations.models import MaskBlob
from annotations.shapes import ShapeError
from projects import access
from projects.access import Act
from projects.models import Item
from projects.problems import Problem

_TAGS = ["annotations"]
_NEVER_CHANGES = "private, max-age=31536000, immutable"
_ANSWER = inline_serializer(
    "MaskBlob",
    {
        "blob": serializers.CharField(help_text="The name to put into a mask: `{type, size, blob}`."),
        "size": serializers.ListField(child=serializers.IntegerField(), help_text="[height, width] in pixels."),
    },
)


class _CountsParser(BaseParser):
    """A body of plain text, read as far as it may be long."""

    media_type = "text/plain"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> bytes:
        return stream.read(blobs.MAX_BYTES + 1)


class Blobs(APIView):
    """Large masks of one item."""

    parser_classes = (_CountsParser,)

    @extend_schema(
        operation_id="blobs_create",
        tags=_TAGS,
        request={"text/plain": {"type": "string", "maxLength": blobs.MAX_BYTES}},
        responses={201: _ANSWER, 413: OpenApiResponse(description="Above 4 MiB.")},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Keep the run lengths of a mask above 64 KiB, up to 4 MiB: COCO's compressed `counts` as plain text.

        A mask then names them: `{type: "mask", size, blob}`. The same text gets the same name.
        """
        item = access.fetch(Item.every.select_related("asset"), request.user, item_id, Act.ANNOTATE)
        body = request.data
        if not isinstance(body, bytes) or not body:
            raise Problem(400, "invalid", "The body is empty: send the mask's compressed run lengths as text/plain.")
        if len(body) > blobs.MAX_BYTES:
            raise Problem(413, "too-large", "A mask may have 4 MiB of run lengths: make it simpler, or a polygon.")
        try:
            blob = blobs.store(item, body.decode("ascii"), request.user)
        except UnicodeDecodeError:
            raise Problem(400, "invalid", "Compressed run lengths are ASCII text; this is not.") from None
        except ShapeError as error:
            raise Problem(400, "invalid", f"{error}.".replace("geometry.", "")) from None
        return Response({"blob": blob.digest, "size": [item.asset.height, item.asset.width]}, status=201)


class Blob(APIView):
    """One large mask."""

    @extend_schema(
        operation_id="blobs_retrieve",
        tags=_TAGS,
        responses={(200, "text/plain"): str, 304: OpenApiResponse(description="As `If-None-Match` has it.")},
    )
    def get(self, request: Request, item_id: uuid.UUID, digest: str) -> HttpResponse:
        """The run lengths that a mask names by `blob`; they never change."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        etag = f'"{digest}"'
        headers = {"ETag": etag, "Cache-Control": _NEVER_CHANGES}
        if etag in parse_etags(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=304, headers=headers)
        blob = MaskBlob.objects.filter(item=item, digest=digest).first()
        if blob is None:
            raise Problem(404, "no-such-blob", "This item has no mask of that name: its annotations have the names.")
        return HttpResponse(blob.counts, content_type="text/plain; charset=us-ascii", headers=headers)
