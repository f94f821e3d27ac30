"""One pipeline, as a child process of the stream worker."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import cv2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from projects.leash import die_with
from streaming.pipeline import Runner


class Command(BaseCommand):
    help = "Run one pipeline (started by stream_worker, not by hand)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pipeline")
        parser.add_argument("--worker", required=True, help="Whose lease this process works under.")
        parser.add_argument("--parent", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        die_with(options["parent"])  # an orphan would hold the camera for ever
        cv2.setNumThreads(2)
        runner = Runner(options["pipeline"], options["worker"], settings.GATEWAY_SOCKET)
        signal.signal(signal.SIGTERM, lambda *_: runner.stop.set())
        runner.run()
        # Threads that still sit in a decoder or a time-out would delay the end.
        sys.stdout.flush()
        os._exit(0)
