"""A Frameloop of its own for a benchmark: fresh PostgreSQL and Redis in a temporary folder, one web process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from config.services import DEFAULT_SERVER, commands
from tests.processes import ROOT, free_port


@contextmanager
def databases() -> Any:
    """Start both servers, point Django at them and migrate; everything is gone afterwards."""
    from config import embedded

    data = Path(tempfile.mkdtemp(prefix="frameloop-bench-"))
    data.chmod(0o755)
    os.environ |= {
        "FRAMELOOP_DATA": str(data),
        "SECRET_KEY": "for the benchmarks only, and long enough",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "WARNING",
    }
    postgres = embedded.start_postgres(data)
    redis_server = embedded.start_redis(data)
    embedded.export_urls(postgres, redis_server)
    try:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        yield data
    finally:
        redis_server.stop()
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def web(kind: str = DEFAULT_SERVER, wait: float = 60) -> Any:
    """Start the web process as `./run` does, on a free port, and yield its address: http://127.0.0.1:40123."""
    port = free_port()
    command = commands("127.0.0.1", port, kind, Path(tempfile.gettempdir()))["web"]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + "/sign-in/", process, wait)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], wait: float) -> None:
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The web process ended with code {process.returncode}.")
        with suppress(OSError):
            urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"The web process did not answer at {url} within {wait:.0f} s.")
