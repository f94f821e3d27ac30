"""`items/{id}/diff` and `restore`: what changed between two revisions, and going back to one."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.crypto import get_random_string
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import history
from annotations.api.document import refused, whole
from annotations.checks import MAX_REV, Rejected
from annotations.serializers.document import AnnotationSerializer, ReceiptSerializer
from projects import access
from projects.access import Act
from projects.models import Item
from projects.problems import Problem

_TAGS = ["annotations"]


class ChangeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    properties = serializers.ListField(child=serializers.CharField(), help_text="What differs.")
    before = AnnotationSerializer()
    after = AnnotationSerializer()


class DiffSerializer(serializers.Serializer[Any]):
    """`from` and `to` are the revisions compared."""

    to = serializers.IntegerField()
    added = AnnotationSerializer(many=True)
    removed = AnnotationSerializer(many=True)
    changed = ChangeSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.IntegerField(), **super().get_fields()}


class Diff(APIView):
    """What differs between two states of an item."""

    @extend_schema(
        operation_id="item_diff",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("from", int, required=True, description="The earlier revision; 0 is the empty item."),
            OpenApiParameter("to", int, description="The later one; the newest when it is left out."),
        ],
        responses=DiffSerializer,
    )
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """The shapes added, removed and changed between the revisions `from` and `to` (without `to`: now)."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        first, last = whole(request, "from"), whole(request, "to")
        last = item.rev if last is None else last
        if first is None:
            raise Problem(400, "invalid", "from is missing: the revision to compare with, such as ?from=12.")
        for rev in (first, last):
            if rev > item.rev:
                raise Problem(404, "no-such-rev", f"The item is at revision {item.rev}; there is no {rev} yet.")
        found = history.difference(history.at(item_id, first), history.at(item_id, last))
        return Response({"from": first, "to": last, **found})


class RestoreSerializer(serializers.Serializer[Any]):
    """Which state to bring back, as a whole or of some shapes."""

    rev = serializers.IntegerField(min_value=0, max_value=MAX_REV, help_text="The revision to go back to.")
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=10_000, help_text="Only these shapes."
    )
    client_id = serializers.RegexField(r"^[A-Za-z0-9._:-]{1,64}$", required=False)
    tx_id = serializers.RegexField(
        r"^[A-Za-z0-9._:-]{1,48}$", required=False, help_text="New for each request; repeating it is safe."
    )


class RestoredSerializer(serializers.Serializer[Any]):
    rev = serializers.IntegerField(help_text="The item's revision now.")
    txs = ReceiptSerializer(many=True)


class Restore(APIView):
    """Going back to an earlier state."""

    @extend_schema(
        operation_id="item_restore", tags=_TAGS, request=RestoreSerializer, responses={200: RestoredSerializer}
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Make the item look as it did at a revision (annotators), by new transactions: nothing is rewritten.

        Its author can undo it like any other edit, and the revisions in between stay in the history. With `ids`
        only these shapes go back. 409 `NOTHING_TO_RESTORE` where all is as it was, `AHEAD` beyond the newest.
        """
        item = access.fetch(Item.every.all(), request.user, item_id, Act.ANNOTATE)
        form = RestoreSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        only = None if "ids" not in wish else [str(name) for name in wish["ids"]]
        client, tx = wish.get("client_id", "restore"), wish.get("tx_id") or get_random_string(22)
        try:
            receipts = history.restore(item, wish["rev"], request.user, client, tx, only)
        except Rejected as refusal:
            raise refused(refusal) from None
        txs = [{"tx_id": r.tx_id, "rev": r.rev, "overwritten": r.overwritten, "skipped": r.skipped} for r in receipts]
        return Response({"rev": receipts[-1].rev, "txs": txs})
