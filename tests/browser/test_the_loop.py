"""The whole loop on a real street video: two people, two browsers, every process, nothing replaced.

The video is named by FRAMELOOP_VTEST; without it `../shared/data/vtest.avi` is looked for. Each step
leaves a screenshot in FRAMELOOP_SHOTS (by default `screenshots/` in the working copy).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.loop_people import Frameloop, Person, step_to
from tests.browser.street import moving_boxes
from tests.processes import ROOT, eventually

VIDEO = Path(os.environ.get("FRAMELOOP_VTEST") or ROOT.parent / "shared" / "data" / "vtest.avi")
SHOTS = Path(os.environ.get("FRAMELOOP_SHOTS") or ROOT / "screenshots")
FRAMES = list(range(130, 330, 10))
TRAINING = {"epochs": "20", "imgsz": "320", "batch": "4"}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not VIDEO.is_file(), reason=f"no street video at {VIDEO}; name one in FRAMELOOP_VTEST"),
]


@pytest.fixture(scope="module")
def frameloop(tmp_path_factory):
    server = Frameloop(tmp_path_factory.mktemp("loop") / "data")
    server.start()
    yield server
    assert server.stop() == 0


def test_the_loop(browser, frameloop):
    SHOTS.mkdir(parents=True, exist_ok=True)
    alice, bob = (Person(browser, frameloop, name, SHOTS) for name in ("Alice", "Bob"))
    try:
        walk(alice, bob)
    except BaseException:
        for person in (alice, bob):
            person.shoot_all("failed")
        raise
    for person in (alice, bob):
        person.desk.context.close()
        assert person.desk.unexpected() == [], f"{person.name}'s console"


def walk(alice: Person, bob: Person) -> None:
    project, item = open_a_project(alice)
    bring_in(alice, bob, project)
    drawn = label_together(alice, bob, item)
    assert sum(map(len, drawn.values())) >= 40 and len(drawn) == 20
    train(alice, bob, project)
    pipeline = watch(alice, bob, project)
    keep_a_frame(alice, pipeline)


def open_a_project(alice: Person) -> tuple[str, str]:
    """Sign up, make a project, drop the video on it. Returns the paths of the project and the item's id."""
    alice.sign_up("/sign-up/")
    expect(alice.page).to_have_url(re.compile(r"/$"))
    alice.shoot("1-start")
    alice.go("/projects/new/")
    alice.page.fill("#id_name", "Street")
    alice.page.fill("#id_labels", "person")
    alice.page.get_by_role("button", name="Create the project").click()
    alice.page.wait_for_url(re.compile(r"/projects/[0-9a-f-]{36}/$"))
    project = re.search(r"/projects/[0-9a-f-]{36}/", alice.page.url).group()
    alice.page.set_input_files("#files", VIDEO)
    tile = alice.page.locator(".tile[data-item]")
    expect(tile).to_have_count(1, timeout=120_000)
    expect(tile).to_contain_text("795 frames")
    alice.shoot("2-items")
    return project, tile.get_attribute("data-item")


def bring_in(alice: Person, bob: Person, project: str) -> None:
    """A link from Alice makes Bob, whom nobody knew before, an annotator of her team."""
    alice.page.locator("a[href^='/teams/']").first.evaluate("link => location.assign(link.href)")
    alice.page.wait_for_url(re.compile(r"/teams/"))
    alice.page.get_by_label("Invite a new").select_option("manager")
    alice.page.get_by_role("button", name="Make a link").click()
    link = alice.page.get_by_label("The new link").input_value()
    bob.go(link.removeprefix(bob.desk.server.url))
    bob.page.get_by_role("link", name="Create an account and join").click()
    bob.sign_up(bob.page.url.removeprefix(bob.desk.server.url))
    bob.page.get_by_role("button", name="Join").click()
    bob.go(project)
    expect(bob.page.locator(".tile[data-item]")).to_have_count(1)


def label_together(alice: Person, bob: Person, item: str) -> dict[int, list[tuple[float, ...]]]:
    """On each frame both draw what walks there, in turn, and both must see all of it."""
    people = moving_boxes(VIDEO, FRAMES)
    hers, his = alice.edit(item, FRAMES[0]), bob.edit(item, FRAMES[0])
    hers.expect_people(2)
    his.expect_people(2)
    drawn = {}
    for frame in FRAMES:
        step_to(hers, frame)
        step_to(his, frame)
        for number, box in enumerate(people[frame]):
            (hers, his)[number % 2].draw(*box)
        for editor in (hers, his):
            editor.expect_shapes(len(people[frame]))
        assert hers.boxes() == his.boxes()
        drawn[frame] = hers.boxes()
        if frame == FRAMES[5]:
            shoot_two_cursors(alice, bob, hers, his, people[frame][0])
    hers.expect_saved()
    his.expect_saved()
    undo_is_ones_own(hers, his)
    hers.page.close()
    his.page.close()
    return drawn


