"""`items/`: uploads into a project, its items, their exact frames; and the team's library."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, etags, frames, live, states
from projects.access import Act
from projects.api import item_filters
from projects.idempotency import idempotent
from projects.intake import IntakeError, add_item, clean_path, store_file
from projects.items import asset_json, item_json
from projects.models import Asset, Item, Project
from projects.models.library import Kind
from projects.pagination import CursorPages
from projects.problems import Problem, invalid
from projects.serializers.items import (
    AddedItemSerializer,
    AssetSerializer,
    ChangeItemSerializer,
    ItemSerializer,
    LinkSerializer,
    UploadSerializer,
)

_TAGS = ["items"]
_ENVELOPE_BYTES = 2**20  # what multipart adds to a file
_STATUS = {"too-large": 413, "unsupported-type": 415, "foreign-asset": 404}
_FRAME_SECONDS = 86_400
_WIDEST = 8192
_PICTURES = {"image/jpeg": "jpeg", "image/webp": "webp", "image/png": "png"}

_LIBRARY = (
    OpenApiParameter("kind", str, enum=Kind.values),
    OpenApiParameter("q", str, description="Part of the name."),
)
_EXAMPLE = {
    "id": "01964f5e-7a10-7cc1-8c2b-0c1f7a3f9e01",
    "kind": "video",
    "path": "street/vtest.avi",
    "width": 768,
    "height": 576,
    "frames": 795,
    "fps": 10.0,
    "state": "to-do",
    "rev": 0,
    "split": "",
    "thumbnail": "/media/projects.asset.thumbnail...~.../thumbnail.webp",
    "annotation_count": 0,
    "created_at": "2026-01-05T10:00:00Z",
    "updated_at": "2026-01-05T10:00:00Z",
    "picture": None,
    "preview": None,
    "project": "01964f5e-6b00-7a55-9f0e-3d2c1b0a9f02",
    "asset": "01964f5e-7a0f-7b1e-a1f4-6e5d4c3b2a03",
}


def _page_of(row: type[serializers.Serializer[Any]], name: str) -> Any:
    fields = {"results": row(many=True), "next": serializers.URLField(allow_null=True)}
    return inline_serializer(name, fields)


class _NewestFirst(CursorPages):
    ordering = ("-created_at", "-id")


def refuse(error: IntakeError) -> Problem:
    """What a file was refused for, as an answer."""
    return Problem(_STATUS.get(error.code, 422), error.code, error.detail)


class Items(APIView):
    """The items of one project."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.MAX_UPLOAD_BYTES + _ENVELOPE_BYTES:
            most = f"{settings.MAX_UPLOAD_BYTES / 2**20:,.0f} MiB"
            raise Problem(413, "too-large", f"An upload may have at most {most}: split the file or compress it more.")

    @extend_schema(
        operation_id="items_list",
        tags=_TAGS,
        parameters=item_filters.PARAMETERS,
        responses=_page_of(ItemSerializer, "ItemList"),
    )
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """A project's items, newest first, or those that are sought."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        rows = access.visible(Item.objects.filter(project=project), request.user)
        pages, found = item_filters.pages(project, rows, request)
        page = pages.paginate_queryset(found.with_asset(), request, view=self)
        return pages.get_paginated_response([item_json(item) for item in page or ()])

    @extend_schema(
        operation_id="items_create",
        tags=_TAGS,
        request={"multipart/form-data": UploadSerializer, "application/json": LinkSerializer},
        responses={
            201: AddedItemSerializer,
            413: OpenApiResponse(description="More bytes than one upload may have."),
            415: OpenApiResponse(description="No picture and no video that is taken."),
            422: OpenApiResponse(description="Empty, cut off, damaged, too many pixels: `detail` says how to mend it."),
        },
        examples=[
            OpenApiExample("A video of the library", {"asset": _EXAMPLE["asset"]}, request_only=True),
            OpenApiExample("Added", _EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Upload one image or video as `file`, or link what the team's library has already (annotators)."""
        project = access.fetch(Project.objects.select_related("team"), request.user, project_id, Act.ADD_ITEMS)
        form = str(request.content_type).startswith("multipart/")
        asset, path = _uploaded(request, project) if form else _linked(request, project)
        already = access.visible(Item.objects.filter(project=project, asset=asset), request.user)
        first = already.order_by("created_at").values_list("pk", flat=True).first()
        try:
            item = add_item(project, asset, path, request.user)
        except IntakeError as error:
            raise refuse(error) from error
        row = Item.objects.with_asset().get(pk=item.pk)
        return Response(item_json(row) | _notice(row, path or asset.original_name, first), status=201)


