"""Telling people what happened while they looked elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from projects import access, live
from projects.models import Notice, Project, User


def notify(users: Iterable[User], project: Project, kind: str, text: str, url: str, actor: User | None = None) -> None:
    """Leave a notice for each of `users` but the one who acted, and ring their open pages."""
    people = {user.pk: user for user in users if actor is None or user.pk != actor.pk}
    rows = [
        Notice(user=user, project=project, kind=kind, text=text[:300], url=url[:300], actor=actor)
        for user in people.values()
    ]
    for notice in Notice.objects.bulk_create(rows):
        message = {"type": "notice", "id": notice.pk, "kind": kind, "text": notice.text, "url": notice.url}
        live.publish_on_commit(live.person_room(notice.user_id), message)


def unread(user: User | AnonymousUser) -> int:
    """How many notices a person has not read yet."""
    return access.own(Notice.objects.filter(read_at=None), user).count()


def mark_read(
    user: User | AnonymousUser, ids: Iterable[uuid.UUID] | None = None, thread: uuid.UUID | None = None
) -> int:
    """Take note of some of a person's notices, of those that lead to a thread, or of all; others' are passed over.

    Returns:
        How many are still unread. The person's other pages hear it, too.
    """
    rows = access.own(Notice.objects.filter(read_at=None), user)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    if thread is not None:
        rows = rows.filter(url__endswith=f"thread={thread}")
    rows.update(read_at=timezone.now())
    left = unread(user)
    live.publish_on_commit(live.person_room(user.pk), {"type": "notices-read", "unread": left})
    return left
