"""manage.py demo: make the demo project in an empty database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import demo
from projects.models import User


class Command(BaseCommand):
    help = "Make the demo team with its project, in a database that has no people yet."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--data", help="folder for everything that is kept (default: data)")
        parser.add_argument("--images", type=int, default=demo.IMAGES, help="labelled pictures to make")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("There are people in this database already; the demo is made in an empty one only.")
        self.stdout.write(demo.make(self.stdout.write, options["images"]).card())
