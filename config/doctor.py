"""What may be wrong with this installation, in plain words: one line a check, and how to mend it."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from django.conf import settings

from config import embedded, up
from config.env import env_file, read_env_file

OK, WARN, BAD = "ok", "warn", "bad"
_GIB = 2**30
_SHOWN = ("Django", "channels", "uvicorn", "celery", "psycopg", "redis", "av", "opencv-python", "ultralytics", "torch")


@dataclass(frozen=True)
class Finding:
    """What one check found; `mend` says what to do about it."""

    level: Literal["ok", "warn", "bad"]
    topic: str
    text: str
    mend: str = ""

    def line(self) -> str:
        return f"{self.level:<4}  {self.topic}: {self.text}" + (f" -> {self.mend}" if self.mend else "")


def examine(host: str = "127.0.0.1", port: int = 8000) -> Iterator[Finding]:
    """All checks, in the order in which trouble usually strikes. A check that fails itself is a finding."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _env_file,
        _libraries,
        _data_folder,
        _disk,
        _memory,
        lambda: _port(host, port),
        _database,
        _redis,
        _codecs,
        _gpu,
        _open_files,
        _chromium,
    )
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # a broken library must not hide what the other checks find
            name = getattr(check, "__name__", "check").strip("_").replace("_", " ")
            yield Finding(BAD, name, f"the check itself failed: {type(error).__name__}: {error}")


def _python() -> Iterator[Finding]:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= (3, 13) and not shutil.which("redis-server"):
        mend = "install your system's redis package, or use Python 3.11 or 3.12"
        yield Finding(WARN, "Python", f"{text}: there is no redis wheel for it", mend)
    else:
        yield Finding(OK, "Python", text)


def _env_file() -> Iterator[Finding]:
    root = Path(settings.BASE_DIR)
    path = env_file(root)
    if path is None:
        yield Finding(OK, "Variables", "of the environment only; there is no .env file")
        return
    values = read_env_file(path)
    text = f"{path} gives {', '.join(sorted(values)) or 'none'}"
    if other := sorted(name for name in values if os.environ.get(name) != values[name]):
        text += f"; the environment says otherwise and goes first for {', '.join(other)}"
    known = set(re.findall(r"^#?\s?([A-Z][A-Z_]+)=", (root / ".env.example").read_text(), re.MULTILINE))
    if unknown := sorted(name for name in values if name not in known and not name.startswith("COMPOSE_")):
        yield Finding(
            WARN, "Variables", f"{text}; nothing reads {', '.join(unknown)}", "see .env.example for the names"
        )
    else:
        yield Finding(OK, "Variables", text)


def _libraries() -> Iterator[Finding]:
    """Every line of requirements.txt against what is installed."""
    wrong = []
    for name, wanted in _pinned():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found.partition("+")[0] != wanted:  # torch's builds for one platform call themselves 2.15.0+cpu
            wrong.append(f"{name} {found} (wanted {wanted})")
    shown = ", ".join(f"{name} {version(name)}" for name in _SHOWN if not any(w.startswith(name + " ") for w in wrong))
    if not wrong:
        yield Finding(OK, "Libraries", shown)
        return
    level: Literal["warn", "bad"] = "bad" if any(" missing " in each for each in wrong) else "warn"
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    yield Finding(level, "Libraries", f"{'; '.join(wrong[:5])}{more}", "run ./run again, or remove .venv and run it")


def _pinned() -> list[tuple[str, str]]:
    """(name, version) of the lines of requirements.txt that hold on this platform."""
    from packaging.markers import Marker

    found = []
    for line in (Path(settings.BASE_DIR) / "requirements.txt").read_text().splitlines():
        requirement, _, marker = line.partition(";")
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", requirement.strip())
        if match and (not marker.strip() or Marker(marker.strip()).evaluate()):
            found.append((match[1], match[2]))
    return found


def _data_folder() -> Iterator[Finding]:
    data = Path(settings.DATA_DIR)
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=data):
            pass
    except OSError as error:
        mend = "give its folder to the user who runs Frameloop, or choose another with --data"
        yield Finding(BAD, "Data folder", f"{data} cannot be written to ({error.strerror})", mend)
        return
    yield Finding(OK, "Data folder", f"{data} can be written to")
    if running := _who_runs(data):
        yield Finding(OK, "Frameloop", f"runs now on this data folder: {running}")


def _who_runs(data: Path) -> str:
    """The process and address of a running copy; empty when none runs."""
    if not (data / "frameloop.lock").exists():
        return ""
    text = (data / "frameloop.lock").read_text().strip()
    try:
        with up.the_only_one(data, ""):
            return ""
    except up.CannotStart:
        return f"process {text.replace(' ', ', ')}"


def _disk() -> Iterator[Finding]:
    data = Path(settings.DATA_DIR)
    usage = shutil.disk_usage(next(each for each in (data, *data.parents) if each.exists()))
    text = f"{usage.free / _GIB:.1f} GB free of {usage.total / _GIB:.0f} GB"
    mend = "free some space, or choose a folder on another disk with --data"
    if usage.free < 0.5 * _GIB:
        yield Finding(BAD, "Disk", text, mend)
    elif usage.free < 5 * _GIB:
        yield Finding(WARN, "Disk", f"{text}; videos and trainings soon need 5 GB", mend)
    else:
        yield Finding(OK, "Disk", text)


