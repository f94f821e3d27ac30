"""Which items and shapes an export takes. Pure: values only, checked before a job is queued."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

STATES = ("to-do", "in-progress", "in-review", "approved", "sent-back")
SPLITS = ("", "train", "val", "test")
SOURCES = ("human", "import", "model")
FRAMES = ("drawn", "seen")
_MOST = 10_000


class FilterError(ValueError):
    """A filter that cannot be used: `pointer` says which, the text why and what would be right."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


@dataclass(frozen=True)
class Filters:
    """What to take; an empty tuple takes all.

    Attributes:
        labels, authors, items: Ids.
        sources: Of shapes; without any, those of people and imports: a model's suggestions are left out.
        confidence: The lowest and the highest; shapes of people have none, and stay.
        only_labelled: Leave out items of which no shape is taken.
        frames: Of a video in a format without tracks: "drawn", the frames that somebody drew on, or "seen", every
            frame on which something is to be seen.
    """

    labels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    confidence: tuple[float, float] | None = None
    only_labelled: bool = False
    suggestions: bool = False
    frames: str = "drawn"

    def taken_sources(self) -> tuple[str, ...]:
        wanted = self.sources or ("human", "import")
        return tuple(dict.fromkeys((*wanted, "model"))) if self.suggestions else wanted

    def as_json(self) -> dict[str, Any]:
        """Only what was asked for: `parse` makes the same of it."""
        return {name: value for name, value in asdict(self).items() if value != getattr(_ALL, name)}


_ALL = Filters()


def parse(given: Any) -> Filters:
    """Filters of a request's JSON.

    >>> parse({"states": ["approved"], "confidence": {"min": 0.5}}).confidence
    (0.5, 1.0)

    Raises:
        FilterError: unknown names or values.
    """
    if not isinstance(given, Mapping):
        raise FilterError("", 'Filters are an object, such as {"states": ["approved"]}.')
    unknown = sorted(set(given) - set(_READ))
    if unknown:
        raise FilterError(f"/{unknown[0]}", f"There is no filter {unknown[0]!r}: there are {', '.join(_READ)}.")
    return Filters(**{name: _READ[name](f"/{name}", value) for name, value in given.items()})


def _list(pointer: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise FilterError(pointer, "This is a list.")
    if len(value) > _MOST:
        raise FilterError(pointer, f"{len(value)} are too many: at most {_MOST} are taken.")
    return list(value)


def _ids(pointer: str, value: Any) -> tuple[str, ...]:
    try:
        return tuple(str(uuid.UUID(str(each))) for each in _list(pointer, value))
    except ValueError:
        raise FilterError(pointer, "These are ids; one of them is none.") from None


def _some_of(*known: str) -> Any:
    def read(pointer: str, value: Any) -> tuple[str, ...]:
        for each in (found := _list(pointer, value)):
            if each not in known:
                raise FilterError(pointer, f"{str(each)[:40]!r} is none of {', '.join(map(repr, known))}.")
        return tuple(found)

    return read


def _range(pointer: str, value: Any) -> tuple[float, float] | None:
    """`{min?, max?}` or `[min, max]`."""
    if value is None:
        return None
    ends = [value.get("min", 0), value.get("max", 1)] if isinstance(value, Mapping) else _list(pointer, value)
    numbers = [each for each in ends if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(ends) != 2 or len(numbers) != 2 or not 0 <= numbers[0] <= numbers[1] <= 1:
        raise FilterError(pointer, 'This is a range between 0 and 1, such as {"min": 0.5, "max": 1}.')
    return float(numbers[0]), float(numbers[1])


def _flag(pointer: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise FilterError(pointer, "This is true or false.")
    return value


def _frames(pointer: str, value: Any) -> str:
    if value not in FRAMES:
        raise FilterError(pointer, f"{str(value)[:40]!r} is none of {', '.join(FRAMES)}.")
    return str(value)


_READ: dict[str, Any] = {
    "labels": _ids,
    "states": _some_of(*STATES),
    "splits": _some_of(*SPLITS),
    "authors": _ids,
    "sources": _some_of(*SOURCES),
    "items": _ids,
    "confidence": _range,
    "only_labelled": _flag,
    "suggestions": _flag,
    "frames": _frames,
}
