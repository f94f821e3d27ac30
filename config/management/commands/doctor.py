"""manage.py doctor: say in plain words what is wrong and how to mend it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config import doctor


class Command(BaseCommand):
    help = "Check this installation: one line a check. Exits with 1 when something is bad."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        paint = {doctor.OK: self.style.SUCCESS, doctor.WARN: self.style.WARNING, doctor.BAD: self.style.ERROR}
        bad = 0
        for finding in doctor.examine(options["host"], options["port"]):
            bad += finding.level == doctor.BAD
            self.stdout.write(paint[finding.level](finding.line()))
        if bad:
            sys.exit(1)
