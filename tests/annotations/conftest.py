"""Items to label, and shorthands for transactions."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from annotations.protocol import Tx
from projects.models import Asset, Item, Label, Project, Video

ROOT = Path(__file__).resolve().parents[2]
BOX = {"type": "box", "x": 10, "y": 20, "w": 30, "h": 40}
SQUARE = {"type": "polygon", "rings": [[["a", 10, 10], ["b", 50, 10], ["c", 50, 50], ["d", 10, 50]]]}


def make_item(project: Project, path: str = "a.png", kind: str = "image", frames: int = 50) -> Item:
    asset = Asset.objects.create(
        team=project.team, kind=kind, sha256=uuid.uuid4().hex * 2, size=1, content_type="image/png",
        original_name=path, width=640, height=480, file=path,
    )  # fmt: skip
    if kind == "video":
        Video.objects.create(
            asset=asset, frames=frames, fps=25, time_base_numerator=1, time_base_denominator=25, codec="h264",
            pts_bytes=np.arange(frames, dtype="<i8").tobytes(), key_frames_bytes=np.zeros(1, "<i4").tobytes(),
        )  # fmt: skip
    return Item.objects.create(project=project, asset=asset, path=path)


@pytest.fixture
def item(project: Project) -> Item:
    return make_item(project)


@pytest.fixture
def video_item(project: Project) -> Item:
    return make_item(project, "a.mp4", "video")


@pytest.fixture
def labels(project: Project) -> list[str]:
    return [str(pk) for pk in Label.objects.filter(project=project).values_list("pk", flat=True)]


def new_id() -> str:
    return str(uuid.uuid4())


def create(label: str, shape_id: str | None = None, geometry: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": "create", "id": shape_id or new_id(), "label": label, "geometry": geometry or BOX, **more}


def update(shape_id: str, **changes: Any) -> dict[str, Any]:
    return {"op": "update", "id": shape_id, "set": changes}


def tx(*ops: dict[str, Any], base_rev: int = 0, client_id: str = "tab", tx_id: str = "", undo_of: str = "") -> Tx:
    return Tx(client_id, tx_id or uuid.uuid4().hex, base_rev, list(ops), undo_of)


@pytest.fixture
def a_shape(item: Item, labels: list[str], alice: Any) -> Callable[..., str]:
    """Makes a shape of Alice's at once, and gives its id."""
    from annotations import journal

    def make(geometry: Any = None, by: Any = None, **more: Any) -> str:
        op = create(labels[0], geometry=geometry, **more)
        item.refresh_from_db()
        journal.commit(item.pk, tx(op, base_rev=item.rev), by or alice)
        return str(op["id"])

    return make


@dataclass
class Server:
    """The application in a process of its own, on the test database."""

    program: str
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        daphne = ["-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"]
        uvicorn = ["--host", "127.0.0.1", "--port", str(self.port), "--ws", "websockets-sansio", "--loop", "uvloop"]
        uvicorn += ["--log-level", "warning", "--lifespan", "off", "config.asgi:application"]
        command = [sys.executable, "-m", self.program, *(daphne if self.program == "daphne" else uvicorn)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.program} did not start: {self.log.read_text()[-2000:]}")

    def stop(self, kill: bool = False) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill() if kill else process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _server(program: str, folder: Path, **more: str) -> Server:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    main, _, options = os.environ["DATABASE_URL"].partition("?")
    address = f"{main.rpartition('/')[0]}/{settings.DATABASES['default']['NAME']}" + (f"?{options}" if options else "")
    environment = {**os.environ, "DATABASE_URL": address, "DEBUG": "false", "LOG_PLAIN": "true", **more}
    return Server(program, port, environment, folder / f"{program}.log")


@pytest.fixture(scope="session")
def _running(django_db_setup, tmp_path_factory) -> Iterator[dict[str, Server]]:
    running: dict[str, Server] = {}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(params=["daphne", "uvicorn"])
def either_server(request, _running, transactional_db, tmp_path_factory) -> Server:
    return _started(request.param, _running, tmp_path_factory)


@pytest.fixture
def server(_running, transactional_db, tmp_path_factory) -> Server:
    return _started("daphne", _running, tmp_path_factory)


def _started(program: str, running: dict[str, Server], folders: pytest.TempPathFactory) -> Server:
    if program not in running:
        running[program] = _server(program, folders.mktemp(program))
    if running[program].process is None:
        running[program].start()
    return running[program]


def token_of(user: Any) -> str:
    return str(AccessToken.for_user(user))


@pytest.fixture
def two_servers(_running, transactional_db, tmp_path_factory) -> list[Server]:
    """Two processes on one database and one Redis: a daphne and a uvicorn."""
    return [_started(program, _running, tmp_path_factory) for program in ("daphne", "uvicorn")]
