"""What an engine is: something that trains, exports and predicts, described so that forms and the API can ask for it.

Pure: no Django, and no deep-learning library. Engines import theirs inside the functions that need them,
because describing one must cost nothing in a web process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class EngineError(Exception):
    """Training cannot go on; `code` is one of oom, data, engine, parity, weights."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Cancelled(Exception):
    """Raised inside of a report when the supervisor asked the child to end."""


class ParamErrors(ValueError):
    """What is wrong with given parameters, by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Param:
    """One thing that may be chosen. `kind` is "whole", "number" or "text"."""

    name: str
    kind: str
    default: Any
    title: str
    hint: str = ""
    low: float = -math.inf
    high: float = math.inf
    multiple: int = 1
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """The value in its own type.

        Raises:
            ValueError: with a sentence that says what is expected.
        """
        if self.kind == "text":
            text = str(value).strip()
            if self.choices and text not in self.choices:
                raise ValueError(f"'{text}' is not one of {', '.join(self.choices)}.")
            return text
        return self._number(value)

    def _number(self, value: Any) -> float | int:
        expected = (
            f"Expected a {'whole number' if self.kind == 'whole' else 'number'} from {self.low:g} to {self.high:g}"
        )
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{expected}, not {value!r}.") from None
        if isinstance(value, bool) or not self.low <= number <= self.high:
            raise ValueError(f"{expected}, not {value!r}.")
        if self.kind == "number":
            return number
        if number % self.multiple:
            reason = "." if self.multiple == 1 else f" that {self.multiple} divides."
            raise ValueError(f"{expected}{reason}")
        return int(number)


@dataclass(frozen=True)
class Preset:
    """A named choice of model and parameters."""

    name: str
    title: str
    hint: str
    model: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A model that can be trained."""

    name: str
    title: str
    hint: str = ""


@dataclass(frozen=True)
class Description:
    """All that a form, the API and its schema need to know of an engine."""

    name: str
    title: str
    tasks: tuple[str, ...]
    models: tuple[Choice, ...]
    params: tuple[Param, ...]
    presets: tuple[Preset, ...] = ()

    def preset(self, name: str) -> Preset | None:
        return next((preset for preset in self.presets if preset.name == name), None)

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Complete and typed parameters from the given ones.

        Raises:
            ParamErrors: one sentence for each that is unknown or out of range.
        """
        known = {param.name: param for param in self.params}
        errors = {name: f"Unknown; expected one of {', '.join(known)}." for name in given if name not in known}
        values: dict[str, Any] = {}
        for name, param in known.items():
            try:
                values[name] = param.read(given[name]) if given.get(name) not in (None, "") else param.default
            except ValueError as error:
                errors[name] = str(error)
        if errors:
            raise ParamErrors(errors)
        return values


@dataclass
class Plan:
    """What a child process is to do. Everything is in `folder`, and nothing else is written to."""

    engine: str
    model: str
    params: dict[str, Any]
    labels: list[str]
    folder: str
    data: str
    checkpoint: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return Path(self.folder)


@dataclass
class Trained:
    """What training made: files inside of the plan's folder and what they scored."""

    weights: str
    onnx: str
    metrics: dict[str, float]
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


class Report(Protocol):
    """Where an engine says how far it is. Each call raises `Cancelled` when it has been asked to end."""

    def phase(self, name: str) -> None: ...
    def batch(self, **figures: float) -> None: ...
    def epoch(self, **figures: float) -> None: ...
    def log(self, text: str) -> None: ...
    def checkpoint(self, path: Path, epoch: int) -> None: ...


class Engine(Protocol):
    """A way to train. `describe` is cheap; the others run in a child process of their own."""

    def describe(self, weights: Path | None = None) -> Description:
        """What can be chosen. `weights` is the folder of pretrained files, which become choices too."""

    def train(self, plan: Plan, report: Report) -> Trained:
        """Train, prove on the validation pictures, and export.

        Raises:
            EngineError: it cannot be done, and why.
            Cancelled: from the report.
        """

    def export(self, weights: Path, folder: Path, imgsz: int) -> Path:
        """Write the weights as ONNX into `folder`; gives the file."""

    def predict(self, weights: Path, pictures: Sequence[NDArray[np.uint8]], imgsz: int) -> list[NDArray[np.float32]]:
        """The raw output of the weights for each RGB picture, shape (4 + classes, candidates): cx cy w h scores."""
