"""The database for commands that are run by hand: where it is Frameloop's own and does not run, it is started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from config import embedded


@contextmanager
def at_hand() -> Iterator[None]:
    """While this lasts the database answers.

    Raises:
        embedded.EmbeddedError: it could not be started.
    """
    connection.settings_dict["OPTIONS"].pop("pool", None)  # one connection, so that others can be told from it
    if not settings.EMBEDDED or embedded.postgres_runs(settings.DATA_DIR):
        yield
        return
    server = embedded.start_postgres(settings.DATA_DIR)
    try:
        yield
    finally:
        server.stop()
