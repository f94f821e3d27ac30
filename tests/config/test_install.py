"""scripts/install.sh, which ./run and ./test begin with, against Pythons that only pretend."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install.sh"
TOOLS = ("sh", "cat", "cmp", "rm", "mkdir", "cp", "chmod", "dirname", "basename", "grep", "tail", "cut", "id")

# Answers like Python: its version, `-m venv DIR`, `-c 'import pip'`, `-m pip install`; and writes down what was asked.
PRETENDER = """#!/bin/sh
echo "$0 $*" >> "{calls}"
case "$*" in
    -V) echo "Python {version}" ;;
    *version_info*) [ "{version}" != 3.9.1 ] || exit 1 ;;
    "-m venv "*) {venv} ;;
    "-m pip "*) {pip} ;;
esac
"""
MAKE_VENV = 'mkdir -p "$3/bin" && cp "$0" "$3/bin/python"'


class Box:
    """A folder with requirements, and a PATH on which only the pretended Pythons are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (self.bin / tool).symlink_to(found)
        (folder / "requirements.txt").write_text("one==1\n")

    def add(self, name: str, version: str, venv: str = MAKE_VENV, pip: str = "true") -> None:
        path = self.bin / name
        path.write_text(PRETENDER.format(calls=self.folder / "calls", version=version, venv=venv, pip=pip))
        path.chmod(0o755)

    def install(self) -> subprocess.CompletedProcess[str]:
        command = f'set -eu; . "{SCRIPT}"; install_into_venv "{self.folder}" "{self.folder}/requirements.txt"'
        return subprocess.run(
            [str(self.bin / "sh"), "-c", command],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )

    def installs(self) -> int:
        return (self.folder / "calls").read_text().count("-m pip install")


@pytest.fixture
def box(tmp_path) -> Box:
    return Box(tmp_path)


def test_the_libraries_are_installed_once_and_again_when_their_list_changed(box):
    box.add("python3.11", "3.11.7")
    assert box.install().returncode == 0
    assert box.installs() == 1
    quiet = box.install()
    assert (quiet.returncode, quiet.stdout, box.installs()) == (0, "", 1)
    (box.folder / "requirements.txt").write_text("one==2\n")
    assert box.install().returncode == 0
    assert box.installs() == 2


def test_a_python_that_every_wheel_exists_for_comes_first(box):
    box.add("python3", "3.14.0")
    box.add("python3.12", "3.12.1")
    box.install()
    calls = (box.folder / "calls").read_text()
    assert "python3.12 -m venv" in calls
    assert "python3 -m venv" not in calls


def test_only_an_old_python_gives_one_sentence(box):
    box.add("python3", "3.9.1")
    done = box.install()
    assert done.returncode == 1
    assert done.stderr == "Frameloop needs Python 3.11 or newer: install python3.12 and run this again.\n"
    assert not (box.folder / ".venv").exists()


def test_a_python_without_venv_gives_one_sentence_and_leaves_nothing(box):
    box.add("python3.11", "3.11.7", venv="mkdir -p $3; echo ensurepip is not available; exit 1")
    done = box.install()
    assert done.returncode == 1
    assert "install its venv package" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (box.folder / ".venv").exists()


def test_what_pip_says_is_shown_when_it_fails_and_it_is_tried_again(box):
    box.add("python3.11", "3.11.7", pip="echo Looking in indexes; echo ERROR: No matching distribution; exit 1")
    for attempt in (1, 2):
        done = box.install()
        assert done.returncode == 1
        assert "No matching distribution" in done.stderr
        assert "Looking in indexes" not in done.stdout
        assert box.installs() == attempt
