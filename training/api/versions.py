"""`projects/{id}/versions`: what is labelled, frozen; and what can be done with it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access, pictures
from projects.access import Act
from projects.frames import FrameUnreadable
from projects.idempotency import idempotent
from projects.models import Project
from projects.pagination import CursorPages
from projects.problems import Problem, invalid
from projects.serializers.jobs import JobSerializer
from training import jobs, serializers
from training.datasets import augment
from training.datasets.diff import diff
from training.datasets.pictures import Look, Others, Source, make
from training.datasets.preview import preview, shown
from training.datasets.version import DatasetError, Recipe
from training.models import Version, VersionFrame

_TAGS = ["training"]
_WIDEST, _MOST_SHOWN = 4096, 5
LIST = extend_schema(
    tags=_TAGS, parameters=[OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500.")]
)


def refusal(error: DatasetError) -> Problem:
    """What is told of a version that cannot be made."""
    return Problem(422, error.code, error.detail)


def recipe_in(project: Project, user: Any, wanted: dict[str, Any]) -> Recipe:
    """The recipe that a request asks for; of further projects it takes those that one may train with.

    Raises:
        ValidationError: a project of another team, or the same one twice. Http404, PermissionDenied: as `access`.
    """
    sources = []
    for n, pk in enumerate(wanted.get("sources") or ()):
        source = access.fetch(Project.objects.all(), user, pk, Act.TRAIN)
        if source.team_id != project.team_id or source == project or source in sources:
            raise invalid(f"/sources/{n}", "This is another project of the same team, once.")
        sources.append(source)
    parts = {name: wanted[name] for name in ("filters", "preprocess", "augment", "aliases") if name in wanted}
    return Recipe(split=dict(wanted.get("split") or {}), sources=sources, **parts)


@extend_schema_view(get=LIST)
class Versions(generics.ListAPIView[Version]):
    """A project's dataset versions, newest first."""

    queryset = Version.objects.none()  # for the description of the interface only
    serializer_class = serializers.VersionSerializer

    def get_queryset(self) -> Any:
        project = access.fetch(Project.objects.all(), self.request.user, self.kwargs["project_id"])
        return access.visible(Version.objects.filter(project=project), self.request.user)

    @extend_schema(
        operation_id="versions_create",
        tags=_TAGS,
        request=serializers.NewVersionSerializer,
        responses={202: JobSerializer},
        examples=[
            OpenApiExample("Freeze", {"name": "Before the new camera", "split": {"val": 0.2}}, request_only=True)
        ],
    )
    @idempotent
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Freeze what is labelled now (managers); the job's `result.version` is the version's id.

        422 with the code `no_labels`, `no_classes`, `one_image`, `no_train` or `no_val` says what is missing.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.TRAIN)
        body = serializers.NewVersionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        recipe = recipe_in(project, request.user, body.validated_data)
        try:
            job = jobs.start_freeze(project, request.user, body.validated_data["name"], recipe=recipe)
        except DatasetError as error:
            raise refusal(error) from error
        return Response(JobSerializer(job).data, status=202)


class Preview(APIView):
    @extend_schema(
        operation_id="versions_preview",
        tags=_TAGS,
        request=serializers.PreviewSerializer,
        responses={200: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """What a version would be (managers): `{counts, split, labels, partial, samples}`; nothing is stored.

        A sample is a picture as it would be learned from: `{path, frame, split, copy, place, width, height, image,
        shapes: [{label, color, kind, path}]}`, `image` a data address, `path` of a shape in SVG's terms.
        """
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.TRAIN)
        body = serializers.PreviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            made = preview(project, recipe_in(project, request.user, wanted), wanted["samples"], wanted["first"])
        except DatasetError as error:
            raise refusal(error) from error
        return Response(made)


class OneVersion(APIView):
    @extend_schema(operation_id="versions_get", tags=_TAGS, responses=serializers.VersionSerializer)
    def get(self, request: Request, version_id: uuid.UUID) -> Response:
        """A dataset version: labels, counts, split and recipes."""
        version = access.fetch(Version.objects.all(), request.user, version_id)
        return Response(serializers.VersionSerializer(version).data)


class FramePages(CursorPages):
    ordering = "id"


@extend_schema_view(
    get=extend_schema(
        tags=_TAGS,
        parameters=[
            OpenApiParameter("split", str, description="train, val or test."),
            OpenApiParameter("label", str, description="The id of a class of the version."),
            OpenApiParameter("outlines", bool, description="With `outlines`: shapes as SVG paths, for a page."),
            OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500."),
        ],
    )
)
class Frames(generics.ListAPIView[VersionFrame]):
    """The pictures of a version with their shapes, in order of paths."""

    queryset = VersionFrame.objects.none()  # for the description of the interface only
    serializer_class = serializers.VersionFrameSerializer
    pagination_class = FramePages

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "labels": getattr(self, "labels", None)}

    def get_queryset(self) -> Any:
        version = access.fetch(Version.objects.all(), self.request.user, self.kwargs["version_id"])
        if self.request.query_params.get("outlines") in ("1", "true"):
            self.labels = {label["id"]: label for label in version.labels}
        rows = version.frames.select_related("asset")
        query = self.request.query_params
        if query.get("split"):
            rows = rows.filter(split=query["split"])
        return rows.filter(shapes__contains=[{"label": query["label"]}]) if query.get("label") else rows


