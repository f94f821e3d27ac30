"""What a search over items asks for, read from the parameters of its address. Pure.

Each parameter may come several times, and each value may hold several with commas between them, except words,
attributes and single values. What cannot be read is left out and told of as a `Fault`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from annotations.exports.filters import SOURCES, SPLITS, STATES

KINDS = ("image", "video")
TYPES = ("box", "rbox", "polygon", "polyline", "keypoints", "mask", "tag")
COMMENTS = ("open", "any", "none")
SIDES = ("none", *SPLITS[1:])  # "none": chosen when a version is frozen
ORDERINGS = ("path", "created_at", "updated_at", "annotation_count")
DISTANCE = "distance"
ME, NOBODY = "me", "nobody"
_SORTS = {"newest": "-created_at", "added": "created_at"}
_MOST_VALUES, _MOST_WORDS, _LONGEST = 50, 8, 200
_BRIGHTEST = 255.0

Params = Mapping[str, Sequence[str]]


class Fault(NamedTuple):
    """A parameter that was left out, and a sentence that says why and what would be right."""

    name: str
    detail: str


class Span(NamedTuple):
    """From and to, both included; None is open."""

    low: float | None = None
    high: float | None = None

    def __bool__(self) -> bool:
        return self != (None, None)


class Period(NamedTuple):
    """From `since`, before `until`; None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Query:
    """What is asked for; an empty value asks for nothing.

    Attributes:
        labels, all_labels, no_labels: Ids or names: a shape of any of them, of each of them, of none of them.
        attributes: (name, value): a shape has all of them.
        types, sources, authors, size: Of a shape; authors are ids or "me", `size` shares of the picture. Labels,
            attributes and these are asked of one and the same shape.
        shapes: How many, without suggestions. brightness: 0 to 255.
        states, splits ("" where none is chosen yet), kinds: Of the item.
        words: Each in the path or in a comment.
        comments: "open", "any" or "none".
        near: The item whose near-duplicates are sought. like: The item that the others are ordered by.
        assignee: An id, "me" or "nobody".
        ordering: One of ORDERINGS or DISTANCE, with a minus for the other way; empty leaves it to the caller.
    """

    labels: tuple[str, ...] = ()
    all_labels: tuple[str, ...] = ()
    no_labels: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    size: Span = Span()
    shapes: Span = Span()
    brightness: Span = Span()
    states: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    created: Period = Period()
    changed: Period = Period()
    comments: str = ""
    near: str = ""
    like: str = ""
    assignee: str = ""
    ordering: str = ""


class _Unreadable(ValueError):
    """The text says what would be right."""


def read(params: Params) -> tuple[Query, list[Fault]]:
    """The query of an address, and what of it could not be read.

    >>> read({"state": ["approved,to-do"], "size_max": ["0.01"], "kind": ["film"]})[1]
    [Fault(name='kind', detail="'film' is none of image, video.")]
    """
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    for field, names, reader in _FIELDS:
        try:
            value = reader(*([_clean(text) for text in params.get(name, ())] for name in names))
        except _Unreadable as error:
            name, _, detail = str(error).partition("|")
            faults.append(Fault(name if name in names else names[0], detail))
        else:
            found[field] = value
    return Query(**found), faults


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:_LONGEST]


def _refuse(text: str, wanted: str, name: str = "") -> _Unreadable:
    return _Unreadable(f"{name}|{text[:40]!r} {wanted}")


def _many(given: list[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))
    if len(found) > _MOST_VALUES:
        raise _Unreadable(f"|{len(found)} values are given; at most {_MOST_VALUES} can be sought at once.")
    return found


def _one(given: list[str]) -> str:
    return next((text for text in reversed(given) if text), "")


def _some_of(known: Sequence[str]) -> Callable[[list[str]], tuple[str, ...]]:
    def reader(given: list[str]) -> tuple[str, ...]:
        found = _many(given)
        for value in found:
            if value not in known:
                raise _refuse(value, f"is none of {', '.join(known)}.")
        return found

    return reader


