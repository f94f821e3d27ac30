"""A backup is made, everything is destroyed, and the backup brings it back; a damaged one changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from config import backup

# A person, a picture and a shape; what is there afterwards is told in one line of JSON.
FACTS = """
import hashlib, io, json, sys, django
django.setup()
from django.core.management import call_command
from annotations.models import Annotation, JournalTx
from projects.models import Item, Project, User

def facts():
    item = Item.objects.get()
    with item.asset.file.open() as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {
        "people": list(User.objects.values_list("email", flat=True)), "item": str(item.pk), "rev": item.rev,
        "sound": digest == item.asset.sha256, "epoch": str(item.epoch),
        "shapes": [row.geometry for row in Annotation.objects.all()], "txs": JournalTx.objects.count(),
    }
"""
MAKE = (
    FACTS
    + """
from PIL import Image
from django.core.files.uploadedfile import SimpleUploadedFile
from annotations import journal
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Label, Membership, Role, Team

call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice@example.org", "a long enough password", name="Alice")
team = Team.objects.create(name="Lab")
Membership.objects.create(team=team, user=alice, role=Role.OWNER)
project = Project.objects.create(team=team, name="Street", task="detect", created_by=alice)
car = Label.objects.create(project=project, name="car", ordinal=0)
picture = io.BytesIO()
Image.new("RGB", (64, 48), "red").save(picture, "PNG")
item = intake(project, SimpleUploadedFile("a.png", picture.getvalue()), "a.png", alice)
box = {"type": "box", "x": 1, "y": 2, "w": 30, "h": 20}
op = {"op": "create", "id": str(uuid7()), "label": str(car.pk), "geometry": box}
journal.commit(item.pk, Tx("tab", "1", 0, [op]), alice)
print(json.dumps(facts()))
call_command("backup", sys.argv[1])
"""
)


class Place:
    """A database and a data folder of their own, which can be destroyed."""

    def __init__(self, folder: Path) -> None:
        main, _, options = os.environ["DATABASE_URL"].partition("?")
        self.server, self.options = main.rpartition("/")[0], f"?{options}" if options else ""
        self.data = folder / "data"
        self.name = f"backup_{os.getpid()}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"{self.server}/{self.name}{self.options}",
            "FRAMELOOP_DATA": str(self.data),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_PLAIN": "true",
        }

    def make(self) -> None:
        self.data.mkdir()
        (self.data / "static").mkdir()
        self._sql(f'CREATE DATABASE "{self.name}"')

    def destroy(self) -> None:
        self._sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        shutil.rmtree(self.data, ignore_errors=True)

    def _sql(self, statement: str) -> None:
        with psycopg.connect(f"{self.server}/postgres{self.options}", autocommit=True) as connection:
            connection.execute(statement)

    def run(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("import manage; manage.main()", *arguments)


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    place.make()
    yield place
    place.destroy()


def test_everything_comes_back_after_everything_was_destroyed(place, tmp_path):
    kept = tmp_path / "frameloop.tar"
    made = place.run(MAKE, str(kept))
    assert made.returncode == 0, made.stderr
    before = json.loads(made.stdout.splitlines()[0])
    assert before["sound"] and before["rev"] == 1 and kept.stat().st_mode & 0o077 == 0

    content = bytearray(kept.read_bytes())
    content[content.index(b"\x89PNG") + 40] ^= 1
    (tmp_path / "damaged.tar").write_bytes(content)
    (tmp_path / "cut.tar").write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    for name, words in (
        ("damaged.tar", "is damaged: files/assets/"),
        ("cut.tar", "cut off|to its end"),
        ("none.tar", "is not there"),
    ):
        with pytest.raises(backup.BackupError, match=words):
            backup.verify(tmp_path / name)

    refused = place.manage("restore", str(kept))
    assert refused.returncode == 1 and "There are people in this database" in refused.stderr
    place.destroy()
    place.make()
    damaged = place.manage("restore", str(tmp_path / "damaged.tar"))
    assert damaged.returncode == 1 and "is damaged" in damaged.stderr and not (place.data / "media").exists()
    restored = place.manage("restore", str(kept))
    assert restored.returncode == 0, restored.stderr
    assert "Restored: 1 people, 1 projects, 1 items." in restored.stdout
    after = json.loads(place.run(f"{FACTS}\nprint(json.dumps(facts()))").stdout)
    assert after.pop("epoch") != before.pop("epoch"), "a browser that was ahead of the backup begins anew"
    assert after == before
