"""manage.py up: run Frameloop on this machine."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config import up
from config.services import DEFAULT_SERVER, SERVERS


class Command(BaseCommand):
    help = "Run Frameloop here: PostgreSQL and Redis where none are given, the web server and all workers."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: only this machine)")
        parser.add_argument("--port", type=_port, default=8000)
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
        parser.add_argument("--server", choices=SERVERS, default=DEFAULT_SERVER, help="default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = up.Options(
            host=options["host"],
            port=options["port"],
            server=options["server"],
            demo=not options["no_demo"],
            verbose=options["verbosity"] > 1,
        )
        sys.exit(up.main(chosen))


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65_536:
        raise ValueError(text)
    return port
