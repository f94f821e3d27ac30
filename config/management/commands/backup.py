"""manage.py backup: the database and all stored files in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backup, database
from config.embedded import EmbeddedError


class Command(BaseCommand):
    help = "Write the database and every stored file into one tar file, while people go on working; or verify one."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="where to, such as frameloop.tar")
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")
        parser.add_argument("--verify", action="store_true", help="read a backup to its end and compare every hash")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"].absolute()
        try:
            if options["verify"]:
                self._verify(path)
            else:
                with database.at_hand():
                    self._make(path)
        except (backup.BackupError, EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def _verify(self, path: Path) -> None:
        manifest = backup.verify(path)
        counts = ", ".join(f"{n} {what}" for what, n in manifest["counts"].items())
        self.stdout.write(f"{path.name} is whole: {len(manifest['sha256'])} files, made at {manifest['made_at']}.")
        self.stdout.write(f"It holds {counts}.")

    def _make(self, path: Path) -> None:
        summary = backup.make(path, self.stdout.write)
        for name in summary.missing:
            self.stderr.write(f"{name} is named in the database, but is not in the storage.")
        self.stdout.write(f"{path} holds the database and {summary.files} files, {summary.bytes / 2**20:.1f} MiB.")
