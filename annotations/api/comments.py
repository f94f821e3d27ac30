"""Threads and comments under /api/v1/."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Comment, Thread
from annotations.people import comments
from annotations.people.names import person_json
from annotations.serializers.comments import (
    ChangeCommentSerializer,
    OpenThreadSerializer,
    SaySerializer,
    ThreadListSerializer,
    ThreadSerializer,
)
from projects import access
from projects.access import Act
from projects.models import Item
from projects.models.library import Kind
from projects.problems import Problem, invalid

_TAGS = ["comments"]


class ItemThreads(APIView):
    """What was said about one item."""

    @extend_schema(operation_id="threads_list", tags=_TAGS, responses=ThreadListSerializer)
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """All threads of an item, oldest first, resolved ones too."""
        item = access.fetch(Item.every.select_related("project"), request.user, item_id)
        found = [comments.thread_json(thread) for thread in comments.threads_of(item)]
        people = [person_json(person) for person in comments.people_of(item)]
        return Response({"results": found, "next": None, "people": people})

    @extend_schema(
        operation_id="threads_create", tags=_TAGS, request=OpenThreadSerializer, responses={201: ThreadSerializer}
    )
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Say something about a shape, a point of a frame, or the item as a whole (annotators)."""
        rows = Item.every.select_related("project", "asset", "asset__video")
        item = access.fetch(rows, request.user, item_id, Act.ANNOTATE)
        form = OpenThreadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        _check_place(item, said)
        thread = comments.open_thread(item, request.user, said.pop("text"), **said)
        return Response(comments.thread_json(thread), 201)


def _check_place(item: Item, place: dict[str, Any]) -> None:
    video = item.asset.kind == Kind.VIDEO
    frames = getattr(getattr(item.asset, "video", None), "frames", 0) if video else 0
    frame, annotation = place.get("frame"), place.get("annotation")
    if frame is not None and not video:
        raise invalid("/frame", "An image has no frames: leave it out.")
    if frame is not None and frame >= frames:
        raise invalid("/frame", f"The video has {frames} frames, numbered from 0: name one of them.")
    if video and frame is None and place.get("x") is not None and annotation is None:
        raise invalid("/frame", "A point of a video needs its frame.")
    if annotation is not None and comments.shape_is_elsewhere(item, annotation):
        raise invalid("/annotation", "This shape belongs to another item.")


class ThreadComments(APIView):
    @extend_schema(operation_id="comments_create", tags=_TAGS, request=SaySerializer, responses={201: ThreadSerializer})
    def post(self, request: Request, thread_id: uuid.UUID) -> Response:
        """Answer in a thread (annotators). The answer is the whole thread."""
        thread = _thread(request, thread_id)
        form = SaySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(comments.thread_json(comments.reply(thread, request.user, form.validated_data["text"])), 201)


class ResolveThread(APIView):
    @extend_schema(operation_id="threads_resolve", tags=_TAGS, request=None, responses=ThreadSerializer)
    def post(self, request: Request, thread_id: uuid.UUID) -> Response:
        """Close a thread: who opened it, who spoke in it, and reviewers."""
        thread = _thread(request, thread_id)
        comments.require_may_resolve(thread, request.user)
        return Response(comments.thread_json(comments.resolve(thread, request.user)))


class ReopenThread(APIView):
    @extend_schema(operation_id="threads_reopen", tags=_TAGS, request=None, responses=ThreadSerializer)
    def post(self, request: Request, thread_id: uuid.UUID) -> Response:
        """Open a resolved thread again (annotators)."""
        thread = _thread(request, thread_id)
        return Response(comments.thread_json(comments.resolve(thread, request.user, resolved=False)))


def _thread(request: Request, thread_id: uuid.UUID) -> Thread:
    rows = Thread.objects.select_related("item", "item__project")
    return access.fetch(rows, request.user, thread_id, Act.ANNOTATE)


class OneComment(APIView):
    """One's own comment."""

    @extend_schema(
        operation_id="comments_change", tags=_TAGS, request=ChangeCommentSerializer, responses=ThreadSerializer
    )
    def patch(self, request: Request, comment_id: uuid.UUID) -> Response:
        """Change one's own words, take them away, or bring them back. The answer is the whole thread."""
        comment = _own_comment(request, comment_id)
        form = ChangeCommentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        if not wanted:
            raise Problem(400, "invalid", "Nothing is to be changed: give `text` or `deleted`.")
        thread = comment.thread
        if "deleted" in wanted:
            thread = comments.delete(comment, wanted["deleted"])
        if "text" in wanted:
            thread = comments.edit(comment, wanted["text"])
        return Response(comments.thread_json(thread))

    @extend_schema(operation_id="comments_delete", tags=_TAGS, responses={204: None})
    def delete(self, request: Request, comment_id: uuid.UUID) -> Response:
        """Take one's own comment out of sight; `PATCH {deleted: false}` brings it back."""
        comments.delete(_own_comment(request, comment_id))
        return Response(status=204)


def _own_comment(request: Request, comment_id: uuid.UUID) -> Comment:
    rows = Comment.objects.select_related("thread", "thread__item", "thread__item__project", "author")
    comment = access.fetch(rows, request.user, comment_id, Act.ANNOTATE)
    if comment.author_id != request.user.pk:
        raise PermissionDenied("Only who wrote it can change it: answer in the thread instead.")
    return comment
