"""What a frame of each gesture costs in the editor with many boxes on screen, against the same shapes elsewhere.

    python -m tests.bench.canvas [--boxes 10000] [--steps 40] [--rounds 5] [--konva konva.min.js] [--no-write]

The editor's real page on a real server, in headless Chromium without a GPU, with a stage of 1600 x 1000. One step a
frame. The goals are for the CPU time of the page's main thread (script, style, layout, paint and the canvas) a step,
by the browser's own count of thread time, so other work on the machine does not count; the median over the rounds.
Beside it stands that of all the browser's threads: SVG is drawn by others than the main one. The same boxes are then
drawn as plain SVG whose group gets a transform, as SVG that CSS moves and whose outlines get their width anew at each
zoom (CVAT's way), and on a Konva stage, which npm gives for this benchmark alone; without it its columns stay empty.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from tests.bench.report import write_section
from tests.bench.server import databases, web

STAGE = (1600, 1000)
PICTURE = (4000, 3000)
GESTURES = ("idle", "pan", "zoom", "hover", "drag", "remote", "redraw")
NAMES = {"idle": "nothing", "remote": "2 remote edits a frame", "redraw": "full redraw"}
GOALS = {"pan": 3.0, "zoom": 3.0, "hover": 3.0, "drag": 3.0, "remote": 3.0, "redraw": 16.0}
MANY, MANY_GOAL = 50_000, 5.0
POLYGONS, CORNERS, POLYGONS_GOAL = 1000, 50, 20.0
HUNDRED_GOAL = 10.0  # per cent of a core
PRESENTED_GOALS = {10_000: 25.0, 50_000: 33.0}  # ms from the hand's move to its frame, p95
MEMORY_GOAL = 50.0  # MB over the bare picture
MOVES = 200
OTHERS = {"svg": "SVG", "css": "SVG by CSS", "konva": "Konva"}
KONVA = "konva@9.3.22"
SCENE = Path(__file__).with_name("canvas_scene.js")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
Costs = dict[str, list[tuple[float, float]]]


def picture() -> bytes:
    import numpy as np
    from PIL import Image

    coarse = np.random.default_rng(7).integers(40, 200, (30, 40, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(PICTURE, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def make_item(boxes: int) -> tuple[Any, Any]:
    """An item with `boxes` boxes in eight classes, all over the picture, and the person who may edit it."""
    import numpy as np

    random = np.random.default_rng(11)
    w, h = random.uniform(10, 60, (2, boxes)).round(1)
    x, y = random.uniform(0, 1, (2, boxes)) * [[PICTURE[0] - 60], [PICTURE[1] - 60]]
    places = zip(x.round(1).tolist(), y.round(1).tolist(), w.tolist(), h.tolist(), strict=True)
    return _item([{"type": "box", "x": x, "y": y, "w": w, "h": h} for x, y, w, h in places])


def make_polygons() -> tuple[Any, Any]:
    """An item with POLYGONS polygons of CORNERS vertices, and the person who may edit it."""
    import random

    hand, shapes = random.Random(5), []
    for _ in range(POLYGONS):
        x, y, size = hand.uniform(100, PICTURE[0] - 100), hand.uniform(100, PICTURE[1] - 100), hand.uniform(20, 90)
        turns = [2 * math.pi * n / CORNERS for n in range(CORNERS)]
        radii = [size * hand.uniform(0.8, 1.2) for _ in turns]
        corners = zip(turns, radii, strict=True)
        ring = [[n, x + r * math.cos(turn), y + r * math.sin(turn)] for n, (turn, r) in enumerate(corners)]
        shapes.append({"type": "polygon", "rings": [ring]})
    return _item(shapes)


def _item(geometries: list[dict[str, Any]]) -> tuple[Any, Any]:
    from django.core.files.base import ContentFile

    from annotations.models import Annotation
    from projects.intake import intake
    from projects.models import Item, Project, User

    email = f"bench{User.objects.count()}@example.org"
    user = User.objects.create_user(email, "a long enough password", name="Bench")
    project = Project.objects.create(team=user.teams.get(), name="Bench", created_by=user)
    labels = [project.add_label(f"class {n}") for n in range(8)]
    item = intake(project, ContentFile(picture(), name="big.jpg"), "big.jpg", user)
    Annotation.objects.bulk_create(
        Annotation(
            id=uuid.uuid4(),
            item=item,
            label=labels[n % 8],
            geometry=geometry,
            author=user,
            updated_by=user,
            created_rev=1,
            updated_rev=1,
        )
        for n, geometry in enumerate(geometries)
    )
    Item.objects.filter(pk=item.pk).update(rev=1, annotation_count=len(geometries))
    return item, user


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the thread has ended
        return "0"


def _family(pid: int) -> list[int]:
    """The browser's processes: Chromium's among the descendants of `pid`."""
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True) if "chrom" in child.name()]


class Meter:
    """CPU time: the main thread's as the browser counts it, and that of all its threads as the system does."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cpu_ms(self) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return float(1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    def all_ms(self) -> float:
        """Raster and composition included."""
        tasks = [task for pid in _family(os.getpid()) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(_read(task).split()[0]) for task in tasks) / 1e6

    def share(self, gesture: str, seconds: float = 6.0) -> float:
        """Per cent of a core that the main thread is busy."""
        self.page.evaluate("(gesture) => bench.begin(gesture)", gesture)
        before = self.cpu_ms()
        steps = "async ([gesture, ms]) => { const end = performance.now() + ms; while (performance.now() < end)"
        self.page.evaluate(f"{steps} await bench.run(gesture, 10); }}", [gesture, 1000 * seconds])
        return (self.cpu_ms() - before) / (10 * seconds)

    def measure(self, steps: int, rounds: int, gestures: tuple[str, ...] = GESTURES) -> Costs:
        """Pairs of (main thread, all threads), in ms a step, by gesture; one pair a round."""
        costs: Costs = {}
        for gesture in gestures:
            self.page.evaluate("(gesture) => bench.begin(gesture)", gesture)
            self.page.evaluate("([gesture, n]) => bench.run(gesture, n)", [gesture, 5])
            for _ in range(rounds):
                before = self.cpu_ms(), self.all_ms()
                self.page.evaluate("([gesture, n]) => bench.run(gesture, n)", [gesture, steps])
                spent = (self.cpu_ms() - before[0]) / steps, (self.all_ms() - before[1]) / steps
                costs.setdefault(gesture, []).append(spent)
            self.page.evaluate("(gesture) => bench.end(gesture)", gesture)
            self.page.wait_for_timeout(400)
        return costs


