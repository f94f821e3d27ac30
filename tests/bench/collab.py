"""How many durable ops a second one process takes, and how soon they reach the others.

    python -m tests.bench.collab [--rooms 1 --clients 20 --rate 100 --seconds 8] [--server uvicorn]

Three processes share the machine: the server, the load, and the databases. Beside ours run, for the ratio,
a consumer as in the Channels tutorial, and bare psycopg that does the same transaction on one connection.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench.report import write_section
from tests.bench.server import databases
from tests.processes import ROOT, free_port

WARM_UP_S = 1.0
IN_FLIGHT = 8


@dataclass
class Plan:
    """One run of the load: `rate` ops a second in all, or as many as go (0)."""

    url: str
    token: str
    label: str
    items: list[str]
    clients: int
    rate: float
    seconds: float
    path: str = "items"


@dataclass
class Figures:
    ops_s: float = 0
    p50: float = 0
    p95: float = 0
    p99: float = 0
    deliveries: int = 0
    refused: dict[str, int] = field(default_factory=dict)


# The server


@dataclass
class Running:
    url: str
    process: subprocess.Popen[bytes]

    @property
    def memory(self) -> int:
        """Resident bytes."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_info().rss)


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


def serve(program: str, port: int) -> None:
    """Our application with the textbook consumer beside it, and without limits on a client's rate."""
    import django

    django.setup()
    from django.conf import settings

    settings.CHANNEL_LAYERS["default"]["BACKEND"] = "channels_redis.core.RedisChannelLayer"
    from annotations import consumers
    from config import routing
    from tests.bench import textbook

    consumers.TX_RATE = consumers.TX_BURST = consumers.MESSAGE_RATE = consumers.MESSAGE_BURST = 1e9
    routing.websocket_urls += textbook.websocket_urls
    import config.asgi  # noqa: F401  (builds its routes from what was added)

    if program == "daphne":
        from daphne.cli import CommandLineInterface

        arguments = ["-v", "0", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application"]
        CommandLineInterface().run(arguments)
    else:
        import uvicorn

        uvicorn.run(
            "config.asgi:application", host="127.0.0.1", port=port, ws="websockets-sansio", loop="uvloop",
            ws_per_message_deflate=False, log_level="warning", lifespan="off",
        )  # fmt: skip


@contextmanager
def server(program: str) -> Any:
    """The address of a running server; its process is in `Running.process`."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.collab", "--serve", program, str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait_for(port, process, 60)
        yield Running(f"ws://127.0.0.1:{port}/ws", process)
    finally:
        process.terminate()
        process.wait(15)


# The load


class Load:
    """All clients of a run, in one process of their own."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counter = itertools.count()
        self.late: list[float] = []
        self.acked = 0
        self.refused: dict[str, int] = {}
        self.measuring = False

    async def run(self) -> Figures:
        clients = [(item, n) for item in self.plan.items for n in range(self.plan.clients)]
        sockets = [await self.join(item) for item, _ in clients]
        readers = [asyncio.create_task(self.read(*joined)) for joined in sockets]
        writers = [asyncio.create_task(self.write(*joined, n, len(sockets))) for n, joined in enumerate(sockets)]
        await asyncio.sleep(WARM_UP_S)
        self.measuring, before, start = True, self.acked, time.monotonic()
        await asyncio.sleep(self.plan.seconds)
        self.measuring, done, took = False, self.acked - before, time.monotonic() - start
        for task in writers + readers:
            task.cancel()
        await asyncio.gather(*writers, *readers, return_exceptions=True)
        for line, _ in sockets:
            line.transport.abort()
        self.late.sort()
        return Figures(
            done / took, self.late_at(0.5), self.late_at(0.95), self.late_at(0.99), len(self.late), self.refused
        )

    def late_at(self, share: float) -> float:
        return self.late[min(int(len(self.late) * share), len(self.late) - 1)] * 1e3 if self.late else float("nan")

    async def join(self, item: str) -> tuple[Any, dict[str, Any]]:
        from websockets.asyncio.client import connect

        socket = await connect(
            f"{self.plan.url}/{self.plan.path}/{item}/",
            subprotocols=["frameloop.v1", f"bearer.{self.plan.token}"],  # type: ignore[list-item]
            compression=None, max_size=None, ping_interval=None, open_timeout=60,
        )  # fmt: skip
        me = {"client": uuid.uuid4().hex, "shape": str(uuid.uuid4()), "rev": 0, "window": asyncio.Semaphore(IN_FLIGHT)}
        hello = {"type": "hello", "proto": 1, "item": item, "client_id": me["client"], "last_rev": 0}
        await socket.send(json.dumps(hello))
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "welcome":
                break
        label, box = self.plan.label, {"type": "box", "x": 1, "y": 1, "w": 50, "h": 50}
        await self.send(socket, me, {"op": "create", "id": me["shape"], "label": label, "geometry": box})
        return socket, me

    async def send(self, socket: Any, me: dict[str, Any], op: dict[str, Any]) -> None:
        tx_id = f"{next(self.counter)}.{me['client'][:8]}.{time.monotonic_ns()}"
        await socket.send(
            json.dumps({"type": "tx", "tx_id": tx_id, "base_rev": me["rev"], "ops": [op]}, separators=(",", ":"))
        )

    async def write(self, socket: Any, me: dict[str, Any], n: int, of: int) -> None:
        pause = of / self.plan.rate if self.plan.rate else 0
        due = time.monotonic() + pause * n / of
        pinged = 0.0
        for step in itertools.count():
            if pause:
                await asyncio.sleep(due - time.monotonic())
                due += pause
            else:
                await me["window"].acquire()
            box = {"type": "box", "x": step % 500, "y": 10.5, "w": 50, "h": 50}
            await self.send(socket, me, {"op": "update", "id": me["shape"], "set": {"geometry": box}})
            if self.plan.path == "items" and time.monotonic() - pinged > 1:
                pinged = time.monotonic()
                await socket.send(json.dumps({"type": "ping", "rev": me["rev"]}))

    def heard(self, message: dict[str, Any]) -> None:
        """Somebody moved; who measures that looks here."""

    async def read(self, socket: Any, me: dict[str, Any]) -> None:
        import orjson

        mine = "." + me["client"][:8] + "."
        async for text in socket:
            now = time.monotonic_ns()
            message = orjson.loads(text)
            kind = message["type"]
            if kind in ("ack", "nack"):
                me["window"].release()
                self.acked += kind == "ack"
                if kind == "nack":
                    self.refused[message["code"]] = self.refused.get(message["code"], 0) + 1
            elif kind == "presence":
                self.heard(message)
            elif kind == "ops":
                me["rev"] = max(me["rev"], message["to"])
                if self.measuring:
                    names = [tx["tx_id"] for tx in message["txs"] if mine not in tx["tx_id"]]
                    self.late += [(now - int(name.rpartition(".")[2])) / 1e9 for name in names]


def measure(plan: Plan) -> Figures:
    """Run the load in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.collab", "--load", json.dumps(asdict(plan))]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if output.returncode:
        raise SystemExit(output.stderr[-2000:])
    return Figures(**json.loads(output.stdout.splitlines()[-1]))


# Bare psycopg

_BARE = (
    "UPDATE projects_item SET rev = rev + 1 WHERE id = %(item)s RETURNING rev",
    """INSERT INTO annotations_journaltx
         (item_id, rev, client_id, tx_id, payload_hash, actor_id, at, ops, inverse, overwritten, skipped, undo_of)
       VALUES (%(item)s, %(rev)s, 'bare', %(tx)s, %(hash)s, %(user)s, now(), %(ops)s, %(ops)s, '[]', '[]', '')""",
    """INSERT INTO annotations_annotation (id, item_id, label_id, geometry, attributes, source, geom_rev, track_rev,
         touched, deleted, z, author_id, updated_by_id, created_rev, updated_rev, updated_at)
       VALUES (%(shape)s, %(item)s, %(label)s, %(geometry)s, '{}', 'human', %(rev)s, 0, '{}', false, 0, %(user)s,
         %(user)s, %(rev)s, %(rev)s, now())
       ON CONFLICT (id) DO UPDATE SET geometry = excluded.geometry, updated_rev = excluded.updated_rev,
         geom_rev = excluded.geom_rev, updated_by_id = excluded.updated_by_id, updated_at = excluded.updated_at""",
)


def bare(item: str, label: str, user: str, seconds: float) -> float:
    """Ops a second: one connection, one transaction an op, three prepared statements."""
    import psycopg
    from django.db import connections
    from psycopg.types.json import Jsonb

    settings = connections["default"].settings_dict
    box = Jsonb({"type": "box", "x": 1, "y": 10.5, "w": 50, "h": 50})
    values = {"item": item, "label": label, "user": user, "shape": str(uuid.uuid4()), "hash": b"x" * 32}
    values |= {"geometry": box, "ops": Jsonb([{"op": "update", "id": str(uuid.uuid4()), "set": {"geometry": box.obj}}])}
    done, start = 0, time.monotonic()
    with psycopg.connect(dbname=settings["NAME"], host=settings["HOST"], user=settings["USER"] or None) as connection:
        while time.monotonic() - start < seconds:
            with connection.transaction(), connection.cursor() as cursor:
                row = cursor.execute(_BARE[0], values, prepare=True).fetchone()
                values |= {"rev": row[0] if row else 0, "tx": str(done)}
                cursor.execute(_BARE[1], values, prepare=True)
                cursor.execute(_BARE[2], values, prepare=True)
            done += 1
    return done / (time.monotonic() - start)


# All together


def make_world(rooms: int) -> dict[str, Any]:
    from rest_framework_simplejwt.tokens import AccessToken

    from projects.models import Asset, Item, Label, Membership, Project, Role, Team, User

    user = User.objects.create_user(f"{uuid.uuid4().hex}@example.org", "a long enough password", name="Bench")
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    project = Project.objects.create(team=team, name="Bench", created_by=user)
    label = Label.objects.create(project=project, name="thing")
    asset = Asset.objects.create(
        team=team, kind="image", sha256="0" * 64, size=1, content_type="image/png", original_name="a.png",
        width=640, height=480, file="a.png",
    )  # fmt: skip
    items = [str(Item.objects.create(project=project, asset=asset, path=f"{n}").pk) for n in range(rooms)]
    return {"items": items, "label": str(label.pk), "user": str(user.pk), "token": str(AccessToken.for_user(user))}


def run(options: argparse.Namespace) -> str:
    rows: list[tuple[str, Figures]] = []
    busy = f"{options.max_rooms} rooms x {options.max_clients}, as fast as it goes"
    with server(options.server) as running:

        def plan(rooms: int, clients: int, rate: float, path: str = "items") -> Plan:
            world = make_world(rooms)
            return Plan(
                running.url, world["token"], world["label"], world["items"], clients, rate, options.seconds, path
            )

        steady = f"{options.rooms} rooms x {options.clients}, {options.rate:g} ops/s"
        rows.append((f"ours, {steady}", measure(plan(options.rooms, options.clients, options.rate))))
        if not options.only_rate:
            rows.append((f"ours, {busy}", measure(plan(options.max_rooms, options.max_clients, 0))))
            rows.append((f"textbook, {busy}", measure(plan(options.max_rooms, options.max_clients, 0, "textbook"))))
    if not options.only_rate:
        world = make_world(1)
        rows.append(
            ("bare psycopg, one op a transaction", Figures(bare(world["items"][0], world["label"], world["user"], 3)))
        )
    return _table(rows, options)


def machine() -> str:
    """One sentence about where the figures were taken."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load:.1f} at the end."


def _table(rows: list[tuple[str, Figures]], options: argparse.Namespace) -> str:
    lines = [
        "## Live collaboration (`tests/bench/collab.py`)",
        "",
        f"Server: {options.server}. {options.seconds:g} s a run. {machine()}",
        "Latency is from the sending of an op to its arrival at a peer, in ms, at every peer.",
        "",
        "| run | durable ops/s | p50 | p95 | p99 |",
        "|---|---|---|---|---|",
    ]
    for name, f in rows:
        late = f"{f.p50:.1f} | {f.p95:.1f} | {f.p99:.1f}" if f.deliveries else "| |"
        refused = f" (refused: {f.refused})" if f.refused else ""
        lines.append(f"| {name}{refused} | {f.ops_s:,.0f} | {late} |")
    if len(rows) == 4:
        ours, textbook, raw = (figures.ops_s for _, figures in rows[1:])
        lines += ["", f"Ours takes {ours / textbook:.0f} x the textbook's ops, {ours / raw:.1f} x bare psycopg's."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--clients", type=int, default=20, help="in each room")
    parser.add_argument("--rate", type=float, default=100, help="ops a second in all")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    parser.add_argument("--max-rooms", type=int, default=20)
    parser.add_argument("--max-clients", type=int, default=5)
    parser.add_argument("--only-rate", action="store_true", help="leave out the runs at full speed")
    parser.add_argument("--dry", action="store_true", help="print only, leave docs/benchmarks.md alone")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], int(options.serve[1]))
    elif options.load:
        print(json.dumps(asdict(asyncio.run(Load(Plan(**json.loads(options.load))).run()))))
    else:
        os.environ.setdefault("LOG_PLAIN", "true")
        with databases():
            text = run(options)
        print(text)
        if not options.dry:
            write_section("collab", text)


if __name__ == "__main__":
    main()