def _memory() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    text = f"{memory.available / _GIB:.1f} GB free of {memory.total / _GIB:.1f} GB, {os.cpu_count()} CPU cores"
    if memory.available < 2 * _GIB:
        yield Finding(WARN, "Memory", text, "trainings want 2 GB: close something, or use a smaller batch")
    else:
        yield Finding(OK, "Memory", text)


def _port(host: str, port: int) -> Iterator[Finding]:
    try:
        up.check_port(host, port)
    except up.CannotStart as error:
        if up.ask_ready(host, port)[0]:
            yield Finding(OK, "Port", f"{port} is taken by a Frameloop that is ready")
        else:
            yield Finding(BAD, "Port", str(error))
        return
    yield Finding(OK, "Port", f"{host}:{port} is free")


def _database() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    if settings.EMBEDDED and not embedded.postgres_runs(Path(settings.DATA_DIR)):
        yield Finding(OK, "PostgreSQL", f"embedded; starts with ./run ({embedded.postgres_programs()})")
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            number = cursor.fetchone()[0]
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            has_vectors = cursor.fetchone() is not None
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        yield Finding(BAD, "PostgreSQL", f"cannot be reached ({reason})", "start it, or correct DATABASE_URL")
        return
    yield Finding(OK, "PostgreSQL", f"{'embedded, ' if settings.EMBEDDED else ''}version {number}")
    if int(number.partition(".")[0]) < 14:
        yield Finding(BAD, "PostgreSQL", f"{number} is too old", "Frameloop needs 14 or newer")
    if not has_vectors:
        mend = "install the package of pgvector for this PostgreSQL, or use the image pgvector/pgvector:pg18"
        yield Finding(BAD, "PostgreSQL", 'it has no extension "vector", which finds similar pictures', mend)
    if pending:
        yield Finding(WARN, "Migrations", f"{len(pending)} pending", "run manage.py migrate; ./run does it by itself")
    else:
        yield Finding(OK, "Migrations", "none pending")


def _redis() -> Iterator[Finding]:
    import redis

    is_embedded = embedded.redis_url(Path(settings.DATA_DIR)) == settings.REDIS_URL
    if is_embedded and not (embedded.socket_folder(Path(settings.DATA_DIR)) / "redis.sock").exists():
        yield Finding(OK, "Redis", f"embedded; starts with ./run ({embedded.redis_program()})")
        return
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        about = client.info("server")
    except redis.RedisError as error:
        yield Finding(BAD, "Redis", f"cannot be reached ({error})", "start it, or correct REDIS_URL")
        return
    finally:
        client.close()
    yield Finding(OK, "Redis", f"{'embedded, ' if is_embedded else ''}version {about['redis_version']}")


def _codecs() -> Iterator[Finding]:
    import av

    wanted = {("h264", "r"): "decode H.264", ("libx264", "w"): "encode H.264", ("mjpeg", "r"): "decode MJPEG"}
    wanted |= {("hevc", "r"): "decode H.265", ("libvpx", "w"): "encode VP8"}
    missing = []
    for (name, mode), what in wanted.items():
        try:
            av.Codec(name, mode)
        except av.codec.codec.UnknownCodecError:
            missing.append(what)
    if missing:
        mend = "PyAV was built without them: pip install --force-reinstall --only-binary=:all: av"
        yield Finding(BAD, "Video codecs", f"cannot {', cannot '.join(missing)}", mend)
    else:
        yield Finding(OK, "Video codecs", f"{', '.join(wanted.values())} (PyAV {av.__version__})")


def _gpu() -> Iterator[Finding]:
    seen = _nvidia()
    if not seen:
        yield Finding(OK, "GPU", "none seen; trainings run on the CPU")
        return
    code = "import torch; print(torch.cuda.is_available(), torch.version.cuda)"
    try:  # in a process of its own: torch takes seconds and hundreds of megabytes
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        usable, _, cuda = done.stdout.strip().partition(" ")
    except subprocess.TimeoutExpired:
        usable, cuda = "False", "?"
    if usable == "True":
        yield Finding(OK, "GPU", f"{seen}; torch uses it (CUDA {cuda})")
    else:
        yield Finding(
            WARN, "GPU", f"{seen}, but torch does not see it", "update the NVIDIA driver, or train on the CPU"
        )


def _nvidia() -> str:
    """The names of the graphics cards that the driver knows; empty without one."""
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "; ".join(done.stdout.strip().splitlines()) if done.returncode == 0 else ""


def _open_files() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    top = "any number of" if hard == resource.RLIM_INFINITY else f"{hard:,}"
    if hard != resource.RLIM_INFINITY and hard < 8192:
        mend = "raise `ulimit -Hn` to 65536 (/etc/security/limits.conf)"
        yield Finding(WARN, "Open files", f"at most {top}; each browser holds some", mend)
    else:
        yield Finding(OK, "Open files", f"{top} allowed (now {soft:,}; ./run raises it)")


def _chromium() -> Iterator[Finding]:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            yield Finding(OK, "Browser for ./test", found)
            return
    yield Finding(
        WARN, "Browser for ./test", "no Chromium", "./test installs it with apt, or install chromium yourself"
    )
