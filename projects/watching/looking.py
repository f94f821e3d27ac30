"""One look at a watched place: what is new there, and has not changed since the last look, becomes an item.

A file is taken once: what has become an item is not taken again when somebody deletes that item, nor when a file of
the same content lies there under another name.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from projects import intake
from projects.models import Item, Watch, WatchedFile
from projects.models.watch import FileState, WatchKind
from projects.uploads import by_address
from projects.uploads.fetching import FetchError, Limits
from projects.vault import Vault, VaultError
from projects.watching import folders
from projects.watching.buckets import Bucket
from projects.watching.folders import PlaceError

MOST = 20_000
LOOK_S = 120.0
_LOCK = 0x77617463  # "watc": with a watch's own number, a pair that PostgreSQL takes as one advisory lock
vault = Vault("keys of watched places", "The key of the bucket")

Copy = Callable[[str, IO[bytes]], str]


def look_at_all() -> int:
    """Look at every place that is watched. Returns how many files became items."""
    return sum(look(watch) for watch in Watch.objects.filter(enabled=True).select_related("project__team"))


def look(watch: Watch) -> int:
    """One look; what takes longer than its time is left to the next one. Returns how many files became items."""
    with _alone(watch) as mine:
        if not mine:
            return 0
        taken, error = 0, ""
        try:
            with _place(watch) as (listed, copy):
                taken = _take(watch, _news(watch, listed), copy)
        except (PlaceError, VaultError) as wrong:
            error = str(wrong)[:500]
        Watch.objects.filter(pk=watch.pk).update(looked_at=timezone.now(), last_error=error)
        return taken


@contextmanager
def _alone(watch: Watch) -> Iterator[bool]:
    """Whether nobody else looks at this place; PostgreSQL forgets the lock with the connection."""
    number = watch.pk.int & 0x7FFFFFFF
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, number])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, number])


@contextmanager
def _place(watch: Watch) -> Iterator[tuple[dict[str, str], Copy]]:
    """What lies there, by its key, with its mark; and how one of it is copied, which gives its mark afterwards."""
    if watch.kind == WatchKind.FOLDER:
        root, names = folders.root_of(watch.config["folder"], settings.WATCH_ROOTS)
        with folders.opened(root, names) as folder:
            yield folders.listed(folder, MOST), lambda key, to: folders.copy(folder, key, to)
        return
    keys = json.loads(vault.unlock(watch.secret) or "null")
    bucket = Bucket(watch.config, keys and (keys[0], keys[1]), by_address.rules())
    found = bucket.listed(MOST)

    def copy(key: str, to: IO[bytes]) -> str:
        bucket.copy(key, to, Limits(settings.MAX_RESUMABLE_BYTES, settings.FETCH_SECONDS))
        return found[key]

    yield found, copy


def _news(watch: Watch, listed: dict[str, str]) -> list[WatchedFile]:
    """The files that are as they were at the last look and were not taken; new and changed ones wait for the next."""
    known = {file.key: file for file in watch.files.all()}
    fresh = [WatchedFile(watch=watch, key=key, mark=mark) for key, mark in listed.items() if _is_new(key, known)]
    WatchedFile.objects.bulk_create(fresh, ignore_conflicts=True)
    ready = []
    for key, file in known.items():
        if key not in listed:
            continue
        if file.mark != listed[key]:
            file.mark, file.state, file.problem, file.seen_at = listed[key], FileState.WAITING, None, timezone.now()
            file.save(update_fields=["mark", "state", "problem", "seen_at"])
        elif file.state == FileState.WAITING:
            ready.append(file)
    return ready


def _is_new(key: str, known: dict[str, WatchedFile]) -> bool:
    return key not in known and len(key) <= 1024 and "\0" not in key


def _take(watch: Watch, ready: list[WatchedFile], copy: Copy) -> int:
    ends, taken = time.monotonic() + LOOK_S, 0
    for file in ready:
        if time.monotonic() > ends:
            break
        taken += _take_one(watch, file, copy)
    return taken


def _take_one(watch: Watch, file: WatchedFile, copy: Copy) -> bool:
    try:
        with tempfile.NamedTemporaryFile(prefix="watch-", dir=settings.FILE_UPLOAD_TEMP_DIR) as to:
            if copy(file.key, to) != file.mark:
                return False  # it is being written: the next look sees another mark
            most = settings.MAX_RESUMABLE_BYTES
            name = intake.clean_name(file.key)
            asset, _new = intake.store_file(watch.project.team, Path(to.name), name, watch.created_by, most=most)
    except OSError:
        return False  # it went, or became a link, since it was listed
    except (intake.IntakeError, FetchError) as error:
        _mark(file, state=FileState.REFUSED, problem={"code": error.code, "detail": error.detail})
        return False
    with transaction.atomic():
        had = Item.objects.filter(project=watch.project, asset=asset).first()
        path = f"{watch.config.get('into', '')}/{file.key}"
        item = had or intake.add_item(watch.project, asset, path, watch.created_by)
        _mark(file, state=FileState.TAKEN, item=item)
    return had is None


def _mark(file: WatchedFile, **changes: Any) -> None:
    WatchedFile.objects.filter(pk=file.pk, mark=file.mark).update(seen_at=timezone.now(), **changes)
