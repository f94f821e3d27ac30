"""`uploads/`: files in pieces, by tus 1.0.0; what came is looked through and added to the project by its batch."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.access import Act
from projects.api.items import refuse
from projects.intake import IntakeError
from projects.models import Project, Upload, UploadBatch
from projects.models.upload import BatchState, UploadState
from projects.pagination import CursorPages
from projects.problems import Problem, invalid
from projects.serializers.uploads import (
    ChosenUploadsSerializer,
    CommittedSerializer,
    NewBatchSerializer,
    UploadBatchSerializer,
    UploadInPiecesSerializer,
    batch_json,
    upload_json,
)
from projects.uploads import protocol, staging, store
from projects.uploads.body import KEY, Body, Broken, FileBody

_TAGS = ["uploads"]


def _header(name: str, kind: Any, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=description)


_VERSION = _header("Tus-Resumable", str, "1.0.0")
_CHECKSUM = _header("Upload-Checksum", str, "sha1, sha256 or md5 of the body: `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`.")
_LENGTH = _header("Upload-Length", int, "Bytes of the whole file.")
_BYTES = {protocol.BODY_TYPE: OpenApiTypes.BINARY}
_PROBLEMS = {
    412: OpenApiResponse(description="Tus-Resumable is missing or another version."),
    413: OpenApiResponse(description="More bytes than allowed, or than the upload's length."),
    423: OpenApiResponse(description="Another request writes this upload right now."),
    460: OpenApiResponse(description="The checksum is another one; nothing of the body was kept."),
    507: OpenApiResponse(description="The server's disk has no room."),
}


class _TusView(APIView):
    """Speaks tus where the method is one of tus's own; refusals are problems with tus's status."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.method = protocol.overridden(request.method or "", request.headers, ("PATCH", "DELETE", "HEAD"))
        return super().dispatch(request, *args, **kwargs)

    def get_permissions(self) -> Any:
        return [AllowAny()] if self.request.method == "OPTIONS" else super().get_permissions()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in ("GET", "OPTIONS"):
            protocol.require_version(request.headers)

    @extend_schema(exclude=True)
    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(status=204, headers=protocol.describe(settings.MAX_RESUMABLE_BYTES))

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, Broken):
            error = Problem(408, "broken-off", "The connection ended before the body did: ask by HEAD and go on.")
        return super().handle_exception(error)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response["Tus-Resumable"] = protocol.VERSION
        if response.status_code == 412:
            response["Tus-Version"] = protocol.VERSION
        return super().finalize_response(request, response, *args, **kwargs)


def _body(request: Request) -> Body:
    sent = request._request
    direct: Body | None = getattr(sent, "scope", {}).get(KEY)
    length = sent.META.get("CONTENT_LENGTH") or ""
    return direct or FileBody(sent, int(length) if length.isdecimal() else None)  # type: ignore[arg-type]


def _append(request: Request, upload: Upload, offset: int, said: int | None) -> dict[str, str]:
    """Write the request's body; gives the headers of the answer."""
    upload = store.append(upload, offset, _body(request), said, protocol.parse_checksum(request.headers))
    staging.arrived(upload)
    return _progress(upload)


def _progress(upload: Upload) -> dict[str, str]:
    ends = upload.expires_at if upload.state == UploadState.RECEIVING else None
    return {"Upload-Offset": str(upload.offset), **protocol.expiry(ends)}


class _Pages(CursorPages):
    ordering = ("position", "created_at", "id")


