"""Everybody who uses a server can get the source of what runs there, and nothing else of it."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from config import source

ROOT = Path(__file__).resolve().parents[2]


def names(archive: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name.removeprefix("frameloop/") for member in tar.getmembers()}


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git here")
def test_every_file_of_the_repository_is_in_it():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {
        name for name in done.stdout.split("\0") if name and not name.startswith(".ci/") and (ROOT / name).exists()
    }
    assert tracked - names(source.archive(ROOT)) == set()


def test_what_is_not_source_stays_here(tmp_path):
    (tmp_path / "secret").write_text("x")
    for name in ("run", ".env", "credentials.json", "config/a.py", "config/server.pem", "config/.hidden.py",
                 "data/secret.key", "tests/__pycache__/a.py", "tests/clip.mp4",
                 "docs/pictures/start.webp", "static/photo.webp"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "config" / "link.py").symlink_to(tmp_path / "secret")
    assert names(source.archive(tmp_path)) == {"run", "config/a.py", "docs/pictures/start.webp"}


def test_nobody_learns_who_owns_the_files():
    with tarfile.open(fileobj=io.BytesIO(source.archive(ROOT))) as tar:
        assert {(member.uid, member.uname) for member in tar.getmembers()} == {(0, "")}


@pytest.mark.django_db
def test_a_visitor_gets_it_without_signing_in(client):
    page = client.get("/sign-in/")
    assert '<a href="/source.tar.gz">Source code</a>' in page.content.decode()
    answer = client.get("/source.tar.gz")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/gzip")
    assert {"manage.py", "LICENSE", "config/source.py"} <= names(answer.content)
    assert client.post("/source.tar.gz").status_code == 405


@pytest.mark.django_db
def test_an_operator_can_name_another_place(client, settings):
    settings.SOURCE_URL = "https://code.example.org/frameloop"
    assert '<a href="https://code.example.org/frameloop">Source code</a>' in client.get("/sign-in/").content.decode()


@pytest.mark.django_db
def test_those_who_are_signed_in_see_it_too(client, alice):
    client.force_login(alice)
    assert "Source code</a>" in client.get("/").content.decode()
