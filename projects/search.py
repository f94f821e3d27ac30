"""Where pages and calls find items. What finds them asks for shapes and comments too: the room above registers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projects.models import Item, Project
from projects.models.item import ItemQuerySet

Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Found:
    """The items, the order that was asked for ("" for none; "distance" is a column of the rows), and what was not
    understood: (parameter, sentence)."""

    rows: ItemQuerySet
    ordering: str = ""
    faults: list[tuple[str, str]] = field(default_factory=list)


Finder = Callable[[Project, ItemQuerySet, Params, Any], Found]
Likeness = Callable[[ItemQuerySet, Item], ItemQuerySet]

_finders: list[Finder] = []
_likenesses: list[Likeness] = []


def register(finder: Finder) -> None:
    """What finds the items of a project by the parameters of an address, for a person."""
    _finders[:] = [finder]


def register_likeness(likeness: Likeness) -> None:
    """What gives items their `distance` to one of them, and leaves out those that have none."""
    _likenesses[:] = [likeness]


def find(project: Project, rows: ItemQuerySet, params: Params, user: Any) -> Found:
    """The items among `rows` that the parameters ask for."""
    return _finders[0](project, rows, params, user)


def by_likeness(rows: ItemQuerySet, item: Item) -> ItemQuerySet:
    """The items with their `distance` to one of them, 0 to 2."""
    return _likenesses[0](rows, item)