def _splits(given: list[str]) -> tuple[str, ...]:
    return tuple("" if value == SIDES[0] else value for value in _some_of(SIDES)(given))


def _one_of(known: Sequence[str]) -> Callable[[list[str]], str]:
    def reader(given: list[str]) -> str:
        return next(iter(_some_of(known)([_one(given)])), "")

    return reader


def _id(text: str, others: Sequence[str] = ()) -> str:
    if not text or text in others:
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise _refuse(text, f"is no id{''.join(f', and not {other}' for other in others)}.") from None


def _item(given: list[str]) -> str:
    return _id(_one(given))


def _authors(given: list[str]) -> tuple[str, ...]:
    return tuple(_id(value, (ME,)) for value in _many(given))


def _assignee(given: list[str]) -> str:
    return _id(_one(given), (ME, NOBODY))


def _words(given: list[str]) -> tuple[str, ...]:
    return tuple(_one(given).split()[:_MOST_WORDS])


def _attributes(given: list[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in filter(None, given):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise _refuse(text, "is no attribute with its value, such as colour=red.")
        found.append((name, value))
    return tuple(dict.fromkeys(found))


def _span(prefix: str, most: float) -> Callable[[list[str], list[str]], Span]:
    def reader(low: list[str], high: list[str]) -> Span:
        span = Span(_number(_one(low), most, f"{prefix}_min"), _number(_one(high), most, f"{prefix}_max"))
        if span.low is not None and span.high is not None and span.low > span.high:
            raise _refuse(_one(low), f"is above {prefix}_max: nothing is between them.", f"{prefix}_min")
        return span

    return reader


def _number(text: str, most: float, name: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise _refuse(text, f"is no number from 0 to {most:,.0f}.", name)
    return value


def _period(prefix: str) -> Callable[[list[str], list[str]], Period]:
    """A day without its time is all of that day, so that from and to may be the same day."""

    def reader(since: list[str], until: list[str]) -> Period:
        start = _time(_one(since), f"{prefix}_from", timedelta())
        return Period(start, _time(_one(until), f"{prefix}_to", timedelta(days=1)))

    return reader


def _time(text: str, name: str, day: timedelta) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that an address turned into a space
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return time + day if len(text) == len("2026-01-31") else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refuse(text, "is no day such as 2026-01-31 and no time such as 2026-01-31T09:00Z.", name) from None


def _ordering(given: list[str], sorts: list[str]) -> str:
    wanted = _one(given) or _SORTS.get(_one(sorts), "")
    if wanted and wanted.removeprefix("-") not in (*ORDERINGS, DISTANCE):
        raise _refuse(wanted, f"is none of {', '.join(ORDERINGS)}, with or without a minus.")
    return wanted


_FIELDS: tuple[tuple[str, tuple[str, ...], Callable[..., Any]], ...] = (
    ("labels", ("label",), _many),
    ("all_labels", ("label_all",), _many),
    ("no_labels", ("label_none",), _many),
    ("attributes", ("attribute",), _attributes),
    ("types", ("type",), _some_of(TYPES)),
    ("sources", ("source",), _some_of(SOURCES)),
    ("authors", ("author",), _authors),
    ("size", ("size_min", "size_max"), _span("size", 1)),
    ("shapes", ("shapes_min", "shapes_max"), _span("shapes", 10**9)),
    ("brightness", ("brightness_min", "brightness_max"), _span("brightness", _BRIGHTEST)),
    ("states", ("state",), _some_of(STATES)),
    ("splits", ("split",), _splits),
    ("kinds", ("kind",), _some_of(KINDS)),
    ("words", ("q",), _words),
    ("created", ("created_from", "created_to"), _period("created")),
    ("changed", ("changed_from", "changed_to"), _period("changed")),
    ("comments", ("comments",), _one_of(COMMENTS)),
    ("near", ("near",), _item),
    ("like", ("like",), _item),
    ("assignee", ("assignee",), _assignee),
    ("ordering", ("ordering", "sort"), _ordering),
)
NAMES = tuple(name for _, names, _ in _FIELDS for name in names)
