"""The filter bar of the items page: what it shows as set, and pages of the items that it asks for."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, QueryDict

from projects import access, search
from projects.access import Act
from projects.models import Item, Project
from projects.models.item import ItemQuerySet

# Beside the bar, in the panel of further filters.
FURTHER = (
    "label_all", "label_none", "attribute", "type", "size_min", "size_max", "author", "source", "shapes_min",
    "shapes_max", "split", "brightness_min", "brightness_max", "created_from", "created_to", "changed_from",
    "changed_to", "comments",
)  # fmt: skip
_BAR = ("q", "state", "kind", "label", "assignee")
_BESIDE = ("like", "near")
_PARAMETERS = {*_BAR, *FURTHER, *_BESIDE}
_SAID = {
    "label_all": "all of", "label_none": "none of", "size_min": "size from", "size_max": "size to", "q": "text",
    "shapes_min": "shapes from", "shapes_max": "shapes to", "brightness_min": "brightness from",
    "brightness_max": "brightness to", "created_from": "added from", "created_to": "added to",
    "changed_from": "changed from", "changed_to": "changed to", "like": "like", "near": "near-duplicates of",
}  # fmt: skip


class Filters:
    """The parameters of the page's address, as the template and the links to further pages need them."""

    def __init__(self, request: HttpRequest, project: Project, rows: ItemQuerySet) -> None:
        self._params = request.GET.copy()
        self._params.pop("after", None)
        lists = {name: values for name, values in self._params.lists() if any(values)}
        found = search.find(project, rows, lists, request.user)
        self.faults = [detail for _, detail in found.faults]
        broken = {name for name, _ in found.faults}
        if broken & {"label", "label_all", "label_none"}:  # here a label that is not there is left out
            found = search.find(project, rows, {k: v for k, v in lists.items() if k not in broken}, request.user)
        self.rows, self.ordering = found.rows, found.ordering or "path"
        self.set = {name: values for name, values in lists.items() if name not in broken}
        self._project, self._visible = project, rows

    @property
    def any(self) -> bool:
        return any(name in self.set for name in (*_BAR, *FURTHER, *_BESIDE))

    @property
    def further(self) -> int:
        return sum(name in self.set for name in FURTHER)

    def one(self, name: str) -> str:
        return str(self.set.get(name, [""])[-1])

    def __getitem__(self, name: str) -> str:
        if name not in _PARAMETERS:
            raise KeyError(name)  # a template then looks for an attribute
        return self.one(name)

    def query(self, **more: str) -> str:
        return self._encoded({**self.set, **{name: [value] for name, value in more.items() if value}})

    @staticmethod
    def _encoded(values: dict[str, Any]) -> str:
        params = QueryDict(mutable=True)
        for name, each in values.items():
            params.setlist(name, [value for value in each if value])
        return params.urlencode()

    def chips(self) -> list[dict[str, str]]:
        """What is set beside the bar's own fields, each with the address that takes it off."""
        names = self._names()
        found = []
        for name in (*FURTHER, *_BESIDE):
            if name in self.set:
                shown = ", ".join(names.get(part, part) for text in self.set[name] for part in text.split(","))
                without = {key: values for key, values in self.set.items() if key != name}
                text = f"{_SAID.get(name, name)} {shown}"
                found.append({"name": name, "text": text, "without": self._encoded(without)})
        return found

    def _names(self) -> dict[str, str]:
        """What people call the ids that are set: labels, members, items."""
        names = {str(label.pk): label.name for label in self._project.labels.all()}
        if "author" in self.set:
            names |= {str(person.pk): person.name for person in access.members(self._project, Act.VIEW)}
        ids = [each for name in _BESIDE for each in self.set.get(name, ()) if _is_id(each)]
        names |= {str(pk): path for pk, path in self._visible.filter(pk__in=ids).values_list("pk", "path")}
        return names


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def cursor_of(item: Item, ordering: str) -> str:
    """Where the page after an item starts."""
    value = getattr(item, ordering.removeprefix("-"))
    text = json.dumps([value.isoformat() if isinstance(value, datetime) else value, str(item.pk)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def after(rows: ItemQuerySet, ordering: str, cursor: str) -> ItemQuerySet:
    """The rows behind a cursor, in order; a cursor that is none starts from the top."""
    column, way = ordering.removeprefix("-"), "lt" if ordering.startswith("-") else "gt"
    sign = "-" if way == "lt" else ""
    ordered = rows.order_by(ordering, f"{sign}pk")
    if not cursor:
        return ordered
    try:
        value, pk = _place(cursor, column)
    except ValueError:
        return ordered
    return ordered.filter(Q(**{f"{column}__{way}": value}) | Q(**{column: value, f"pk__{way}": pk}))


def _place(cursor: str, column: str) -> Sequence[Any]:
    """The value and the id that a cursor holds.

    Raises:
        ValueError: it is none of this order.
    """
    place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    kind = {"path": str, "annotation_count": int, "distance": float}.get(column, str)
    if not isinstance(place, list) or len(place) != 2 or type(place[0]) is not kind or "\0" in str(place[0]):
        raise ValueError("not a cursor of this order")
    value = datetime.fromisoformat(place[0]) if column.endswith("_at") else place[0]
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a time without its zone")
    return value, uuid.UUID(str(place[1]))
