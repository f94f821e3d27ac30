"""`watches`: folders of the server and prefixes of S3 buckets that are looked at for new files (managers)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.guard import AddressError
from projects.idempotency import idempotent
from projects.models import Project, Watch
from projects.models.watch import FileState, WatchKind
from projects.problems import invalid
from projects.serializers.fields import Strict
from projects.uploads import by_address
from projects.watching import buckets, folders, looking
from projects.watching.folders import PlaceError

_TAGS = ["watches"]


class FolderSerializer(Strict):
    folder = serializers.CharField(max_length=1000, help_text="An absolute path below one of the operator's folders.")
    into = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class BucketSerializer(Strict):
    endpoint = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    bucket = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,100}$")
    prefix = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    region = serializers.RegexField(r"^[a-z0-9-]{0,40}$", required=False, default="", allow_blank=True)
    into = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class KeysSerializer(Strict):
    access_key = serializers.CharField(max_length=200)
    secret_key = serializers.CharField(max_length=200)


class NewWatchSerializer(Strict):
    kind = serializers.ChoiceField(choices=WatchKind.choices)
    config = serializers.DictField(
        help_text="folder: {folder, into?}; s3: {bucket, prefix?, endpoint?, region?, into?}"
    )
    keys = KeysSerializer(required=False, help_text="Of a bucket that not everybody may read; never returned.")


class ChangeWatchSerializer(Strict):
    enabled = serializers.BooleanField()


class WatchSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=WatchKind.choices)
    config = serializers.DictField()
    has_keys = serializers.BooleanField()
    enabled = serializers.BooleanField()
    looked_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    files = serializers.DictField(child=serializers.IntegerField(), help_text="waiting, taken, refused")
    refused = serializers.ListField(child=serializers.DictField(), help_text="{key, code, detail} of the latest ten.")


def watch_json(watch: Watch) -> dict[str, Any]:
    counts = {state: Count("pk", filter=Q(state=state)) for state in FileState.values}
    refused = watch.files.filter(state=FileState.REFUSED).order_by("-seen_at")[:10]
    return {
        "id": str(watch.pk),
        "project": str(watch.project_id),
        "kind": watch.kind,
        "config": watch.config,
        "has_keys": bool(watch.secret),
        "enabled": watch.enabled,
        "looked_at": watch.looked_at,
        "last_error": watch.last_error,
        "files": watch.files.aggregate(**counts),
        "refused": [{"key": file.key, **(file.problem or {})} for file in refused],
    }


def _config(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    form = (FolderSerializer if kind == WatchKind.FOLDER else BucketSerializer)(data=given)
    if not form.is_valid():
        raise serializers.ValidationError({"config": form.errors})
    config = dict(form.validated_data)
    try:
        if kind == WatchKind.S3:
            buckets.check(config, by_address.rules())
        else:
            with folders.opened(*folders.root_of(config["folder"], settings.WATCH_ROOTS)):
                pass
    except AddressError as error:
        raise invalid("/config/endpoint", str(error), "bad-address") from None
    except PlaceError as error:
        raise invalid("/config/folder", str(error), "outside") from None
    return config


class Watches(APIView):
    @extend_schema(operation_id="watches_list", tags=_TAGS, responses=WatchSerializer(many=True))
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """A project's watched places (managers)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.EDIT_PROJECT)
        rows = access.visible(Watch.objects.filter(project=project), request.user).order_by("created_at", "pk")
        return Response([watch_json(watch) for watch in rows])

    @extend_schema(
        operation_id="watches_create",
        tags=_TAGS,
        request=NewWatchSerializer,
        responses={201: WatchSerializer},
        examples=[
            OpenApiExample("A folder", {"kind": "folder", "config": {"folder": "/srv/cameras"}}, request_only=True)
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Look at a place from now on (managers). A file is taken at the second look that finds it unchanged, once."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.EDIT_PROJECT)
        form = NewWatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        keys = given.get("keys")
        secret = looking.vault.lock(json.dumps([keys["access_key"], keys["secret_key"]])) if keys else ""
        config = _config(given["kind"], given["config"])
        watch = Watch.objects.create(
            project=project, kind=given["kind"], config=config, secret=secret, created_by=request.user
        )
        return Response(watch_json(watch), status=201)


class OneWatch(APIView):
    @extend_schema(operation_id="watches_get", tags=_TAGS, responses=WatchSerializer)
    def get(self, request: Request, watch_id: uuid.UUID) -> Response:
        """A watched place: when it was looked at, and what came of its files."""
        return Response(watch_json(access.fetch(Watch.objects.all(), request.user, watch_id, Act.EDIT_PROJECT)))

    @extend_schema(operation_id="watches_change", tags=_TAGS, request=ChangeWatchSerializer, responses=WatchSerializer)
    def patch(self, request: Request, watch_id: uuid.UUID) -> Response:
        """Switch the looking on or off."""
        watch = access.fetch(Watch.objects.all(), request.user, watch_id, Act.EDIT_PROJECT)
        form = ChangeWatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        watch.enabled = form.validated_data["enabled"]
        watch.save(update_fields=["enabled"])
        return Response(watch_json(watch))

    @extend_schema(operation_id="watches_delete", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, watch_id: uuid.UUID) -> Response:
        """Look there no more. Items that came from there stay."""
        access.fetch(Watch.objects.all(), request.user, watch_id, Act.EDIT_PROJECT).delete()
        return Response(status=204)
