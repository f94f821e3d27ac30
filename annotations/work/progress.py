"""How far the work of a project has come."""

from __future__ import annotations

from django.db.models import Count

from annotations.models import Part
from projects.models import Item, Project
from projects.models.item import State


def by_state(project: Project) -> dict[str, int]:
    """How many items are in each state; every state is there."""
    rows = Item.objects.filter(project=project).order_by().values_list("state").annotate(n=Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(rows)


def why_nothing(project: Project, part: str) -> str:
    """Why 'next item' has nothing to give, as a sentence."""
    counts = by_state(project)
    total, open_ones = sum(counts.values()), counts[State.TO_DO] + counts[State.IN_PROGRESS] + counts[State.SENT_BACK]
    if not total:
        return "The project has no items yet: add images or videos on its items page."
    if part == Part.REVIEW:
        waiting = counts[State.IN_REVIEW]
        return f"{_items(waiting)} in review, all with somebody else." if waiting else "Nothing waits for review."
    if open_ones:
        return f"{_items(open_ones)} left, all with somebody else."
    if counts[State.IN_REVIEW]:
        return f"Everything is labelled; {_items(counts[State.IN_REVIEW])} in review."
    return f"All {_items(total)} are approved." if total > 1 else "The item is approved."


def _items(n: int) -> str:
    return f"{n} item{'s' * (n != 1)}"