def _uploaded(request: Request, project: Project) -> tuple[Asset, str]:
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise invalid("/file", f"Send one file in the form's field `file`; there are {len(files)}.", "required")
    path = request.data.get("path") or files[0].name or ""
    if len(path) > 500:
        raise invalid("/path", "The path is longer than 500 characters: shorten it.")
    try:
        asset, _new = store_file(project.team, files[0], path, request.user)
    except IntakeError as error:
        raise refuse(error) from error
    return asset, path


def _linked(request: Request, project: Project) -> tuple[Asset, str]:
    form = LinkSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    wanted = form.validated_data
    if "item" in wanted:
        source = access.fetch(Item.objects.with_asset(), request.user, wanted["item"])
        return source.asset, wanted.get("path") or source.path
    access.require_in_team(request.user, project.team_id, Act.VIEW)
    rows = Asset.objects.filter(team=project.team_id)
    return access.fetch(rows, request.user, wanted["asset"]), wanted.get("path", "")


def _notice(item: Item, wanted: str, first: uuid.UUID | None) -> dict[str, Any]:
    """What the sender should know: the same file is here already, the path was taken, the picture was changed."""
    said: dict[str, Any] = {}
    sentences = list(item.asset.notes)
    if first:
        said["duplicate_of"] = str(first)
        sentences.append("The project has an item with this very file already; the file is stored once.")
    if item.path != clean_path(wanted):
        sentences.append(f"The path was taken, so the item is called {item.path}.")
    return said | ({"notice": " ".join(sentences)} if sentences else {})


