"""What processes write: whole as JSON lines into a file, in short on the terminal. Pure but for the file."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

_LARGEST = 20 * 2**20
_OUR_OWN = ("config", "projects", "annotations", "training", "streaming")
_FRESH = 10.0
_ERRORS = {"error", "critical", "exception"}
_WARNING = re.compile(r"\b\w*Warning\b|\bWARN(?:ING)?\b|^\s+warnings\.warn\(")
_WORTH_SEEING = {"warning", "error", "critical", "exception"}


class LogFile:
    """A log of one JSON object a line that is turned over at 20 MB; the one before is kept as `<name>.1`."""

    def __init__(self, path: Path, largest: int = _LARGEST) -> None:
        self.path = path
        self._largest = largest
        self._file: TextIO | None = None

    def __enter__(self) -> LogFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, line: str) -> dict[str, Any]:
        """Append a line and return the record it is. A line that is no JSON object becomes the event of one."""
        record = parse(line)
        file = self._open()
        file.write((line if "plain" not in record else json.dumps(record)) + "\n")
        file.flush()
        return record

    def _open(self) -> TextIO:
        if self._file is not None and self._file.tell() > self._largest:
            self._file.close()
            self.path.replace(self.path.with_suffix(self.path.suffix + ".1"))
            self._file = None
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        return self._file


def parse(line: str) -> dict[str, Any]:
    """The record in a line of log.

    >>> parse('{"event": "hello", "level": "info"}')
    {'event': 'hello', 'level': 'info'}
    >>> parse('Traceback')["event"]
    'Traceback'
    """
    if line.startswith("{"):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, dict):
            return record
    return {"event": line, "timestamp": datetime.now(UTC).isoformat(), "plain": True}


class LastWords:
    """What a process said last about why it ended, from the lines that it wrote.

    A traceback tells why: its last line does. So does the record of an error. Without either it is the last plain
    line; a warning is no reason to end, and what was said long before the end is none either.

    >>> words = LastWords()
    >>> for line in ("Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no", "Bye."):
    ...     words.hear(parse(line), now=1.0)
    >>> words.text(now=2.0), words.text(now=99.0)
    ('ValueError: no', '')
    """

    def __init__(self) -> None:
        self._error = self._plain = ("", 0.0)
        self._in_traceback = False

    def text(self, now: float) -> str:
        """The words, or nothing if they are older than 10 s; `now` in seconds of any one clock."""
        recent = [text for text, at in (self._error, self._plain) if text and now - at < _FRESH]
        return recent[0] if recent else ""

    def hear(self, record: dict[str, Any], now: float) -> None:
        event = str(record.get("event", ""))
        if "plain" in record:
            self._hear_plain(event, now)
        elif str(record.get("level", "")).lower() in _ERRORS:
            told = str(record.get("exception", "")).strip().splitlines()
            self._error = (told[-1] if told else (event.strip().splitlines() or [""])[0], now)

    def _hear_plain(self, line: str, now: float) -> None:
        if line.startswith("Traceback (most recent call last)"):
            self._in_traceback = True
        elif self._in_traceback and line and not line[0].isspace():
            self._in_traceback, self._error = False, (line, now)
        elif line.strip() and not self._in_traceback and not _WARNING.search(line):
            self._plain = (line, now)


def human(record: dict[str, Any], everything: bool = False) -> str:
    """A record in one short line; empty when people need not see it.

    >>> human({"event": "Trained", "level": "info", "logger": "training.runner", "map50": 0.97})
    'Trained (map50=0.97)'
    >>> human({"event": "chatter", "level": "info", "logger": "celery.worker"})
    ''
    >>> human({"event": "Not Found: /nope/", "level": "warning", "logger": "django.request"})
    ''
    >>> human({"event": "GET /", "level": "error", "exception": "Traceback...\\nValueError: no"})
    'ERROR: GET / - ValueError: no'
    """
    event = str(record.get("event", "")).strip()
    level = str(record.get("level", "info")).lower()
    ours = str(record.get("logger", "")).partition(".")[0] in _OUR_OWN
    if not event or not (everything or ours or level in _WORTH_SEEING):
        return ""  # banners and tracebacks too: the supervisor repeats the last line of a process that ended
    if level == "debug" and not everything:
        return ""
    if level == "warning" and record.get("logger") == "django.request" and not everything:
        return ""  # a visitor's mistake, answered to them; the file keeps it
    text = event.splitlines()[0][:300]
    known = {"event", "level", "logger", "timestamp", "plain", "exception", "stack_info", "request_id", "path"}
    extras = ", ".join(f"{key}={value}" for key, value in record.items() if key not in known)
    text += f" ({extras})" if extras and ours else ""
    if exception := str(record.get("exception", "")).strip():
        text += f" - {exception.splitlines()[-1][:300]}"
    return f"{level.upper()}: {text}" if level in _WORTH_SEEING else text
