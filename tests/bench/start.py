"""python -m tests.bench.start: how long a second start takes until it is ready, and a stop until nothing is left."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.report import write_section
from tests.processes import ROOT, free_port

GATE_S = 10.0
_OURS = ("DATABASE_URL", "REDIS_URL", "FRAMELOOP_DATA", "FRAMELOOP_EMBEDDED", "READY_WORKERS", "ALLOWED_HOSTS")


@dataclass
class Round:
    """Seconds from the command to ready, and from the signal to the end; processes that ran, and were left."""

    start: float
    stop: float
    processes: int
    left: int


def round_of(data: Path, number: signal.Signals) -> Round:
    """Start `./run`, wait until it is ready, send it a signal and wait until it has ended."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in _OURS} | {"FRAMELOOP_ENV_FILE": "none"}
    command = [str(ROOT / "run"), "--no-demo", "--port", str(port), "--data", str(data)]
    begun = time.monotonic()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line == f"Frameloop is ready at http://127.0.0.1:{port}\n":
                break
        else:
            raise SystemExit("It did not start:\n" + "".join(said))
        start = time.monotonic() - begun
        time.sleep(2)
        family = psutil.Process(process.pid).children(recursive=True)
        asked = time.monotonic()
        process.send_signal(number)
        process.stdout.read()
        process.wait()
        stop = time.monotonic() - asked
    left = [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    return Round(start, stop, 1 + len(family), len(left))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="frameloop-start-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        first = round_of(data, signal.SIGTERM)
        rounds = []
        for number in range(options.runs):
            rounds.append(round_of(data, (signal.SIGINT, signal.SIGTERM)[number % 2]))
            print(rounds[-1], flush=True)
    write_section("start", report(first, rounds))
    if statistics.median(each.start for each in rounds) > GATE_S or any(each.left for each in rounds):
        sys.exit("The gate does not hold.")


def report(first: Round, rounds: list[Round]) -> str:
    starts, stops = [each.start for each in rounds], [each.stop for each in rounds]
    held = "held" if statistics.median(starts) < GATE_S else "missed"
    return "\n".join(
        [
            "## Start and stop",
            "",
            f"`python -m tests.bench.start`: `./run` on embedded servers, without the demo; medians of {len(rounds)} "
            f"runs, stopped by Ctrl-C and SIGTERM in turn. {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
            f"load average {os.getloadavg()[0]:.1f} at the end.",
            "",
            "| | seconds | each run |",
            "|---|---|---|",
            f"| first start, libraries installed, empty data folder | {first.start:.1f} | |",
            f"| second start to ready | **{statistics.median(starts):.1f}** | {_each(starts)} |",
            f"| signal to exit | {statistics.median(stops):.1f} | {_each(stops)} |",
            "",
            f"{max(each.processes for each in rounds)} processes ran; {sum(each.left for each in rounds)} were left. "
            f"The gate is {GATE_S:.0f} s to the second start: {held}.",
        ]
    )


def _each(values: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    main()
