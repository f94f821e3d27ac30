"""manage.py restore: back to what a backup holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import database, restore
from config.backup import BackupError
from config.embedded import EmbeddedError
from config.up import CannotStart, the_only_one


class Command(BaseCommand):
    help = "Make the database and the stored files those of a backup. Frameloop must not be running."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="made by manage.py backup")
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")
        parser.add_argument("--replace", action="store_true", help="even though people and projects here are lost")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"].absolute()
        try:
            with the_only_one(Path(settings.DATA_DIR), "manage.py restore"), database.at_hand():
                manifest = restore.restore(path, self.stdout.write, replace=options["replace"])
        except (BackupError, EmbeddedError, CannotStart) as error:
            raise CommandError(str(error)) from error
        counts = ", ".join(f"{n} {what}" for what, n in manifest["counts"].items())
        self.stdout.write(f"Restored: {counts}. Start Frameloop with ./run.")
