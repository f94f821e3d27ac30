"""What goes into the log files and onto the terminal."""

from __future__ import annotations

import json

from config.lines import LogFile, human, parse


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
