"""Where files are kept, and why none of them goes while a backup is being made.

A backup holds the database as of one moment and then copies the files that it names, which takes a while. A file that
were deleted in between would be missing in it; so files stay until the backup is done. What stayed and is nobody's by
then is swept like any other file that no row knows (`projects.tasks.sweep_orphans`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection

# An advisory lock of PostgreSQL: it goes with the connection that holds it, so it cannot go stale.
_BACKUP_LOCK = 0x6672616D65  # "frame"


@contextmanager
def everything_stays() -> Iterator[None]:
    """While this lasts, and its connection lives, no process deletes a stored file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [_BACKUP_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [_BACKUP_LOCK])


def stays() -> bool:
    """Whether a backup is being made; where the database cannot say, the file is left to the sweep."""
    held = """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
        AND ((classid::bigint << 32) | objid::bigint) = %s AND database = (SELECT oid FROM pg_database
        WHERE datname = current_database()))"""
    try:
        with connection.cursor() as cursor:
            cursor.execute(held, [_BACKUP_LOCK])
            return bool(cursor.fetchone()[0])
    except DatabaseError:
        return True


class Folder(FileSystemStorage):
    """Files in the data folder."""

    def delete(self, name: str) -> None:
        if not stays():
            super().delete(name)
