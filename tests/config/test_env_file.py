"""The .env file in the working copy: strict, second to the environment, and never read by tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import doctor
from config.env import env_file, load_env_file, parse_assignment, read_env_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X=plain", "plain"),
        ("X = spaced out ", "spaced out"),
        ("export X=exported", "exported"),
        ("X=", ""),
        ("X=   # only a comment", ""),
        ("X=a#b", "a#b"),
        ("X=a #b", "a"),
        ("X=postgresql://me:p%40ss@host/name?host=/run", "postgresql://me:p%40ss@host/name?host=/run"),
        ("X='a # b'  # c", "a # b"),
        ("X='$HOME and \\n'", "$HOME and \\n"),
        ('X="a # b"', "a # b"),
        ('X="two\\nlines, \\"quoted\\" \\\\ \\$HOME"', 'two\nlines, "quoted" \\ $HOME'),
        ("X=5$", "5$"),
    ],
)
def test_values_are_read_as_people_mean_them(line, value):
    assert parse_assignment(line) == ("X", value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("LOG_LEVEL", "expected NAME=value"),
        ("1X=a", "expected NAME=value"),
        ("LOG-LEVEL=INFO", "expected NAME=value"),
        ("=a", "expected NAME=value"),
        ("X='open", "the value of X has no closing quote"),
        ('X="a" b', "the value of X has no closing quote, or something after it"),
        ("X=${HOME}/data", "other variables are not filled in"),
        ('X="$HOME"', "other variables are not filled in"),
        ('X="C:\\temp\\x"', "\\x is unknown: double the backslash"),
        ("A=1\nA=2", "A is set a second time"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, line, complaint):
    path = tmp_path / ".env"
    path.write_text(f"# a comment\n\n{line}\n")
    number = 3 + line.count("\n")
    with pytest.raises(ImproperlyConfigured) as error:
        read_env_file(path)
    assert str(error.value).startswith(f"{path}:{number}: ")
    assert complaint in str(error.value)


@pytest.mark.parametrize("content", [b"\xff\xfeX=1", b"X=\xe4"])
def test_a_file_that_is_no_text_is_named(tmp_path, content):
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=r"\.env cannot be read"):
        read_env_file(tmp_path / ".env")


def test_windows_line_ends_and_marks_do_no_harm(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA=1\r\nB='2'\r\n")
    assert read_env_file(tmp_path / ".env") == {"A": "1", "B": "2"}


def test_the_environment_goes_first_even_when_it_says_nothing(tmp_path):
    (tmp_path / ".env").write_text("A=file\nB=file\nC=file\n")
    environ = {"A": "real", "B": ""}
    load_env_file(tmp_path, environ)
    assert environ == {"A": "real", "B": "", "C": "file"}


def test_without_a_file_nothing_changes(tmp_path):
    environ: dict[str, str] = {}
    load_env_file(tmp_path, environ)
    assert environ == {}


def test_another_file_can_be_named_and_has_to_be_there(tmp_path):
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "other").write_text("A=2")
    assert env_file(tmp_path, {}) == tmp_path / ".env"
    assert env_file(tmp_path, {"FRAMELOOP_ENV_FILE": str(tmp_path / "other")}) == tmp_path / "other"
    assert env_file(tmp_path, {"FRAMELOOP_ENV_FILE": "none"}) is None
    with pytest.raises(ImproperlyConfigured, match="there is no such file"):
        env_file(tmp_path, {"FRAMELOOP_ENV_FILE": str(tmp_path / "missing")})


def test_the_tests_read_none():
    assert env_file(ROOT) is None


def test_the_example_can_be_read_and_changes_nothing():
    assert read_env_file(ROOT / ".env.example") == {}


def manage(path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "FRAMELOOP_ENV_FILE": str(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


SHOW = "from django.conf import settings; print(settings.METRICS_TOKEN, settings.WEIGHTS_DIR, sep='|')"


def test_the_command_line_reads_it_and_paths_count_from_the_working_copy(tmp_path):
    path = tmp_path / "variables"
    path.write_text("METRICS_TOKEN=from-the-file\nWEIGHTS_DIR=./my/weights\n")
    assert manage(path, "shell", "-v", "0", "-c", SHOW).stdout.strip() == f"from-the-file|{ROOT}/my/weights"
    told = manage(path, "shell", "-v", "0", "-c", SHOW, METRICS_TOKEN="real").stdout
    assert told.startswith("real|")


@pytest.mark.parametrize(("line", "complaint"), [("LOG_LEVEL", ":1: expected NAME="), ("LOG_LEVEL=x", "LOG_LEVEL='x'")])
def test_a_bad_file_stops_the_start_in_one_sentence(tmp_path, line, complaint):
    path = tmp_path / "variables"
    path.write_text(line)
    done = manage(path, "check")
    assert done.returncode == 1
    assert done.stderr.startswith("Frameloop cannot start with these settings: ")
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def found() -> doctor.Finding:
    return next(finding for finding in doctor._env_file())


def test_the_doctor_says_what_was_read(tmp_path, monkeypatch):
    assert "there is no .env file" in found().text
    path = tmp_path / "variables"
    monkeypatch.setenv("FRAMELOOP_ENV_FILE", str(path))
    path.write_text("LOG_LEVEL=DEBUG\nLOG_PLAIN=true\n")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("LOG_PLAIN", "false")
    assert found().level == doctor.OK
    assert f"{path} gives LOG_LEVEL, LOG_PLAIN" in found().text
    assert found().text.endswith("goes first for LOG_PLAIN")


def test_the_doctor_warns_of_a_name_that_nothing_reads(tmp_path, monkeypatch):
    path = tmp_path / "variables"
    monkeypatch.setenv("FRAMELOOP_ENV_FILE", str(path))
    path.write_text("ALOWED_HOSTS=label.example.org\n")
    assert found().level == doctor.WARN
    assert "nothing reads ALOWED_HOSTS" in found().text
