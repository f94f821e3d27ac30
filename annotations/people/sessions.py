"""Annotation sessions: who worked on an item together, from the first who came to the last who left.

Every process says every few seconds who is on its open items and who did something (`keep`); the first word opens
the session, and one of which nothing is heard for `GRACE` ends (`sweep`): a reload, a second process and a killed
one need no rules of their own. What people did is read from the journal, up to `last_rev`, so that nothing is
counted twice, nothing is lost with a process, and no edit waits for a figure.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotations.models import AnnotationSession, Participant
from annotations.models.sessions import Purpose
from annotations.people.names import person_json
from projects import live
from projects.ids import uuid7
from projects.models import Item
from projects.models.item import State

__all__ = ["GRACE", "Kept", "change_purpose", "keep", "keep_all", "session_json", "sweep"]

_log = logging.getLogger(__name__)
GRACE = timedelta(seconds=30)
HERE = timedelta(seconds=20)
# Figures wait for nobody. It is also shorter than PostgreSQL's wait before it looks for a deadlock.
_LOCK_WAIT = "SET LOCAL lock_timeout = '300ms'"

_JOIN = """
INSERT INTO annotations_participant (id, session_id, user_id, joined_at, seen_at, active_s, shapes, edits)
SELECT p.id, %s, p.person, now(), now(), p.active, 0, 0 FROM unnest(%s::uuid[], %s::uuid[], %s::float8[])
  AS p(id, person, active) JOIN projects_user u ON u.id = p.person
ON CONFLICT (session_id, user_id) DO UPDATE
  SET seen_at = now(), active_s = annotations_participant.active_s + excluded.active_s
RETURNING xmax = 0"""

# Whoever changed something takes part, also one whose process has not spoken yet, or a script.
_COUNT = """
INSERT INTO annotations_participant (id, session_id, user_id, joined_at, seen_at, active_s, shapes, edits)
SELECT gen_random_uuid(), %s, person, first, last, 0, shapes, edits FROM (
  SELECT j.actor_id AS person, min(j.at) AS first, max(j.at) AS last,
    count(*) FILTER (WHERE op->>'op' = 'create' AND coalesce(op->>'source', 'human') = 'human') AS shapes,
    count(*) FILTER (WHERE op->>'op' <> 'create') AS edits
  FROM annotations_journaltx j CROSS JOIN jsonb_array_elements(j.ops) AS op
  WHERE j.item_id = %s AND j.rev > %s AND j.rev <= %s AND j.actor_id IS NOT NULL GROUP BY j.actor_id) AS done
WHERE shapes + edits > 0
ON CONFLICT (session_id, user_id) DO UPDATE
  SET shapes = annotations_participant.shapes + excluded.shapes, edits = annotations_participant.edits + excluded.edits
RETURNING xmax = 0"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a process knows of one open item: its people, each with the seconds in which they did something."""

    item_id: str
    people: dict[str, float]
    since: int | None = None  # the item's rev when the first of them came: what they did before this word counts too


def keep_all(kept: list[Kept]) -> None:
    """As `keep` for several items; one that fails is told again at the next beat."""
    for one in kept:
        try:
            keep(one)
        except DatabaseError as error:
            _log.warning("the session of item %s was not kept: %s", one.item_id, error)


def keep(kept: Kept) -> AnnotationSession | None:
    """Note that these people are at work on an item; opens its session when there is none.

    Returns:
        None where nobody is, or the item is gone.

    Raises:
        DatabaseError: also when somebody else holds the session for long; say it again later.
    """
    if not kept.people:
        return None
    with transaction.atomic():
        _wait_briefly()
        item = Item.every.filter(pk=kept.item_id).first()
        if item is None:
            return None
        session = _open(item, next(iter(kept.people)), kept.since)
        came = _join(session, kept.people)
        _count(session, item.rev)
        session.seen_at = timezone.now()
        session.save(update_fields=["seen_at", "last_rev"])
    if came:
        _ring(session)
    return session


def _wait_briefly() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_WAIT)


def _open(item: Item, first: str, since: int | None) -> AnnotationSession:
    """The item's open session, locked: the one that runs, else a new one. Two who come at once get the same."""
    rows = AnnotationSession.objects.select_for_update(no_key=True).filter(item=item, ended_at=None)
    running = rows.first()
    if running is not None and running.seen_at < timezone.now() - 2 * GRACE:
        _end(running, item.rev)
        running = None
    if running is None:
        rev = _begins(item, since)
        new = AnnotationSession(
            item=item, purpose=purpose_of(item), started_by_id=uuid.UUID(first), first_rev=rev, last_rev=rev
        )
        AnnotationSession.objects.bulk_create([new], ignore_conflicts=True)
        running = rows.get()
    return running


