"""Lends out child processes in which files from outside are decoded (see `inspector`)."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from projects.pictures import Refused

_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
_FILES_PER_CHILD = 200  # then a fresh one, so that no decoder's leak grows for ever


def surroundings() -> dict[str, str]:
    """The environment of a child that decodes: no secrets, and no more memory than it needs."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}


class _Child:
    def __init__(self) -> None:
        self.files = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "projects.inspector"],
            cwd=_ROOT,
            env=surroundings(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, line: bytes, seconds: float) -> bytes:
        """Its answer; empty when it died or was stopped after `seconds`."""
        assert self.process.stdin and self.process.stdout
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            self.files += 1
            self.process.stdin.write(line + b"\n")
            self.process.stdin.flush()
            reply = self.process.stdout.readline()
            return reply if reply.endswith(b"\n") else b""
        except BrokenPipeError:
            return b""
        finally:
            timer.cancel()

    def stop(self) -> None:
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.__exit__(None, None, None)  # closes the pipes and waits


class Sandbox:
    """At most `most` children; they are started when needed and end by themselves when idle."""

    def __init__(self, most: int = 2) -> None:
        self._turn = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._free: list[_Child] = []
        self._process_id = os.getpid()

    def inspect(self, request: dict[str, Any], cpu_seconds: int, wall_seconds: float) -> dict[str, Any]:
        """The answer of `inspector.inspect`, found within limits.

        Raises:
            Refused: the file is refused, or cost more time or memory than it may.
        """
        line = orjson.dumps(request | {"seconds": cpu_seconds})
        with self._turn:
            reply = self._ask(line, wall_seconds)
        if not reply:
            raise Refused(
                "too-costly",
                "Decoding the file took too long or broke the decoder. Convert it to PNG, JPEG or H.264 in MP4.",
            )
        answer = orjson.loads(reply)
        if "refused" in answer:
            raise Refused(*answer["refused"])
        found: dict[str, Any] = answer["found"]
        return found

    def _ask(self, line: bytes, seconds: float) -> bytes:
        child = self._take()
        reply = child.ask(line, seconds)
        if not reply and child.process.wait() == 0:  # it had just gone home: nothing was asked of it yet
            child.stop()
            child = _Child()
            reply = child.ask(line, seconds)
        self._give_back(child, bool(reply))
        return reply

    def _take(self) -> _Child:
        with self._lock:
            if self._process_id != os.getpid():  # forked: the parent's children are not ours
                self._free, self._process_id = [], os.getpid()
            while self._free:
                child = self._free.pop()
                if child.process.poll() is None:
                    return child
                child.stop()
        return _Child()

    def _give_back(self, child: _Child, alive: bool) -> None:
        if not alive or child.files >= _FILES_PER_CHILD:
            child.stop()
            return
        with self._lock:
            self._free.append(child)

    def close(self) -> None:
        with self._lock:
            while self._free:
                self._free.pop().stop()


sandbox = Sandbox()
atexit.register(sandbox.close)
