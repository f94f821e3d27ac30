"""Items of a project by the parameters of an address."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, Value

from annotations.models import Assignment, Comment, Part, Thread
from annotations.search import shapes
from annotations.search.query import DISTANCE, ME, NOBODY, Fault, Period, Query, Span, read
from projects import access, looks, search
from projects.models import Item, Label, Project, User
from projects.models.item import ItemQuerySet
from projects.search import Found, Params

_LABELS = (("label", "labels"), ("label_all", "all_labels"), ("label_none", "no_labels"))


def find(project: Project, rows: ItemQuerySet, params: Params, user: User) -> Found:
    """The items among `rows`; registered for all who list items.

    A label that the project does not have is a fault, and no item has a shape of it; an item that one may not know
    of is a fault, and the filter by it is left out.
    """
    query, faults = read(params)
    labels, unknown = _labels(project, query)
    faults += unknown
    rows = _by_people(_by_columns(rows, query), project, query, user)
    if (query.labels and not labels["label"]) or (query.all_labels and not labels["label_all"]):
        rows = rows.none()
    rows = shapes.narrow(rows, project, query, labels, user)
    rows, _ = _beside(rows, "near", query.near, _near, user, faults)
    rows, alike = _beside(rows, "like", query.like, search.by_likeness, user, faults)
    ordering = _ordering(query.ordering, alike, faults)
    return Found(rows, ordering, [(fault.name, fault.detail) for fault in faults])


def _beside(
    rows: ItemQuerySet,
    name: str,
    given: str,
    by: Callable[[ItemQuerySet, Item], ItemQuerySet],
    user: User,
    faults: list[Fault],
) -> tuple[ItemQuerySet, bool]:
    """The rows as compared with the item that is given, and whether they were."""
    if not given:
        return rows, False
    item = access.visible(Item.every.select_related("asset"), user).filter(pk=given).first()
    try:
        if item is None:
            raise LookupError("There is no such item that you may see.")
        return by(rows, item), True
    except LookupError as error:
        faults.append(Fault(name, str(error)))
        return rows, False


def _ordering(wanted: str, alike: bool, faults: list[Fault]) -> str:
    if alike:
        return wanted or DISTANCE
    if wanted.removeprefix("-") == DISTANCE:
        faults.append(Fault("ordering", "An order by distance needs an item to be like: give one as `like`."))
        return ""
    return wanted


def _labels(project: Project, query: Query) -> tuple[dict[str, list[uuid.UUID]], list[Fault]]:
    """The ids that each parameter's labels stand for, and labels that stand for none."""
    known = list(Label.objects.filter(project=project).values_list("pk", "name"))
    names = {name.lower(): pk for pk, name in known} | {str(pk): pk for pk, _ in known}
    found: dict[str, list[uuid.UUID]] = {}
    faults = []
    for parameter, field in _LABELS:
        given: tuple[str, ...] = getattr(query, field)
        found[parameter] = [names[text.lower()] for text in given if text.lower() in names]
        missing = [text for text in given if text.lower() not in names]
        faults += [Fault(parameter, f"This project has no label {text[:40]!r}.") for text in missing]
    if len(found["label_all"]) < len(query.all_labels):
        found["label_all"] = []
    return found, faults


def _by_columns(rows: ItemQuerySet, query: Query) -> ItemQuerySet:
    for column, values in (("state", query.states), ("split", query.splits), ("asset__kind", query.kinds)):
        rows = rows.filter(**{f"{column}__in": values}) if values else rows
    rows = rows.filter(_within("annotation_count", query.shapes), _within("asset__brightness", query.brightness))
    return rows.filter(_during("created_at", query.created), _during("updated_at", query.changed))


def _within(column: str, span: Span) -> Q:
    ends = {f"{column}__gte": span.low, f"{column}__lte": span.high}
    return Q(**{name: value for name, value in ends.items() if value is not None})


def _during(column: str, period: Period) -> Q:
    ends = {f"{column}__gte": period.since, f"{column}__lt": period.until}
    return Q(**{name: value for name, value in ends.items() if value is not None})


def _by_people(rows: ItemQuerySet, project: Project, query: Query, user: User) -> ItemQuerySet:
    """By what is said about items, and whose they are."""
    said = Comment.objects.filter(thread__item__project=project, deleted_at=None)
    for word in query.words:
        rows = rows.filter(Q(path__icontains=word) | Q(pk__in=said.filter(text__icontains=word).values("thread__item")))
    threads = Thread.objects.filter(item=OuterRef("pk"), comments__deleted_at=None, comments__isnull=False)
    if query.comments:
        threads = threads.filter(resolved_at=None) if query.comments == "open" else threads
        rows = rows.filter(~Exists(threads) if query.comments == "none" else Exists(threads))
    if not query.assignee:
        return rows
    given = Assignment.objects.filter(item=OuterRef("pk"), part=Part.ANNOTATE)
    if query.assignee == NOBODY:
        return rows.filter(~Exists(given))
    return rows.filter(Exists(given.filter(user=user.pk if query.assignee == ME else query.assignee)))


def _near(rows: ItemQuerySet, item: Item) -> ItemQuerySet:
    """The item itself and those whose hashes differ in a few bits (see `projects.looks`).

    Raises:
        LookupError: it has no hash yet.
    """
    if item.asset.phash is None:
        raise LookupError(f"{item.path} has not been looked at yet: try again in some minutes.")
    apart: Func = Func(
        F("asset__phash"),
        Value(item.asset.phash, BigIntegerField()),
        template="bit_count((%(expressions)s)::bit(64))",
        arg_joiner=" # ",
        output_field=BigIntegerField(),
    )
    return rows.alias(apart=apart).filter(apart__lte=looks.NEAR_BITS)
