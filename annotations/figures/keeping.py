"""Keeping the figures up: items that changed are counted anew, and their project's sum moves by the difference."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotations.figures.counting import Facts, Seen, count
from annotations.models import Annotation, ItemFigures, ProjectFigures, Source
from projects import live
from projects.models import Item, Project

TASK = "annotations.tasks.count_figures"
_BATCH = 200
_SUM = """
SELECT each.key, sum(each.value::bigint)::bigint
FROM annotations_itemfigures f CROSS JOIN LATERAL jsonb_each_text(f.counts) each
WHERE f.project_id = %s GROUP BY each.key"""


def behind(project: Project) -> QuerySet[Item]:
    """The items whose figures are not those of now."""
    late = Q(figures=None) | Q(figures__rev__lt=F("rev")) | Q(figures__at__lt=F("updated_at"))
    rows: QuerySet[Item] = Item.objects.filter(late, project=project)
    return rows


def catch_up(project: Project, seconds: float) -> bool:
    """Count what changed, for at most about `seconds`; whether nothing is left."""
    until, moved = time.monotonic() + seconds, False
    while True:
        changed = _count_some(project)
        moved = moved or changed > 0
        if changed < _BATCH or time.monotonic() > until:
            break
    _sum_if_stale(project)
    if moved:
        live.publish_on_commit(live.project_room(project.pk), {"type": "figures"})
    return changed < _BATCH


@transaction.atomic
def _count_some(project: Project) -> int:
    """Under the lock of the project's sum: two who count at once would add the same twice."""
    ProjectFigures.objects.get_or_create(project=project)
    total = ProjectFigures.objects.select_for_update().get(project=project)
    began = timezone.now()
    rows = behind(project).select_related("asset").only(
        "rev", "state", "split", "asset__kind", "asset__width", "asset__height", "asset__brightness"
    )  # fmt: skip
    items = list(rows.order_by("pk")[:_BATCH])
    if not items:
        return 0
    before = ItemFigures.objects.in_bulk([item.pk for item in items])
    drawn = _drawn(items)
    fresh = [
        ItemFigures(
            item=item, project=project, rev=item.rev, counts=dict(count(_facts(item), drawn[item.pk])), at=began
        )
        for item in items
    ]
    ItemFigures.objects.bulk_create(
        fresh, update_conflicts=True, unique_fields=["item"], update_fields=["rev", "counts", "at"]
    )
    total.counts = _moved(total.counts, (row.counts for row in before.values()), (row.counts for row in fresh))
    total.at = began
    total.save(update_fields=["counts", "at"])
    return len(items)


def _facts(item: Item) -> Facts:
    asset = item.asset
    return Facts(asset.kind, asset.width, asset.height, item.state, item.split, asset.brightness)


def _drawn(items: list[Item]) -> defaultdict[Any, list[Seen]]:
    """The shapes of each item, without suggestions that nobody has accepted."""
    rows = Annotation.objects.filter(item__in=items, deleted=False).exclude(source=Source.MODEL)
    found: defaultdict[Any, list[Seen]] = defaultdict(list)
    for item, label, geometry, source in rows.values_list("item_id", "label_id", "geometry", "source"):
        found[item].append(Seen(str(label), geometry, source))
    return found


def _moved(total: dict[str, int], old: Iterable[dict[str, int]], new: Iterable[dict[str, int]]) -> dict[str, int]:
    sums = Counter(total)
    for counts in old:
        sums.subtract(counts)
    for counts in new:
        sums.update(counts)
    return {name: n for name, n in sums.items() if n > 0}


@transaction.atomic
def _sum_if_stale(project: Project) -> None:
    total = ProjectFigures.objects.select_for_update().filter(project=project, stale=True).first()
    if total is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SUM, [project.pk])
        total.counts = dict(cursor.fetchall())
    total.stale, total.at = False, timezone.now()
    total.save()


def freshen(project: Project, seconds: float = 0.1) -> bool:
    """Count what changed while somebody waits; a worker does what would take longer. Whether all is counted."""
    if catch_up(project, seconds):
        return True
    ask(project)
    return False


def ask(project: Project) -> None:
    """Have a worker count; at most one message for those who ask meanwhile."""
    if cache.add(f"figures:{project.pk}", "asked", 10):
        transaction.on_commit(lambda: current_app.send_task(TASK, (str(project.pk),)), robust=True)
