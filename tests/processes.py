"""Real processes on the test database: the one way in which tests start, await and end them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from config.services import commands

ROOT = Path(__file__).resolve().parents[1]

_T = TypeVar("_T")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(check: Callable[[], _T], seconds: float = 30.0, what: str = "it") -> _T:
    """The first true value that `check` gives; a failure when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}; last value {value!r}")
        time.sleep(0.05)
    return value


def on_test_database(**more: str) -> dict[str, str]:
    """The environment of a process that is to see the test database; the database has to be there."""
    from django.conf import settings

    main, _, options = os.environ["DATABASE_URL"].partition("?")
    address = f"{main.rpartition('/')[0]}/{settings.DATABASES['default']['NAME']}" + (f"?{options}" if options else "")
    environment = {**os.environ, "DATABASE_URL": address, "LOG_PLAIN": "true", **more}
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # the browser tests need it, the application does not
    return environment


def end(process: subprocess.Popen[bytes], kill: bool = False) -> int:
    """End a process, at the latest after 15 s by force; gives its exit status."""
    if process.poll() is None:
        process.kill() if kill else process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


@dataclass
class Server:
    """The web application in a process of its own; `url` has no slash at its end."""

    program: str
    environment: dict[str, str]
    log: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """The same address at each start."""
        self.port = self.port or free_port()
        return [sys.executable, *commands("127.0.0.1", self.port, self.program, self.log.parent)["web"]]

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, env=self.environment, stdout=output, stderr=output
            )
        try:
            self.wait()
        except AssertionError:
            self.stop(kill=True)
            raise

    def wait(self) -> None:
        """Until it answers, whoever started it."""
        deadline = time.monotonic() + 120
        while not self._answers():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = self.log.read_text()[-2000:] if self.log.is_file() else ""
                raise AssertionError(f"{self.program} did not answer. Its log ends: {said}")
            time.sleep(0.1)

    def stop(self, kill: bool = False) -> None:
        process, self.process = self.process, None
        if process is not None:
            end(process, kill)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/static/no-such-file", timeout=60).close()
        except urllib.error.HTTPError as error:  # any answer is an answer
            error.close()
        except OSError:
            return False
        return True
