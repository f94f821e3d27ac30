"""`items/{id}/annotations` and `tx`: the document, and a change of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import journal, protocol, queries
from annotations.api.answers import as_json, refused, whole
from annotations.protocol import Malformed, Rejected
from annotations.serializers.document import (
    AnnotationListSerializer,
    ReceiptSerializer,
    RefusalSerializer,
    TxSerializer,
)
from projects import access
from projects.access import Act
from projects.models import Item
from projects.problems import Problem

_TAGS = ["annotations"]
_BOX = {
    "op": "create",
    "id": "01964f5e-8a7b-7c3d-9e2f-0123456789ab",
    "label": "01964f5e-6b01-7a55-9f0e-3d2c1b0a9f03",
    "geometry": {"type": "box", "x": 10, "y": 20, "w": 30.5, "h": 40},
}
_TX = {"client_id": "script-1", "tx_id": "0001", "base_rev": 0, "ops": [_BOX]}


class Annotations(APIView):
    """The document of one item."""

    @extend_schema(
        operation_id="annotations_list",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("frame", int, description="Only the shapes on this frame, and the tracks."),
            OpenApiParameter("deleted", bool, description="true: those that were deleted and can be restored."),
            OpenApiParameter("rev", int, description="The state at this revision, instead of the newest."),
        ],
        responses={200: AnnotationListSerializer, 304: OpenApiResponse(description="As `If-None-Match` has it.")},
    )
    def get(self, request: Request, item_id: uuid.UUID) -> HttpResponse:
        """An item's annotations, oldest first. All in one answer: `rev` is the revision they are the state of."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        if request.query_params.get("deleted") == "true":
            return as_json(queries.deleted_json(item_id)[1])
        frame, rev = whole(request, "frame"), whole(request, "rev")
        if rev is not None and rev > item.rev:
            raise Problem(404, "no-such-rev", f"The item is at revision {item.rev}; there is no {rev} yet.")
        etag = f'"{item.epoch.hex}.{item.rev if rev is None else rev}.{"" if frame is None else frame}"'
        if etag in parse_etags(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=304, headers={"ETag": etag})
        if rev is None or rev == item.rev:
            rev, body = queries.document_json(item_id, frame)
            etag = f'"{item.epoch.hex}.{rev}.{"" if frame is None else frame}"'
        else:
            body = queries.past_document_json(item_id, rev, frame)
        return as_json(body, etag)


class Transactions(APIView):
    """Changes of one item."""

    @extend_schema(
        operation_id="tx_create",
        tags=_TAGS,
        request=TxSerializer,
        responses={
            200: ReceiptSerializer,
            409: OpenApiResponse(RefusalSerializer, "Refused as things are now; `current` is what is in the way."),
            413: OpenApiResponse(RefusalSerializer, "`TOO_LARGE`: send several transactions, or simpler shapes."),
            503: OpenApiResponse(RefusalSerializer, "`BUSY`, `INTERNAL`: the same transaction may be sent again."),
        },
        examples=[
            OpenApiExample("One box", _TX, request_only=True),
            OpenApiExample(
                "Committed",
                {"tx_id": "0001", "rev": 1, "overwritten": [], "skipped": []},
                response_only=True,
                status_codes=["200"],
            ),
        ],
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Apply a transaction of 1 to 200 ops (annotators). The answer comes when it is on disk.

        A repeat with the same `client_id` and `tx_id` gets the first answer, so it is safe to send again.
        `undo_of`, with no ops, takes one's own transaction back. `overwritten` names what others wrote meanwhile
        and this replaced, `skipped` what an undo left alone because others have changed it since.
        """
        access.fetch(Item.every.all(), request.user, item_id, Act.VIEW)
        try:
            receipt = journal.commit(item_id, _parsed(request.data), request.user)
        except Malformed as error:
            raise Problem(400, "INVALID", str(error), current=None, retryable=False) from None
        except Rejected as refusal:
            raise refused(refusal) from None
        answer = {"tx_id": receipt.tx_id, "rev": receipt.rev, "overwritten": receipt.overwritten}
        return Response({**answer, "skipped": receipt.skipped})


def _parsed(data: Any) -> protocol.Tx:
    if not isinstance(data, dict):
        raise Malformed("the body must be an object {client_id, tx_id, base_rev, ops}")
    fields = {key: value for key, value in data.items() if key != "client_id"}
    if "type" in fields:
        raise Malformed("is not a known field", "/type")
    return protocol.parse_tx({"type": "tx", **fields}, data.get("client_id", ""))
