"""A pytest plugin that starts real PostgreSQL and Redis before Django reads its settings."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_FOREIGN = "FRAMELOOP_TEST_SERVERS_GIVEN"
_started: list[object] = []
_folders: list[Path] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args) -> None:
    os.environ["FRAMELOOP_ENV_FILE"] = "none"  # no test depends on what somebody keeps in .env
    if "--collect-only" in args or not _ours():
        return
    from config import embedded

    data = Path(tempfile.mkdtemp(prefix="frameloop-test-"))
    data.chmod(0o755)
    _folders.append(data)
    (data / "static").mkdir()  # WhiteNoise warns where there is none
    os.environ["FRAMELOOP_DATA"] = str(data)
    os.environ["SECRET_KEY"] = "for the tests only, and long enough to pass"
    # The machine under a test run does not lose its power: what the kernel has is safe, and flushing it takes a fifth.
    embedded.POSTGRES_SETTINGS |= {"fsync": "off", "full_page_writes": "off"}
    postgres = embedded.start_postgres(data)
    _started.append(postgres)
    redis_server = embedded.start_redis(data)
    _started.append(redis_server)
    embedded.export_urls(postgres, redis_server)


def _ours() -> bool:
    """Whether this process starts servers of its own: each worker of a run in parallel has its own pair."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return _FOREIGN not in os.environ
    if "DATABASE_URL" in os.environ:
        os.environ[_FOREIGN] = "true"  # the workers inherit it, and with it whoever's servers these are
        return False
    return True


def restart_postgres() -> None:
    """End the PostgreSQL of the tests under its clients, and start it again in the same folder."""
    from config import embedded

    gone = _started[0]
    _started[0] = embedded.start_postgres(_folders[0])
    gone.stop()  # type: ignore[attr-defined]


def pytest_unconfigure(config) -> None:
    while _started:
        _started.pop().stop()  # type: ignore[attr-defined]
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)
