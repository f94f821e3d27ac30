"""How fast, and how exactly, a named frame of a video comes on screen; and how soon a long video or a full item does.

    python -m tests.bench.video [--steps 200] [--exact 5000] [--seconds 3600] [--no-write]

The editor's real page on a real server, in headless Chromium without a GPU. Every picture has its number drawn into
its pixels, which is read back after each step. The same steps by the browser's decoder, by the server's pictures, and
by a <video> element that seeks to the middle of the frame.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.bench.canvas import ARGUMENTS, make_item
from tests.bench.report import write_section
from tests.bench.server import databases, web

SCENE = Path(__file__).with_name("video_scene.js")
SIZE = (1920, 1080)
FRAMES = 300
BITS, CELL = 17, 64
NEXT_GOAL, FAR_GOAL = (10.0, 33.0), 200.0
KINDS = {"decoder": "WebCodecs, in the editor", "pictures": "server's JPEG, in the editor", "element": "`<video>`"}
COUNT = 300
EXACT: dict[str, dict[str, Any]] = {
    "constant.mp4": {},
    "ntsc.mov": {"rate": Fraction(30000, 1001), "g": "250"},
    "variable.mkv": {"times": list(accumulate(random.Random(4).choices(range(7, 200), k=COUNT)))},
    "late-start.mp4": {"times": [2000 + 40 * n for n in range(COUNT)]},
    "b-frames.mp4": {"bf": "3", "g": "60"},
}


def _frame(n: int, size: tuple[int, int], cell: int) -> Any:
    """RGB: the bits of `n` along the top of a drifting texture that does not compress to nothing."""
    import numpy as np

    width, height = size
    coarse = np.random.default_rng(5).integers(60, 190, (height // 20 + 1, width // 20 + 40, 3), dtype=np.uint8)
    shift = n % 40
    texture = coarse[:, shift : shift + width // 20 + 1].repeat(20, 0).repeat(20, 1)[:height, :width].copy()
    for bit in range(BITS):
        texture[:cell, bit * cell : (bit + 1) * cell] = 235 if n >> bit & 1 else 20
    return texture


def _encode(path: Path, size: tuple[int, int], frames: int, cell: int, options: dict[str, str]) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "veryfast", **options}
        for n in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_frame(n, size, cell), "rgb24")))
        container.mux(stream.encode(None))
    return path


def _repeat(short: Path, path: Path, seconds: int) -> Path:
    """The same ten seconds again and again, without encoding them again."""
    import av

    with av.open(str(short)) as source, av.open(str(path), "w") as target:
        given = source.streams.video[0]
        stream = target.add_stream_from_template(given)
        packets = [packet for packet in source.demux(given) if packet.size]
        step = packets[1].pts - packets[0].pts
        kept = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for n in range(seconds * 30):
            data, key = kept[n % len(kept)]
            packet = av.Packet(data)
            packet.pts = packet.dts = n * step
            packet.duration, packet.time_base, packet.is_keyframe, packet.stream = step, given.time_base, key, stream
            target.mux(packet)
    return path


class Bench:
    """One project with videos, and a browser whose pages open them."""

    def __init__(self, browser: Any, address: str, user: Any, project: Any, folder: Path) -> None:
        self.browser, self.address, self.user, self.project, self.folder = browser, address, user, project, folder

    def take(self, path: Path) -> Any:
        from projects import playback
        from projects.intake import intake

        item = intake(self.project, path, path.name, self.user)
        playback.drain()
        return item

    def open(self, item: Any) -> tuple[Any, float]:
        """The page, and the ms from its navigation to the first picture with its number on the stage."""
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(self.user)
        context = self.browser.new_context(viewport={"width": 1600, "height": 1000})
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
        context.add_cookies([cookie | {"url": self.address}])
        context.add_init_script(
            """new MutationObserver(() => {
                 if (!globalThis.painted && document.querySelector("#stage")?.dataset.frame !== undefined)
                   requestAnimationFrame(() => globalThis.painted ??= performance.now());
               }).observe(document, {subtree: true, childList: true, attributes: true})"""
        )
        page = context.new_page()
        page.goto(f"{self.address}/items/{item.pk}/")
        page.wait_for_selector("html[data-ready=true]")
        page.wait_for_selector("#stage[data-frame]")
        page.wait_for_timeout(300)
        return page, float(page.evaluate("globalThis.painted"))

    def until_it_decodes(self, page: Any) -> None:
        for _ in range(200):
            if page.evaluate("Boolean(frameloop.editor.frames.decoder)"):
                return
            page.wait_for_timeout(50)
        raise SystemExit("The page never decoded by itself: is WebCodecs missing?")


def _lists(steps: int, count: int) -> dict[str, list[int]]:
    hand = random.Random(3)
    steps = min(steps, count - 1)
    on = list(range(0, steps + 1))
    return {"next": on, "previous": on[::-1], "anywhere": [hand.randrange(count) for _ in range(steps // 2 + 1)]}


def steps(bench: Bench, count: int) -> dict[str, Any]:
    """{kind: {direction: {took, wrong}}} of a 1080p video with B-frames and few key frames."""
    from projects.media import signed_url

    path = _encode(bench.folder / "steps.mp4", SIZE, FRAMES, CELL, {"g": "250", "bf": "2"})
    item = bench.take(path)
    results = {}
    for kind in KINDS:
        page, _ = bench.open(item)
        page.evaluate(SCENE.read_text())
        bench.until_it_decodes(page)
        given = [kind, _lists(count, FRAMES), [BITS, CELL, SIZE[0]], signed_url(item.asset.file), 30]
        results[kind] = page.evaluate("(given) => videoBench.run(...given)", given)
        page.context.close()
    return results


def exactness(bench: Bench, total: int) -> dict[str, int]:
    """How many of `total` steps over five kinds of video showed another frame than the one named."""
    from tests.browser.pictures import _CELL as cell
    from tests.browser.pictures import BITS as bits
    from tests.browser.pictures import numbered_video

    wrong = {}
    for name, options in EXACT.items():
        page, _ = bench.open(bench.take(numbered_video(bench.folder / name, COUNT, **options)))
        page.evaluate(SCENE.read_text())
        bench.until_it_decodes(page)
        each = total // len(EXACT)
        hand = random.Random(name)
        forward = [n % COUNT for n in range(each // 4)]
        wanted = [*forward, *forward[::-1], *(hand.randrange(COUNT) for _ in range(each - 2 * len(forward)))]
        script = "([wanted, cells]) => videoBench.walk(videoBench.editor(true), wanted, cells, 0)"
        wrong[name] = page.evaluate(script, [wanted, [bits, cell, 384]])["wrong"]
        page.context.close()
    return wrong


def first_paints(bench: Bench, seconds: int, rounds: int, full: Any) -> dict[str, float]:
    """Median ms from navigation to the first picture."""
    options = {"g": "12", "bf": "0", "sc_threshold": "0"}
    short = _encode(bench.folder / "short.mp4", (640, 360), FRAMES, 32, options)
    long = _repeat(short, bench.folder / "long.mp4", seconds)
    items = {"a video of 10 s": bench.take(short), f"a video of {seconds:,} s": bench.take(long)}
    items["an image with 10,000 shapes"] = full
    taken: dict[str, list[float]] = {name: [] for name in items}
    for _ in range(rounds):
        for name, item in items.items():
            page, ms = bench.open(item)
            taken[name].append(ms)
            page.context.close()
    return {name: statistics.median(each) for name, each in taken.items()}


def measure(options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, int], dict[str, float]]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
    from playwright.sync_api import sync_playwright

    with databases(), web() as address, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        full, user = make_item(10_000)
        browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS)
        bench = Bench(browser, address, user, full.project, Path(folder))
        stepped = steps(bench, options.steps)
        wrong = exactness(bench, options.exact)
        paints = first_paints(bench, options.seconds, options.rounds, full)
        browser.close()
    return stepped, wrong, paints


def _percentiles(took: list[float]) -> tuple[float, float]:
    ordered = sorted(took)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def _steps_table(stepped: dict[str, Any]) -> list[str]:
    lines = [
        "| ms from the wish to the next frame of the page, p50 / p95 | next | previous | anywhere | wrong frames |"
    ]
    lines.append("|---|---|---|---|---|")
    for kind, name in KINDS.items():
        cells = ["{:.1f} / {:.1f}".format(*_percentiles(found["took"])) for found in stepped[kind].values()]
        wrong = sum(found["wrong"] for found in stepped[kind].values())
        total = sum(len(found["took"]) for found in stepped[kind].values())
        lines.append(f"| {name} | {' | '.join(cells)} | {wrong} of {total} |")
    found = stepped["decoder"]
    near, far = _percentiles(found["next"]["took"]), max(_percentiles(found[name]["took"])[1] for name in found)
    held = near[0] <= NEXT_GOAL[0] and near[1] <= NEXT_GOAL[1]
    lines.append(f"\nGoals: next {NEXT_GOAL[0]:.0f} / {NEXT_GOAL[1]:.0f}: {'held' if held else 'missed'};")
    lines.append(f"the others' p95 {FAR_GOAL:.0f}: {'held' if far <= FAR_GOAL else 'missed'}.")
    return lines


def report(stepped: dict[str, Any], wrong: dict[str, int], paints: dict[str, float], options: Any) -> str:
    lines = ["## Frames of videos\n"]
    lines.append(
        f"`python -m tests.bench.video`: {SIZE[0]} x {SIZE[1]}, {FRAMES} frames of H.264 with B-frames and two key "
        f"frames, Chromium without a GPU, the server on the same machine. A step lasts until the page's next frame "
        f"begins, of which {500 / 60:.0f} ms on average are waiting for it. Read back from the pixels.\n"
    )
    lines += _steps_table(stepped)
    each = ", ".join(f"{name} {count}" for name, count in wrong.items())
    total = options.exact // len(EXACT) * len(EXACT)
    lines.append(
        f"\nWrong frames in {total:,} steps, a fifth on each kind of video: **{sum(wrong.values())}** ({each})."
    )
    lines.append("\n| first picture on the stage, median | ms after the navigation |\n|---|---|")
    lines += [f"| {name} | {ms:.0f} |" for name, ms in paints.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--exact", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=3600, help="of the long video")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    text = report(*measure(options), options)
    print(text)
    if not options.no_write:
        write_section("video", text)


if __name__ == "__main__":
    main()
