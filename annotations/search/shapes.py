"""Items by their shapes: by figures that were counted before where they tell it, else by the shapes themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Range

from annotations.figures import keeping
from annotations.figures.counting import AREAS, area_bin
from annotations.models import Annotation, ItemFigures, ProjectFigures, Source
from annotations.search.query import ME, Query, Span
from projects.models import Project, User
from projects.models.item import ItemQuerySet

# Of items whose figures are behind, the shapes themselves are looked at; above so many, of all items.
_MOST_LATE = 500
_COMMON = 0.2

Ids = Sequence[uuid.UUID]
Keys = tuple[str, ...]


@dataclass(frozen=True)
class _Test:
    """A shape of `shapes` is there, or is not. The figures have one of each of `keys` where it is; if `exact`, only
    there."""

    shapes: QuerySet[Annotation]
    keys: tuple[Keys, ...] = ()
    exact: bool = False
    wanted: bool = True


def narrow(rows: ItemQuerySet, project: Project, query: Query, labels: Mapping[str, Ids], user: User) -> ItemQuerySet:
    """The items with the shapes that are asked for; `labels` are the ids that the query's labels stand for."""
    tests = list(_tests(query, labels, user))
    if not tests:
        return rows
    late = _late(project) if any(test.keys for test in tests) else None
    for test in tests:
        rows = rows.filter(_met(test, project, late) if test.wanted else ~_met(test, project, late))
    return rows


def _late(project: Project) -> list[uuid.UUID] | None:
    """The items whose figures are not those of now; None when they are too many, and a worker is asked to count."""
    late = list(keeping.behind(project).values_list("pk", flat=True)[: _MOST_LATE + 1])
    if len(late) <= _MOST_LATE:
        return late
    keeping.ask(project)
    return None


def _met(test: _Test, project: Project, late: list[uuid.UUID] | None) -> Q:
    there = Q(Exists(test.shapes.filter(item=OuterRef("pk"))))
    if late is None or not test.keys:
        return there
    if all(_is_common(keys, project) for keys in test.keys):
        return _in_turn(there)
    counted = ItemFigures.objects.filter(project=project)
    for keys in test.keys:
        counted = counted.filter(counts__has_any_keys=list(keys))
    known = Q(pk__in=counted.values("item"))
    behind = Q(pk__in=late)
    if not test.exact:
        return ((known | behind) if late else known) & _in_turn(there)
    return (known & ~behind) | (behind & there) if late else known


def _in_turn(there: Q) -> Q:
    """Asked of one item after the other. Left to choose, PostgreSQL goes through all shapes first, where a page that
    is full after its first fifty items needs a few of them."""
    return Q(Case(When(there, then=Value(True)), default=Value(False), output_field=BooleanField()))


def _is_common(keys: Keys, project: Project) -> bool:
    """Whether so many items have one of the keys that looking them up is more work than finding a page of them."""
    counts = ProjectFigures.objects.filter(project=project).values_list("counts", flat=True).first() or {}
    # Of a label the items are counted, of others the shapes, of which an item may have a dozen.
    items = [counts.get(f"in:{key[6:]}", 0) if key.startswith("label:") else counts.get(key, 0) / 12 for key in keys]
    return bool(max(items, default=0) > _COMMON * counts.get("items", 0))


def _tests(query: Query, labels: Mapping[str, Ids], user: User) -> list[_Test]:
    shapes, keys, conditions = _shapes(query, user)
    counted = Source.MODEL not in query.sources  # suggestions are not

    def of(ids: Ids, wanted: bool = True) -> _Test:
        named = (tuple(f"label:{pk}" for pk in ids),)
        return _Test(shapes.filter(label__in=ids), (*named, *keys) if counted else (), conditions == 0, wanted)

    found = [of([pk]) for pk in labels["label_all"]]
    if query.labels:
        found.append(of(labels["label"]))
    if not found and conditions:
        exact = conditions == len(keys) == 1 and not query.size
        found.append(_Test(shapes, keys if counted else (), exact))
    if labels["label_none"]:
        found.append(of(labels["label_none"], wanted=False))
    return found


def _shapes(query: Query, user: User) -> tuple[QuerySet[Annotation], tuple[Keys, ...], int]:
    """The shapes under all conditions but the labels; keys of figures that they bring; how many conditions."""
    rows = Annotation.objects.filter(deleted=False)
    rows = rows.filter(source__in=query.sources) if query.sources else rows.exclude(source=Source.MODEL)
    if query.types:
        rows = rows.filter(geometry__type__in=query.types)
    for name, value in query.attributes:
        rows = rows.exclude(attributes={}).filter(_attribute(name, value))
    if query.authors:
        rows = rows.filter(author__in=[user.pk if who == ME else who for who in query.authors])
    if query.size:
        rows = rows.filter(_sized(query.size))
    keys = (
        tuple(f"source:{source}" for source in query.sources),
        tuple(f"type:{kind}" for kind in query.types),
        _areas(query.size) if query.size else (),
    )
    asked = (query.sources, query.types, query.attributes, query.authors, query.size)
    return rows, tuple(filter(None, keys)), sum(1 for each in asked if each)


def _attribute(name: str, value: str) -> Q:
    """As a text, a number, a yes or no, or one of several values."""
    forms: list[Any] = [value, [value]]
    if value in ("true", "false"):
        forms.append(value == "true")
    with suppress(ValueError):
        forms += [number for number in [float(value)] if isfinite(number)]
    found = Q()
    for form in forms:
        found |= Q(attributes__contains={name: form})
    return found


def _sized(size: Span) -> Q:
    """Boxes, which most shapes are, do without the function, which is slow."""
    sides = [Cast(KeyTextTransform(side, "geometry"), FloatField()) for side in ("w", "h")]
    box = When(geometry__type="box", then=CombinedExpression(sides[0], "*", sides[1], FloatField()))
    others: Func = Func(F("geometry"), function="frameloop_extent", output_field=FloatField())
    extent = Case(box, default=others, output_field=FloatField())
    low, high = _part_of_picture(size.low or 1e-12), _part_of_picture(1e6 if size.high is None else size.high)
    return Q(Range(extent, (low, high)))


def _part_of_picture(share: float) -> ExpressionWrapper[Any]:
    pixels = Value(share, FloatField()) * OuterRef("asset__width") * OuterRef("asset__height")
    return ExpressionWrapper(pixels, FloatField())


def _areas(size: Span) -> tuple[str, ...]:
    low = area_bin(size.low) if size.low else 0
    high = area_bin(size.high) if size.high else (AREAS - 1 if size.high is None else 0)
    return tuple(f"area:{n}" for n in range(low, high + 1))
