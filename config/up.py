"""`manage.py up`: everything that has to be in place before the processes run, in the order in which it has to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from config import embedded
from config.services import DEFAULT_SERVER, services
from config.supervisor import Supervisor, run_until_signalled, wait_for_end

_MOST_FILES = 65_536


class CannotStart(Exception):
    """Why not, in one sentence for the terminal."""


@dataclass(frozen=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 8000
    server: str = DEFAULT_SERVER
    demo: bool = True
    verbose: bool = False

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def up(options: Options) -> None:
    """Run Frameloop until it is told to stop.

    Raises:
        CannotStart: with a sentence that says what is in the way.
    """
    data = Path(settings.DATA_DIR)
    signal.signal(signal.SIGTERM, _leave)
    with the_only_one(data, options.address), contextlib.ExitStack() as servers:
        os.chdir(settings.BASE_DIR)
        end_leftovers(data)
        check_port(options.host, options.port)
        raise_file_limit()
        start_servers(data, servers)
        _export(options, data)
        prepare_database()
        collect_static(data)
        if options.demo and settings.EMBEDDED:
            _make_demo()
        connections.close_all()
        run_folder = embedded.socket_folder(data)
        run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = services(options.host, options.port, options.server, run_folder)
        os.environ["READY_WORKERS"] = ",".join(service.name for service in kept if service.name != "web")
        supervisor = Supervisor(kept, data / "logs", verbose=options.verbose)
        run_until_signalled(supervisor, lambda running: _while_running(running, options, data))
        _leftovers_file(data).unlink(missing_ok=True)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


@contextlib.contextmanager
def the_only_one(data: Path, address: str) -> Iterator[None]:
    """Hold the data folder's lock. The kernel lets go of it when its holder dies, so it cannot go stale.

    Raises:
        CannotStart: another process holds it, or the folder cannot be written to.
    """
    path = data / "frameloop.lock"
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise CannotStart(f"The data folder {data} cannot be written to: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            pid, _, where = file.read().strip().partition(" ")
            raise CannotStart(
                f"Frameloop is already running here (process {pid}, {where}). Open that address, or stop it with "
                f"kill {pid}. For a second copy give another --data folder and --port."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()} {address}\n")
        file.flush()
        yield
        file.truncate(0)


def _leftovers_file(data: Path) -> Path:
    return data / "frameloop.processes.json"


def note_processes(data: Path, pids: dict[str, int]) -> None:
    """Write down which processes are ours, with their start times, for the start after a kill."""
    rows = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.Error):
            rows[name] = [pid, psutil.Process(pid).create_time()]
    _leftovers_file(data).write_text(json.dumps(rows))


def end_leftovers(data: Path) -> list[str]:
    """End the processes that a killed supervisor left behind. Returns their names."""
    try:
        rows: dict[str, list[float]] = json.loads(_leftovers_file(data).read_text())
    except (OSError, ValueError):
        return []
    ended: dict[str, psutil.Process] = {}
    for name, (pid, created) in rows.items():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if abs(process.create_time() - created) < 0.05 and process.status() != psutil.STATUS_ZOMBIE:
                process.terminate()
                ended[name] = process
    for process in wait_for_end(list(ended.values()), 10):
        with contextlib.suppress(psutil.Error):
            process.kill()
    if ended:
        say(f"Ended what the last run left behind: {', '.join(ended)}.")
    return list(ended)


def check_port(host: str, port: int) -> None:
    """
    Raises:
        CannotStart: the address is taken, not allowed or not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise CannotStart(f"--host {host} is no address of this machine: {error.strerror}.") from error
    except OSError as error:
        raise CannotStart(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = port_owner(port)
        return f"Port {port} is taken{f' by {owner}' if owner else ''}. Give another one with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have: ports below 1024 are the system's. Give another --port."
    return f"{host}:{port} cannot be listened on: {error.strerror}."


def port_owner(port: int) -> str:
    """The process that listens on a TCP port, in words; empty where the system does not tell."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def raise_file_limit() -> int:
    """Each socket is an open file, and the usual limit of 1,024 is soon reached. Returns the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def start_servers(data: Path, stack: contextlib.ExitStack) -> None:
    """Start what DATABASE_URL and REDIS_URL do not name, and hand the addresses on."""
    begun, started = time.monotonic(), []
    try:
        if not os.environ.get("DATABASE_URL", "").strip():
            postgres = embedded.start_postgres(data)
            stack.callback(postgres.stop)
            os.environ |= {"DATABASE_URL": postgres.url, "FRAMELOOP_EMBEDDED": "true"}
            started.append("PostgreSQL")
        if not os.environ.get("REDIS_URL", "").strip():
            redis_server = embedded.start_redis(data)
            stack.callback(redis_server.stop)
            os.environ["REDIS_URL"] = redis_server.url
            started.append("Redis")
    except embedded.EmbeddedError as error:
        raise CannotStart(str(error)) from error
    if started:
        say(f"Started {' and '.join(started)} in {time.monotonic() - begun:.1f} s.")


def _export(options: Options, data: Path) -> None:
    os.environ["FRAMELOOP_DATA"] = str(data)
    if not os.environ.get("ALLOWED_HOSTS", "").strip():
        os.environ["ALLOWED_HOSTS"] = ",".join(allowed_hosts(options.host))


def allowed_hosts(host: str) -> list[str]:
    """The names under which browsers may reach a server that is bound to `host`."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    if host in ("0.0.0.0", "::", "*"):
        names += [socket.gethostname(), socket.getfqdn()]
        for addresses in psutil.net_if_addrs().values():
            for each in addresses:
                plain = each.address.partition("%")[0]
                names += [plain] if each.family == socket.AF_INET else []
                names += [f"[{plain}]"] if each.family == socket.AF_INET6 else []
    else:
        names.append(f"[{host}]" if ":" in host else host)
    return list(dict.fromkeys(names))


def prepare_database() -> None:
    """Bring the schema up to date.

    Raises:
        CannotStart: the database cannot be reached.
    """
    connection = connections["default"]
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise CannotStart(f"The database of DATABASE_URL cannot be reached: {str(error).strip()}") from error
    if plan:
        say(f"Bringing the database up to date: {len(plan)} migration{'s' if len(plan) > 1 else ''}.")
        call_command("migrate", interactive=False, verbosity=0)


def collect_static(data: Path) -> bool:
    """Gather the static files with hashed names, if any has changed. Returns whether it did."""
    stamp = data / "static.stamp"
    now = _static_fingerprint()
    if stamp.exists() and stamp.read_text() == now and (data / "static").is_dir():
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now)
    return True


def _static_fingerprint() -> str:
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda pair: pair[0]):  # type: ignore[no-untyped-call]
            about = Path(storage.path(name)).stat()
            digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _make_demo() -> None:
    if get_user_model().objects.exists():
        if (file := Path(settings.DATA_DIR) / "demo-credentials.txt").exists():
            say(f"The demo's people and their passwords: {file}")
        return
    from config import demo  # it brings decoders and encoders along, which a second start need not wait for

    print(demo.make(say).card(), flush=True)


def _while_running(supervisor: Supervisor, options: Options, data: Path) -> None:
    """Wait until everything answers, and say where to look."""
    begun, told = time.monotonic(), False
    while not supervisor.wait(0.2):
        note_processes(data, supervisor.pids())
        ready, reasons = ask_ready(options.host, options.port)
        if ready:
            print(f"Frameloop is ready at {options.address}", flush=True)
            break
        if not told and time.monotonic() - begun > 30:
            supervisor.say(f"Not ready after 30 s: {reasons}")
            told = True
    while not supervisor.wait(2):
        note_processes(data, supervisor.pids())  # they change when one is started again


def ask_ready(host: str, port: int) -> tuple[bool, str]:
    """What /readyz says: whether all is well, and why not."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}.get(host, host)
    connection = http.client.HTTPConnection(here, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status == 200, "; ".join(body.get("reasons", []))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return False, f"the web server does not answer yet ({error})"
    finally:
        connection.close()


def main(options: Options) -> int:
    """The exit status: 0 after a stop, 1 when it could not start."""
    try:
        up(options)
    except CannotStart as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        log = _write_traceback(Path(settings.DATA_DIR) / "logs" / "up.log")
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(f"Frameloop could not start: {reason} (the whole story: {log})", file=sys.stderr, flush=True)
        return 1
    return 0


def _write_traceback(log: Path) -> Path:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{traceback.format_exc()}\n")
    return log
