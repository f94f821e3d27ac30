"""All formats by name, and which of them an archive is in. Pure."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import annotations.formats as package
from annotations.formats.base import Files, Format

_SURE, _CLEAR = 0.5, 0.2


@cache
def formats() -> dict[str, Format]:
    """Each module of this package that has a FORMAT."""
    modules = [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {each.name: each for each in sorted(found, key=lambda each: each.title.lower())}


def candidates(files: Files) -> list[tuple[float, Format]]:
    """The formats that `files` may be in, with how sure that is, the surest first."""
    found = [(each.detect(files), each) for each in formats().values()]
    return sorted(((sure, each) for sure, each in found if sure > 0), key=lambda pair: -pair[0])


def detect(files: Files) -> Format | None:
    """The format of an archive; None where somebody has to be asked, because none or several fit."""
    ranked = candidates(files)
    if not ranked or ranked[0][0] < _SURE:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _CLEAR:
        return None
    return ranked[0][1]
