"""Light processes for the supervisor, and waiting for what processes do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from config.supervisor import Service


@pytest.fixture
def until() -> Callable[[Callable[[], object]], object]:
    """Wait until a condition holds and return what it gave; a failure after 30 s."""

    def wait(condition: Callable[[], object], seconds: float = 30) -> object:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.02)
        raise AssertionError("it did not happen")

    return wait


@pytest.fixture
def script() -> Callable[..., Service]:
    """A service that runs a piece of Python."""

    def make(name: str, code: str, **options) -> Service:
        return Service(name, (sys.executable, "-u", "-S", "-c", code), **options)

    return make
