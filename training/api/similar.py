"""`items/{id}/similar`: more like this."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.items import item_json
from projects.models import Item
from projects.problems import Problem, invalid
from projects.serializers.items import ItemSerializer
from training.similar import finding

_MOST = 200


class _SimilarItemSerializer(ItemSerializer):
    distance = serializers.FloatField(help_text="0 the same, 1 nothing in common.")


class Similar(APIView):
    @extend_schema(
        operation_id="items_similar",
        tags=["items"],
        parameters=[OpenApiParameter("limit", int, description=f"How many: 20 by default, at most {_MOST}.")],
        responses=inline_serializer("SimilarItems", {"results": _SimilarItemSerializer(many=True)}),
    )
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """The other items of the project that look most like this one, the most alike first."""
        item = access.fetch(Item.every.select_related("asset"), request.user, item_id)
        rows = access.visible(Item.objects.filter(project=item.project_id), request.user)
        try:
            found = finding.nearest(item, rows, _limit(request.query_params.get("limit", "20")))
        except LookupError as error:
            raise Problem(422, "no-picture", str(error)) from error
        return Response({"results": [{**item_json(each), "distance": each.distance} for each in found]})


def _limit(given: str) -> int:
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given[:6]) <= _MOST:
        raise invalid("/limit", f"{given[:20]!r} is no whole number from 1 to {_MOST}.")
    return int(given)
