"""A Frameloop of its own for a benchmark: fresh PostgreSQL and Redis in a temporary folder, one web process."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.services import DEFAULT_SERVER
from tests.processes import Server


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
def web(kind: str = DEFAULT_SERVER) -> Any:
    """Start the web process as `./run` does, on a free port, and yield its address: http://127.0.0.1:40123."""
    with tempfile.TemporaryDirectory(prefix="frameloop-bench-web-") as folder:
        server = Server(kind, dict(os.environ), Path(folder) / "web.log")
        server.start()
        try:
            yield server.url
        finally:
            server.stop()
