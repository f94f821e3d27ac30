"""What a worker's process does when it is told to end or its master dies."""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from celery.signals import worker_process_init, worker_shutting_down

from projects.leash import die_with

# One byte shared with the forked pool process: a worker told to end has no other way to say so to a running task.
_STOPPING = mmap.mmap(-1, 1)
_busy = False
_asked = False


def stopping() -> bool:
    """Whether this worker has been told to end: long work goes back to the queue then."""
    return _STOPPING[0] != 0


@contextmanager
def put_back_when_told() -> Iterator[None]:
    """A job that looks at `stopping` goes back to the queue before this process ends."""
    global _busy
    _busy = True
    try:
        yield
    finally:
        _busy = False
        if _asked:  # now that the job is back in the queue, do what was asked
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


@worker_shutting_down.connect
def _shutting_down(**extra: Any) -> None:
    _STOPPING[0] = 1


@worker_process_init.connect
def _leash(**extra: Any) -> None:
    """A pool process dies with its master, and on SIGTERM first puts its job back."""
    die_with(os.getppid())
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> None:
    global _asked
    if not _busy:
        raise SystemExit(0)
    _STOPPING[0] = 1
    _asked = True
