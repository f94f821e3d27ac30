"""One moment of the database, for as long as somebody reads it, while people go on labelling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

nothing = nullcontext[None]


@contextmanager
def snapshot() -> Iterator[None]:
    """Every query inside sees what was committed when the first one began; nothing can be written.

    Inside of somebody's transaction, the moment is theirs.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