def _begins(item: Item, since: int | None) -> int:
    """The rev from which a new session counts: nothing that the one before it has counted."""
    if since is None:
        return item.rev
    counted = AnnotationSession.objects.filter(item=item).order_by("-started_at").values_list("last_rev", flat=True)
    return min(item.rev, max(since, counted.first() or 0))


def purpose_of(item: Item) -> str:
    """What people come to an item for, unless they say otherwise."""
    if item.ground_truth:
        return Purpose.GROUND_TRUTH
    return Purpose.REVIEW if item.state in (State.IN_REVIEW, State.APPROVED) else Purpose.LABEL


def _join(session: AnnotationSession, people: dict[str, float]) -> bool:
    """Whether somebody is new in it."""
    with connection.cursor() as cursor:
        ids = [str(uuid7()) for _ in people]
        cursor.execute(_JOIN, [session.pk, ids, list(people), list(people.values())])
        return any(new for (new,) in cursor.fetchall())


def _count(session: AnnotationSession, head: int) -> None:
    """Give everybody what they did since the last count; the session is locked."""
    since = session.first_rev if session.last_rev is None else session.last_rev
    if head > since:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [session.pk, session.item_id, since, head])
    session.last_rev = max(head, since)


def _end(session: AnnotationSession, head: int) -> None:
    _count(session, head)
    session.ended_at = session.seen_at
    session.save(update_fields=["ended_at", "last_rev"])


def sweep(now: datetime | None = None) -> int:
    """End the sessions that nobody has been seen in for `GRACE`. Returns how many."""
    before = (now or timezone.now()) - GRACE
    rows = AnnotationSession.objects.filter(ended_at=None, seen_at__lt=before)
    return sum(_end_if_left(pk, before) for pk in rows.values_list("pk", flat=True)[:500])


def _end_if_left(pk: uuid.UUID, before: datetime) -> bool:
    with transaction.atomic():
        rows = AnnotationSession.objects.select_for_update(skip_locked=True, no_key=True)
        session = rows.filter(pk=pk, ended_at=None, seen_at__lt=before).first()
        if session is None:
            return False
        _end(session, Item.every.values_list("rev", flat=True).get(pk=session.item_id))
    _ring(session)
    return True


@transaction.atomic
def change_purpose(session: AnnotationSession, purpose: str) -> AnnotationSession:
    """Say what a session is for; everybody in it sees the change."""
    session.purpose = purpose
    session.save(update_fields=["purpose"])
    transaction.on_commit(lambda: _ring(session))
    return session


def _ring(session: AnnotationSession) -> None:
    """Tell the item's room and the project's, from the rows as they are now."""
    row = with_people().get(pk=session.pk)
    message = {"type": "session", "session": session_json(row)}
    live.publish(live.item_room(row.item_id), message)
    hidden = row.item.replica_of_id is not None or row.item.ground_truth
    live.publish(live.project_room(row.item.project_id), _BLIND if hidden else message)


_BLIND = {"type": "session", "session": None}  # who may know of a blind copy, or of ground truth, reads the list


def with_people() -> Any:
    rows = AnnotationSession.objects.select_related("item", "item__asset", "started_by")
    return rows.prefetch_related("participants__user")


def session_json(session: AnnotationSession, picture: Callable[[Any], str] | None = None) -> dict[str, Any]:
    now = timezone.now()
    item = {"id": str(session.item_id), "path": session.item.path}
    if picture is not None:
        item["thumbnail"] = picture(session.item.asset)
    return {
        "id": str(session.pk),
        "project": str(session.item.project_id),
        "item": item,
        "purpose": session.purpose,
        "started_by": person_json(session.started_by),
        "started_at": session.started_at.isoformat(),
        "seen_at": session.seen_at.isoformat(),
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "first_rev": session.first_rev,
        "last_rev": session.last_rev,
        "participants": [_participant_json(one, session, now) for one in session.participants.all()],
    }


def _participant_json(one: Participant, session: AnnotationSession, now: datetime) -> dict[str, Any]:
    return {
        "user": person_json(one.user),
        "joined_at": one.joined_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "here": session.ended_at is None and one.seen_at > now - HERE,
        "active_s": round(one.active_s, 1),
        "shapes": one.shapes,
        "edits": one.edits,
    }