def open_editor(browser: Any, address: str, item: Any, user: Any) -> Any:
    """The editor's page, with a stage of exactly the wanted size and the picture fitted."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": STAGE[0] + 300, "height": STAGE[1] + 60})
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    context.add_cookies([cookie | {"url": address}])
    page = context.new_page()
    page.goto(f"{address}/items/{item.pk}/")
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector("#stage:not([aria-busy=true])")
    shown = page.locator("#stage").bounding_box()
    view = page.viewport_size
    page.set_viewport_size(
        {
            "width": int(view["width"] + STAGE[0] - shown["width"]),
            "height": int(view["height"] + STAGE[1] - shown["height"]),
        }
    )
    page.wait_for_timeout(500)
    return page


def presented(browser: Any, page: Any) -> dict[str, float]:
    """p95 of the ms from a move of the mouse to the frame that shows it, as the browser itself traces it."""
    found = {}
    x, y = page.evaluate(
        """() => { const {store, view, frame} = frameloop.editor; const {geometry: g} = store.onFrame(frame)[0];
           const at = view.toScreen([g.x + g.w / 2, g.y + g.h / 2]);
           const box = document.querySelector("#stage").getBoundingClientRect();
           return [at[0] + box.x, at[1] + box.y]; }"""
    )
    page.keyboard.press("v")
    for gesture in ("hover", "drag"):
        page.mouse.move(x, y)
        if gesture == "drag":
            page.mouse.down()
        _wander(page, x, y, MOVES // 4)  # what a first move fetches and compiles is not the gesture
        browser.start_tracing(page=page, categories=["benchmark", "input", "latencyInfo"])
        _wander(page, x, y, MOVES)
        trace = json.loads(browser.stop_tracing())
        if gesture == "drag":
            page.keyboard.press("Escape")
            page.mouse.up()
        found[gesture] = _p95(_latencies(trace["traceEvents"]))
    return found


def _wander(page: Any, x: float, y: float, moves: int) -> None:
    for n in range(moves):
        page.mouse.move(x + 3 * (n % 60), y + 2 * (n % 45))
        page.wait_for_timeout(16)


def _latencies(events: list[dict[str, Any]]) -> list[float]:
    """ms of each traced move of the mouse that was presented."""
    begun: dict[Any, tuple[float, str]] = {}
    found = []
    for event in sorted((each for each in events if each["name"] == "EventLatency"), key=lambda each: each["ts"]):
        name = (event.get("id"), event.get("id2", {}).get("local"), event["pid"])
        if event["ph"] == "b":
            begun[name] = event["ts"], event.get("args", {}).get("event_latency", {}).get("event_type", "")
        elif event["ph"] == "e" and name in begun:
            start, kind = begun.pop(name)
            if kind.startswith("MOUSE_") and "WHEEL" not in kind:
                found.append((event["ts"] - start) / 1000)
    return found


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))] if values else math.nan


def memory() -> float:
    """MB that the browser holds alone: the proportional part of what its processes share."""
    import psutil

    return sum(psutil.Process(pid).memory_full_info().pss for pid in _family(os.getpid())) / 2**20


def _memory_over_bare(browser: Any, address: str, boxes: int) -> float:
    """MB of an item with boxes over the same one without, each in a context of its own."""
    held = []
    for count in (0, boxes):
        item, user = make_item(count)
        page = open_editor(browser, address, item, user)
        page.wait_for_timeout(3000)
        held.append(memory())
        page.context.close()
        time.sleep(1)
    return held[1] - held[0]


def konva(options: argparse.Namespace) -> str | None:
    """Konva's source: a given file's, or npm's."""
    if options.konva:
        return Path(options.konva).read_text()
    if shutil.which("npm") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        fetched = subprocess.run(["npm", "pack", KONVA], cwd=folder, capture_output=True, check=False)
        packs = list(Path(folder).glob("*.tgz"))
        if fetched.returncode or not packs:
            return None
        with tarfile.open(packs[0]) as pack:
            source = pack.extractfile("package/konva.min.js")
            return source.read().decode() if source else None


