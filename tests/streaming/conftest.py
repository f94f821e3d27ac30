"""Real processes on the test database: the media gateway and stream workers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from streaming import desk
from streaming.models import Pipeline, Source
from tests.processes import ROOT, eventually, free_port, on_test_database

SMALL = {"width": 320, "height": 180, "fps": 12}


class Processes:
    """Starts management commands as processes, and ends those and no others."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, command: str, **environment: str) -> subprocess.Popen[bytes]:
        return self.run(command, [sys.executable, "manage.py", command], **environment)

    def run(self, name: str, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | environment,
                stdout=output,
                stderr=output,
            )
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> int:
        if process.poll() is None:
            process.send_signal(with_signal)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        if process in self.running:
            self.running.remove(process)
        return process.wait()

    def end_all(self) -> None:
        for process in list(self.running):
            self.end(process)


@pytest.fixture(scope="session")
def environment(django_db_setup, django_db_blocker) -> dict[str, str]:
    """The environment of processes that are to see the test database."""
    return on_test_database(DEBUG="true", ALLOW_LOOPBACK_CAMERAS="true")


@pytest.fixture
def processes(environment, tmp_path, transactional_db) -> Iterator[Processes]:
    started = Processes(tmp_path, environment)
    yield started
    started.end_all()


@pytest.fixture
def gateway(processes: Processes) -> subprocess.Popen[bytes]:
    Path(settings.GATEWAY_SOCKET).unlink(missing_ok=True)
    process = processes.start("media_gateway")
    eventually(Path(settings.GATEWAY_SOCKET).exists, what="the gateway's socket")
    return process


@pytest.fixture
def worker(processes: Processes) -> subprocess.Popen[bytes]:
    return processes.start("stream_worker")


@pytest.fixture(scope="session")
def _daphne(environment, tmp_path_factory) -> Iterator[str]:
    port, processes = free_port(), Processes(tmp_path_factory.mktemp("web"), environment)
    processes.run("daphne", [sys.executable, "-m", "daphne", "-p", str(port), "config.asgi:application"])

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers, 60, "daphne")
    yield f"http://127.0.0.1:{port}"
    processes.end_all()


@pytest.fixture
def web(_daphne: str, transactional_db) -> str:
    """The address of a running web process."""
    return _daphne


@pytest.fixture
def source(project) -> Source:
    return Source.objects.create(project=project, name="Belt", kind="synthetic", config=SMALL)


@pytest.fixture
def pipeline(source: Source) -> Pipeline:
    return Pipeline.objects.create(project=source.project, name="Belt", source=source)


def start(pipeline: Pipeline) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(wanted=True)


def wait_for(pipeline: Pipeline, *states: str, seconds: float = 40.0) -> Pipeline:
    """The row once it is in one of the states."""

    def look() -> Pipeline | None:
        pipeline.refresh_from_db()
        return pipeline if pipeline.state in states else None

    return eventually(look, seconds, f"the state {' or '.join(states)}, not {pipeline.state}")


def child_of(worker: subprocess.Popen[bytes]) -> int | None:
    """The process id of a worker's only child."""
    import psutil

    children = psutil.Process(worker.pid).children()
    return children[0].pid if children else None


__all__ = ["Processes", "child_of", "desk", "eventually", "free_port", "start", "wait_for"]
