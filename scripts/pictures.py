"""Takes the README's pictures from the demo: python -m scripts.pictures (it needs chromium and a few minutes)."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "FRAMELOOP_DATA": tempfile.mkdtemp()}
django.setup()  # the helpers of the tests import models

from projects.conveyor import LABELS, Conveyor  # noqa: E402
from tests.browser.editor_page import EditorPage  # noqa: E402
from tests.browser.loop_people import KEEP_PEERS, Frameloop  # noqa: E402
from tests.browsers import CHROMIUM_ARGUMENTS, Desk, chromium_path  # noqa: E402
from tests.processes import ROOT, eventually  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 800}
_VIDEO_START = 1_000_000  # where the demo's video begins in the scene, see config/demo.py
FRAME = 40


class Visitor:
    """One of the demo's two people, in a browser of their own."""

    def __init__(self, browser: Browser, server: Frameloop, email: str, password: str) -> None:
        context = browser.new_context(viewport=SIZE, color_scheme="light", device_scale_factor=1)
        context.add_init_script(KEEP_PEERS)
        self.desk = Desk(context, server, None)  # type: ignore[arg-type]
        self.page: Page = self.desk.open("/sign-in/")
        self.page.fill("[name=username]", email)
        self.page.fill("[name=password]", password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(re.compile(r"/$"))

    def go(self, path: str) -> None:
        self.page.goto(self.desk.server.url + path)


def keep(page: Page, name: str) -> None:
    """Store what the page shows as a small WebP."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        page.screenshot(path=file.name)
        Image.open(file.name).convert("RGB").save(PICTURES / f"{name}.webp", quality=86, method=6)
    print(f"{name}.webp: {(PICTURES / f'{name}.webp').stat().st_size // 1024} KB")


def credentials(data: Path) -> list[tuple[str, str]]:
    text = (data / "demo-credentials.txt").read_text()
    return [(email, password) for email, password in map(str.split, text.splitlines())]


def label_together(ada: Visitor, ben: Visitor, project: str) -> None:
    """Both on one frame of the video: half of the shapes each. A third window sees both cursors."""
    ada.go(f"{project}?kind=video")
    item = ada.page.locator(".tile[data-item]").first.get_attribute("data-item")
    place = SimpleNamespace(pk=item)
    hers, his = EditorPage(ada.desk, place, FRAME), EditorPage(ben.desk, place, FRAME)
    shapes = Conveyor().frame(_VIDEO_START + FRAME)[1]
    for number, shape in enumerate(shapes):
        editor: Any = (hers, his)[number % 2]
        editor.keys("b", str(LABELS.index(shape.label) + 1))
        editor.draw(shape.x, shape.y, shape.w, shape.h)
    hers.expect_shapes(len(shapes))
    last = shapes[-1]
    his.page.mouse.move(*his.at(last.x + last.w * 0.6, last.y + last.h + 14))
    hers.page.mouse.move(*hers.at(shapes[0].x - 12, shapes[0].y + 30))
    onlooker = EditorPage(ben.desk, place, FRAME)
    for name in ("Ada", "Ben"):
        onlooker.page.locator(f".ov-cursor[data-name={name}]").first.wait_for()
    keep(onlooker.page, "together")
    for editor in (hers, his, onlooker):
        editor.page.close()


def loop(ada: Visitor, project: str) -> None:
    """The other four: train, the model, watch, keep."""
    ada.go(project + "training/")
    job = ada.page.locator(".job-row-title").first.get_attribute("href")
    ada.go(str(job))
    ada.page.wait_for_function("() => parseInt(document.querySelector('#epoch').textContent) >= 8", timeout=600_000)
    keep(ada.page, "train")
    ada.page.wait_for_function("() => document.querySelector('#status').textContent == 'Succeeded'", timeout=900_000)
    keep(ada.page, "model")
    ada.go(project + "pipelines/")
    ada.page.locator(".pipeline-card a").first.click()
    ada.page.wait_for_selector("#detections li", timeout=120_000)
    eventually(lambda: ada.page.evaluate("() => document.querySelector('#video').currentTime") > 3, 60, "video")
    keep(ada.page, "watch")
    ada.page.get_by_role("button", name="Keep this frame").click()
    ada.page.get_by_role("button", name="Open it").click()
    ada.page.wait_for_selector("html[data-ready=true]", timeout=30_000)
    ada.page.wait_for_selector("#objects [role=option]")
    keep(ada.page, "suggestions")


def main() -> None:
    data = Path(tempfile.mkdtemp(prefix="frameloop-pictures-"))
    server = Frameloop(data, demo=True)
    server.start(within=600)
    try:
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
            ada, ben = (Visitor(browser, server, *who) for who in credentials(data))
            keep(ada.page, "start")
            link = ada.page.locator("a[href^='/projects/']").first.get_attribute("href") or ""
            found = re.search(r"/projects/[0-9a-f-]{36}/", link)
            assert found is not None, link
            label_together(ada, ben, found.group())
            loop(ada, found.group())
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
