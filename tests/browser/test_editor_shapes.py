"""Outlines, rotated boxes, lines and keypoints by hand: drawn, mended, undone, and seen by others."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation, JournalTx
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

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
