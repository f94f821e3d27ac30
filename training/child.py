"""The process that trains: `python -m training.child EVENTS_FD FOLDER PARENT_PID`.

It has no database and no network. It says how far it is in JSON lines on an inherited descriptor, ends
when it is asked to, and dies with the process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from projects.leash import die_with
from training import engines, silence
from training.engines.base import Cancelled, EngineError, Plan

EVENTS_FD = 3
# Exit statuses that the supervisor reads; a Python traceback gives 1.
EXIT_CANCELLED = 3
EXIT_ENGINE = 4


def volunteer() -> None:
    """When memory runs out, let the kernel end this process and not the database."""
    try:
        Path("/proc/self/oom_score_adj").write_text("800")
    except OSError:
        return


class Lines:
    """The reports of an engine, as JSON lines. Each raises `Cancelled` once SIGTERM has arrived."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._asked = False

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM's handler: the next report ends the training at a safe place."""
        self._asked = True

    def send(self, kind: str, **payload: Any) -> None:
        """Write one line whole, past the pipe's buffer when it must."""
        line = json.dumps({"kind": kind, "at": time.time(), **payload}, default=float, allow_nan=False) + "\n"
        data = line.encode()
        while data:
            data = data[os.write(self._fd, data) :]

    def _say(self, kind: str, **payload: Any) -> None:
        self.send(kind, **payload)
        if self._asked:
            raise Cancelled

    def phase(self, name: str) -> None:
        self._say("phase", phase=name)

    def batch(self, **figures: float) -> None:
        self._say("batch", **finite(figures))

    def epoch(self, **figures: float) -> None:
        self._say("metrics", **finite(figures))

    def log(self, text: str) -> None:
        self._say("log", text=text[:2000])

    def checkpoint(self, path: Path, epoch: int) -> None:
        self._say("checkpoint", path=str(path), epoch=epoch)


def finite(figures: dict[str, float]) -> dict[str, float]:
    """Without those that JSON cannot say: a loss that has run away is left out, not passed on as NaN."""
    return {name: value for name, value in figures.items() if value is not None and abs(value) < float("inf")}


def run(plan: Plan, lines: Lines) -> int:
    """Train by the plan; gives the exit status. The result is sent before anything is torn down."""
    heard: list[str] = []
    silence.guard(heard.append)
    try:
        trained = engines.load(plan.engine).train(plan, lines)
    except Cancelled:
        lines.send("cancelled")
        return EXIT_CANCELLED
    except EngineError as error:
        lines.send("error", code=error.code, detail=error.detail)
        return EXIT_ENGINE
    except MemoryError:
        lines.send("error", code="oom", detail="The computer ran out of memory: choose a smaller batch or image size.")
        return EXIT_ENGINE
    except Exception as error:
        traceback.print_exc()
        lines.send("error", code="engine", detail=f"{type(error).__name__}: {error}"[:1000])
        return EXIT_ENGINE
    lines.send("result", **asdict(trained), calls_out=heard)
    return 0


def main() -> int:
    inherited, folder, parent = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    die_with(parent, EXIT_CANCELLED)
    volunteer()
    if inherited != EVENTS_FD:
        os.dup2(inherited, EVENTS_FD, inheritable=False)
        os.close(inherited)
    lines = Lines(EVENTS_FD)
    signal.signal(signal.SIGTERM, lines.ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return run(Plan(**json.loads((folder / "plan.json").read_text())), lines)


if __name__ == "__main__":
    sys.exit(main())
