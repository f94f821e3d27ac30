"""What people say about a place in an item: threads, replies, mentions, and who hears of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotation, Comment, Thread
from annotations.people.names import person_json
from annotations.work.assigning import members
from projects import access, live
from projects.access import Act
from projects.models import Item, User
from projects.notices import notify

_EXCERPT = 120


def threads_of(item: Item) -> list[Thread]:
    """An item's threads, oldest first, with all that `thread_json` shows."""
    comments = Comment.objects.select_related("author").prefetch_related("mentions")
    rows = Thread.objects.filter(item=item).select_related("created_by", "resolved_by")
    return list(rows.prefetch_related(Prefetch("comments", comments)))


def thread_json(thread: Thread) -> dict[str, Any]:
    return {
        "id": str(thread.pk),
        "item": str(thread.item_id),
        "annotation": str(thread.annotation) if thread.annotation else None,
        "frame": thread.frame,
        "x": thread.x,
        "y": thread.y,
        "created_by": person_json(thread.created_by),
        "created_at": thread.created_at.isoformat(),
        "resolved_by": person_json(thread.resolved_by),
        "resolved_at": thread.resolved_at.isoformat() if thread.resolved_at else None,
        "comments": [_comment_json(comment) for comment in thread.comments.all()],
    }


def _comment_json(comment: Comment) -> dict[str, Any]:
    deleted = comment.deleted_at is not None
    return {
        "id": str(comment.pk),
        "author": person_json(comment.author),
        "text": "" if deleted else comment.text,
        "mentions": [] if deleted else [person_json(user) for user in comment.mentions.all()],
        "created_at": comment.created_at.isoformat(),
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
        "deleted": deleted,
    }


def people_of(item: Item) -> list[User]:
    """Who may see an item, by name: of a blind copy the person it is for, of ground truth nobody, and reviewers."""
    return [
        person
        for person, rank in members(item.project)
        if (item.replica_of_id is None and not item.ground_truth)
        or person.pk == item.replica_for_id
        or rank >= Act.REVIEW
    ]


def mentioned(text: str, people: Iterable[User]) -> list[User]:
    """The people whom a text calls by `@name` or `@email`; the longest name that fits wins.

    Two people of one name are both meant: nobody should miss what may have been for them.
    """
    names: dict[str, list[User]] = {}
    for person in people:
        for name in {person.name.casefold(), person.email.casefold()} - {""}:
            names.setdefault(name, []).append(person)
    if not names:
        return []
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w@])@({'|'.join(map(re.escape, longest_first))})(?!\w)")
    found = [person for name in pattern.findall(text.casefold()) for person in names[name]]
    return list({person.pk: person for person in found}.values())


# Saying


@transaction.atomic
def open_thread(item: Item, by: User, text: str, **place: Any) -> Thread:
    """A new thread and its first comment.

    Args:
        place: `annotation` (a shape's id) or not, `frame` (of a video), `x` and `y` in pixels, or none of them.
    """
    thread = Thread.objects.create(item=item, created_by=by, **place)
    comment = Comment.objects.create(thread=thread, author=by, text=text)
    _mention(comment)
    return _ring(thread)


@transaction.atomic
def reply(thread: Thread, by: User, text: str) -> Thread:
    """Answer in a thread: those who spoke in it hear of it, unless the answer names them."""
    comment = Comment.objects.create(thread=thread, author=by, text=text)
    named = {person.pk for person in _mention(comment)}
    spoke = set(thread.comments.values_list("author", flat=True)) | {thread.created_by_id}
    listening = [person for person in people_of(thread.item) if person.pk in spoke - named]
    _tell(listening, comment, "reply", "answered")
    return _ring(thread)


@transaction.atomic
def edit(comment: Comment, text: str) -> Thread:
    """Other words for the same; only who is named in them for the first time hears of it."""
    comment.text, comment.edited_at = text, timezone.now()
    comment.save(update_fields=["text", "edited_at"])
    _mention(comment)
    return _ring(comment.thread)


@transaction.atomic
def delete(comment: Comment, deleted: bool = True) -> Thread:
    """Take a comment out of sight, or bring it back."""
    comment.deleted_at = timezone.now() if deleted else None
    comment.save(update_fields=["deleted_at"])
    return _ring(comment.thread)


@transaction.atomic
def resolve(thread: Thread, by: User, resolved: bool = True) -> Thread:
    thread.resolved_by, thread.resolved_at = (by, timezone.now()) if resolved else (None, None)
    thread.save(update_fields=["resolved_by", "resolved_at"])
    return _ring(thread)


def require_may_resolve(thread: Thread, user: User) -> None:
    """Reviewers resolve anything, others what they opened or spoke in.

    Raises:
        PermissionDenied: they did neither.
    """
    rank = access.require(user, thread.item.project_id, Act.ANNOTATE)
    if rank >= Act.REVIEW or thread.created_by_id == user.pk or thread.comments.filter(author=user).exists():
        return
    raise PermissionDenied("This is resolved by those who spoke in it, and by reviewers: answer in it instead.")


def url_of(thread: Thread) -> str:
    """The page that shows the thread: the item, its frame and the open thread."""
    frame = f"frame={thread.frame}&" if thread.frame is not None else ""
    return f"{reverse('editor', args=[thread.item_id])}#{frame}thread={thread.pk}"


def _mention(comment: Comment) -> list[User]:
    """Keep whom a comment names, and tell the new ones."""
    named = mentioned(comment.text, people_of(comment.thread.item))
    before = set(comment.mentions.values_list("pk", flat=True))
    comment.mentions.set(named)
    _tell([person for person in named if person.pk not in before], comment, "mention", "mentioned you")
    return named


def _tell(people: Iterable[User], comment: Comment, kind: str, what: str) -> None:
    item, by = comment.thread.item, comment.author
    said = " ".join(comment.text.split())
    excerpt = said if len(said) <= _EXCERPT else f"{said[: _EXCERPT - 1]}…"
    name = by.name if by else "Somebody"
    notify(people, item.project, kind, f"{name} {what} on {item.path}: {excerpt}", url_of(comment.thread), by)


def _ring(thread: Thread) -> Thread:
    """The thread as it is now, which its item's room gets once it is committed."""
    fresh = next(row for row in threads_of(thread.item) if row.pk == thread.pk)
    live.publish_on_commit(live.item_room(thread.item_id), {"type": "thread", "thread": thread_json(fresh)})
    return fresh


def shape_is_elsewhere(item: Item, annotation: uuid.UUID) -> bool:
    """Whether an id is that of another item's shape; one that is not there yet may still come."""
    return Annotation.objects.filter(pk=annotation).exclude(item=item).exists()
