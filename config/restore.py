"""A backup becomes the state of this installation again: all of it or, when anything is wrong, nothing.

The files come first: they have unguessable names of their own, so nothing that is there is touched. Then the database
is replaced in one transaction. What was there before and is nobody's afterwards is swept like any lost file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.models.expressions import RawSQL

from config import backup
from config.backup import DUMP, FILES, SECRET, BackupError, Say
from projects.models import Item, User

_SPARE = 2**30
_ONLY_HERE = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def restore(path: Path, say: Say, *, replace: bool = False) -> dict[str, Any]:
    """Make the database and the stored files those of a backup; gives its manifest.

    Args:
        path: Of the backup. It is read twice: nothing is touched before all of it has been found whole.
        replace: Whether people and projects that are here now may go.

    Raises:
        BackupError: nothing was changed; the sentence says why.
    """
    manifest = backup.verify(path)
    say(f"{path.name} is whole: {len(manifest['sha256'])} files, made at {manifest['made_at']}.")
    _check_migrations(manifest)
    _check_room(path)
    _check_target(replace)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        backup.verify(path, _keeper(Path(folder)))
        say("The files are in their places; the database follows.")
        _replace_database(Path(folder))
        _take_secret(Path(folder), say)
    call_command("migrate", verbosity=0)
    # Browsers that were ahead of the backup must not take its revisions for their own: they start anew.
    Item.every.update(epoch=RawSQL("gen_random_uuid()", ()))
    connections.close_all()
    return manifest


def _check_migrations(manifest: dict[str, Any]) -> None:
    known = {".".join(each) for each in MigrationLoader(None).disk_migrations}
    apps = {name.partition(".")[0] for name in known}
    newer = [name for name in manifest["migrations"] if name not in known and name.partition(".")[0] in apps]
    if newer:
        raise BackupError(f"The backup was made by a newer Frameloop ({newer[-1]}): bring this one up to date first.")


def _check_room(path: Path) -> None:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    free, wanted = shutil.disk_usage(settings.DATA_DIR).free, path.stat().st_size + _SPARE
    if free < wanted:
        raise BackupError(
            f"Restoring needs {wanted / 2**30:.1f} GB in {settings.DATA_DIR}, and {free / 2**30:.1f} GB are free."
        )


def _check_target(replace: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ONLY_HERE)
        others = cursor.fetchone()[0]
    if others:
        raise BackupError(f"{others} other connections use this database: stop Frameloop first.")
    if not replace and _has_people():
        raise BackupError("There are people in this database: --replace deletes them with all their work.")


def _has_people() -> bool:
    return User._meta.db_table in connection.introspection.table_names() and User.objects.exists()


def _keeper(folder: Path) -> Callable[[str, IO[bytes]], str]:
    """Puts each member of a backup where it belongs: the dump and the key aside, files into the storage."""

    def keep(name: str, file: IO[bytes]) -> str:
        if not name.startswith(FILES):
            with (folder / name).open("wb") as target:
                return backup.copy_hashed(file, target)
        with tempfile.NamedTemporaryFile(dir=folder) as copy:
            digest = backup.copy_hashed(file, copy)
            copy.flush()
            _store(name.removeprefix(FILES), Path(copy.name))
        return digest

    return keep


def _store(name: str, copy: Path) -> None:
    if default_storage.exists(name):
        if default_storage.size(name) == copy.stat().st_size:
            return  # files never change under their names
        default_storage.delete(name)
    with copy.open("rb") as file:
        stored = default_storage.save(name, File(file))
    if stored != name:
        raise BackupError(f"The storage would not take {name} under its name: is it writable?")


def _replace_database(folder: Path) -> None:
    script = folder / "restore.sql"
    programs = folder / "begin.sql"
    programs.write_text("DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
    backup.run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(folder / DUMP), database=False)
    connections.close_all()
    options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    backup.run("psql", *options, f"--file={programs}", f"--file={script}")


def _take_secret(folder: Path, say: Say) -> None:
    """The key under which camera passwords were encrypted, unless the operator gives one."""
    kept, own = folder / SECRET, settings.DATA_DIR / SECRET
    if not kept.exists() or (own.exists() and own.read_bytes() == kept.read_bytes()):
        return
    if own.exists():
        own.replace(own.with_name(f"{SECRET}.before-restore"))
    shutil.copyfile(kept, own)
    own.chmod(0o600)
    say(f"{SECRET} is the backup's now; what was here is {SECRET}.before-restore.")
