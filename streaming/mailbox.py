"""What joins the threads of a pipeline: one slot that holds the newest value, rest, and meters. Pure."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Mailbox(Generic[_T]):
    """One slot for the newest value: a slow reader skips what it missed instead of falling behind.

    >>> box = Mailbox[int]()
    >>> box.put(1); box.put(2)
    >>> box.get(0), box.dropped, box.get(0)
    (2, 1, None)
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._value: _T | None = None
        self._ready = threading.Condition()

    def put(self, value: _T) -> None:
        with self._ready:
            self.dropped += self._value is not None
            self._value = value
            self._ready.notify()

    def get(self, timeout: float) -> _T | None:
        """The newest value, or None when none came within `timeout` seconds."""
        with self._ready:
            if self._value is None and timeout > 0:
                self._ready.wait(timeout)
            value, self._value = self._value, None
            return value


class Rest:
    """Lets a source go slowly while nobody needs its pictures, and wakes it the moment somebody does.

    >>> rest = Rest()
    >>> rest.doze(), rest.allow(True), rest.on, rest.allow(False), rest.on
    (False, None, True, None, False)
    """

    def __init__(self, pause: float = 1.0) -> None:
        self.pause = pause
        self.dozes = 0
        self._awake = threading.Event()
        self._awake.set()

    @property
    def on(self) -> bool:
        return not self._awake.is_set()

    def allow(self, resting: bool) -> None:
        if resting:
            self._awake.clear()
        else:
            self._awake.set()

    def doze(self) -> bool:
        """While resting, wait for a second or until somebody needs pictures; False when there was no rest."""
        if not self.on:
            return False
        self.dozes += 1
        self._awake.wait(self.pause)
        return True


class Meter:
    """Counts events and says how many a second there were since it was last asked."""

    def __init__(self) -> None:
        self.total = 0
        self._counted = 0
        self._asked = time.monotonic()

    def tick(self) -> None:
        self.total += 1

    def rate(self) -> float:
        """Events a second since the last call."""
        now, total = time.monotonic(), self.total
        spent, self._asked = now - self._asked, now
        counted, self._counted = total - self._counted, total
        return round(counted / spent, 1) if spent > 0 else 0.0


class Spread:
    """The last few hundred durations, in seconds, and their percentiles in milliseconds."""

    def __init__(self, keep: int = 250) -> None:
        self._values: deque[float] = deque(maxlen=keep)

    def add(self, seconds: float) -> None:
        self._values.append(seconds)

    def milliseconds(self, percent: float) -> float | None:
        """The given percentile by nearest rank; None while nothing was measured.

        >>> spread = Spread()
        >>> for n in range(1, 101): spread.add(n / 1000)
        >>> spread.milliseconds(50), spread.milliseconds(95)
        (50.0, 95.0)
        """
        ordered = sorted(self._values)
        if not ordered:
            return None
        return round(ordered[max(0, -int(-len(ordered) * percent // 100) - 1)] * 1000, 1)