class OneItem(APIView):
    @extend_schema(operation_id="items_get", tags=_TAGS, responses=ItemSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """An item."""
        item = access.fetch(Item.every.with_asset(), request.user, item_id)
        return etags.answer(request, item_json(item))

    @extend_schema(operation_id="items_change", tags=_TAGS, request=ChangeItemSerializer, responses=ItemSerializer)
    def patch(self, request: Request, item_id: uuid.UUID) -> Response:
        """Change the state (annotators; approving and sending back: reviewers), the split or the path (managers)."""
        item = access.fetch(Item.every.with_asset(), request.user, item_id)
        form = ChangeItemSerializer(item, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changes = {name: value for name, value in form.validated_data.items() if getattr(item, name) != value}
        if "path" in changes:
            changes["path"] = clean_path(changes["path"])
        access.require(request.user, item.project_id, _act(item, changes))
        if changes:
            _change(item, changes, request.user)
        return etags.answer(request, item_json(item))

    @extend_schema(
        operation_id="items_delete",
        tags=_TAGS,
        parameters=[OpenApiParameter("confirm", bool, description="Needed where the item has annotations.")],
        responses={204: None},
    )
    def delete(self, request: Request, item_id: uuid.UUID) -> Response:
        """Delete an item with its annotations and its history, for good (managers). The file stays in the library."""
        item = access.fetch(Item.objects.all(), request.user, item_id, Act.DELETE_ITEMS)
        if item.annotation_count and request.query_params.get("confirm", "").lower() not in {"true", "1"}:
            count = item.annotation_count
            detail = (
                f"{item.path} has {count} annotation{'s' * (count != 1)}, which would be deleted with it for good: "
            )
            raise Problem(409, "has-annotations", f"{detail}repeat with ?confirm=true.", annotations=count)
        with transaction.atomic():
            _publish(item, "removed")
            item.delete()
        return Response(status=204)


def _act(item: Item, changes: dict[str, Any]) -> Act:
    if "split" in changes or "path" in changes:
        return Act.EDIT_PROJECT
    return states.act_for(item.state, changes["state"]) if "state" in changes else Act.ANNOTATE


def _change(item: Item, changes: dict[str, Any], by: Any) -> None:
    seen = item.state
    for name, value in changes.items():
        setattr(item, name, value)
    item.updated_at = timezone.now()
    try:
        with transaction.atomic():
            if "state" in changes:
                states.change(item.pk, changes["state"], by, seen=seen)
            item.save(update_fields=[*(changes.keys() - {"state"}), "updated_at"])
            _publish(item, "changed")
    except states.StateConflict as conflict:
        raise Problem(409, "state-changed", str(conflict), state=conflict.state) from None
    except IntegrityError:
        raise Problem(409, "path-taken", f"The project has an item at {item.path} already: choose another.") from None


def _publish(item: Item, change: str) -> None:
    if item.replica_of_id:  # of a blind copy the others do not hear
        return
    message = {"type": "item", "change": change, "item": item.pk, "state": item.state, "path": item.path}
    live.publish_on_commit(live.project_room(item.project_id), message)


class AnyPicture(BaseContentNegotiation):
    """The view itself chooses among pictures; refusals are JSON whatever was asked for."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]


class Frame(APIView):
    content_negotiation_class = AnyPicture

    @extend_schema(
        operation_id="items_frame",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("width", int, description="Scale down to at most so many pixels across."),
            OpenApiParameter("Accept", str, OpenApiParameter.HEADER, enum=list(_PICTURES)),
        ],
        responses={(200, name): OpenApiTypes.BINARY for name in _PICTURES}
        | {
            304: OpenApiResponse(description="The caller has it: `If-None-Match` named its ETag."),
            406: OpenApiResponse(description="None of the kinds of picture is accepted."),
            416: OpenApiResponse(description="Beyond the end; `frames` says how many there are."),
        },
    )
    def get(self, request: Request, item_id: uuid.UUID, n: int) -> HttpResponse:
        """Exactly frame `n`, from 0 in display order; an image is its own frame 0."""
        asset = access.fetch(Item.every.with_asset(), request.user, item_id).asset
        content_type = request._request.get_preferred_type(list(_PICTURES))
        if content_type is None:
            raise Problem(406, "not-acceptable", f"A frame comes as one of {', '.join(_PICTURES)}: accept one of them.")
        if n >= asset.frames:
            raise Problem(416, "frame-out-of-range", f"The last frame is {asset.frames - 1}.", frames=asset.frames)
        kind, width = _PICTURES[content_type], _width(request)
        etag = f'"{frames.frame_etag(asset, n, kind, width)}"'
        known = parse_etags(request.headers.get("If-None-Match", ""))
        response = HttpResponse(status=304)
        if "*" not in known and etag not in [tag.removeprefix("W/") for tag in known]:
            response = HttpResponse(_picture(asset, n, kind, width), content_type=content_type)
        response["ETag"] = etag
        response["Cache-Control"] = f"private, max-age={_FRAME_SECONDS}"
        patch_vary_headers(response, ["Accept"])
        return response


def _picture(asset: Asset, n: int, kind: str, width: int | None) -> bytes:
    try:
        return frames.picture(asset, n, kind, width)
    except (frames.FrameUnreadable, FileNotFoundError) as error:
        detail = f"Frame {n} of {asset.original_name} cannot be read from the storage: upload the file again."
        raise Problem(500, "frame-unreadable", detail) from error


def _width(request: Request) -> int | None:
    given = request.query_params.get("width")
    if given is None:
        return None
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given[:6]) <= _WIDEST:
        raise invalid("/width", f"{given[:20]!r} is no whole number from 1 to {_WIDEST}.")
    return int(given)


class Library(APIView):
    @extend_schema(
        operation_id="assets_list",
        tags=["library"],
        parameters=[*_LIBRARY, *item_filters.PAGES],
        responses=_page_of(AssetSerializer, "AssetList"),
    )
    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """The files that the team has stored, newest first. Each can be linked into any of its projects."""
        access.require_in_team(request.user, team_id, Act.VIEW)
        rows: QuerySet[Asset] = access.visible(Asset.objects.filter(team=team_id), request.user)
        if kind := request.query_params.get("kind"):
            rows = rows.filter(kind=kind)
        if words := request.query_params.get("q", "").replace("\0", ""):
            rows = rows.filter(original_name__icontains=words)
        pages = _NewestFirst()
        page = pages.paginate_queryset(rows.with_video(), request, view=self)  # type: ignore[attr-defined]
        return pages.get_paginated_response([asset_json(asset) for asset in page or ()])