class FramePicture(APIView):
    @extend_schema(
        operation_id="versions_frame_picture",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("part", int, description="Which tile, from 0."),
            OpenApiParameter("copy", int, description="Which augmented copy, from 1; 0 is the picture itself."),
            OpenApiParameter("made", bool, description="Prepared and augmented as for training; else as it was."),
            OpenApiParameter("width", int, description="Scale down to at most so many pixels across."),
        ],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, version_id: uuid.UUID, frame_id: int) -> HttpResponse:
        """A picture of a version, also when its item was deleted since; any augmented copy, made again."""
        version = access.fetch(Version.objects.all(), request.user, version_id)
        row = version.frames.select_related("asset__video").filter(pk=frame_id).first()
        if row is None:
            raise Problem(404, "no-picture", "The version has no such picture.")
        part, copy = _whole(request, "part", 0, 100_000), _whole(request, "copy", 0, augment.MOST_COPIES)
        made = request.query_params.get("made") in ("1", "true") or bool(part or copy)
        try:
            pixels = _made(version, row, part, copy) if made else Source.of_row(row).sample().pixels
        except (FrameUnreadable, OSError) as error:
            raise Problem(410, "unreadable", f"The stored file does not give the picture any more: {error}") from None
        data = pictures.encode(pictures.shrink(pixels, _whole(request, "width", _WIDEST, _WIDEST) or _WIDEST), "jpeg")
        headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(data, content_type="image/jpeg", headers=headers)


def _whole(request: Request | HttpRequest, name: str, default: int, most: int) -> int:
    given = request.GET.get(name, "")
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or int(given) > most:
        raise invalid(f"/{name}", f"{given[:20]!r} is no whole number from 0 to {most}.")
    return int(given)


def _made(version: Version, row: VersionFrame, part: int, copy: int) -> Any:
    look, source = Look.of(version, version.labels, version.content_hash), Source.of_row(row)
    if copy > augment.copies(version.augment):
        raise Problem(404, "no-copy", f"The version makes {augment.copies(version.augment)} copies of a picture.")
    for one in make(look, source, source.sample(), copy, train_pictures(version, look)):
        if (one.part, one.copy) == (part, copy):
            return one.sample.pixels
    raise Problem(404, "no-part", "The picture is not cut into that many parts.")


def train_pictures(version: Version, look: Look) -> Others:
    """What mosaics are made of."""
    ids = list(version.frames.filter(split="train", shape_count__gt=0).order_by("id").values_list("pk", flat=True))
    rows = VersionFrame.objects.select_related("asset__video")
    return Others(look, len(ids), lambda n: Source.of_row(rows.get(pk=ids[n])))


class FrameMade(APIView):
    @extend_schema(
        operation_id="versions_frame_made",
        tags=_TAGS,
        parameters=[OpenApiParameter("part", int, description="Which tile, from 0.")],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, version_id: uuid.UUID, frame_id: int) -> Response:
        """A picture as a training gets it, and its first copies: `{parts, samples}`, samples as of a preview."""
        version = access.fetch(Version.objects.all(), request.user, version_id)
        row = version.frames.select_related("asset__video").filter(pk=frame_id).first()
        if row is None:
            raise Problem(404, "no-picture", "The version has no such picture.")
        look, source = Look.of(version, version.labels, version.content_hash), Source.of_row(row)
        copies = min(augment.copies(version.augment), _MOST_SHOWN) if row.split == "train" else 0
        labels = {label["id"]: label for label in version.labels}
        try:
            found = list(make(look, source, source.sample(), copies, train_pictures(version, look)))
        except (FrameUnreadable, OSError) as error:
            raise Problem(410, "unreadable", f"The stored file does not give the picture any more: {error}") from None
        part = min(_whole(request, "part", 0, 100_000), found[-1].part)
        samples = [{"copy": one.copy, **shown(one.sample, labels)} for one in found if one.part == part]
        return Response({"parts": found[-1].part + 1, "samples": samples})


class Diff(APIView):
    @extend_schema(
        operation_id="versions_diff",
        tags=_TAGS,
        parameters=[OpenApiParameter("other", uuid.UUID, required=True, description="The version to compare with.")],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, version_id: uuid.UUID) -> Response:
        """What has changed from `other` to this version.

        `{recipe: [parts that differ], items: {same, changed, added, removed, moved}, shapes: {same, moved, relabelled,
        added, removed}, labels: {class: {added, removed}}, pictures: [{path, frame, change, split: [before, after],
        shapes}]}`: shapes are the same by their ids, else by an overlap of half or more; the first 500 pictures that
        differ are listed.
        """
        version = access.fetch(Version.objects.all(), request.user, version_id)
        other = _other(request)
        recipe = [name for name in ("preprocess", "augment") if getattr(version, name) != getattr(other, name)]
        named = {"version": str(version.pk), "other": str(other.pk), "recipe": recipe}
        return Response({**named, **diff(other, version).as_json()})


def _other(request: Request) -> Version:
    try:
        pk = uuid.UUID(request.query_params.get("other", ""))
    except ValueError:
        raise invalid("/other", "This is the id of the version to compare with.") from None
    return access.fetch(Version.objects.all(), request.user, pk)


class Restore(APIView):
    @extend_schema(
        operation_id="versions_restore",
        tags=_TAGS,
        request=serializers.RestoreVersionSerializer,
        responses={202: JobSerializer},
    )
    @idempotent
    def post(self, request: Request, version_id: uuid.UUID) -> Response:
        """Make a new project of a version, with its items, sides and labels as they were (managers of the team).

        The job's `result.project` is the new project; nothing that is there now is changed.
        """
        version = access.fetch(Version.objects.select_related("project"), request.user, version_id, Act.TRAIN)
        access.require_in_team(request.user, version.project.team_id, Act.CREATE_PROJECTS)
        body = serializers.RestoreVersionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        job = jobs.start_restore(version, request.user, body.validated_data["name"])
        return Response(JobSerializer(job).data, status=202)
