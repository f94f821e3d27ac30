#!/usr/bin/env python
"""Frameloop's command line: `manage.py up` runs everything, `manage.py doctor` says what is wrong."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    _choose_data_folder(sys.argv)
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.env import load_env_file

    try:
        load_env_file(Path(__file__).resolve().parent)
        settings.INSTALLED_APPS  # noqa: B018 - read now, so that a bad variable is told whatever the command
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Frameloop cannot start with these settings: {error}")


def _choose_data_folder(arguments: list[str]) -> None:
    """--data DIR, which any command takes: the settings need it before the command reads its options."""
    for position, argument in enumerate(arguments):
        if argument == "--data" and position + 1 < len(arguments):
            os.environ["FRAMELOOP_DATA"] = str(Path(arguments[position + 1]).absolute())
        elif argument.startswith("--data="):
            os.environ["FRAMELOOP_DATA"] = str(Path(argument.removeprefix("--data=")).absolute())


if __name__ == "__main__":
    main()
