"""Masks and regions in the editor: painted, erased, converted, united, cut, and seen by somebody else."""

from __future__ import annotations

import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation, JournalTx
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser

# Of every shape on screen: what it is, how many square pixels it covers, and its label's name.
SHAPES = """async () => {
  const { areaOf } = await import("/static/js/editor/model/geometry.js");
  const { editor } = frameloop;
  return editor.store.onFrame(editor.frame).map(({ geometry, label }) => [
    geometry.type, Math.round(areaOf(geometry)), editor.label(label).name]);
}"""

# Draws a mask whose every other pixel is set, and gives its area.
LARGE_MASK = """async () => {
  const { Bitmap } = await import("/static/js/editor/model/raster.js");
  const { whenStored } = await import("/static/js/editor/tools/large_masks.js");
  const { editor } = frameloop;
  const bitmap = new Bitmap(640, 480);
  bitmap.cover({ minX: 0, minY: 0, maxX: 640, maxY: 480 });
  for (let at = 0; at < bitmap.data.length; at += 2) bitmap.data[at] = 1;
  const mask = bitmap.toMask();
  await new Promise((done) => whenStored(editor, [mask], (small) => done(editor.draw(small.get(mask)))));
  return bitmap.data.length / 2;
}"""


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def shapes(editor: EditorPage) -> list[list]:
    return editor.page.evaluate(SHAPES)


def wait_for(editor: EditorPage, *kinds: str) -> list[list]:
    """The shapes once they are of these kinds."""
    editor.page.wait_for_function(
        """(kinds) => { const { editor } = frameloop;
        return editor.store.onFrame(editor.frame).map(({ geometry }) => geometry.type).join() === kinds; }""",
        arg=",".join(kinds),
    )
    return shapes(editor)


def tool(editor: EditorPage, key: str, name: str) -> None:
    editor.keys(key)
    editor.page.wait_for_selector(f"#stage[data-tool={name}]")


def pull(editor: EditorPage, *points: tuple[float, float]) -> None:
    """Drag through some points of the picture."""
    mouse = editor.page.mouse
    mouse.move(*editor.at(*points[0]))
    mouse.down()
    for point in points[1:]:
        mouse.move(*editor.at(*point), steps=4)
    mouse.up()


def look(editor: EditorPage, name: str) -> None:
    if folder := os.environ.get("FRAMELOOP_SHOTS"):
        editor.page.screenshot(path=f"{folder}/{name}.png")


