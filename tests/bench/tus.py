"""The part of `tests.bench.uploads` about tus: a file in pieces of several sizes, against a plain copy of it.

The copy goes through the same program, over the same kind of line and onto the same disk, without an application: its
ASGI application only writes. It is not told to wait for the disk; an upload in pieces is never acknowledged before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from config.services import DEFAULT_SERVER
from tests.processes import Server

MIB = 2**20
GATE = 0.5
PIECES = {"in one piece": 0, "in pieces of 16 MiB": 16 * MIB}  # the second as the page sends it


@dataclass
class Plain(Server):
    """The same web server with `tests.bench.plain` behind it."""

    def command(self) -> list[str]:
        return [*super().command()[:-1], "tests.bench.plain:application"]

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=60).status_code == 204
        except httpx.TransportError:
            return False


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def measure(runs: int, data: Path, token: str, project: str, file: Path) -> dict[str, list[float]]:
    """Bytes a second of each way, in turn. All of it through servers that run for the whole time."""
    environment = {**os.environ, "LOG_PLAIN": "true", "BENCH_COPY": str(data / "copy")}
    found: dict[str, list[float]] = {name: [] for name in ("plain copy", *PIECES)}
    with (
        _running(Plain(DEFAULT_SERVER, environment, data / "plain.log")) as plain,
        _running(Server(DEFAULT_SERVER, environment, data / "tus.log")) as server,
    ):
        for _ in range(runs):
            found["plain copy"].append(file.stat().st_size / _curl(file, plain.url, []))
            for name, size in PIECES.items():
                found[name].append(file.stat().st_size / _tus(server, token, project, file, size))
            print(", ".join(f"{name} {rates[-1] / MIB:.0f} MiB/s" for name, rates in found.items()))
    return found


def _curl(file: Path, url: str, headers: list[str]) -> float:
    """Seconds of sending a file."""
    said = [word for header in ("Expect:", *headers) for word in ("-H", header)]
    begun = time.monotonic()
    answer = subprocess.run(
        ["curl", "-s", "-X", "PATCH", "-T", str(file), "-o", "/dev/null", "-w", "%{http_code}", *said, url],
        capture_output=True,
        text=True,
        check=True,
    )
    if answer.stdout != "204":
        raise SystemExit(f"Expected 204 for {file.name}, got {answer.stdout}.")
    return time.monotonic() - begun


def _tus(server: Server, token: str, project: str, file: Path, piece: int) -> float:
    """Seconds of an upload from its beginning to the answer that it is complete; it is deleted again."""
    headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    size = file.stat().st_size
    begun = time.monotonic()
    made = httpx.post(
        f"{server.url}/api/v1/projects/{project}/uploads",
        headers=headers | {"Upload-Length": str(size), "Upload-Metadata": "filename YS56aXA="},
    )
    url = f"{server.url}{made.headers['location']}"
    if piece:
        _in_pieces(url, headers, file, piece)
    else:
        tus = [f"{name}: {value}" for name, value in headers.items()]
        _curl(file, url, [*tus, "Upload-Offset: 0", "Content-Type: application/offset+octet-stream"])
    seconds = time.monotonic() - begun
    httpx.delete(url, headers=headers, timeout=60)
    return seconds


def _in_pieces(url: str, headers: dict[str, str], file: Path, piece: int) -> None:
    with file.open("rb") as source, httpx.Client(timeout=300) as client:
        while data := source.read(piece):
            more = {"Upload-Offset": str(source.tell() - len(data)), "Content-Type": "application/offset+octet-stream"}
            answer = client.patch(url, content=data, headers=headers | more)
            if answer.status_code != 204:
                raise SystemExit(f"Expected 204 for a piece, got {answer.status_code}.")


def tus_table(found: dict[str, list[float]], mib: int) -> str:
    middle = {name: statistics.median(rates) for name, rates in found.items()}
    copy = middle["plain copy"]
    lines = [
        "## Uploads in pieces",
        "",
        f"{mib} MiB by tus through {DEFAULT_SERVER}, complete and on disk, against a plain copy through the same "
        "server, whose application only writes and does not wait for the disk; medians of "
        f"{len(found['plain copy'])} runs, in turn. {os.cpu_count()} cores, Python {sys.version.split()[0]}, load "
        f"average {os.getloadavg()[0]:.1f} at the end. The gate is {GATE:.0%} of the copy.",
        "",
        "| way | MiB/s (each run) | of the plain copy |",
        "|---|---|---|",
    ]
    for name, rates in found.items():
        each = ", ".join(f"{rate / MIB:.0f}" for rate in rates)
        lines.append(f"| {name} | {middle[name] / MIB:.0f} ({each}) | {middle[name] / copy:.0%} |")
    return "\n".join(lines)
