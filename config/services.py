"""The processes that make up Frameloop. docker-compose.yml runs the same ones; a test holds the two together."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management import get_commands

from config.supervisor import Service

SERVERS = ("uvicorn", "daphne")
DEFAULT_SERVER = SERVERS[0]  # docs/decisions/uvicorn-by-default.md
_WS_MAX_BYTES = 2**20  # above the application's own 256 KiB, whose close code 4413 says what to do; this one's does not
_CELERY = ("-m", "celery", "--quiet", "-A", "config", "--skip-checks")  # they import every page, and web has run them
_WORKER = ("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")


def commands(host: str, port: int, server: str, run_folder: Path) -> dict[str, tuple[str, ...]]:
    """Arguments of the Python interpreter for each process, by name."""
    return {
        "web": _web(host, port, server),
        "worker": (*_CELERY, "worker", "-Q", "default", "-c", "2", "-n", "worker@%h", *_WORKER),
        "training": (*_CELERY, "worker", "-Q", "training", "-c", "1", "-n", "training@%h", *_WORKER),
        "beat": (*_CELERY, "beat", "--schedule", str(run_folder / "beat-schedule"), "--pidfile=", "--loglevel", "INFO"),
        "stream_worker": ("manage.py", "stream_worker"),
        "media_gateway": ("manage.py", "media_gateway"),
    }


def _web(host: str, port: int, server: str) -> tuple[str, ...]:
    """Neither server believes X-Forwarded-*: the application counts the proxies that TRUSTED_PROXIES tells of."""
    return _uvicorn(host, port) if server == "uvicorn" else _daphne(host, port)


def _uvicorn(host: str, port: int) -> tuple[str, ...]:
    options = {
        "--host": host,
        "--port": str(port),
        "--backlog": "2048",
        "--loop": "uvloop",
        "--lifespan": "off",
        "--log-level": "warning",
        "--timeout-graceful-shutdown": "3",
        "--timeout-keep-alive": "130",  # longer than a proxy's, or it sends a request into a closing connection
        "--ws": "websockets-sansio",
        "--ws-max-size": str(_WS_MAX_BYTES),
        "--ws-per-message-deflate": "false",
        "--ws-ping-interval": "30",  # finds dead connections; the application's own ping is the client's
        "--ws-ping-timeout": "30",
    }
    flags = ("--no-access-log", "--no-proxy-headers", "--no-server-header")
    return ("-m", "uvicorn", *(word for pair in options.items() for word in pair), *flags, "config.asgi:application")


def _daphne(host: str, port: int) -> tuple[str, ...]:
    options = ("-b", host, "-p", str(port), "-v", "0", "--no-server-name", "--application-close-timeout", "3")
    return ("-m", "daphne", *options, "config.asgi:application")


def services(host: str, port: int, server: str, run_folder: Path) -> list[Service]:
    """What `manage.py up` keeps running; a process whose command an installation lacks is left out."""
    known = get_commands()
    found = []
    for name, arguments in commands(host, port, server, run_folder).items():
        if arguments[0] != "manage.py" or arguments[1] in known:
            found.append(Service(name, (sys.executable, *arguments)))
    return found
