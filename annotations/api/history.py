"""`items/{id}/history`, `diff` and `restore`: the journal, what changed in it, and going back."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.crypto import get_random_string
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import history, journal
from annotations.api.answers import as_json, refused, whole
from annotations.checks import Rejected
from annotations.serializers.history import DiffSerializer, HistorySerializer, RestoredSerializer, RestoreSerializer
from projects import access
from projects.access import Act
from projects.models import Item
from projects.problems import Problem

_TAGS = ["annotations"]
_ROWS, _MOST_ROWS = 200, 2000


class History(APIView):
    """The journal of one item."""

    @extend_schema(
        operation_id="history_list",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("after", int, description="Only revisions above this one."),
            OpenApiParameter("limit", int, description="Rows a page: 200 by default, at most 2000."),
        ],
        responses=HistorySerializer,
    )
    def get(self, request: Request, item_id: uuid.UUID) -> HttpResponse:
        """The item's transactions in order, with what each of them did."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        after = whole(request, "after") or 0
        limit = min(whole(request, "limit") or _ROWS, _MOST_ROWS)
        txs = journal.replay(item_id, after + 1, limit) or []
        following = b"null"
        if txs and txs[-1][0] < item.rev:
            url = request.build_absolute_uri(f"{request.path}?after={txs[-1][0]}&limit={limit}")
            following = b'"' + url.encode() + b'"'
        body = b'{"results":[' + b",".join(text for _, text in txs) + b'],"next":' + following + b"}"
        return as_json(body)


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
