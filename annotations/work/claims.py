"""'Next item': an item that nobody else gets, under a lease.

Rows are looked for with FOR UPDATE SKIP LOCKED, so that people who ask at once look at different ones; that
alone is not enough, since a row may be looked at again in a snapshot from before a claim. What decides is
the unique claim of an item and part, which is taken over only when its lease is over.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from annotations.models import Assignment, Claim, Consensus, Part, Participant, WorkRules
from annotations.work import truth
from projects.ids import uuid7
from projects.models import Item, Project, StateChange, User
from projects.models.item import State

LEASE = timedelta(minutes=15)
GRACE = timedelta(minutes=1)
OPEN = (State.SENT_BACK, State.IN_PROGRESS, State.TO_DO)
_URGENCY = Case(*(When(state=state, then=Value(n)) for n, state in enumerate(OPEN)), output_field=IntegerField())

_TAKE = """
INSERT INTO annotations_claim AS c (id, item_id, user_id, part, seen_at)
VALUES (%(id)s, %(item)s, %(user)s, %(part)s, now())
ON CONFLICT (item_id, part) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at
WHERE c.user_id = excluded.user_id
   OR (c.seen_at < %(over)s AND (SELECT i.updated_at FROM projects_item i WHERE i.id = c.item_id) < %(over)s)
RETURNING c.id"""


@transaction.atomic
def next_item(project: Project, user: User, part: str, after: uuid.UUID | None = None) -> Item | None:
    """The next item for a person, claimed for them; None when there is nothing for them.

    To annotate: what is assigned to them (sent back first), what they submitted and got back, then what
    nobody has begun, at last what was left unfinished. To review: what is assigned to them, then others'.

    Args:
        after: the item that they come from; it is not given again, and let go where they did nothing.
    """
    if after is not None:
        release(after, user)
    here = Item.every.filter(pk=after).values_list("path", flat=True).first() if after else None
    over = timezone.now() - LEASE
    tiers = _to_annotate(project, user, over) if part == Part.ANNOTATE else _to_review(project, user)
    for rows in tiers:
        item = _take_one(_free(rows, user, part, over).exclude(pk=after), user, part, over, here)
        if item is not None:
            _let_go_of_others(item, user, part)
            return item
    return None


def _take_one(rows: QuerySet[Item], user: User, part: str, over: datetime, here: str | None) -> Item | None:
    """The first row that can be claimed; behind the path `here` first, so that passing items by goes round."""
    behind = Case(When(path__gt=here or "", then=Value(0)), default=Value(1), output_field=IntegerField())
    ordered = rows.order_by(_URGENCY, behind, "path", "pk").select_for_update(skip_locked=True, no_key=True)
    tried: list[uuid.UUID] = []
    while (item := ordered.exclude(pk__in=tried).first()) is not None:
        if _take(item, user, part, over):
            return item
        tried.append(item.pk)
    return None


def _take(item: Item, user: User, part: str, over: datetime) -> bool:
    values = {"id": uuid7(), "item": item.pk, "user": user.pk, "part": part, "over": over}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        return cursor.fetchone() is not None


def _free(rows: QuerySet[Item], user: User, part: str, over: datetime) -> QuerySet[Item]:
    """Without what somebody else holds."""
    held = Claim.objects.filter(item=OuterRef("pk"), part=part).exclude(user=user)
    return rows.exclude(Exists(held.filter(Q(seen_at__gte=over) | Q(item__updated_at__gte=over))))


def _to_annotate(project: Project, user: User, over: datetime) -> Iterator[QuerySet[Item]]:
    assigned = Exists(Assignment.objects.filter(item=OuterRef("pk"), part=Part.ANNOTATE))
    to_me = Exists(Assignment.objects.filter(item=OuterRef("pk"), part=Part.ANNOTATE, user=user))
    held = Exists(Claim.objects.filter(item=OuterRef("pk"), part=Part.ANNOTATE, user=user))
    submitted = Exists(StateChange.objects.filter(item=OuterRef("pk"), after=State.IN_REVIEW, by=user))
    begun = StateChange.objects.filter(item=OuterRef("pk"), after=State.IN_PROGRESS).exclude(by=user)
    here = Participant.objects.filter(session__item=OuterRef("pk"), session__ended_at=None).exclude(user=user)
    others_here = Exists(here.filter(seen_at__gte=timezone.now() - GRACE))
    by_many = Exists(Consensus.objects.filter(item=OuterRef("pk"), merged_at=None))
    every = Item.every.filter(project=project, state__in=OPEN)
    anybodys = Item.objects.filter(~assigned, ~by_many, ~others_here, project=project, ground_truth=False)
    yield every.filter(held, replica_of=None).exclude(state=State.SENT_BACK)
    yield every.filter(Q(replica_for=user) | Q(to_me, replica_of=None))
    yield anybodys.filter(submitted, state=State.SENT_BACK)
    if random.random() < _ground_truth_rate(project):
        copy = truth.copy_for(project, user)
        if copy is not None:
            yield every.filter(pk=copy.pk)
    yield anybodys.filter(state=State.TO_DO)
    yield anybodys.filter(~Exists(begun) | Q(updated_at__lt=over), state=State.IN_PROGRESS)


def _to_review(project: Project, user: User) -> Iterator[QuerySet[Item]]:
    assigned = Exists(Assignment.objects.filter(item=OuterRef("pk"), part=Part.REVIEW))
    to_me = Exists(Assignment.objects.filter(item=OuterRef("pk"), part=Part.REVIEW, user=user))
    mine = Exists(StateChange.objects.filter(item=OuterRef("pk"), after=State.IN_REVIEW, by=user))
    rows = Item.objects.filter(project=project, state=State.IN_REVIEW)
    yield rows.filter(to_me)
    yield rows.filter(~assigned, ~mine)
    yield rows.filter(~assigned, mine)  # one's own work last, for those who are alone


def _ground_truth_rate(project: Project) -> float:
    rules = WorkRules.objects.filter(project=project).first()
    return rules.ground_truth_rate if rules else 0.0


def _let_go_of_others(item: Item, user: User, part: str) -> None:
    """Whoever is given an item has left those that they were given before and did nothing with."""
    others = Claim.objects.filter(user=user, part=part, item__project=item.project_id).exclude(item=item)
    others.filter(Q(item__state=State.TO_DO) | Q(part=Part.REVIEW)).delete()


def renew(item_id: uuid.UUID, user: User) -> bool:
    """Prolong a person's claims on an item; False when they hold none."""
    return Claim.objects.filter(item=item_id, user=user).update(seen_at=timezone.now()) > 0


def leave(item_id: uuid.UUID, user: User) -> None:
    """Their editor was closed, or is being reloaded: the lease of what they did nothing with ends in a minute."""
    mine = Claim.objects.filter(item=item_id, user=user).filter(Q(item__state=State.TO_DO) | Q(part=Part.REVIEW))
    mine.update(seen_at=timezone.now() - LEASE + GRACE)


def release(item_id: uuid.UUID, user: User) -> None:
    """Let an item go where its person did nothing with it; what was begun stays theirs until the lease is over."""
    mine = Claim.objects.filter(item=item_id, user=user)
    mine.filter(Q(item__state=State.TO_DO) | Q(part=Part.REVIEW)).delete()