def shoot_two_cursors(alice: Person, bob: Person, hers, his, box: tuple[int, ...]) -> None:
    his.page.mouse.move(*his.at(box[0] + box[2] + 30, box[1] + 20))
    hers.page.mouse.move(*hers.at(box[0] - 40, box[1] + 60))
    expect(hers.page.locator(".ov-cursor[data-name=Bob]")).to_be_visible()
    expect(his.page.locator(".ov-cursor[data-name=Alice]")).to_be_visible()
    alice.shoot("3-together", hers.page)
    bob.shoot("3-together", his.page)


def undo_is_ones_own(hers, his) -> None:
    before = hers.boxes()
    his.keys("Control+z")
    his.expect_shapes(len(before) - 1)
    hers.expect_shapes(len(before) - 1)
    his.keys("Control+Shift+z")
    hers.expect_shapes(len(before))
    assert hers.boxes() == before


def train(alice: Person, bob: Person, project: str) -> None:
    """One click; both watch the curves grow; the best weights become a model."""
    alice.go(project + "training/")
    choose_training(alice.page)
    alice.shoot("4-before-training")
    alice.page.get_by_role("button", name="Train", exact=True).click()
    alice.page.wait_for_url(re.compile(r"/training/[0-9a-f-]{36}/"))
    job = re.search(r"/training/[0-9a-f-]{36}/", alice.page.url).group()
    bob.go(job)
    epoch = re.compile(r"^\s*[3-9]|^\s*\d\d")
    for person in (alice, bob):
        expect(person.page.locator("#epoch")).to_have_text(epoch, timeout=240_000)
        expect(person.page.locator(".uplot canvas").first).to_be_visible()
        person.shoot("5-training")
    alice.page.reload()
    expect(alice.page.locator("#epoch")).to_have_text(epoch)
    for person in (alice, bob):
        expect(person.page.locator("#status")).to_have_text("Succeeded", timeout=600_000)
        person.shoot("6-trained")


def choose_training(page: Page) -> None:
    page.locator(".train-more summary").click()
    page.locator("#train-model").select_option("tiny")
    for name, value in TRAINING.items():
        page.locator(f"[name={name}]").fill(value)


def watch(alice: Person, bob: Person, project: str) -> str:
    """The detector on the street video, in both browsers at once."""
    alice.go(project + "pipelines/")
    alice.page.get_by_role("button", name="New pipeline").first.click()
    dialog = alice.page.locator("#new-pipeline")
    dialog.locator("input[value=file]").check()
    dialog.locator("#np-name").fill("Street, live")
    alice.shoot("7-new-pipeline")
    dialog.get_by_role("button", name="Make and start").click()
    alice.page.wait_for_url(re.compile(r"/pipelines/[0-9a-f-]{36}/"))
    pipeline = re.search(r"/pipelines/[0-9a-f-]{36}/", alice.page.url).group()
    alice.page.locator("#confidence").fill("0.05")  # few frames, few epochs: it is not sure of much
    bob.go(pipeline)
    for person in (alice, bob):
        see_video(person)
        expect(person.page.locator("#detections li").first).to_be_visible(timeout=60_000)
        person.shoot("8-watching")
    return pipeline


def see_video(person: Person) -> None:
    first = eventually(
        lambda: (seen := person.watched())["width"] > 0 and seen["framesDecoded"] > 0 and seen,
        60,
        f"{person.name}'s video",
    )
    eventually(
        lambda: (
            (seen := person.watched())["time"] > first["time"] + 1
            and seen["framesDecoded"] > first["framesDecoded"] + 5
        ),
        60,
        f"more frames for {person.name} than {first}",
    )


def keep_a_frame(alice: Person, pipeline: str) -> None:
    """One button: the frame becomes an item whose detections wait for a person."""
    alice.page.get_by_role("button", name="Keep this frame").click()
    alice.page.get_by_role("button", name="Open it").click()
    alice.page.wait_for_url(re.compile(r"/items/[0-9a-f-]{36}/"))
    item = re.search(r"/items/([0-9a-f-]{36})/", alice.page.url).group(1)
    editor = alice.edit(item, 0)
    waiting = editor.page.locator("#objects [role=option]")
    eventually(waiting.count, 20, "suggestions in the kept frame")
    alice.shoot("9-kept", editor.page)
    editor.page.get_by_role("button", name=re.compile("^Accept all")).click()
    editor.expect_saved()
    expect(editor.page.get_by_role("button", name=re.compile("^Accept all"))).to_be_hidden()
