"""Files in pieces in a real browser: past a reload and a killed server; looked through, added, put aside."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from projects.models import Project, Upload, User
from tests.browser.test_pages import BAD_CONTROLS, WEAK_TEXT, picture
from tests.processes import Server, eventually

pytestmark = pytest.mark.browser


def large_picture() -> bytes:
    """12 MB that no compression makes smaller."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (2000, 2000), os.urandom(12_000_000)).save(buffer, "BMP")
    return buffer.getvalue()


def hold_back(page: Page, bytes_a_second: int) -> None:
    """Let the page send so many bytes a second; -1 for as fast as it can."""
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)


def patches(page: Page) -> list[int]:
    """Where each piece that the page sends from now on begins."""
    offsets: list[int] = []

    def note(request) -> None:
        if request.method == "PATCH" and "/uploads/" in request.url:
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return offsets


def half_way() -> int:
    upload = Upload.objects.filter(state="receiving").first()
    return upload.location.stat().st_size if upload and upload.location.stat().st_size > 1_000_000 else 0


def test_a_large_file_goes_on_after_a_reload_and_past_a_killed_server(
    desk, site: Server, alice: User, project: Project, tmp_path
) -> None:
    path = tmp_path / "scan.bmp"
    path.write_bytes(large_picture())
    seat = desk(alice)
    seat.allow("ERR_", "502", "503", "WebSocket", "socket")
    page = seat.open(f"/projects/{project.pk}/")
    page.on("dialog", lambda dialog: dialog.accept())
    hold_back(page, 2_000_000)
    page.set_input_files("#files", path)
    eventually(half_way, what="the first bytes")
    page.get_by_role("button", name="Pause scan.bmp").click()
    expect(page.locator(".upload")).to_contain_text("What was sent is kept")

    page.reload()
    tray = page.get_by_role("region", name="1 file to look through")
    expect(tray).to_contain_text("Not finished:")
    offsets = patches(page)
    kept = half_way()
    page.set_input_files("#files", path)
    expect(tray).to_be_hidden()
    eventually(lambda: half_way() > kept + 500_000, what="further bytes")

    site.stop(kill=True)
    page.wait_for_timeout(200)
    site.start()
    hold_back(page, -1)
    expect(page.get_by_role("heading", name="1 of 1 file added")).to_be_visible()
    expect(page.locator(".tile")).to_contain_text("scan.bmp")
    assert len(offsets) >= 2 and offsets[0] == kept < min(offsets[1:]), "nothing was sent twice"
    upload = Upload.objects.get()
    with upload.asset.file.open("rb") as stored:
        assert stored.read() == path.read_bytes()


def test_what_came_is_looked_through(desk, alice: User, project: Project) -> None:
    page = desk(alice).open(f"/projects/{project.pk}/")
    page.get_by_label("How files are added").click()
    page.get_by_label("Look through first").check()
    page.keyboard.press("Escape")
    files = {"a10.png": picture("red"), "a9.png": picture("blue"), "twin.png": picture("red"), "bad.png": b"nonsense"}
    page.set_input_files(
        "#files", [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files.items()]
    )
    tray = page.get_by_role("region", name="3 files wait to be added")
    expect(tray.locator("li b")).to_have_text(["a9.png", "a10.png", "bad.png", "twin.png"])
    expect(tray.locator("li", has_text="bad.png")).to_contain_text("bad.png is not taken")
    expect(tray.locator("li", has_text="twin.png")).to_contain_text("The same file as a10.png in this list.")
    expect(page.locator("#uploads")).to_be_hidden()
    page.wait_for_function("() => document.querySelectorAll('#review img').length === 3")
    assert page.evaluate(WEAK_TEXT) == [] and page.evaluate(BAD_CONTROLS) == []
    assert not project.items.exists()

    page.get_by_label("Add twin.png").press("Alt+ArrowUp")
    page.get_by_label("Add twin.png").press("Alt+ArrowUp")
    expect(tray.locator("li b")).to_have_text(["a9.png", "twin.png", "a10.png", "bad.png"])
    page.get_by_label("Add a9.png").uncheck()
    tray.get_by_role("button", name="Add 2 items").click()
    expect(page.locator(".tile .tile-name")).to_have_text(["a10.png", "twin.png"])  # by name

    tray = page.get_by_role("region", name="1 file waits to be added")
    tray.get_by_label("Choose all").check()
    tray.get_by_role("button", name="Discard", exact=True).press("Enter")
    expect(page.get_by_role("region", name="1 file to look through")).to_contain_text("bad.png")
    page.get_by_role("button", name="Undo").click()
    expect(tray).to_contain_text("a9.png")

    page.reload()
    expect(tray).to_contain_text("a9.png")
    expect(page.get_by_label("Look through first")).to_be_checked()
