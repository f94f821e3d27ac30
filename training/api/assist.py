"""`items/{id}/assist/...`: tools that suggest shapes. The work is done in the request, on a bounded picture."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects import access
from projects.models import Item
from projects.models.library import Kind
from projects.problems import Problem
from projects.throttles import AssistThrottle
from training.assist import click, fields, propagate, propose, similar
from training.assist.cutout import cut_out
from training.assist.outline import geometry_of

_TAGS = ["assistance"]
_REFUSALS = {
    422: OpenApiResponse(description="`nothing-found`: the picture shows nothing that could be suggested; `detail`."),
    503: OpenApiResponse(description="`BUSY`: too many use the tools at once; the same call may be sent again."),
}
_AT_ONCE = 2  # of this process: more would only take turns on the same cores, and hold a picture each
_WAIT_S = 20.0
_desk = threading.BoundedSemaphore(_AT_ONCE)


@contextmanager
def at_work() -> Iterator[None]:
    """A turn at the processor.

    Raises:
        Problem: 503 when none came up in time.
    """
    if not _desk.acquire(timeout=_WAIT_S):
        raise Problem(503, "BUSY", "The server is busy with other people's tools: try again in a moment.")
    try:
        yield
    finally:
        _desk.release()


class Assist(APIView):
    """One tool on one item: POST only, for annotators, at a bounded rate a person."""

    throttle_classes = (AssistThrottle,)


class CutOut(Assist):
    @extend_schema(
        operation_id="assist_grabcut",
        tags=_TAGS,
        request=fields.CutOutSerializer,
        responses={201: fields.SuggestionsSerializer, **_REFUSALS},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Cut the object in a box out of what is behind it (GrabCut), as a suggestion (annotators).

        422 `nothing-found` where nothing in the box stands out from what is around it.
        """
        item = propose.fetch_item(request.user, item_id)
        wanted = _read(fields.CutOutSerializer, request)
        frame = propose.frame_number(item, wanted["frame"])
        label, box = propose.label_of(item, wanted["label"]), fields.box_in(item, wanted["box"])
        with at_work():
            found = cut_out(propose.pixels(item, frame), box)
        size = (item.asset.width, item.asset.height)
        geometry = geometry_of(found.mask, found.place, size, wanted["as"]) if found else None
        if found is None or geometry is None:
            raise Problem(
                422,
                "nothing-found",
                "Nothing in this box stands out from what is around it: draw it a little wider, "
                "so that some of the background is in it.",
            )
        ops = [propose.create(label.pk, geometry, found.confidence, frame)]
        return _suggested(propose.commit(item, request.user, ops, f"{propose.TOOL}grabcut"))


class Click(Assist):
    @extend_schema(
        operation_id="assist_click",
        tags=_TAGS,
        request=fields.ClickSerializer,
        responses={201: fields.SuggestionsSerializer, **_REFUSALS},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Segment the object under some clicks (SAM or MobileSAM), as a suggestion (annotators).

        Further clicks refine it: send all of them, with the suggestion so far in `replaces`. 409 `no-weights`
        where the server has none; `GET items/{id}/assist` tells beforehand.
        """
        item = propose.fetch_item(request.user, item_id)
        wanted = _read(fields.ClickSerializer, request)
        frame = propose.frame_number(item, wanted["frame"])
        label, clicks = propose.label_of(item, wanted["label"]), fields.clicks_in(item, wanted["points"])
        old = click.replaced(item, wanted["replaces"])
        with at_work():
            geometry, quality = click.segment(item, frame, clicks, wanted["as"])
        ops = [*old, propose.create(label.pk, geometry, quality, frame)]
        return _suggested(propose.commit(item, request.user, ops, click.ORIGIN))


class Tools(APIView):
    @extend_schema(operation_id="assist_tools", tags=_TAGS, responses=fields.ToolsSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Which tools are ready on this server, and what the others need."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        detail, model = click.ready(), similar.deployed(item)
        return Response(
            {"click": {"ready": not detail, "detail": detail}, "model": model.name if model is not None else ""}
        )


class Propagate(Assist):
    @extend_schema(
        operation_id="assist_propagate",
        tags=_TAGS,
        request=fields.PropagateSerializer,
        responses={201: fields.PropagatedSerializer, **_REFUSALS},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Follow a shape through the next frames of a video, as one suggested track (annotators).

        It ends early where the object is lost, and says where and why. To go on beyond the 50 frames of one
        call, name the suggested track and its `last` frame: the track is continued.
        """
        item = propose.fetch_item(request.user, item_id)
        wanted = _read(fields.PropagateSerializer, request)
        if item.asset.kind != Kind.VIDEO:
            raise Problem(409, "no-video", "An image has no next frame: propagation is for videos.")
        shape = propose.shape_of(item, wanted["annotation"])
        start = propose.frame_number(item, shape.frame if wanted["frame"] is None else wanted["frame"])
        with at_work():
            ops, course = propagate.propagate(item, shape, start or 0, wanted["frames"], wanted["method"])
        answer = propose.commit(item, request.user, ops, propagate.ORIGIN)
        stopped = {"frame": course.lost, "reason": course.reason} if course.lost is not None else None
        more = {"annotation": ops[0]["id"], "last": course.steps[-1].frame, "stopped": stopped}
        return _suggested(answer, **more)


class Similar(Assist):
    @extend_schema(
        operation_id="assist_similar",
        tags=_TAGS,
        request=fields.SimilarSerializer,
        responses={201: fields.SuggestionsSerializer, **_REFUSALS},
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Suggest more like a shape on its frame (annotators): by the deployed model, or without one by looks.

        What has a shape already (more than half overlapping) is left out; `note` says how it was found.
        """
        item = propose.fetch_item(request.user, item_id)
        wanted = _read(fields.SimilarSerializer, request)
        shape = propose.shape_of(item, wanted["annotation"])
        frame = propose.frame_number(item, shape.frame if wanted["frame"] is None else wanted["frame"])
        with at_work():
            finds = similar.find(item, shape, frame, propose.pixels(item, frame), wanted["confidence"])
        return _suggested(propose.commit(item, request.user, finds.ops, finds.origin), finds.note)


class Origins(APIView):
    @extend_schema(operation_id="assist_origins", tags=_TAGS, responses=fields.OriginsSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Which model or tool proposed the item's shapes that no person drew."""
        item = access.fetch(Item.every.all(), request.user, item_id)
        return Response({"results": propose.origins(item)})


def _read(serializer: type[Any], request: Request) -> dict[str, Any]:
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _suggested(answer: dict[str, Any], note: str = "", **more: Any) -> Response:
    return Response({**answer, "note": note, **more}, status=201)
