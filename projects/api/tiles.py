"""`items/{id}/tiles`: what a picture above 40 megapixels is shown by."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, tiles
from projects.api.items import AnyPicture
from projects.files import local_path
from projects.items import PICTURE_SECONDS
from projects.media import signed_tiles, signed_url
from projects.models import Asset, Item
from projects.problems import Problem

_TAGS = ["items"]


class LevelSerializer(serializers.Serializer[Any]):
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    columns = serializers.IntegerField()
    rows = serializers.IntegerField()


class TilesSerializer(serializers.Serializer[Any]):
    side = serializers.IntegerField(help_text="Pixels of a tile; those at the right and lower edge may be smaller.")
    levels = LevelSerializer(many=True, help_text="Level 0 fits one tile; each has twice the sides of the one before.")
    preview = serializers.CharField(help_text="A signed address: at most 1600 pixels a side.")
    address = serializers.CharField(help_text="A signed address of the tiles: fill in {level}, {x} and {y}.")


def _asset(request: Request, item_id: uuid.UUID) -> Asset:
    asset = access.fetch(Item.every.with_asset(), request.user, item_id).asset
    if not asset.tiles:
        raise Problem(404, "no-tiles", "Only pictures above 40 megapixels have tiles: ask for the picture itself.")
    return asset


class Tiles(APIView):
    @extend_schema(operation_id="items_tiles", tags=_TAGS, responses=TilesSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """How a huge picture is cut, and signed addresses of its preview and tiles. 404 for others."""
        asset = _asset(request, item_id)
        levels = tiles.levels(asset.width, asset.height)
        return Response(
            {
                "side": tiles.SIDE,
                "levels": [LevelSerializer(level).data for level in levels],
                "preview": signed_url(asset.preview, PICTURE_SECONDS),
                "address": signed_tiles(asset.tiles, PICTURE_SECONDS),
            }
        )


class OneTile(APIView):
    content_negotiation_class = AnyPicture

    @extend_schema(operation_id="items_tile", tags=_TAGS, responses={(200, "image/webp"): OpenApiTypes.BINARY})
    def get(self, request: Request, item_id: uuid.UUID, level: int, x: int, y: int) -> HttpResponse:
        """One tile: column `x` and row `y` of a level, as WebP."""
        asset = _asset(request, item_id)
        try:
            with local_path(asset.tiles).open("rb") as file:
                tile = tiles.read(file, level, x, y)
        except (tiles.NoTile, FileNotFoundError) as error:
            raise Http404(str(error)) from None
        headers = {"Cache-Control": "private, max-age=86400, immutable"}
        return HttpResponse(tile, content_type="image/webp", headers=headers)