def _scenes(page: Any, options: argparse.Namespace) -> dict[str, Costs]:
    """The editor's costs, and those of the same boxes in place of its page."""
    given = page.evaluate(
        """() => { const {store, view, labels} = frameloop.editor; return [store.onFrame(null),
           Object.fromEntries(labels.map(({id, color}) => [id, color])),
           document.querySelector('.ed-picture img').src, {x: view.x, y: view.y, scale: view.scale}] }"""
    )
    page.evaluate("() => bench.useEditor()")
    costs = {"editor": Meter(page).measure(options.steps, options.rounds)}
    page.evaluate("() => frameloop.editor.client.stop()")
    few = max(options.steps // 4, 4)
    page.evaluate("(given) => bench.useSvg(...given)", given)
    page.wait_for_timeout(1500)
    costs["svg"] = Meter(page).measure(few, options.rounds)
    page.evaluate("(given) => bench.useCss(...given)", given)
    page.wait_for_timeout(1500)
    costs["css"] = Meter(page).measure(few, options.rounds)
    if source := konva(options):
        page.evaluate(f"() => {{ {source} }}")
        page.evaluate("(given) => bench.useKonva(...given)", given)
        page.wait_for_timeout(1500)
        costs["konva"] = Meter(page).measure(few, options.rounds)
    return costs


def _others(browser: Any, address: str, options: argparse.Namespace, hand: dict[str, float]) -> dict[str, float]:
    """The editor alone, on more boxes and on polygons: ms of the main thread a frame by gesture."""
    found = {}
    for name, (item, user), gestures in (
        ("many", make_item(options.many), ("pan", "zoom", "hover", "drag", "remote", "redraw")),
        ("polygons", make_polygons(), ("redraw",)),
    ):
        page = open_editor(browser, address, item, user)
        page.evaluate(SCENE.read_text())
        page.evaluate("() => bench.useEditor()")
        for gesture, pairs in Meter(page).measure(options.steps, options.rounds, gestures).items():
            found[f"{name} {gesture}"] = statistics.median(main for main, _all in pairs)
        if name == "many":
            hand |= {f"{options.many} {gesture}": ms for gesture, ms in presented(browser, page).items()}
        page.context.close()
    return found


def measure(options: argparse.Namespace) -> tuple[dict[str, Costs], dict[str, float], float, dict[str, float]]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
    from playwright.sync_api import sync_playwright

    with databases(), web() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
        hand = {"memory": _memory_over_bare(browser, address, options.boxes)}
        item, user = make_item(options.boxes)
        page = open_editor(browser, address, item, user)
        page.evaluate(SCENE.read_text())
        page.evaluate("() => bench.useEditor()")
        hand |= {f"{options.boxes} {gesture}": ms for gesture, ms in presented(browser, page).items()}
        hundred = Meter(page).share("hundred")
        costs = _scenes(page, options)
        page.context.close()
        others = _others(browser, address, options, hand)
        browser.close()
    return costs, others, hundred, hand


def _verdict(value: float, goal: float | None) -> str:
    return f"{goal:g}: {'held' if value <= goal else 'missed'}" if goal else ""


def table(costs: dict[str, Costs]) -> str:
    heads = ["ms of CPU a frame, main thread (all threads)", "editor", "goal", *OTHERS.values()]
    heads += [f"{name}'s / editor's" for name in OTHERS.values()]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for gesture in GESTURES:
        found = {
            scene: tuple(map(statistics.median, zip(*cost[gesture], strict=True))) for scene, cost in costs.items()
        }
        shown = {scene: f"{main:.2f} ({every:.1f})" for scene, (main, every) in found.items()}
        mine = found["editor"]
        cells = [NAMES.get(gesture, gesture), shown["editor"], _verdict(mine[0], GOALS.get(gesture))]
        cells += [shown.get(scene, "") for scene in OTHERS]
        for scene in OTHERS:
            theirs = found.get(scene)
            cells.append(f"{theirs[0] / mine[0]:.1f} ({theirs[1] / mine[1]:.1f})" if theirs else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def more(others: dict[str, float], hundred: float, hand: dict[str, float], options: argparse.Namespace) -> str:
    lines = ["| the editor, main thread | | goal |", "|---|---|---|"]
    lines.append(f"| 100 remote edits a second | {hundred:.1f} % of a core | {_verdict(hundred, HUNDRED_GOAL)} |")
    for name, value in hand.items():
        if name == "memory":
            lines.append(f"| memory over the bare picture | {value:.0f} MB | {_verdict(value, MEMORY_GOAL)} |")
            continue
        boxes, gesture = name.split()
        what = f"{int(boxes):,} boxes, {gesture}: the hand's move to its frame, p95"
        lines.append(f"| {what} | {value:.1f} ms | {_verdict(value, PRESENTED_GOALS.get(int(boxes)))} |")
    for name, ms in others.items():
        scene, gesture = name.split()
        what = f"{options.many:,} boxes" if scene == "many" else f"{POLYGONS:,} polygons of {CORNERS} vertices"
        goal = POLYGONS_GOAL if scene == "polygons" else None if gesture == "redraw" else MANY_GOAL
        lines.append(f"| {what}, {NAMES.get(gesture, gesture)} | {ms:.2f} ms a frame | {_verdict(ms, goal)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--konva", help="the library's konva.min.js, where npm cannot fetch it")
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    costs, others, hundred, hand = measure(options)
    result = f"{table(costs)}\n\n{more(others, hundred, hand, options)}"
    print(result)
    if not options.no_write:
        head = (
            f"`python -m tests.bench.canvas`: {options.boxes:,} boxes on {PICTURE[0]} x {PICTURE[1]} pixels, a stage "
            f"of {STAGE[0]} x {STAGE[1]}, Chromium without a GPU. CPU time of the page's main thread (the goals are "
            "for it), and in brackets of all the browser's threads, which compose the stage in software."
        )
        write_section("canvas", f"## The editor's stage\n\n{head}\n\n{result}")


if __name__ == "__main__":
    main()
