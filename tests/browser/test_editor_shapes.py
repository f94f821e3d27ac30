"""Outlines, rotated boxes, lines and keypoints by hand: drawn, mended, undone, and seen by others."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation, JournalTx
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import numbered_video, picture

pytestmark = pytest.mark.browser

# Shapes on this frame as text that can be compared, without the ids of vertices.
SHAPES = """() => frameloop.editor.store.onFrame(null).map(({geometry: g}) => {
  const at = (points) => points.map(([, x, y]) => `${Math.round(x)},${Math.round(y)}`).join(" ");
  if (g.type === "polygon") return `polygon ${g.rings.map(at).join(" / ")}`;
  if (g.type === "polyline") return `polyline ${at(g.points)}`;
  if (g.type === "keypoints") return `keypoints ${g.points.map((point) => point.map(Math.round).join(",")).join(" ")}`;
  if (g.type === "rbox") return `rbox ${[g.cx, g.cy, g.w, g.h, g.angle].map(Math.round).join(",")}`;
  return `box ${[g.x, g.y, g.w, g.h].map(Math.round).join(",")}`;
}).sort()"""


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


class Shapes(EditorPage):
    """An editor whose shapes are read as text."""

    def clicks(self, *points: tuple[float, float]) -> None:
        for point in points:
            self.page.mouse.move(*self.at(*point))
            self.click(*point)

    def shapes(self) -> list[str]:
        return self.page.evaluate(SHAPES)

    def expect(self, *shapes: str) -> None:
        wanted = sorted(shapes)
        try:
            self.page.wait_for_function(f"(wanted) => JSON.stringify(({SHAPES})()) === wanted", arg=_json(wanted))
        except Exception:
            assert self.shapes() == wanted
            raise


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _tool(page: EditorPage, key: str, name: str) -> None:
    page.keys(key)
    expect(page.page.locator("#stage")).to_have_attribute("data-tool", name)


def test_an_outline_is_drawn_and_mended_by_two_people(desk, item, alice, bob):
    hers, his = Shapes(desk(alice), item), Shapes(desk(bob), item)
    _tool(hers, "p", "polygon")
    hers.clicks((100, 100), (300, 100), (320, 180))
    his.page.wait_for_function("() => document.querySelector('.ov-peer-drag')?.getAttribute('d')")
    hers.keys("Backspace")
    hers.clicks((300, 300), (100, 300), (100, 100))
    square = "polygon 100,100 300,100 300,300 100,300"
    hers.expect(square)
    his.expect(square)

    # A vertex is pulled, an edge gets one, and one is taken away again.
    hers.keys("v")
    hers.drag((300, 300), (340, 320))
    his.expect("polygon 100,100 300,100 340,320 100,300")
    hers.drag((200, 100), (200, 60))
    his.expect("polygon 100,100 200,60 300,100 340,320 100,300")
    hers.page.keyboard.down("Alt")
    hers.click(300, 100)
    hers.page.keyboard.up("Alt")
    his.expect("polygon 100,100 200,60 340,320 100,300")

    # Both pull a vertex of it at once: nobody's is lost.
    his.keys("v")
    his.click(200, 200)
    for each, start, end in ((hers, (200, 60), (220, 40)), (his, (100, 300), (80, 330))):
        each.page.mouse.move(*each.at(*start))
        each.page.mouse.down()
        each.page.mouse.move(*each.at(*end), steps=3)
    hers.page.mouse.up()
    his.page.mouse.up()
    both = "polygon 100,100 220,40 340,320 80,330"
    hers.expect(both)
    his.expect(both)

    # A hole inside of it; outside of it is none set.
    _tool(hers, "Alt+p", "hole")
    hers.clicks((150, 150), (250, 150), (500, 200), (200, 250))
    expect(hers.page.locator("#hint")).to_contain_text("inside")
    hers.keys("Enter")
    his.expect(f"{both} / 150,150 250,150 200,250")
    hers.keys("Control+z")
    his.expect(both)
    hers.keys("Control+Shift+z")
    hers.expect_saved()
    row = Annotation.objects.get(item=item)
    assert [len(ring) for ring in row.geometry["rings"]] == [4, 3]
    vertex_ops = [
        op["do"] for tx in JournalTx.objects.filter(item=item).order_by("rev") for op in tx.ops if op["op"] == "vertex"
    ]
    assert vertex_ops == ["move", "insert", "remove", "move", "move"]


def test_every_type_is_drawn_moved_and_kept(desk, project, item, alice, bob):
    label = project.labels.first()
    label.skeleton = {"points": ["head", "hand", "foot"], "edges": [[0, 1], [0, 2]]}
    label.save()
    hers, his = Shapes(desk(alice), item), Shapes(desk(bob), item)
    _tool(hers, "o", "rbox")
    hers.clicks((400, 100), (400, 200), (340, 150))
    his.expect("rbox 370,150,100,60,90")
    _tool(hers, "Shift+p", "polyline")
    hers.clicks((50, 400), (150, 420))
    hers.drag((250, 400), (260, 402), steps=2)  # the hand trembles: freehand for a moment
    hers.keys("Enter")
    _tool(hers, "k", "keypoints")
    hers.clicks((520, 60))
    hers.keys("u")
    hers.page.mouse.click(*hers.at(560, 200), button="right")
    line = [shape for shape in hers.shapes() if shape.startswith("polyline")][0]
    pose = "keypoints 520,60,2 0,0,0 560,200,1"
    his.expect("rbox 370,150,100,60,90", line, pose)

    # The arrow keys move the fresh one, however soon the hand moves on.
    hers.keys("ArrowRight")
    hers.page.mouse.move(*hers.at(300, 300))
    his.expect("rbox 370,150,100,60,90", line, "keypoints 521,60,2 0,0,0 561,200,1")
    hers.keys("Control+z")
    his.expect("rbox 370,150,100,60,90", line, pose)

    # The second label has no skeleton, and it is said where to give it one.
    hers.page.evaluate("frameloop.editor.select([]); frameloop.editor.setLabel(frameloop.editor.labels[1].id)")
    expect(hers.page.locator("#hint")).to_contain_text("settings, under Labels")

    # Keys: the second keypoint appears in the middle, and goes to the right.
    hers.keys("v")
    hers.click(520, 60)
    hers.keys("e", "e", "u", "Shift+ArrowRight")
    his.expect("rbox 370,150,100,60,90", line, "keypoints 520,60,2 550,130,2 560,200,1")
    hers.keys("Control+z", "Control+z")
    his.expect("rbox 370,150,100,60,90", line, pose)

    # The rotated box: its knob with Shift, then its side, then arrow keys.
    hers.click(370, 150)
    knob = hers.page.evaluate("26 / frameloop.editor.view.scale")
    hers.page.keyboard.down("Shift")
    hers.drag((400 + knob, 150), (370, 50))
    hers.page.keyboard.up("Shift")
    his.expect("rbox 370,150,100,60,0", line, pose)
    hers.drag((420, 150), (440, 150))
    hers.keys("Control+ArrowDown", "ArrowLeft")
    his.expect("rbox 379,151,120,61,0", line, pose)

    # All at once, as far as the picture goes, each as it lies to the others.
    hers.keys("Control+a")
    hers.drag((370, 150), (370, 500))
    hers.expect_saved()
    moved = {row.geometry["type"]: row.geometry for row in Annotation.objects.filter(item=item)}
    assert max(point[2] for point in moved["polyline"]["points"]) == 480
    assert moved["rbox"]["cy"] - 150.5 == pytest.approx(moved["keypoints"]["points"][0][1] - 60, abs=0.3)


def test_neighbours_share_a_border_and_lie_in_groups(desk, item, alice):
    hers = Shapes(desk(alice), item)
    _tool(hers, "p", "polygon")
    hers.clicks((100, 100), (200, 100), (220, 150), (200, 200), (100, 200))
    hers.keys("Enter")
    # With S held a click near a vertex is on it, and two of them follow the border; an edge gets a vertex.
    hers.page.keyboard.down("s")
    hers.clicks((202, 99), (198, 202))
    hers.page.keyboard.up("s")
    hers.clicks((320, 200), (320, 100))
    hers.keys("Enter")
    hers.page.keyboard.down("s")
    hers.clicks((150, 202))
    hers.page.keyboard.up("s")
    hers.clicks((180, 300), (120, 300))
    hers.keys("Enter")
    first = "polygon 100,100 200,100 220,150 200,200 150,200 100,200"
    second = "polygon 200,100 220,150 200,200 320,200 320,100"
    third = "polygon 150,200 180,300 120,300"
    hers.expect(first, second, third)
    hers.keys("Control+z")
    hers.expect(first.replace(" 150,200", ""), second)

    # Back at the first point with S held, the ring closes along the neighbour.
    _tool(hers, "p", "polygon")
    hers.page.keyboard.down("s")
    hers.clicks((200, 200))
    hers.page.keyboard.up("s")
    hers.clicks((250, 300), (30, 300), (30, 80))
    hers.page.keyboard.down("s")
    hers.clicks((101, 101), (201, 201))
    hers.page.keyboard.up("s")
    around = "polygon 200,200 250,300 30,300 30,80 100,100 100,200"
    hers.expect(first.replace(" 150,200", ""), second, around)
    hers.keys("Control+z")
    hers.expect(first.replace(" 150,200", ""), second)

    # Two in a group are chosen by one click, and one alone with Ctrl; clicks in one place go through what lies there.
    hers.keys("v")
    hers.page.evaluate(
        """() => { const { editor } = frameloop; const group = editor.store.onFrame(null)[0].id;
        editor.submit(editor.store.onFrame(null).map(({ id }) => ({ op: "update", id, set: { group } })), "Group"); }"""
    )
    chosen = "() => frameloop.editor.selection.size"
    hers.click(150, 150)
    assert hers.page.evaluate(chosen) == 2
    hers.page.keyboard.down("Control")
    hers.click(270, 150)
    hers.page.keyboard.up("Control")
    assert hers.page.evaluate(chosen) == 1
    hers.page.evaluate("frameloop.editor.select([])")
    hers.draw(50, 50, 200, 200)
    hers.keys("v", "Escape")
    seen = []
    for _ in range(3):
        hers.click(150, 110)
        seen.append(hers.page.evaluate(chosen))
    assert seen == [2, 1, 2]


def test_fingers_draw_and_two_of_them_move_the_view(desk, item, alice):
    hers = Shapes(desk(alice, has_touch=True), item)
    _tool(hers, "p", "polygon")
    for point in ((100, 100), (300, 100), (300, 300)):
        hers.page.touchscreen.tap(*hers.at(*point))
    line = hers.page.context.new_cdp_session(hers.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    before = hers.page.evaluate("frameloop.editor.view.scale")
    a, b = hers.at(250, 200), hers.at(350, 200)
    touch("touchStart", a)
    touch("touchStart", a, b)
    touch("touchMove", (a[0] - 40, a[1]), (b[0] + 40, b[1]))
    touch("touchEnd")
    assert hers.page.evaluate("frameloop.editor.view.scale") > before * 1.3
    hers.page.touchscreen.tap(*hers.at(100, 300))
    hers.page.touchscreen.tap(*hers.at(103, 102))
    hers.expect("polygon 100,100 300,100 300,300 100,300")


def test_an_edit_that_came_too_late_is_explained(desk, item, alice, bob):
    hers, his = Shapes(desk(alice), item), Shapes(desk(bob), item)
    _tool(hers, "p", "polygon")
    hers.clicks((100, 100), (300, 100), (300, 300), (100, 300))
    hers.keys("Enter", "v")
    his.expect("polygon 100,100 300,100 300,300 100,300")
    hers.desk.allow("WebSocket connection to", "ERR_INTERNET_DISCONNECTED")
    hers.desk.context.set_offline(True)
    hers.page.evaluate("frameloop.editor.client.line.hangUp()")
    hers.expect_offline(0)
    hers.drag((300, 300), (340, 340))
    hers.drag((200, 200), (180, 200))
    hers.expect_offline(2)
    his.keys("v")
    his.click(200, 200)
    his.page.keyboard.down("Alt")
    his.click(300, 300)
    his.page.keyboard.up("Alt")
    his.expect("polygon 100,100 300,100 100,300")
    his.expect_saved()
    hers.desk.context.set_offline(False)

    # Her vertex is gone, and her outline as a whole was of another one: both wait in the tray, and nothing is lost.
    rows = hers.page.locator("#tray li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Somebody else took this vertex away")
    expect(rows.nth(1)).to_contain_text("changed")
    hers.expect("polygon 100,100 300,100 100,300")
    rows.first.get_by_role("button", name="Let go").click()
    rows.first.get_by_role("button", name="Send again").click()
    hers.expect_saved()
    his.expect("polygon 80,100 280,100 320,340 80,300")


def test_a_vertex_of_a_track_is_pulled_on_its_frame(desk, project, alice, tmp_path):
    video = intake(project, numbered_video(tmp_path / "numbers.mp4", frames=20), "numbers.mp4", alice)
    hers = Shapes(desk(alice), video)
    _tool(hers, "p", "polygon")
    hers.clicks((100, 100), (200, 100), (200, 200), (100, 200))
    hers.keys("Enter")
    hers.expect_saved()
    row = Annotation.objects.get(item=video)
    if not row.keyframes:
        hers.page.evaluate(
            """() => frameloop.editor.submit([{ op: "keyframe", id: frameloop.editor.store.onFrame(0)[0].id,
            frame: 0, set: { geometry: frameloop.editor.store.onFrame(0)[0].geometry } }], "Track")"""
        )
    hers.page.evaluate("frameloop.editor.goTo(10)")
    hers.expect_frame(10)
    hers.keys("v")
    hers.click(150, 150)
    hers.drag((200, 200), (240, 230))
    hers.expect_saved()
    row.refresh_from_db()
    corner = {frame: row.keyframes[frame]["geometry"]["rings"][0][2][1:] for frame in ("0", "10")}
    assert corner["0"] == pytest.approx([200, 200], abs=0.5) and corner["10"] == pytest.approx([240, 230], abs=0.5)
