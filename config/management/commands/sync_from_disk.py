"""manage.py sync_from_disk: the library and the labels from the storage alone."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from annotations.mirror.rebuilding import rebuild
from config import database
from config.embedded import EmbeddedError


class Command(BaseCommand):
    help = "Make projects, items and labels anew from the copy in the storage, where the database does not have them."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with database.at_hand():
                call_command("migrate", verbosity=0)
                found = rebuild(self.stdout.write)
        except EmbeddedError as error:
            raise CommandError(str(error)) from error
        for name in ("teams", "people", "projects", "labels", "assets", "items"):
            self.stdout.write(f"{found.made[name]} {name} made anew, {found.kept[name]} were there.")
        self.stdout.write(f"{found.made['shapes']} shapes stand on what was made anew.")
        for problem in found.problems:
            self.stderr.write(problem)
        if found.problems:
            raise CommandError(f"{len(found.problems)} could not be made anew: see above.")
        if found.made["people"]:
            self.stdout.write("People have no passwords yet: manage.py changepassword EMAIL gives one.")
