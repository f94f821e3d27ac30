"""`projects/{id}/sync`: a picture with its annotations and how it was made, in one call that may be repeated."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import syncing
from annotations.api.answers import refused
from annotations.protocol import Rejected
from annotations.syncing import SyncError
from projects import access
from projects.access import Act
from projects.api.items import refuse
from projects.intake import IntakeError, add_item, clean_path, store_file
from projects.items import item_json
from projects.models import Asset, Item, Project
from projects.models.item import Split
from projects.problems import Problem, invalid
from projects.serializers.items import ItemSerializer
from projects.uploads import staging


class SyncSerializer(serializers.Serializer[Any]):
    """multipart/form-data."""

    file = serializers.FileField(help_text="One image.")
    annotations = serializers.CharField(
        default="[]",
        help_text=(
            "A JSON list, the whole of what the sender says of the image: {label (name or id), geometry, attributes?, "
            "confidence?, id?} as the interface has them, or as in COCO {category, bbox | segmentation}. What is left "
            "out of a later list is deleted; shapes of people stay."
        ),
    )
    augmentation = serializers.CharField(required=False, help_text="A JSON object, kept with the item as it is.")
    path = serializers.CharField(max_length=500, required=False, help_text="Its relative path; its name by default.")
    split = serializers.ChoiceField(choices=Split.choices, required=False, help_text="Managers only.")
    external_id = serializers.CharField(
        max_length=200, required=False, help_text="How the sender calls it; without, path and content tell it."
    )


class SyncedSerializer(ItemSerializer):
    external_id = serializers.CharField(allow_blank=True)
    augmentation = serializers.DictField(allow_null=True)
    changed = serializers.DictField(child=serializers.IntegerField(), help_text="{create, update, delete}: shapes.")


class Sync(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="items_sync",
        tags=["items"],
        request={"multipart/form-data": SyncSerializer},
        responses={
            200: OpenApiResponse(SyncedSerializer, "The item was there; `changed` says what became of its shapes."),
            201: OpenApiResponse(SyncedSerializer, "A new item."),
            409: OpenApiResponse(description="Another image has this external_id already."),
        },
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Send an image with its annotations (annotators). The same call again changes nothing; all of it or nothing.

        A changed list becomes one transaction of what is different.
        """
        project = access.fetch(Project.objects.select_related("team"), request.user, project_id, Act.ADD_ITEMS)
        form = SyncSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        if "split" in given:
            access.require(request.user, project.pk, Act.EDIT_PROJECT)
        try:
            shapes = syncing.shapes_of(project, _json(given["annotations"], "annotations"))
        except SyncError as error:
            raise invalid(f"/annotations{error.where}", error.detail) from None
        given["augmentation"] = _augmentation(given)
        return _answer(project, given, shapes, request.user)


def _json(text: str, field: str) -> Any:
    def no_number(word: str) -> None:
        raise ValueError(f"{word} is no number of JSON")

    try:
        return json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise invalid(f"/{field}", f"This is no JSON: {error}.") from None


def _augmentation(given: dict[str, Any]) -> dict[str, Any] | None:
    if "augmentation" not in given:
        return None
    found = _json(given["augmentation"], "augmentation")
    if not isinstance(found, dict):
        raise invalid("/augmentation", "Expected a JSON object of parameters.")
    return found


def _answer(project: Project, given: dict[str, Any], shapes: list[dict[str, Any]], user: Any) -> Response:
    file = given["file"]
    given["path"] = clean_path(given.get("path") or file.name)
    try:
        asset, new = store_file(project.team, file, given["path"], user)
    except IntakeError as error:
        raise refuse(error) from error
    try:
        if asset.kind != "image":
            raise invalid("/file", "This is a video: upload it as an item, and import its labels.", "no-image")
        item, is_new, counts = _store(project, asset, given, shapes, user)
    except BaseException as error:
        if new:
            staging.forget_asset(asset)
        if isinstance(error, Rejected):
            raise refused(error) from None
        if isinstance(error, IntegrityError):
            raise Problem(409, "busy", "The same external_id is being sent twice at once: send it again.") from None
        raise
    row = access.fetch(Item.objects.with_asset(), user, item.pk)
    more = {"external_id": row.external_id, "augmentation": row.augmentation, "changed": counts}
    return Response(item_json(row) | more, status=201 if is_new else 200)


@transaction.atomic
def _store(
    project: Project, asset: Asset, given: dict[str, Any], shapes: list[dict[str, Any]], user: Any
) -> tuple[Item, bool, dict[str, int]]:
    item = _known(project, asset, given, user)
    is_new = item is None
    item = item or add_item(project, asset, given["path"], user)
    said = {"shapes": shapes, **{key: given.get(key) for key in ("augmentation", "split")}}
    content = syncing.digest(asset.sha256, said)
    if item.synced == content:
        return item, False, dict.fromkeys(("create", "update", "delete"), 0)
    changes: dict[str, Any] = {"synced": content, "augmentation": given["augmentation"]}
    changes |= {name: given[name] for name in ("split", "external_id") if name in given}
    _, counts = syncing.write(item, shapes, user)
    access.visible(Item.objects.filter(pk=item.pk), user).update(**changes)
    return item, is_new, counts


def _known(project: Project, asset: Asset, given: dict[str, Any], user: Any) -> Item | None:
    """The item that an earlier call made, or that shows this very image at this path."""
    rows = access.visible(Item.objects.filter(project=project), user)
    if not given.get("external_id"):
        return rows.filter(path=given["path"], asset=asset).first()
    item = rows.filter(external_id=given["external_id"]).first()
    if item is not None and item.asset_id != asset.pk:
        detail = f"{given['external_id']} is {item.path}, whose image is another one: delete it, or send another id."
        raise Problem(409, "other-image", detail, item=str(item.pk))
    return item