def test_two_people_paint_and_reckon(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.page.wait_for_selector("html[data-complete=true]")
    hers.expect_people(2)

    # A stroke, which he sees before it ends.
    tool(hers, "m", "brush")
    hers.page.get_by_label("Size of the tip in pixels").fill("100")
    hers.page.get_by_label("Size of the tip in pixels").press("Enter")
    hers.page.locator("#stage").focus()
    hers.keys("Alt+ArrowDown")
    expect(hers.page.get_by_label("Size of the tip in pixels")).to_have_value("85")
    hers.page.get_by_label("Size of the tip in pixels").fill("40")
    hers.page.get_by_label("Size of the tip in pixels").press("Enter")
    hers.page.locator("#stage").focus()
    hers.page.mouse.move(*hers.at(100, 100))
    hers.page.mouse.down()
    hers.page.mouse.move(*hers.at(300, 100), steps=8)
    his.page.wait_for_function("() => document.querySelector('.ov-peer-drag')?.getAttribute('d')")
    look(hers, "stroke")
    look(his, "stroke-seen")
    assert shapes(hers) == []
    hers.page.mouse.up()
    [[kind, painted, label]] = wait_for(his, "mask")
    assert (kind, label) == ("mask", "person")
    assert abs(painted - (200 * 40 + 3.1416 * 400)) < 120
    his.page.wait_for_function("() => !document.querySelector('.ov-peer-drag').getAttribute('d')")

    # Another stroke goes on with the same mask; undo takes one stroke back.
    hers.drag((200, 100), (200, 250))
    hers.page.wait_for_function("() => frameloop.editor.history.last.title === 'Paint'")
    look(hers, "painted")
    [[_, more, _]] = shapes(hers)
    assert more > painted + 4000
    hers.keys("Control+z")
    assert shapes(hers) == [["mask", painted, "person"]]
    hers.keys("Control+Shift+z")

    # The eraser, by Alt and by its own key; what is erased wholly is gone, and comes back.
    hers.page.keyboard.down("Alt")
    hers.drag((100, 60), (100, 140))
    hers.page.keyboard.up("Alt")
    [[_, less, _]] = shapes(hers)
    assert less < more
    tool(hers, "Shift+M", "eraser")
    hers.page.evaluate(
        "() => import('/static/js/editor/model/brush.js').then((m) => m.brushOf(frameloop.editor).set({ size: 700 }))"
    )
    look(hers, "eraser")
    hers.drag((300, 200), (320, 220))
    hers.expect_shapes(0)
    hers.keys("Control+z")
    hers.expect_shapes(1)
    hers.expect_saved()
    assert wait_for(his, "mask") == shapes(hers) == [["mask", less, "person"]]

    # A mask that is too large for a message goes another way, and he sees it all the same.
    area = hers.page.evaluate(LARGE_MASK)
    hers.expect_saved()
    assert Annotation.objects.get(deleted=False, item=item, geometry__has_key="blob").geometry["size"] == [480, 640]
    wait_for(his, "mask", "mask")
    his.page.wait_for_function(f"async () => (await ({SHAPES})())[1][1] === {area}")
    hers.keys("Control+z")
    his.expect_shapes(1)

    # A lasso fills what it goes around, the bucket what an outline closes off.
    tool(hers, "m", "brush")
    hers.page.get_by_label("Size of the tip in pixels").fill("10")
    hers.page.get_by_label("Size of the tip in pixels").press("Enter")
    hers.page.locator("#stage").focus()
    hers.keys("Escape")
    hers.page.keyboard.down("Shift")
    pull(hers, (400, 300), (500, 300), (500, 400))
    hers.page.keyboard.up("Shift")
    assert abs(wait_for(his, "mask", "mask")[1][1] - 5000) < 100
    hers.keys("Escape")
    pull(hers, (520, 60), (600, 60), (600, 140), (520, 140), (520, 60))
    outline = wait_for(his, "mask", "mask", "mask")[2][1]
    assert abs(outline - (90 * 90 - 70 * 70)) < 60
    hers.page.keyboard.down("Control")
    hers.click(560, 100)
    hers.click(560, 300)  # nothing closes that off
    hers.page.keyboard.up("Control")
    expect(hers.page.locator("#hint")).to_contain_text("Nothing is closed off here")
    assert shapes(hers)[2][1] == outline + 70 * 70
    look(hers, "filled")


def test_shapes_are_converted_united_cut_and_tagged(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.page.wait_for_selector("html[data-complete=true]")
    bar = hers.page.get_by_role("toolbar", name="Regions")

    # Two boxes become one polygon under the first one's id.
    hers.draw(100, 100, 200, 100)
    hers.draw(250, 150, 150, 150)
    first = hers.page.evaluate("() => frameloop.editor.store.onFrame(null)[0].id")
    expect(bar).to_be_hidden()
    hers.keys("v", "Control+a")
    expect(bar).to_be_visible()
    look(hers, "two-regions")
    bar.get_by_role("button", name="Unite").click()
    assert wait_for(his, "polygon") == [["polygon", 20000 + 22500 - 2500, "person"]]
    assert his.page.evaluate("() => frameloop.editor.store.onFrame(null)[0].id") == first
    hers.keys("Control+z")
    wait_for(his, "box", "box")
    hers.keys("Control+Shift+z")
    wait_for(his, "polygon")

    # A hole, a mask of it, and the polygon with its hole back from the mask.
    hers.draw(120, 120, 40, 40)
    hers.keys("v", "Control+a", "Alt+Minus")
    assert wait_for(hers, "polygon", "box")[0][0] == "polygon"
    assert (
        hers.page.evaluate(
            "() => frameloop.editor.store.get(frameloop.editor.store.onFrame(null)[0].id).geometry.rings.length"
        )
        == 2
    )
    hers.click(260, 190)
    hers.keys("Alt+Shift+M")
    assert wait_for(his, "mask", "box")[0] == ["mask", 40000 - 1600, "person"]
    look(hers, "mask-with-hole")
    hers.keys("Alt+Shift+P")
    assert wait_for(his, "polygon", "box")[0][0] == "polygon"
    assert his.page.evaluate(
        "() => frameloop.editor.store.onFrame(null)[0].geometry.rings.map((ring) => ring.length)"
    ) == [8, 4]

    # A cut makes two; its refusal says why.
    hers.keys("Alt+x")
    hers.page.wait_for_selector("#stage[data-tool=cut]")
    hers.click(110, 210)
    hers.click(110, 150)
    hers.keys("Enter")
    expect(hers.page.locator("#hint")).to_contain_text("cross the shape")
    hers.click(275, 90)
    hers.page.mouse.move(*hers.at(275, 310))
    look(hers, "cutting")
    hers.click(275, 310)
    hers.keys("Enter")
    wait_for(his, "polygon", "box", "polygon")
    look(hers, "cut")
    hers.expect_saved()
    parts = Annotation.objects.filter(item=item, deleted=False, geometry__type="polygon")
    assert {row.label.name for row in parts} == {"person"}
    # A gesture is one tx: two boxes, unite, undo, redo, a box, subtract, two conversions, a cut.
    assert JournalTx.objects.filter(item=item).count() == 10

    # Tags: by digits, over the picture, and on the other screen.
    tool(hers, "t", "tag")
    hers.keys("2")
    expect(his.page.locator(".ed-chip")).to_have_text("car")
    expect(hers.page.locator("#side-tags").get_by_role("button", name="car")).to_have_attribute("aria-pressed", "true")
    look(hers, "tagged")
    hers.page.locator("#side-tags").get_by_role("button", name="car").click()
    expect(his.page.locator(".ed-chips")).to_be_hidden()
    hers.expect_saved()
    tool(hers, "v", "select")
    expect(hers.page.get_by_role("tab", name="Shapes")).to_have_attribute("aria-selected", "true")


def test_a_project_of_classes_begins_with_its_tags(desk, project, item, alice):
    project.task = "classify"
    project.save()
    editor = EditorPage(desk(alice), item)
    expect(editor.page.locator("#side-tags")).to_be_visible()
    editor.page.wait_for_selector("#stage[data-tool=tag]")
    editor.keys("1", "2")  # one tag takes the other's place
    expect(editor.page.locator(".ed-chip")).to_have_text("car")
    editor.expect_saved()
    assert list(Annotation.objects.filter(item=item, deleted=False).values_list("label__name", "frame")) == [
        ("car", None)
    ]
