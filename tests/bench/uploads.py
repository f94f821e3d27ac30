"""python -m tests.bench.uploads: a large upload through each web server; time, memory, and what others wait meanwhile.

The file is 200 MiB that no decoder takes, so that what is measured is the way of the bytes to the disk. Then the same
file in pieces by tus, beside a plain copy of it through the same server (`--only tus` for this part alone).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from config.services import SERVERS
from tests.bench.report import write_section
from tests.bench.server import databases
from tests.bench.tus import measure, tus_table
from tests.processes import Server

MIB = 2**20


@dataclass
class Run:
    """Seconds of one upload, the server's largest resident memory in bytes, seconds that other requests took."""

    seconds: float
    peak: int
    others: list[float] = field(default_factory=list)


@contextmanager
def serving(program: str, folder: Path) -> Iterator[Server]:
    server = Server(program, {**os.environ, "LOG_PLAIN": "true"}, folder / f"{program}.log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def upload(server: Server, token: str, project: str, file: Path) -> Run:
    """One upload by curl, with a page asked for every 50 ms beside it."""
    assert server.process is not None
    process, stop, run = psutil.Process(server.process.pid), threading.Event(), Run(0.0, 0)
    watcher = threading.Thread(target=_watch, args=(process, server.url, run, stop))
    watcher.start()
    begun = time.monotonic()
    answer = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}",
         "-H", "Expect:", "-F", f"file=@{file}", f"{server.url}/api/v1/projects/{project}/items"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    run.seconds = time.monotonic() - begun
    stop.set()
    watcher.join()
    run.peak = max(run.peak, _high_water(process.pid))
    if answer.stdout not in ("400", "415", "422"):
        raise SystemExit(f"Expected a refusal of the file, got {answer.stdout}.")
    return run


def _watch(process: psutil.Process, url: str, run: Run, stop: threading.Event) -> None:
    with httpx.Client() as client:
        while not stop.wait(0.05):
            run.peak = max(run.peak, process.memory_info().rss)
            begun = time.monotonic()
            client.get(f"{url}/healthz", timeout=300)
            run.others.append(time.monotonic() - begun)


def _high_water(pid: int) -> int:
    """The most memory a process ever had resident, in bytes, where the system tells."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _people() -> tuple[str, str]:
    """A token and a project's id."""
    from rest_framework_simplejwt.tokens import AccessToken

    from projects.models import Membership, Project, Role, Team, User

    user = User.objects.create_user("bench@example.org", "a long enough password", name="Bench")
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    project = Project.objects.create(team=team, name="Bench", task="detect", created_by=user)
    return str(AccessToken.for_user(user)), str(project.pk)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=("form", "tus"))
    options = parser.parse_args()
    with databases() as data, tempfile.TemporaryDirectory() as folder:
        token, project = _people()
        file = Path(folder) / "noise.bin"
        with file.open("wb") as out:
            for _ in range(options.mib):
                out.write(os.urandom(MIB))
        if options.only != "tus":
            write_section("uploads", _table(_forms(options.runs, data, token, project, file), options.mib))
        if options.only != "form":
            write_section(
                "uploads in pieces", tus_table(measure(options.runs, data, token, project, file), options.mib)
            )


def _forms(count: int, data: Path, token: str, project: str, file: Path) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {program: [] for program in SERVERS}
    for _ in range(count):  # in turn, and each in a fresh process: memory is not given back
        for program in SERVERS:
            with serving(program, data) as server:
                runs[program].append(upload(server, token, project, file))
                print(program, f"{runs[program][-1].seconds:.1f} s", f"{runs[program][-1].peak / MIB:.0f} MiB")
    return runs


def _table(runs: dict[str, list[Run]], mib: int) -> str:
    count = len(runs[SERVERS[0]])
    lines = [
        "## Large uploads by web server",
        "",
        f"{mib} MiB to `POST projects/{{id}}/items`, refused once it has arrived; medians of {count} runs, each in a "
        f"fresh process, in turn. Beside it `/healthz` was asked for every 50 ms. {os.cpu_count()} cores, Python "
        f"{sys.version.split()[0]}, load average {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| server | seconds (each run) | peak memory, MiB | `/healthz` p50 / worst, ms |",
        "|---|---|---|---|",
    ]
    for program, each in runs.items():
        seconds = ", ".join(f"{run.seconds:.1f}" for run in each)
        others = sorted(value for run in each for value in run.others)
        lines.append(
            f"| {program} | {statistics.median(run.seconds for run in each):.1f} ({seconds}) "
            f"| {statistics.median(run.peak for run in each) / MIB:.0f} "
            f"| {1000 * statistics.median(others):.0f} / {1000 * others[-1]:.0f} |"
        )
    first, second = (statistics.median(run.seconds for run in runs[program]) for program in SERVERS)
    lines += ["", f"{SERVERS[1]} takes {second / first:.1f} x the time of {SERVERS[0]}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
