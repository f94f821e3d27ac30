"""Engines by name. `fake` is for tests: it can be run, and it is never offered."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from training.engines.base import Engine

OFFERED = ("yolo",)
_ALL = (*OFFERED, "fake")


def load(name: str) -> Engine:
    """The engine of that name.

    Raises:
        KeyError: there is none.
    """
    if name not in _ALL:
        raise KeyError(name)
    return cast(Engine, import_module(f"training.engines.{name}").ENGINE)
