"""What a frame of each gesture costs in the editor with many boxes on screen, against the same shapes as plain SVG.

    python -m tests.bench.canvas [--boxes 10000] [--steps 40] [--rounds 5] [--no-write]

The editor's real page on a real server, in headless Chromium without a GPU, with a stage of 1600 x 1000. One step a
frame. The goals are for the CPU time of the page's main thread (script, style, layout, paint and the canvas) a step,
by the browser's own count of thread time, so other work on the machine does not count; the median over the rounds.
Beside it stands that of all the browser's threads: SVG is drawn by others than the main one.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
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
    from django.core.files.base import ContentFile

    from annotations.models import Annotation
    from projects.intake import intake
    from projects.models import Item, Project, User

    user = User.objects.create_user("bench@example.org", "a long enough password", name="Bench")
    project = Project.objects.create(team=user.teams.get(), name="Bench", created_by=user)
    labels = [project.add_label(f"class {n}") for n in range(8)]
    item = intake(project, ContentFile(picture(), name="big.jpg"), "big.jpg", user)
    random = np.random.default_rng(11)
    w, h = random.uniform(10, 60, (2, boxes)).round(1)
    x, y = random.uniform(0, 1, (2, boxes)) * [[PICTURE[0] - 60], [PICTURE[1] - 60]]
    Annotation.objects.bulk_create(
        Annotation(
            id=uuid.UUID(int=n + 1),
            item=item,
            label=labels[n % 8],
            geometry={"type": "box", "x": round(x[n], 1), "y": round(y[n], 1), "w": float(w[n]), "h": float(h[n])},
            author=user,
            updated_by=user,
            created_rev=1,
            updated_rev=1,
        )
        for n in range(boxes)
    )
    Item.objects.filter(pk=item.pk).update(rev=1, annotation_count=boxes)
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

    def measure(self, steps: int, rounds: int) -> Costs:
        """Pairs of (main thread, all threads), in ms a step, by gesture; one pair a round."""
        costs: Costs = {}
        for gesture in GESTURES:
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


def measure(options: argparse.Namespace) -> tuple[Costs, Costs]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
    from playwright.sync_api import sync_playwright

    with databases(), web() as address, sync_playwright() as playwright:
        item, user = make_item(options.boxes)
        browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
        page = open_editor(browser, address, item, user)
        page.evaluate(SCENE.read_text())
        given = page.evaluate(
            """() => { const {store, view, labels} = frameloop.editor; return [store.onFrame(null),
               Object.fromEntries(labels.map(({id, color}) => [id, color])),
               document.querySelector('.ed-picture img').src, {x: view.x, y: view.y, scale: view.scale}] }"""
        )
        page.evaluate("() => bench.useEditor()")
        ours = Meter(page).measure(options.steps, options.rounds)
        page.evaluate("() => frameloop.editor.client.stop()")
        page.evaluate("(given) => bench.useSvg(...given)", given)
        page.wait_for_timeout(1500)
        plain = Meter(page).measure(max(options.steps // 4, 4), options.rounds)
        browser.close()
    return ours, plain


def table(ours: Costs, plain: Costs) -> str:
    lines = ["| ms of CPU a frame | editor | goal | all threads | plain SVG | all threads | SVG's / editor's, all |"]
    lines.append("|---|---|---|---|---|---|---|")
    for gesture in GESTURES:
        mine, mine_all = map(statistics.median, zip(*ours[gesture], strict=True))
        theirs, theirs_all = map(statistics.median, zip(*plain[gesture], strict=True))
        goal = GOALS.get(gesture)
        verdict = f"{goal:.0f}: {'held' if mine <= goal else 'missed'}" if goal else ""
        cells = [NAMES.get(gesture, gesture), f"{mine:.2f}", verdict, f"{mine_all:.1f}"]
        cells += [f"{theirs:.2f}", f"{theirs_all:.1f}", f"{theirs_all / mine_all:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    result = table(*measure(options))
    print(result)
    if not options.no_write:
        head = (
            f"`python -m tests.bench.canvas`: {options.boxes:,} boxes on {PICTURE[0]} x {PICTURE[1]} pixels, a stage "
        )
        head += (
            f"of {STAGE[0]} x {STAGE[1]}, Chromium without a GPU. CPU time of the page's main thread (the goals are "
        )
        head += "for it), and of all the browser's threads, which compose the stage in software."
        write_section("canvas", f"## The editor's stage\n\n{head}\n\n{result}")


if __name__ == "__main__":
    main()
