"""Telling people what happened while they looked elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from projects import live
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
