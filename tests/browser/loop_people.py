"""Two people and a running Frameloop, as `test_the_loop` needs them: real processes, real browsers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from playwright.sync_api import Browser, Page, expect

from tests.browser.editor_page import EditorPage
from tests.browsers import Desk
from tests.processes import ROOT, free_port

PASSWORD = "three unrelated words"
_OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL", "FRAMELOOP_DATA", "FRAMELOOP_EMBEDDED", "SECRET_KEY", "DEBUG")
# Chromium hands out every peer connection here, so that its statistics can be asked for.
KEEP_PEERS = """
window.peers = [];
window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
  construct(target, args) { const peer = new target(...args); window.peers.push(peer); return peer; },
});
"""
WATCHED = """async () => {
  const video = document.querySelector("#video");
  let framesDecoded = 0;
  for (const peer of window.peers)
    for (const row of (await peer.getStats()).values())
      if (row.type === "inbound-rtp") framesDecoded = Math.max(framesDecoded, row.framesDecoded ?? 0);
  return { width: video.videoWidth, time: video.currentTime, framesDecoded };
}"""


class Frameloop:
    """`manage.py up` in a data folder of its own, with every process it starts."""

    def __init__(self, data: Path, demo: bool = False) -> None:
        self.port = free_port()
        self.data = data
        self.options = [] if demo else ["--no-demo"]
        self.lines: list[str] = []
        self.ready = threading.Event()
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, within: float = 120) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_TESTS}
        command = [sys.executable, "manage.py", "up", "--port", str(self.port), "--data", str(self.data), *self.options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.ready.wait(within):
            self.stop()
            raise RuntimeError("Frameloop did not get ready: " + "".join(self.lines[-20:]))

    def _read(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("Frameloop is ready at"):
                self.ready.set()

    def stop(self) -> int:
        """Ask it to end as Ctrl-C does; its exit status."""
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.reader.join(5)
            self.process.stdout.close()


class Person:
    """Somebody with a browser of their own, and every error that its pages reported."""

    def __init__(self, browser: Browser, server: Frameloop, name: str, shots: Path) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=server.url)
        context.add_init_script(KEEP_PEERS)
        self.name, self.shots = name, shots
        self.desk = Desk(context, server, None)  # type: ignore[arg-type]
        self.page: Page = self.desk.open("/")

    def sign_up(self, path: str) -> None:
        self.go(path)
        self.page.fill("#id_name", self.name)
        self.page.fill("#id_email", f"{self.name.lower()}@example.org")
        self.page.fill("#id_password", PASSWORD)
        self.page.get_by_role("button", name="Create the account").click()

    def go(self, path: str) -> None:
        self.page.goto(self.desk.server.url + path)

    def edit(self, item: str, frame: int) -> EditorPage:
        return EditorPage(self.desk, SimpleNamespace(pk=item), frame)

    def shoot(self, what: str, page: Page | None = None) -> None:
        (page or self.page).screenshot(path=self.shots / f"{what}-{self.name.lower()}.png")

    def shoot_all(self, what: str) -> None:
        for number, page in enumerate(self.desk.context.pages):
            self.shoot(f"{what}-{number}", page)

    def watched(self) -> dict[str, float]:
        return self.page.evaluate(WATCHED)


def step_to(editor: EditorPage, frame: int) -> None:
    """Type the frame's number, as somebody does who jumps."""
    box = editor.page.get_by_label("Frame number")
    box.fill(str(frame))
    box.press("Enter")
    editor.expect_frame(frame)
    expect(editor.page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
