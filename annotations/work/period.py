"""A span of time that figures are asked for: days, or moments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

NAMES = ("from", "to")


class PeriodError(ValueError):
    """`name` says which end is wrong."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


@dataclass(frozen=True)
class Period:
    """From `since` up to, and without, `until`; None leaves an end open."""

    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def has(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)

    def lookups(self, field: str) -> dict[str, datetime]:
        """Of a queryset's filter.

        >>> Period().lookups("at")
        {}
        """
        ends = {f"{field}__gte": self.since, f"{field}__lt": self.until}
        return {name: end for name, end in ends.items() if end is not None}


def parse(given: Mapping[str, str]) -> Period:
    """A period from `from` and `to`: days (YYYY-MM-DD in UTC, the last one included), or RFC 3339 moments.

    Raises:
        PeriodError: one is neither, or they are the wrong way round.

    >>> parse({"from": "2026-03-01", "to": "2026-03-31"}).until.isoformat()
    '2026-04-01T00:00:00+00:00'
    """
    since, until = (_moment(name, given.get(name, "").strip(), name == "to") for name in NAMES)
    if since and until and since >= until:
        raise PeriodError("to", "The period ends before it begins: choose a later end.")
    return Period(since, until)


def _moment(name: str, text: str, whole_day: bool) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=whole_day)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise PeriodError(name, "This is no day: write it as 2026-03-31, or as a moment of RFC 3339.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
