"""Keeps a set of processes running, and stops every one of them and none else.

One thread a process starts it, reads what it writes and starts it again when it ends by itself. The thread
outlives its process, as the leash asks (`config.leash`), so the processes also end when this one is killed.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psutil
from honcho.colour import get_colours
from honcho.printer import Message, Printer

from config.leash import die_with_parent
from config.lines import LastWords, LogFile, human

_LONGEST_BACK_OFF = 30.0
_PROVEN_AFTER = 60.0  # a process that ran this long starts again without delay when it ends
_OWN_NAME = "frameloop"


@dataclass(frozen=True)
class Service:
    """A process to keep running.

    Attributes:
        grace: seconds from the polite signal to the killing one.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM


class Supervisor:
    """Runs `services` until `stop` is asked for.

    Args:
        logs: each process's lines go to `<logs>/<name>.log`, one JSON object a line.
        out: where the short lines for people go, each with the name of its process.
        back_off: seconds before the first restart; doubled at each further one, up to 30.
        verbose: show every line there, not only what matters.
    """

    def __init__(
        self,
        services: list[Service],
        logs: Path,
        out: TextIO = sys.stdout,
        back_off: float = 1.0,
        verbose: bool = False,
    ) -> None:
        self.services = services
        self._logs = logs
        self._back_off = back_off
        self._verbose = verbose
        self._printer = Printer(out, width=max([len(_OWN_NAME), *(len(service.name) for service in services)]))
        self._printing = threading.Lock()
        colours = get_colours()
        self._colours = {service.name: next(colours) for service in services}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        for service in self.services:
            thread = threading.Thread(target=self._keep, args=(service,), name=f"keep:{service.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def say(self, text: str) -> None:
        """One line of the supervisor's own."""
        self._print(_OWN_NAME, None, text)

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        return {name: process.pid for name, process in self._processes.items() if process.returncode is None}

    def wait(self, seconds: float) -> bool:
        """Whether a stop was asked for within `seconds`."""
        return self._stopping.wait(seconds)

    def ask_to_stop(self) -> None:
        """Only sets a flag, so a signal handler may call it."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop every process and what it started, politely first. Returns when all have ended."""
        self._stopping.set()
        families = self._families()
        for service in self.services:
            process = self._processes.get(service.name)
            if process is not None and process.poll() is None:
                _signal(process, service.stop_signal)
        begun = time.monotonic()
        for service in self.services:
            process = self._processes.get(service.name)
            if process is not None:
                self._see_off(service, process, begun)
        _kill_those_left(families)
        for thread in self._threads:
            thread.join(timeout=5)

    def _see_off(self, service: Service, process: subprocess.Popen[bytes], begun: float) -> None:
        try:
            process.wait(timeout=max(0.1, begun + service.grace - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say(f"{service.name} did not stop within {service.grace:.0f} s and is ended by force.")
            _kill_group(process.pid)
            process.wait()

    def _families(self) -> list[psutil.Process]:
        """All processes below ours, in whatever session they are."""
        family: list[psutil.Process] = []
        for process in self._processes.values():
            with contextlib.suppress(psutil.Error):
                family += psutil.Process(process.pid).children(recursive=True)
        return family

    def _keep(self, service: Service) -> None:
        """Run one process again and again until a stop is asked for."""
        delay = self._back_off
        with LogFile(self._logs / f"{service.name}.log") as log:
            while not self._stopping.is_set():
                begun = time.monotonic()
                reason = self._run_once(service, log)
                if self._stopping.is_set():
                    return
                if time.monotonic() - begun > _PROVEN_AFTER:
                    delay = self._back_off
                self.say(f"{service.name} {reason}; starting it again in {delay:g} s. See {log.path}")
                if self._stopping.wait(delay):
                    return
                delay = min(_LONGEST_BACK_OFF, delay * 2)

    def _run_once(self, service: Service, log: LogFile) -> str:
        """Start the process and wait until it has ended. Returns how it ended, in words."""
        try:
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **service.env},
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        except OSError as error:
            return f"could not be started ({error})"
        self._processes[service.name] = process
        words = LastWords()
        if self._stopping.is_set():  # asked for between the check and the start
            _signal(process, service.stop_signal)
        reader = threading.Thread(target=self._read, args=(service, process, log, words), daemon=True)
        reader.start()
        _wait_unreaped(process)
        if not self._stopping.is_set():  # its children would hold the pipe, the port and the lease
            _kill_group(process.pid)
        code = process.wait()
        reader.join(timeout=3)
        told = words.text(time.monotonic())
        return _how_it_ended(code) + (f": {told[:300]}" if told else "")

    def _read(self, service: Service, process: subprocess.Popen[bytes], log: LogFile, words: LastWords) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                record = log.write(line)
                words.hear(record, time.monotonic())
                text = human(record, everything=self._verbose)
                if text and not (self._stopping.is_set() and not self._verbose):
                    self._print(service.name, self._colours[service.name], text)

    def _print(self, name: str, colour: str | None, text: str) -> None:
        now = datetime.datetime.now()
        with self._printing, contextlib.suppress(OSError, ValueError):  # a closed terminal stops nobody's work
            self._printer.write(Message("line", text, now, name, colour))


def run_until_signalled(supervisor: Supervisor, while_running: Callable[[Supervisor], None] | None = None) -> None:
    """Start, call `while_running`, wait for SIGINT, SIGTERM or SIGHUP, and stop. A second SIGINT kills at once."""
    asked = 0

    def on_signal(number: int, frame: object) -> None:
        nonlocal asked
        asked += 1
        supervisor.ask_to_stop()
        if asked > 1 and number == signal.SIGINT:
            for pid in supervisor.pids().values():
                _kill_group(pid)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        supervisor.start()
        if while_running is not None:
            while_running(supervisor)
        while not supervisor.wait(3600):
            pass
        supervisor.say("Stopping.")
    finally:
        supervisor.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _wait_unreaped(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end but leave the zombie: while it is there, nobody else can get its process group's number."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):  # `stop` was quicker
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _kill_group(pid: int) -> None:
    """Each process leads a group of its own: nothing of anybody else's is in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill_those_left(family: list[psutil.Process]) -> None:
    """psutil knows a process by pid and start time, so a pid that was given away again is safe."""
    left = wait_for_end(family, 1)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    wait_for_end(left, 3)


def wait_for_end(family: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for their end and return those that still run. A zombie has ended, though in many a container its new
    parent never looks after it."""
    deadline = time.monotonic() + seconds
    while (family := [process for process in family if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return family


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended (exit code {code})"
    if code == -signal.SIGKILL:
        return "was killed (perhaps the machine ran out of memory)"
    return f"was ended by {signal.Signals(-code).name}"
