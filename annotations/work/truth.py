"""Ground truth: items whose labels are known. Now and then 'next item' gives somebody a blind copy of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from annotations.models import Annotation, Score
from annotations.work import agreement
from annotations.work.consensus import copy_item, shapes_of
from projects.models import Item, Project, User
from projects.models.item import State


def mark(items: Iterable[Item], on: bool) -> tuple[list[Item], list[Item]]:
    """Make items ground truth, or plain ones again.

    Returns:
        Those that are so now, and those that cannot be: the truth has to be approved first.
    """
    every = list(items)
    able = [item for item in every if not on or item.state == State.APPROVED]
    Item.objects.filter(pk__in=[item.pk for item in able]).update(ground_truth=on)
    return able, [item for item in every if item not in able]


def copy_for(project: Project, user: User) -> Item | None:
    """A blind copy of a ground-truth item for somebody who neither had it nor drew it; None when none is left."""
    drew = Annotation.objects.filter(item=OuterRef("pk"), author=user)
    had = Item.every.filter(replica_of=OuterRef("pk"), replica_for=user)
    rows = Item.objects.filter(~Exists(drew), ~Exists(had), project=project, ground_truth=True, state=State.APPROVED)
    item = rows.order_by("?").first()
    if item is None:
        return None
    try:
        with transaction.atomic():
            return copy_item(item, user, ground_truth=True)
    except IntegrityError:  # the same person asked twice at once
        return None


def score(copy: Item) -> Score | None:
    """Compare a submitted blind copy with the truth; None for a copy that belongs to a consensus."""
    if not copy.ground_truth or copy.replica_of is None or copy.replica_for is None:
        return None
    found = agreement.against_truth(shapes_of(copy), shapes_of(copy.replica_of))
    row, _ = Score.objects.update_or_create(item=copy, defaults={"user": copy.replica_for, **asdict(found)})
    return row
