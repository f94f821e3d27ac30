"""Tracks under the hand: drawn once, moved on a later frame, cut and joined, in the timeline and while it plays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from annotations.models import Annotation
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import READ_NUMBER, numbered_video
from tests.processes import eventually

pytestmark = pytest.mark.browser

WATCH = """() => {
  window.seen = [];
  window.wrong = [];
  frameloop.editor.on("frame", () => {
    const shown = Number(document.querySelector(".ed-picture > *").dataset.frame);
    window.seen.push(frameloop.editor.frame);
    if (shown !== frameloop.editor.frame) window.wrong.push([shown, frameloop.editor.frame]);
  });
}"""
PLACES = """() => [...frameloop.renderer.entries.values()].map((entry) => Math.round(entry.minX))
  .sort((a, b) => a - b)"""


@pytest.fixture
def item(project, alice, tmp_path):
    return intake(project, numbered_video(tmp_path / "numbers.mp4"), "numbers.mp4", alice)


def opened(desk, user, item, frame: int | None = None) -> EditorPage:
    editor = EditorPage(desk(user), item, frame)
    editor.page.wait_for_selector("html[data-complete=true]")
    return editor


def go(editor: EditorPage, frame: int) -> None:
    editor.page.get_by_label("Frame number").fill(str(frame))
    editor.keys("Enter")
    editor.expect_frame(frame)


def a_moving_box(editor: EditorPage) -> None:
    """From x = 40 on frame 0 to x = 140 on frame 20."""
    editor.keys("Shift+t")
    editor.draw(40, 60, 50, 40)
    editor.expect_shapes(1)
    go(editor, 20)
    editor.keys("v")
    editor.drag((65, 80), (165, 80))
    editor.expect_saved()


def until(page, condition: str) -> None:
    """Not `wait_for_function`: what it looks at again and again is eval, which our pages forbid."""
    eventually(lambda: page.evaluate(condition))


def frames_of(item) -> list[list[int]]:
    tracks = Annotation.objects.filter(item=item, deleted=False).order_by("created_rev")
    return [sorted(map(int, track.keyframes)) for track in tracks if track.keyframes]


def test_a_shape_goes_through_the_frames_with_two_people_on_it(desk, item, alice, bob):
    hers = opened(desk, alice, item)
    a_moving_box(hers)
    assert frames_of(item) == [[0, 20]]
    his = opened(desk, bob, item, frame=10)
    his.expect_shapes(1)
    assert his.page.evaluate(PLACES) == [90]
    expect(his.page.locator("#objects [role=option]")).to_contain_text("1")

    # Bob places it on his frame while Alice looks at another: hers follows.
    his.keys("v")
    his.drag((115, 80), (115, 130))
    his.expect_saved()
    assert frames_of(item) == [[0, 10, 20]]
    go(hers, 5)
    until(hers.page, "frameloop.editor.store.tracks()[0].keyframes['10'] !== undefined")
    assert [box[1] for box in hers.boxes()] == [60]
    assert hers.page.evaluate("Math.round([...frameloop.renderer.entries.values()][0].minY)") == 85
    assert hers.page.evaluate("frameloop.editor.selection.size") == 1, "a selected track stays selected"

    # Through its key frames, out of sight, and back.
    hers.keys("]")
    hers.expect_frame(10)
    hers.keys("]")
    hers.expect_frame(20)
    go(hers, 30)
    hers.keys("Shift+o")
    hers.expect_shapes(0)
    hers.keys("d")
    hers.expect_frame(31)
    hers.expect_shapes(0)
    hers.keys("Control+z")
    hers.expect_shapes(1)

    # Split, joined again, and taken back.
    go(hers, 15)
    hers.keys("Shift+x")
    hers.expect_saved()
    assert frames_of(item) == [[0, 10, 14, 15], [15, 20]]
    numbers = list(
        Annotation.objects.filter(item=item, deleted=False)
        .order_by("created_rev")
        .values_list("detection_id", flat=True)
    )
    assert numbers == [1, 2]
    hers.page.evaluate("frameloop.editor.select(frameloop.editor.store.tracks().map(({ id }) => id))")
    hers.keys("Shift+j")
    hers.expect_saved()
    assert frames_of(item) == [[0, 10, 14, 15, 20]]
    hers.keys("Control+z", "Control+z")
    hers.expect_saved()
    until(hers.page, "frameloop.editor.store.tracks().length === 1")
    assert frames_of(item) == [[0, 10, 20]]


# Arrows move what is selected, or else step; Escape leaves the past before it lets go of a selection.
SHARED_KEYS = {
    "ArrowLeft": ["nudge-left", "previous"],
    "ArrowRight": ["nudge-right", "next"],
    "Shift+ArrowLeft": ["nudge-10-left", "previous-10"],
    "Shift+ArrowRight": ["nudge-10-right", "next-10"],
    "Escape": ["cancel", "back-to-now"],
}


def test_a_track_made_by_keys_and_taken_apart(desk, item, alice):
    editor = opened(desk, alice, item)
    editor.draw(40, 60, 50, 40)
    editor.expect_shapes(1)
    editor.keys("Alt+t")
    for frame, key in [(10, "Shift+k"), (20, "Shift+i"), (30, "Shift+i"), (40, "Shift+k")]:
        go(editor, frame)
        editor.keys(key)
    editor.expect_saved()
    assert frames_of(item) == [[0, 10, 20, 30, 40]]
    occluded = {n: bool(entry.get("occluded")) for n, entry in Annotation.objects.get().keyframes.items()}
    assert occluded == {"0": False, "10": False, "20": True, "30": False, "40": False}
    editor.keys("Shift+k")
    editor.expect_saved()
    assert frames_of(item) == [[0, 10, 20, 30]], "the same key takes it away"

    go(editor, 25)
    editor.keys("Alt+]")
    go(editor, 5)
    editor.keys("Alt+[")
    editor.expect_saved()
    assert frames_of(item) == [[5, 10, 20, 25, 26]]
    go(editor, 50)
    editor.expect_shapes(0)
    expect(editor.page.locator("#details")).to_contain_text("Not on this frame.")
    expect(editor.page.get_by_role("group", name="Place, in pixels")).to_have_count(0)

    editor.keys("Alt+Shift+t")
    editor.expect_saved()
    alive = Annotation.objects.filter(item=item, deleted=False)
    assert sorted(alive.values_list("frame", flat=True)) == [5, 10, 20, 25] and frames_of(item) == []
    editor.keys("Control+z")
    editor.expect_saved()
    assert frames_of(item) == [[5, 10, 20, 25, 26]]


def test_the_timeline(desk, item, alice):
    editor = opened(desk, alice, item)
    assert editor.shared_keys() == SHARED_KEYS, "one of two commands would never answer to its key"
    assert editor.page.get_by_role("tab").all_inner_texts() == ["Shapes", "Tags", "Comments", "History"]
    a_moving_box(editor)
    page = editor.page
    page.get_by_role("button", name="Timeline").click()
    rows = page.locator(".tl-list")
    expect(rows).to_have_attribute("data-tracks", "1")
    expect(rows).to_contain_text(re.compile(r"1, frames 0 to 20 and on, 2 key frames; on frame 20 a key frame"))

    def at(frame: float, row: int) -> tuple[float, float]:
        place = page.locator(".tl-canvas").bounding_box()
        assert place is not None
        return place["x"] + 132 + (place["width"] - 132) * (frame + 0.5) / 60, place["y"] + 18 + 20 * row + 10

    page.mouse.click(*at(12, 1))  # on the bar of the track
    editor.expect_frame(12)
    page.mouse.move(*at(20, 1))
    page.mouse.down()
    page.mouse.move(*at(40, 1), steps=4)
    page.mouse.up()
    editor.expect_saved()
    editor.expect_frame(40)
    assert frames_of(item) == [[0, 40]]
    go(editor, 20)
    assert page.evaluate(PLACES) == [90]
    page.mouse.click(*at(30, 0))  # the playhead
    editor.expect_frame(30)

    rows.focus()
    editor.keys("ArrowLeft")
    editor.expect_frame(0)
    editor.keys("ArrowRight")
    editor.expect_frame(40)
    editor.keys("Alt+ArrowLeft")
    editor.expect_frame(39)
    editor.expect_saved()
    assert frames_of(item) == [[0, 39]]
    editor.keys("Delete")
    editor.expect_saved()
    assert frames_of(item) == [[0]]
    editor.keys("Delete")
    assert frames_of(item) == [[0]], "a track's last key frame is not taken away by chance"
    editor.keys("+", "+")
    until(page, "Number(document.querySelector('.tl-canvas').dataset.first) > 0")


def test_playing_shows_no_wrong_frame(desk, item, alice):
    editor = opened(desk, alice, item)
    a_moving_box(editor)
    page = editor.page
    go(editor, 0)
    page.evaluate(WATCH)
    page.locator("#stage").focus()
    editor.keys("y")
    editor.expect_frame(59)
    until(page, "!frameloop.editor.playing")
    seen = page.evaluate("seen")
    assert page.evaluate("wrong") == [] and seen == sorted(seen) and len(set(seen)) > 3
    assert page.evaluate(READ_NUMBER) == 59
    assert page.url.endswith("#frame=59")

    # Slowly, by a tap of Space, over the track's frames again and again.
    page.get_by_label("Speed").select_option("0.25")
    page.locator("#stage").focus()
    editor.keys("Shift+y")
    page.evaluate("seen.length = 0")
    editor.keys("Space")
    until(page, "seen.filter((n) => n === 0).length > 0 && Math.max(...seen) <= 59 && frameloop.editor.playing")
    editor.keys("Space")
    until(page, "!frameloop.editor.playing")
    editor.click(300, 200)
    assert page.evaluate("wrong") == []
