"""Giving items to people."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.http import QueryDict
from django.urls import reverse

from annotations.models import Assignment, Part
from projects import access, search
from projects.access import Act
from projects.models import Project, User
from projects.models.item import ItemQuerySet, State
from projects.notices import notify

_OPEN = {
    Part.ANNOTATE: (State.TO_DO, State.IN_PROGRESS, State.SENT_BACK),
    Part.REVIEW: (State.TO_DO, State.IN_PROGRESS, State.SENT_BACK, State.IN_REVIEW),
}


class NotAble(Exception):
    """Somebody who was named cannot do the work."""


def members(project: Project) -> list[tuple[User, access.Rank]]:
    """The people of a project with their rank, by name."""
    return [(person, access.project_rank(person, project.pk)) for person in access.members(project)]


def able(project: Project, ids: Sequence[uuid.UUID], part: str) -> list[User]:
    """The people with these ids, in this order.

    Raises:
        NotAble: one of them is no member, or their role does not suffice.
    """
    needed = Act.REVIEW if part == Part.REVIEW else Act.ANNOTATE
    known = {person.pk: (person, rank) for person, rank in members(project)}
    found = []
    for pk in dict.fromkeys(ids):
        person, rank = known.get(pk, (None, access.Rank.NONE))
        if person is None:
            raise NotAble(f"{pk} is no member of this project: add them first.")
        if rank < needed:
            raise NotAble(f"{person.name} is {rank.name.lower()} here and cannot {part}: change their role first.")
        found.append(person)
    return found


def chosen(
    rows: ItemQuerySet,
    project: Project,
    ids: Sequence[uuid.UUID] | None,
    wanted: dict[str, Any] | None,
    by: Any = None,
) -> ItemQuerySet:
    """The items that a call names, by id or by a filter.

    Raises:
        NotAble: a part of the filter's search cannot be understood.
    """
    if ids is not None:
        return rows.filter(pk__in=ids)
    wanted = wanted or {}
    columns = {"state": "state", "kind": "asset__kind"}
    rows = rows.filter(**{columns[key]: value for key, value in wanted.items() if key in columns})
    if "label" in wanted:
        rows = rows.labelled([wanted["label"]])
    if wanted.get("unassigned"):
        rows = rows.filter(~Exists(Assignment.objects.filter(item=OuterRef("pk"), part=Part.ANNOTATE)))
    rows = rows.search(wanted.get("q", ""))
    if not wanted.get("search"):
        return rows
    found = search.find(project, rows, dict(QueryDict(wanted["search"]).lists()), by)
    if found.faults:
        raise NotAble(found.faults[0][1])
    return found.rows


def shares(items: Sequence[Any], people: Sequence[Any], how: str, loads: dict[Any, int]) -> list[tuple[Any, Any]]:
    """(item, person) pairs: in turns, or each to whoever has the fewest open ones by then.

    In turns starts with those who have the fewest, so that small batches add up evenly.

    >>> shares("abc", [1, 2], "evenly", {1: 5, 2: 0})
    [('a', 2), ('b', 1), ('c', 2)]
    >>> shares("abc", [1, 2], "need", {1: 2, 2: 0})
    [('a', 2), ('b', 2), ('c', 1)]
    """
    order = sorted(range(len(people)), key=lambda n: (loads.get(people[n], 0), n))
    if how != "need":
        return [(item, people[order[n % len(order)]]) for n, item in enumerate(items)]
    heap = [(loads.get(people[n], 0), n) for n in range(len(people))]
    heapq.heapify(heap)
    pairs = []
    for item in items:
        load, n = heap[0]
        pairs.append((item, people[n]))
        heapq.heapreplace(heap, (load + 1, n))
    return pairs


def loads_of(project: Project, people: Iterable[User], part: str) -> dict[uuid.UUID, int]:
    """How many open items each of the people has."""
    rows = Assignment.objects.filter(
        item__project=project, item__state__in=_OPEN[Part(part)], part=part, user__in=list(people)
    )
    return dict(rows.order_by().values_list("user").annotate(n=Count("pk")))


@transaction.atomic
def assign(project: Project, rows: ItemQuerySet, people: list[User], how: str, part: str, by: User) -> list[Assignment]:
    """Assign items; what was somebody else's goes over. Those who get some hear of it.

    Returns:
        The assignments, with item and user, in the order of the items' paths.
    """
    items = list(rows.order_by("path", "pk"))
    old = Assignment.objects.filter(item__in=items, part=part)
    kept = {row.item_id: row for row in old.select_related("user", "item")}
    # Dealing out again what somebody of the chosen has already would only shuffle it.
    names = {person.pk for person in people}
    stays = {pk for pk, row in kept.items() if row.user_id in names}
    new = [item for item in items if item.pk not in stays]
    by_id = {person.pk: person for person in people}
    pairs = shares(new, list(by_id), how, loads_of(project, people, part))
    old.exclude(item__in=stays).delete()
    made = [Assignment(item=item, user=by_id[pk], part=part, by=by) for item, pk in pairs]
    Assignment.objects.bulk_create(made)
    _tell(project, made, by)
    every = {row.item_id: row for row in made} | {pk: kept[pk] for pk in stays}
    return [every[item.pk] for item in items]


def _tell(project: Project, made: list[Assignment], by: User) -> None:
    for person in {row.user for row in made}:
        mine = [row for row in made if row.user == person]
        what = mine[0].item.path if len(mine) == 1 else f"{len(mine)} items"
        text = f"{by.name} gave you {what} of {project.name} to {mine[0].part}."
        url = reverse("editor", args=[mine[0].item_id]) if len(mine) == 1 else reverse("project", args=[project.pk])
        notify([person], project, "assigned", text, url, by)
