"""Runs the pipelines that people started."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from streaming.worker import Worker


class Command(BaseCommand):
    requires_system_checks = ()  # they import every page; `up` and the tests run them
    help = "Take wanted pipelines and keep one process running for each. Any number of workers can run."

    def handle(self, *args: Any, **options: Any) -> None:
        Worker().run()
