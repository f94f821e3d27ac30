"""A real Chromium against the real web server on the test database."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from config.services import DEFAULT_SERVER
from projects.models import User
from tests.processes import Server, on_test_database

# A page on a busy machine: as long as Playwright's own actions wait.
PATIENCE_MS = 30_000
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
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as running:
        program = running.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield program
        program.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(scope="session")
def _site(django_db_setup, tmp_path_factory) -> Iterator[Server]:
    server = Server(DEFAULT_SERVER, on_test_database(DEBUG="true"), tmp_path_factory.mktemp("web") / "web.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(_site: Server, transactional_db) -> Iterator[Server]:
    """The running application on the test database; a test that stopped it gets it started for the next one."""
    yield _site
    if _site.process is None:
        _site.start()
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
def desk(browser, site: Server) -> Iterator[Callable[..., Desk]]:
    """`desk(user, **context_options)`; at the end no page may have reported an error that was not allowed."""
    desks: list[Desk] = []

    def sit_down(user: User | None = None, **options: object) -> Desk:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        desks.append(Desk(browser.new_context(**options), site, user))
        return desks[-1]

    yield sit_down
    for each in desks:
        each.context.close()
    errors = [error for each in desks for error in each.unexpected()]
    assert errors == [], f"The server's log ends:\n{site.log.read_text()[-3000:]}"
