"""Uploads in pieces to a real server: by an outside client, over lines that are cut, past a server that is killed."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest
from rest_framework_simplejwt.tokens import AccessToken
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed

from projects.models import Upload
from tests.processes import Server, eventually, on_test_database

DATA = os.urandom(3 * 2**20)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Line:
    """A person's way to the server: tus by an outside client, and requests that stop in the middle."""

    def __init__(self, server: Server, project: Any, user: Any) -> None:
        self.server, self.base = server, f"{server.url}/api/v1/projects/{project.pk}/uploads/"
        self.headers = {"Authorization": f"Bearer {AccessToken.for_user(user)}"}

    def uploader(self, data: bytes = DATA, url: str = "", **options: Any) -> Any:
        client = TusClient(self.base, headers=self.headers)
        return client.uploader(
            file_stream=io.BytesIO(data), url=url or None, metadata={"filename": "labels.zip"}, **options
        )

    def begin(self, length: int = len(DATA)) -> str:
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": "filename YS56aXA="}
        answer = httpx.post(self.base, headers=self.headers | tus)
        assert answer.status_code == 201
        return f"{self.server.url}{answer.headers['location']}"

    def head(self, url: str) -> httpx.Response:
        return httpx.head(url, headers=self.headers | {"Tus-Resumable": "1.0.0"})

    def half_a_patch(self, url: str, sent: bytes, more: str = "") -> socket.socket:
        """A PATCH of all of DATA of which only `sent` goes out; the line stays open."""
        line = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        head = f"PATCH {url.removeprefix(self.server.url)} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
        head += f"Authorization: {self.headers['Authorization']}\r\nUpload-Offset: 0\r\n{more}"
        head += f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(DATA)}\r\n\r\n"
        line.sendall(head.encode() + sent)
        return line


@pytest.fixture
def line(server, project, alice) -> Line:
    return Line(server, project, alice)


def row(url: str) -> Upload:
    return Upload.objects.get(pk=url.rpartition("/")[2])


def stored(url: str) -> int:
    path: Path = row(url).location
    return path.stat().st_size


def is_whole(url: str) -> bool:
    upload = row(url)
    assert hashlib.sha256(upload.location.read_bytes()).hexdigest() == upload.sha256 == SHA256
    return upload.state == "complete"


@pytest.mark.parametrize("checked", [False, True])
def test_an_outside_client(either_server, project, alice, checked):
    line = Line(either_server, project, alice)
    uploader = line.uploader(chunk_size=2**20, upload_checksum=checked)
    uploader.upload()
    assert uploader.url.startswith(f"{either_server.url}/api/v1/uploads/")
    assert is_whole(uploader.url)
    with pytest.raises(TusUploadFailed):
        line.uploader(DATA + b"x", uploader.url).upload()


def test_a_line_that_is_cut(line):
    """What had arrived counts, and the client goes on behind it."""
    url = line.begin()
    cut = line.half_a_patch(url, DATA[: 2**21])
    eventually(lambda: stored(url) >= 2**20, what="the first bytes on disk")
    cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a line that breaks: no goodbye
    cut.close()
    eventually(lambda: row(url).offset >= 2**20, what="the offset")
    assert int(line.head(url).headers["upload-offset"]) == stored(url) <= 2**21
    line.uploader(url=url).upload()
    assert is_whole(url)


def test_a_line_that_is_cut_before_the_checksum_is_known(line):
    url = line.begin()
    cut = line.half_a_patch(url, DATA[: 2**21], f"Upload-Checksum: md5 {'A' * 22}==\r\n")
    eventually(lambda: stored(url) >= 2**20, what="the first bytes on disk")
    cut.close()
    eventually(lambda: stored(url) == 0, what="the bytes to go again")
    assert line.head(url).headers["upload-offset"] == "0"


def test_two_writers(line):
    """The second is told to wait, and the first one's bytes are whole."""
    url = line.begin()
    with line.half_a_patch(url, DATA[: 2**21]) as first:
        eventually(lambda: stored(url) >= 2**20, what="the first bytes on disk")
        with pytest.raises(TusUploadFailed) as refused:
            line.uploader(url=url).upload()
        assert refused.value.status_code == 423
        first.sendall(DATA[2**21 :])
        assert b" 204 " in first.recv(4096).split(b"\r\n")[0]
    assert is_whole(url)


def test_a_body_that_is_longer_than_it_says_nothing_of(line):
    """No length was declared: the upload's own is the limit."""
    url = line.begin(1000)
    tus = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    answer = httpx.patch(url, content=iter([DATA[:600], DATA[600:1200]]), headers=line.headers | tus)
    assert (answer.status_code, answer.json()["code"]) == (413, "beyond-length")
    assert int(line.head(url).headers["upload-offset"]) == stored(url) <= 1000


def test_memory_stays_flat(line):
    size = 160 * 2**20
    url = line.begin(size)
    before = _peak_kib(line.server)
    tus = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    headers = line.headers | tus | {"Content-Length": str(size)}
    piece = bytes(2**20)
    answer = httpx.patch(url, content=(piece for _ in range(160)), headers=headers, timeout=120)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(size))
    eventually(lambda: row(url).sha256, what="the server to look into it")  # without a worker
    assert _peak_kib(line.server) - before < 40 * 1024
    httpx.delete(url, headers=line.headers | {"Tus-Resumable": "1.0.0"})


def _peak_kib(server: Server) -> int:
    assert server.process is not None
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0])


@pytest.mark.slow
def test_a_server_that_is_killed(transactional_db, project, alice, tmp_path):
    server = Server("uvicorn", on_test_database(DEBUG="false"), tmp_path / "log")
    server.start()
    try:
        line = Line(server, project, alice)
        url = line.begin()
        with line.half_a_patch(url, DATA[: 2**21]):
            eventually(lambda: stored(url) >= 2**20, what="the first bytes on disk")
            server.stop(kill=True)
        assert row(url).offset == 0, "nobody was left to write it down"
        server.start()
        assert int(line.head(url).headers["upload-offset"]) == stored(url) >= 2**20
        line.uploader(url=url).upload()
        assert is_whole(url)
        _ends_in_good_order(line)
    finally:
        server.stop()


def _ends_in_good_order(line: Line) -> None:
    """Told to end, it writes down what came and tells the client to go on later."""
    url = line.begin()
    with line.half_a_patch(url, DATA[: 2**21]) as half:
        eventually(lambda: stored(url) >= 2**20, what="the first bytes on disk")
        line.server.stop()
        assert b" 408 " in half.recv(4096).split(b"\r\n")[0]
    assert row(url).offset == stored(url) >= 2**20
    assert "Cancel" not in line.server.log.read_text()
