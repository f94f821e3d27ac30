"""One room of fifty: how soon ops and cursors arrive, what a silent socket costs, and what one stalled reader does.

    python -m tests.bench.room [--people 50 --seconds 8 --idle 1000] [--server uvicorn]

As in `tests.bench.collab`, server, load and databases are processes of their own on one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench import collab
from tests.bench.collab import Figures, Load, Plan, Running, machine, make_world
from tests.bench.report import write_section
from tests.bench.server import databases
from tests.processes import ROOT

CURSOR_HZ = 20
_WRAP_S = 1000.0  # a cursor carries its time of sending as a coordinate


@dataclass
class Visit:
    """What the people of one run do beside their ops."""

    plan: Plan
    cursors_hz: float = 0
    stalled: int = 0
    idle: int = 0


@dataclass
class Seen:
    """Figures of ops, and the lateness of cursors in ms."""

    ops: Figures = field(default_factory=Figures)
    cursor_p50: float = 0
    cursor_p95: float = 0


class Room(Load):
    """The people of one room."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit.plan)
        self.visit = visit
        self.cursors: list[float] = []

    async def go(self) -> Seen:
        item = self.plan.items[0]
        stalled = [await self.join(item) for _ in range(self.visit.stalled)]
        for line, _ in stalled:
            line.transport.pause_reading()
        ops = await self.run()
        for line, _ in stalled:
            line.transport.abort()
        self.cursors.sort()
        return Seen(ops, self._cursor_at(0.5), self._cursor_at(0.95))

    def _cursor_at(self, share: float) -> float:
        return self.cursors[int(len(self.cursors) * share)] * 1e3 if self.cursors else float("nan")

    async def write(self, socket: Any, me: dict[str, Any], n: int, of: int) -> None:
        if self.visit.cursors_hz:
            pointing = asyncio.create_task(self._point(socket, n, of))
        try:
            if self.plan.rate >= 0:
                await super().write(socket, me, n, of)
            await asyncio.sleep(3600)
        finally:
            if self.visit.cursors_hz:
                pointing.cancel()

    async def _point(self, socket: Any, n: int, of: int) -> None:
        pause = 1 / self.visit.cursors_hz
        due = time.monotonic() + pause * n / of
        while True:
            await asyncio.sleep(due - time.monotonic())
            due += pause
            at = [time.monotonic() % _WRAP_S, 1]
            await socket.send(
                json.dumps({"type": "presence", "cursor": at, "frame": None, "selection": [], "tool": "box"})
            )

    def heard(self, message: dict[str, Any]) -> None:
        now = time.monotonic() % _WRAP_S
        for entry in message.get("batch", ()):
            if entry.get("cursor") and self.measuring:
                self.cursors.append((now - entry["cursor"][0]) % _WRAP_S)


async def sit(visit: Visit) -> Seen:
    """Join and say nothing but what keeps the line alive, until standard input ends."""
    room = Room(visit)
    item = visit.plan.items[0]
    lines = []
    for _ in range(visit.idle):
        line, _me = await room.join(item)
        lines.append(line)
    print(json.dumps({"sitting": len(lines)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    return Seen()


def load(visit: Visit) -> Seen:
    """Run the people in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.room", "--load", json.dumps(asdict(visit))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    seen = json.loads(done.stdout.splitlines()[-1])
    return Seen(Figures(**seen.pop("ops")), **seen)


def idle_bytes(running: Running, visit: Visit) -> float:
    """What the server's memory grows by for each socket that only sits there, in bytes."""
    before = running.memory
    command = [sys.executable, "-m", "tests.bench.room", "--load", json.dumps(asdict(visit))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        sitting = json.loads(process.stdout.readline())["sitting"]
        time.sleep(2)
        grown = running.memory - before
        process.stdin.close()
    return grown / sitting


def run(options: argparse.Namespace) -> str:
    with collab.server(options.server) as running:

        def visit(people: int, rate: float, **more: Any) -> Visit:
            world = make_world(1)
            plan = Plan(running.url, world["token"], world["label"], world["items"], people, rate, options.seconds)
            return Visit(plan, **more)

        people = options.people
        load(visit(people, 100))  # warm: pools, plans and caches
        idle = idle_bytes(running, visit(0, -1, idle=options.idle))
        rows = [
            (f"{people} editors, {people * 10} ops/s", load(visit(people, people * 10))),
            (f"{people} editors, {people} ops/s", load(visit(people, people))),
            (f"the same, {people} cursors at {CURSOR_HZ} Hz", load(visit(people, people, cursors_hz=CURSOR_HZ))),
        ]
        before = running.memory
        rows.append(("the same as the second, and one who never reads", load(visit(people, people, stalled=1))))
        grown = running.memory - before
    return _table(rows, idle, grown, options)


def _table(rows: list[tuple[str, Seen]], idle: float, grown: int, options: argparse.Namespace) -> str:
    lines = [
        "## One room (`tests/bench/room.py`)",
        "",
        f"Server: {options.server}. {options.seconds:g} s a run. {machine()}",
        "Lateness is from sending to arrival, in ms, at every peer; cursors are coalesced by design.",
        "",
        "| run | durable ops/s | op p50 | p95 | p99 | cursor p50 | p95 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, seen in rows:
        ops = seen.ops
        cursors = f"{seen.cursor_p50:.0f} | {seen.cursor_p95:.0f}" if seen.cursor_p95 == seen.cursor_p95 else "| "
        lines.append(f"| {name} | {ops.ops_s:,.0f} | {ops.p50:.1f} | {ops.p95:.1f} | {ops.p99:.1f} | {cursors} |")
    alone, pointed, stalled = (seen.ops.p95 for _, seen in rows[1:])
    lines += [
        "",
        f"An idle socket costs the server {idle / 1024:.0f} KiB ({options.idle:,} of them in one room). Cursors change "
        f"the ops' p95 by {pointed / alone:.2f} x, the stalled reader by {stalled / alone:.2f} x; "
        f"the server's memory grew by {grown / 2**20:.1f} MiB meanwhile.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--server", default="uvicorn", choices=["uvicorn", "daphne"])
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        wish = json.loads(options.load)
        visit = Visit(Plan(**wish.pop("plan")), **wish)
        seen = asyncio.run(sit(visit) if visit.idle else Room(visit).go())
        if not visit.idle:
            print(json.dumps(asdict(seen)))
        return
    with databases():
        text = run(options)
    print(text)
    write_section("room", text)


if __name__ == "__main__":
    main()
