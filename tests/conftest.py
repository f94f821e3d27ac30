"""Fixtures for all: Alice owns the team, Bob annotates in it, Charlie is a stranger."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from rest_framework.test import APIClient

from config.services import DEFAULT_SERVER, SERVERS
from projects.models import Label, Membership, Project, Role, Team, User
from tests.processes import Server, on_test_database

pytest_plugins = ("tests.browsers",)
PASSWORD = "a long enough password"

# Still argon2, at its cheapest: as in production it would take 100 MB and 0.1 s for each person of each test.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole PostgreSQL goes with the run: dropping its database first would only wait for whoever still reads."""
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Knox makes its own token table although ours replaces it; it would stop the flush between tests."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice@example.org", PASSWORD, name="Alice")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob@example.org", PASSWORD, name="Bob")


@pytest.fixture
def charlie(db) -> User:
    return User.objects.create_user("charlie@example.org", PASSWORD, name="Charlie")


@pytest.fixture
def team(alice: User, bob: User) -> Team:
    team = Team.objects.create(name="Lab")
    Membership.objects.create(team=team, user=alice, role=Role.OWNER)
    Membership.objects.create(team=team, user=bob, role=Role.ANNOTATOR)
    return team


@pytest.fixture
def project(team: Team, alice: User) -> Project:
    project = Project.objects.create(team=team, name="Street", task="detect", created_by=alice)
    Label.objects.create(project=project, name="person", ordinal=0)
    Label.objects.create(project=project, name="car", ordinal=1)
    return project


@pytest.fixture
def api():
    """A function that gives a signed-in client of the REST interface."""

    def sign_in(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def _running(django_db_setup, tmp_path_factory) -> Iterator[dict[str, Server]]:
    running: dict[str, Server] = {}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(params=SERVERS)
def either_server(request, _running, transactional_db, tmp_path_factory) -> Server:
    return _started(request.param, _running, tmp_path_factory)


@pytest.fixture
def server(_running, transactional_db, tmp_path_factory) -> Server:
    return _started(DEFAULT_SERVER, _running, tmp_path_factory)


def _started(program: str, running: dict[str, Server], folders: pytest.TempPathFactory) -> Server:
    if program not in running:
        running[program] = Server(program, on_test_database(DEBUG="false"), folders.mktemp(program) / "log")
    if running[program].process is None:
        running[program].start()
    return running[program]


@pytest.fixture
def two_servers(_running, transactional_db, tmp_path_factory) -> list[Server]:
    """Two processes on one database and one Redis: a daphne and a uvicorn."""
    return [_started(program, _running, tmp_path_factory) for program in SERVERS]


# What migrations put there, and what no test changes.
_KEPT_TABLES = {"django_content_type", "auth_permission", "django_migrations"}


@pytest.fixture(autouse=True, scope="session")
def _emptied_quickly() -> Iterator[None]:
    """Django empties a database by TRUNCATE of every table, and makes its permissions anew: half a second a test.

    Most tests fill a few tables, and deleting from those takes 10 ms. The tests' servers still write a figure or two
    when a test ends, with which it may deadlock: then it is done again.
    """

    def empty(case: TransactionTestCase) -> None:
        for _ in range(5):
            try:
                return _delete_all_rows()
            except OperationalError:
                time.sleep(0.5)
        _delete_all_rows()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


def _delete_all_rows() -> None:
    names = [
        name for name in connection.introspection.django_table_names(only_existing=True) if name not in _KEPT_TABLES
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names))
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # in any order, whatever refers to what
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with browser tests come last: Playwright keeps an event loop in the thread, where no coroutine test could
    run then. Whole files, because that is how a run in parallel shares them out."""
    browsing = {item.path for item in items if item.get_closest_marker("browser") is not None}
    items.sort(key=lambda item: item.path in browsing)
