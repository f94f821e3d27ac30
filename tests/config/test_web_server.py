"""The web server as `./run` starts it, with each of the servers: what it sends, refuses and how it ends."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from socket import create_connection

import httpx
import pytest
from rest_framework_simplejwt.tokens import AccessToken
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from config.services import SERVERS
from projects.sockets import FRAME_BYTES
from tests.processes import Server, on_test_database

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SERVERS)
def running(request, django_db_setup, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    server = Server(request.param, on_test_database(DEBUG="false", LOG_PLAIN="false"), folder / "log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web(running, transactional_db) -> Server:
    if running.process is None:
        running.start()
    return running


@pytest.fixture
def socket(web, project, bob) -> Iterator[ClientConnection]:
    """Bob's socket of the project."""
    address = f"{web.url.replace('http', 'ws', 1)}/ws/projects/{project.pk}/"
    protocols = [Subprotocol("frameloop.v1"), Subprotocol(f"bearer.{AccessToken.for_user(bob)}")]
    with connect(address, subprotocols=protocols, max_size=None) as made:
        made.send('{"type": "ping"}')
        assert "pong" in str(made.recv(timeout=30))
        yield made


def closing(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=30)
    return closed.value.rcvd.code if closed.value.rcvd else 1006  # the connection broke without a word


def test_nobody_is_told_what_serves_the_pages(web):
    headers = httpx.get(f"{web.url}/sign-in/").headers
    assert "server" not in headers


@pytest.mark.parametrize("size", [FRAME_BYTES + 1, 3 * FRAME_BYTES])
def test_a_message_that_is_too_large_is_told_so_by_the_application(socket, size):
    socket.send(f'{{"type": "{"x" * size}"}}')
    assert closing(socket) == 4413


def test_messages_are_not_compressed(socket):
    assert socket.protocol.extensions == []


def test_a_visitor_cannot_choose_an_address_or_a_scheme(web):
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Request-ID": uuid.uuid4().hex}
    answer = httpx.get(f"{web.url}/account/", headers=headers)
    assert answer.headers["location"].startswith("/sign-in/")
    assert httpx.get(f"{web.url}/metrics", headers=headers).status_code == 403
    assert httpx.get(f"{web.url}/metrics").status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(web):
    if web.program == "daphne":
        pytest.skip("daphne reads a body to its end before it asks the application")
    head = f"POST /api/v1/projects/{uuid.uuid4()}/items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2**50}\r\n"
    with create_connection(("127.0.0.1", web.port), timeout=30) as line:
        line.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too-large"' in answer


def test_requests_are_not_logged_and_what_is_logged_is_json(web):
    httpx.get(f"{web.url}/sign-in/")
    assert "sign-in" not in web.log.read_text()
    assert all(line.startswith("{") for line in web.log.read_text().splitlines())


def test_it_ends_soon_although_sockets_are_open(web, socket):
    assert web.process is not None
    begun = time.monotonic()
    web.process.terminate()
    code = closing(socket)
    web.process.wait(timeout=30)
    assert time.monotonic() - begun < 5  # an agreement: the supervisor asks for no more patience from anybody
    assert code == 4503, "it said goodbye before the line was cut"
    web.stop()
