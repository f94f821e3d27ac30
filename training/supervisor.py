"""The other side of `training.child`: starts it, listens, watches, and ends it with everything it started.

Pure: no Django. Whoever uses it says what to do with an event and whether the work is still wanted.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training import silence
from training.engines.base import Plan

Event = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 3.0  # between SIGTERM and SIGKILL; checkpoints are written whole, so nothing is lost by the second
_CHECK_S = 0.5
_TEARDOWN_S = 20.0
# How long a phase may say nothing. Exports and the first batch of a large model are silent for a while.
SILENCE_S: Mapping[str, float] = {"prepare": 300.0, "train": 600.0, "evaluate": 900.0, "export": 600.0}


@dataclass
class Ending:
    """How a child ended.

    Attributes:
        reason: "finished", "cancelled", "stopped" or "gone" (as `check` said), "silent", "crashed" or "refused"
            (the engine said why in `error`).
        result: What it made, when it finished.
        error: `{code, detail}` when it did not.
        returncode: As of subprocess: negative is a signal.
    """

    reason: str
    result: Event | None = None
    error: dict[str, str] | None = None
    returncode: int | None = None


@dataclass
class Child:
    """A running training process in a session of its own."""

    process: subprocess.Popen[bytes]
    pipe: int
    log: Path
    buffer: bytes = b""

    @classmethod
    def start(cls, plan: Plan, home: Path) -> Child:
        """Write the plan into its folder and start a process on it.

        Args:
            plan: What to do; its folder exists.
            home: Where its libraries keep their settings.
        """
        silence.furnish(home)
        (plan.path / "plan.json").write_text(json.dumps(asdict(plan)))
        log = plan.path / "child.log"
        reading, writing = os.pipe()
        try:
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "training.child", str(writing), str(plan.path), str(os.getpid())],
                    cwd=ROOT,
                    env=silence.environment(home),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writing,),
                    start_new_session=True,
                )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return cls(process, reading, log)

    def events(self, wait: float) -> Iterator[Event] | None:
        """The events that arrive within `wait` seconds; None when the pipe has ended."""
        ready, _, _ = select.select([self.pipe], [], [], wait)
        if not ready:
            return iter(())
        data = os.read(self.pipe, 1 << 16)
        if not data:
            return None
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        return (event for line in lines if (event := _parse(line)) is not None)

    def end(self, grace: float = GRACE_S) -> None:
        """Ask it to end, then kill it and everything in its session."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """Kill what is left of the session; harmless when nothing is."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        os.close(self.pipe)

    def tail(self, lines: int = 30) -> str:
        """The end of what it printed."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def _parse(line: bytes) -> Event | None:
    with suppress(ValueError):
        event = json.loads(line)
        if isinstance(event, dict) and isinstance(event.get("kind"), str):
            return event
    return None


@dataclass
class Watch:
    """What is known of a child while it runs."""

    silences: Mapping[str, float] = field(default_factory=lambda: SILENCE_S)
    phase: str = "train"
    heard_at: float = field(default_factory=time.monotonic)
    checked_at: float = 0.0
    result: Event | None = None
    error: dict[str, str] | None = None

    def hear(self, event: Event) -> None:
        self.heard_at = time.monotonic()
        if event["kind"] == "phase":
            self.phase = event["phase"]
        elif event["kind"] == "result":
            self.result = event
        elif event["kind"] == "error":
            self.error = {"code": event["code"], "detail": event["detail"]}

    @property
    def overdue(self) -> bool:
        return time.monotonic() - self.heard_at > self.silences.get(self.phase, 600.0)

    def due(self) -> bool:
        """Whether it is time to ask again if the work is still wanted."""
        if time.monotonic() - self.checked_at < _CHECK_S:
            return False
        self.checked_at = time.monotonic()
        return True


def run(
    plan: Plan,
    home: Path,
    on_event: Callable[[Event], None],
    check: Callable[[], str],
    silences: Mapping[str, float] | None = None,
) -> Ending:
    """Run a plan to its end, in a child that does not outlive this call.

    Args:
        plan: What to do.
        home: Where the child's libraries keep their settings.
        on_event: Called with each event, in order.
        check: Called twice a second; what it returns when not empty ends the child and becomes the reason:
            "cancelled", "stopped" (this worker ends) or "gone" (somebody else has the job: kill at once).
        silences: Seconds that each phase may say nothing.
    """
    child = Child.start(plan, home)
    watch = Watch(silences or SILENCE_S)
    try:
        reason = _listen(child, watch, on_event, check)
        if reason:
            child.end(0.2 if reason in ("gone", "silent") else GRACE_S)
            if reason == "stopped":
                _hear_out(child, watch, on_event)
        else:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(_TEARDOWN_S if watch.result else GRACE_S)
        return _ending(child, watch, reason)
    finally:
        child.kill()
        child.close()


def _listen(child: Child, watch: Watch, on_event: Callable[[Event], None], check: Callable[[], str]) -> str:
    """Pass events on until there are no more, or until there is a reason to end the child."""
    while watch.result is None:
        events = child.events(_CHECK_S / 2)
        if events is None:
            return ""
        for event in events:
            watch.hear(event)
            on_event(event)
        if watch.due():
            reason = check()
            if reason:
                return reason
        if watch.overdue:
            return "silent"
    return ""


def _hear_out(child: Child, watch: Watch, on_event: Callable[[Event], None]) -> None:
    """Pass on what an ended child had still said: an epoch behind its last checkpoint is never trained again."""
    while (events := child.events(0)) is not None:
        said = list(events)
        if not said:
            return
        for event in said:
            watch.hear(event)
            on_event(event)


def _ending(child: Child, watch: Watch, reason: str) -> Ending:
    code = child.process.returncode
    if watch.result is not None:
        return Ending("finished", result=watch.result, returncode=code)
    if reason in ("cancelled", "stopped", "gone"):
        return Ending(reason, returncode=code)
    if reason == "silent":
        minutes = watch.silences.get(watch.phase, 600.0) / 60
        detail = f"Nothing was heard for {minutes:g} minutes in the phase '{watch.phase}', so training was ended."
        return Ending("silent", error={"code": "timeout", "detail": detail}, returncode=code)
    if watch.error is not None:
        return Ending("refused", error=watch.error, returncode=code)
    return Ending("crashed", error=_crash(code, child.tail()), returncode=code)


def _crash(code: int | None, tail: str) -> dict[str, str]:
    if code == -signal.SIGKILL:
        detail = (
            "The training process was killed, most likely because the computer ran out of memory: "
            "choose a smaller batch or image size, or close other programs."
        )
        return {"code": "oom", "detail": detail}
    how = f"by signal {-code}" if code is not None and code < 0 else f"with status {code}"
    return {"code": "engine", "detail": f"The training process ended {how}. It last said:\n{tail}".strip()}
