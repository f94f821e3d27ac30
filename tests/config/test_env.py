"""Bad values stop the start with one clear sentence, and .env.example lists every variable."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env, database

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_what_counts_as_true(value):
    assert Env({"DEBUG": value}).flag("DEBUG") is True


@pytest.mark.parametrize("value", ["0", "False", "no", "OFF"])
def test_what_counts_as_false(value):
    assert Env({"DEBUG": value}).flag("DEBUG", default=True) is False


def test_an_empty_variable_counts_as_not_set():
    env = Env({"DEBUG": "", "NUMBER": " ", "HOSTS": ""})
    assert env.flag("DEBUG", default=True) is True
    assert env.whole("NUMBER", 7) == 7
    assert env.words("HOSTS", ("a",)) == ["a"]


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (lambda env: env.flag("X"), "X='12a': expected one of true, false"),
        (lambda env: env.whole("X", 1), "X='12a': expected a whole number"),
        (lambda env: env.url("X", "", ("redis",)), "X='12a': expected redis://"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_was_expected(read, complaint):
    with pytest.raises(ImproperlyConfigured, match=re.escape(complaint)):
        read(Env({"X": "12a"}))


def test_a_number_out_of_range_is_refused():
    with pytest.raises(ImproperlyConfigured, match="expected a number from 1 to 10"):
        Env({"X": "11"}).whole("X", 1, low=1, high=10)


def test_words_are_trimmed_and_empty_ones_left_out():
    assert Env({"X": "a, b ,,c"}).words("X") == ["a", "b", "c"]


def test_a_database_address_is_taken_apart_with_its_escapes():
    entry = database("postgresql://me%40home:p%2Fw@db.example.org:5433/my%20data")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"]) == ("me@home", "p/w", "db.example.org")
    assert (entry["PORT"], entry["NAME"]) == ("5433", "my data")


def test_a_database_on_a_socket_is_found_by_its_folder():
    assert database("postgresql://postgres@/frameloop?host=/run/sql")["HOST"] == "/run/sql"


def test_a_database_address_without_a_name_is_refused():
    with pytest.raises(ImproperlyConfigured, match="no database name"):
        database("postgresql://me@db.example.org/")


def start_with(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--list-tags"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://me@host/name"),
        ("REDIS_URL", "localhost:6379"),
        ("STORAGE_URL", "ftp://host/bucket"),
        ("SECRET_KEY", "short"),
        ("MAX_IMAGE_PIXELS", "many"),
        ("BEHIND_TLS", "perhaps"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_setting_stops_the_start_in_one_sentence_without_a_traceback(name, value):
    done = start_with(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_the_example_lists_every_variable_that_the_settings_read():
    code = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'(?:env\.(?:text|flag|whole|words|networks|url|choice|rate)|_folder)\(\s*"([A-Z_]+)"', code))
    listed = set(re.findall(r"^#?\s?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read - listed == set(), "in the settings, not in .env.example"
    composed = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert composed - listed == set(), "in docker-compose.yml, not in .env.example"
    assert listed - read - composed == set(), "in .env.example, but nothing reads it"
    assert len(read) > 15


def test_networks_are_read_strictly():
    assert [str(network) for network in Env({"N": "10.0.0.0/8, fd00::/8"}).networks("N")] == ["10.0.0.0/8", "fd00::/8"]
    assert Env({}).networks("N") == ()
    with pytest.raises(ImproperlyConfigured, match="10.0.0.1/8"):
        Env({"N": "10.0.0.1/8"}).networks("N")
