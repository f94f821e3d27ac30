"""What goes into the log files and onto the terminal."""

from __future__ import annotations

import json

import pytest

from config.lines import LastWords, LogFile, human, parse


def test_a_log_is_turned_over_when_it_is_full(tmp_path):
    path = tmp_path / "web.log"
    with LogFile(path, largest=200) as log:
        for n in range(12):
            log.write(json.dumps({"event": f"line {n}"}))
    kept = [
        json.loads(line)["event"] for file in (tmp_path / "web.log.1", path) for line in file.read_text().splitlines()
    ]
    assert kept == [f"line {n}" for n in range(12)][-len(kept) :]
    assert path.stat().st_size <= 240


def test_warnings_of_any_library_are_shown_and_its_chatter_is_not():
    assert human({"event": "slow", "level": "warning", "logger": "celery.worker"}) == "WARNING: slow"
    assert human({"event": "ready", "level": "info", "logger": "celery.worker"}) == ""
    assert human({"event": "ready", "level": "info", "logger": "celery.worker"}, everything=True) == "ready"


def test_an_exception_is_told_by_its_last_line():
    record = {"event": "Failed", "level": "error", "logger": "training", "exception": "Traceback\n  x\nKeyError: 'a'"}
    assert human(record) == "ERROR: Failed - KeyError: 'a'"


def test_only_objects_are_records():
    assert parse("[1, 2]")["event"] == "[1, 2]"
    assert parse('{"event": "x"}') == {"event": "x"}
    assert parse("{oops")["plain"] is True


TRACEBACK = ["Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "    go()"]
CELERY = [
    "/lib/celery/worker.py:12: CPendingDeprecationWarning: The setting is gone in the next version",
    "  warnings.warn(",
]
ERROR = {"event": "Cannot connect", "level": "error", "logger": "celery"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*TRACEBACK, "ValueError: no such camera", *CELERY], "ValueError: no such camera"),
        ([*TRACEBACK, "KeyError: 1", "", "During handling of it:", "", *TRACEBACK, "OSError: full"], "OSError: full"),
        ([*TRACEBACK, "ValueError: first line", "second line"], "ValueError: first line"),
        (["the port is taken", *CELERY], "the port is taken"),
        (["the port is taken", "[WARNING] slow disk", "   "], "the port is taken"),
        ([json.dumps(ERROR), *CELERY, "bye"], "Cannot connect"),
        ([json.dumps(ERROR | {"exception": "Traceback\n  x\nKeyError: 'a'"})], "KeyError: 'a'"),
        ([json.dumps(ERROR | {"level": "warning"}), json.dumps(ERROR | {"level": "info"})], ""),
        (CELERY, ""),
        ([], ""),
    ],
)
def test_the_last_words_are_those_about_the_end(lines, words):
    heard = LastWords()
    for line in lines:
        heard.hear(parse(line), now=5.0)
    assert heard.text(now=6.0) == words


def test_an_error_of_long_ago_is_not_why_a_process_ended():
    heard = LastWords()
    heard.hear(parse(json.dumps(ERROR)), now=0.0)
    heard.hear(parse("Killing myself"), now=3600.0)
    assert heard.text(now=3600.5) == "Killing myself"