class Uploads(_TusView):
    @extend_schema(
        operation_id="uploads_list",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("state", str, enum=UploadState.values),
            OpenApiParameter("waiting", bool, description="Only what is on its way or waits for a decision."),
            OpenApiParameter("batch", uuid.UUID),
            OpenApiParameter("limit", int, description="Rows a page: 50 by default, at most 500."),
            OpenApiParameter("cursor", str, description="Where the page starts: follow `next`."),
        ],
        responses=inline_serializer(
            "UploadList",
            {"results": UploadInPiecesSerializer(many=True), "next": serializers.URLField(allow_null=True)},
        ),
    )
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """One's own uploads to a project, in the order of their batch; without those that were put aside."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        rows = store.mine(request.user).filter(project=project)
        state = request.query_params.get("state")
        if state not in (None, *UploadState.values):
            raise invalid("/state", f"{state!r:.40} is none of {', '.join(UploadState.values)}.")
        rows = rows.filter(state=state) if state else rows.exclude(state=UploadState.DISCARDED)
        if request.query_params.get("waiting", "").lower() in {"true", "1"}:
            rows = rows.exclude(state=UploadState.COMMITTED)
        if request.query_params.get("batch"):
            rows = rows.filter(batch=_batch(request, request.query_params["batch"]))
        pages = _Pages()
        page = pages.paginate_queryset(staging.with_asset(rows), request, view=self) or []
        twins = staging.duplicates(page)
        return pages.get_paginated_response([upload_json(row, twins.get(row.asset_id)) for row in page])

    @extend_schema(
        operation_id="uploads_create",
        tags=_TAGS,
        parameters=[
            _VERSION,
            _LENGTH,
            _header("Upload-Defer-Length", int, "1: the length is said later."),
            _header(
                "Upload-Metadata",
                str,
                "Keys with values in base64: `filename`; `path` (folders and all); `batch` (an id); `at_once` (`true`: "
                "becomes an item without a review); `position` (its place in the batch).",
            ),
            _CHECKSUM,
        ],
        request=_BYTES,
        responses={201: OpenApiResponse(description="`Location` says where the bytes go."), **_PROBLEMS},
    )
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Begin an upload in pieces (tus 1.0.0: creation, with its first bytes where there are some)."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.ADD_ITEMS)
        wanted = protocol.parse_creation(request.headers, settings.MAX_RESUMABLE_BYTES)
        given = wanted.metadata.get("batch")
        batch = _open(request, given, project) if given else store.open_batch(project, request.user)
        upload = store.create(project, request.user, wanted, batch)
        headers = {"Location": f"/api/v1/uploads/{upload.pk}", **protocol.expiry(upload.expires_at)}
        if protocol.has_body(request.headers):
            headers |= _append(request, upload, 0, None)
        else:
            staging.arrived(upload)
        return HttpResponse(status=201, headers=headers)


class UploadsWithSlash(Uploads):
    """The same; tus clients are often given an address that ends with a slash."""

    @extend_schema(exclude=True)
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        return super().get(request, project_id)

    @extend_schema(exclude=True)
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        return super().post(request, project_id)


class OneUpload(_TusView):
    @extend_schema(operation_id="uploads_get", tags=_TAGS, responses=UploadInPiecesSerializer)
    def get(self, request: Request, upload_id: uuid.UUID) -> Response:
        """What is known of one's own upload."""
        upload = access.fetch(staging.with_asset(store.mine(request.user)), request.user, upload_id)
        return Response(upload_json(upload, staging.duplicates([upload]).get(upload.asset_id)))

    @extend_schema(exclude=True)
    def head(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        """How many bytes are here, and stored."""
        upload = store.standing(store.find(request.user, upload_id))
        staging.arrived(upload)
        ends = upload.expires_at if upload.state == UploadState.RECEIVING else None
        headers = protocol.standing(upload.offset, upload.length, upload.metadata, ends)
        return HttpResponse(status=200, headers={**headers, "Cache-Control": "no-store"})

    @extend_schema(
        operation_id="uploads_append",
        tags=_TAGS,
        parameters=[_VERSION, _header("Upload-Offset", int, "How many bytes are here."), _LENGTH, _CHECKSUM],
        request=_BYTES,
        responses={204: OpenApiResponse(description="`Upload-Offset` bytes are stored."), **_PROBLEMS},
    )
    def patch(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        """Send bytes that follow those that are here (tus 1.0.0). What came of a broken connection is kept."""
        upload = store.find(request.user, upload_id)
        protocol.require_body_type(request.headers)
        offset = protocol.parse_offset(request.headers)
        said = protocol.parse_length(request.headers, settings.MAX_RESUMABLE_BYTES)
        return HttpResponse(status=204, headers=_append(request, upload, offset, said))

    @extend_schema(operation_id="uploads_delete", tags=_TAGS, parameters=[_VERSION], responses={204: None})
    def delete(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        """Forget an upload and its bytes (tus 1.0.0: termination). What became an item stays."""
        staging.terminate(store.find(request.user, upload_id))
        return HttpResponse(status=204)


def _batch(request: Request, batch_id: Any, act: Act = Act.VIEW) -> UploadBatch:
    try:
        key = uuid.UUID(str(batch_id))
    except ValueError:
        raise invalid("/batch", f"{str(batch_id)[:40]!r} is no id.") from None
    return access.fetch(UploadBatch.objects.filter(created_by=request.user.pk), request.user, key, act)


def _open(request: Request, batch_id: str, project: Project) -> UploadBatch:
    batch = _batch(request, batch_id)
    if batch.project_id != project.pk or batch.state != BatchState.OPEN:
        raise Problem(409, "batch-closed", "The batch is over, or of another project: begin a new one.")
    return batch


def _as_json(batch: UploadBatch) -> dict[str, Any]:
    return batch_json(batch, staging.counts(batch))


class Batches(APIView):
    @extend_schema(
        operation_id="upload_batches_create",
        tags=_TAGS,
        request=NewBatchSerializer,
        responses={201: UploadBatchSerializer},
    )
    def post(self, request: Request, project_id: uuid.UUID) -> Response:
        """Begin a batch: uploads that are looked through together."""
        project = access.fetch(Project.objects.all(), request.user, project_id, Act.ADD_ITEMS)
        form = NewBatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        batch = UploadBatch.objects.create(project=project, created_by=request.user, **form.validated_data)
        return Response(_as_json(batch), status=201)

    @extend_schema(
        operation_id="upload_batches_list",
        tags=_TAGS,
        parameters=[OpenApiParameter("state", str, enum=BatchState.values)],
        responses=inline_serializer(
            "UploadBatchList",
            {"results": UploadBatchSerializer(many=True), "next": serializers.URLField(allow_null=True)},
        ),
    )
    def get(self, request: Request, project_id: uuid.UUID) -> Response:
        """One's own batches of a project, newest first."""
        project = access.fetch(Project.objects.all(), request.user, project_id)
        rows = UploadBatch.objects.filter(project=project, created_by=request.user.pk)
        state = request.query_params.get("state")
        rows = rows.filter(state=state) if state in BatchState.values else rows
        pages = CursorPages()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_as_json(batch) for batch in page])


class OneBatch(APIView):
    @extend_schema(operation_id="upload_batches_get", tags=_TAGS, responses=UploadBatchSerializer)
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        """A batch of one's own; its uploads are listed by `projects/{id}/uploads?batch=`."""
        return Response(_as_json(_batch(request, batch_id)))


class _ChangeBatch(APIView):
    def chosen(self, request: Request, batch_id: uuid.UUID) -> tuple[UploadBatch, list[uuid.UUID] | None]:
        batch = _batch(request, batch_id, Act.ADD_ITEMS)
        form = ChosenUploadsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return batch, form.validated_data.get("uploads")

    def answer(self, batch: UploadBatch, **more: Any) -> Response:
        batch.refresh_from_db()
        return Response(_as_json(batch) | more)


class CommitBatch(_ChangeBatch):
    @extend_schema(
        operation_id="upload_batches_commit", tags=_TAGS, request=ChosenUploadsSerializer, responses=CommittedSerializer
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Add the staged uploads to the project, in the order given; all of them or none."""
        batch, wanted = self.chosen(request, batch_id)
        try:
            items = staging.commit(batch, wanted)
        except IntakeError as error:
            raise refuse(error) from error
        return self.answer(batch, items=[str(item.pk) for item in items])


class DiscardBatch(_ChangeBatch):
    @extend_schema(
        operation_id="upload_batches_discard",
        tags=_TAGS,
        request=ChosenUploadsSerializer,
        responses=UploadBatchSerializer,
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Put uploads aside; `restore` brings them back until they expire."""
        batch, wanted = self.chosen(request, batch_id)
        staging.discard(batch, wanted)
        return self.answer(batch)


class RestoreBatch(_ChangeBatch):
    @extend_schema(
        operation_id="upload_batches_restore",
        tags=_TAGS,
        request=ChosenUploadsSerializer,
        responses=UploadBatchSerializer,
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Undo a discard."""
        batch, wanted = self.chosen(request, batch_id)
        staging.restore(batch, wanted)
        return self.answer(batch)
