"""A real Chromium against a real daphne on the test database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from projects.models import User

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    """One Chromium for the session; contexts keep the people apart."""
    path = chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed (set CHROMIUM to its path)")
    # Playwright's synchronous interface keeps an event loop in this thread, which Django would object to.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with playwright.sync_playwright() as running:
        program = running.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield program
        program.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@dataclass
class Server:
    """A daphne process of its own; `url` has no slash at its end."""

    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        try:
            self._wait_until_it_answers(120)
        except Exception:
            self.stop(kill=True)
            raise

    def stop(self, kill: bool = False) -> None:
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _wait_until_it_answers(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/static/no-such-file", timeout=seconds)
            except urllib.error.HTTPError:  # any answer is an answer
                return
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"daphne did not answer. Its log ends: {self.log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def _daphne(django_db_setup, tmp_path_factory) -> Iterator[Server]:
    database = settings.DATABASES["default"]["NAME"]
    main, _, options = os.environ["DATABASE_URL"].partition("?")
    address = main.rpartition("/")[0] + f"/{database}" + (f"?{options}" if options else "")
    environment = {**os.environ, "DATABASE_URL": address, "DEBUG": "true", "LOG_PLAIN": "true"}
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    server = Server(_free_port(), environment, tmp_path_factory.mktemp("daphne") / "daphne.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(_daphne: Server, transactional_db) -> Iterator[Server]:
    """The running application on the test database; a test that stopped it gets it started for the next one."""
    yield _daphne
    if _daphne.process is None:
        _daphne.start()
    _wait_until_quiet()


def _wait_until_quiet(looks: int = 5, seconds: float = 20) -> None:
    """Emptying the tables would deadlock with requests that closed pages have left behind."""
    others = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND state <> 'idle'"""
    quiet, deadline = 0, time.monotonic() + seconds
    while quiet < looks and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(others)
            quiet = quiet + 1 if cursor.fetchone() == (0,) else 0
        time.sleep(0.1)


class Desk:
    """A person's browser: a context that is signed in, and every error that its pages reported."""

    def __init__(self, context, server: Server, user: User | None) -> None:
        self.context, self.server, self.errors = context, server, []
        self.allowed: tuple[str, ...] = ()
        if user is not None:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}])

    def open(self, path: str):
        """A new tab on `path`, with its errors watched."""
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.goto(self.server.url + path)
        return page

    def allow(self, *parts: str) -> None:
        """Errors that hold one of `parts` are what the test is about."""
        self.allowed += parts

    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(part in error for part in self.allowed)]

    def _heard(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture
def desk(browser, server: Server) -> Iterator[Callable[..., Desk]]:
    """`desk(user, **context_options)`; at the end no page may have reported an error that was not allowed."""
    desks: list[Desk] = []

    def sit_down(user: User | None = None, **options: object) -> Desk:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        desks.append(Desk(browser.new_context(**options), server, user))
        return desks[-1]

    yield sit_down
    for each in desks:
        each.context.close()
    errors = [error for each in desks for error in each.unexpected()]
    assert errors == [], f"The server's log ends:\n{server.log.read_text()[-3000:]}"
