"""What the editor fetches, and when: the rest comes when it is needed, and is then shown."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.models import Annotation
from projects.intake import intake
from projects.models import Item
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser

SELDOM = (
    "panels/frame_bar.js",
    "render/crowd.js",
    "render/decoder.js",
    "render/mask_picture.js",
    "render/raster.js",
    "render/video.js",
)
MASK = """async () => {
  const { Bitmap } = await import("/static/js/editor/model/raster.js");
  const bitmap = new Bitmap(640, 480);
  bitmap.cover({ minX: 0, minY: 0, maxX: 640, maxY: 480 });
  for (let at = 200 * 480; at < 240 * 480; at++) bitmap.data[at] = 1;
  frameloop.editor.create(bitmap.toMask());
  frameloop.editor.select([]);
}"""
# Whether a pixel of the shapes' canvas is painted, in pixels of the picture.
PAINTED = """([x, y]) => {
  const { renderer, editor } = frameloop, { layer } = renderer, [sx, sy] = editor.view.toScreen([x, y]);
  const at = [(sx - layer.left) * layer.ratio, (sy - layer.top) * layer.ratio].map(Math.round);
  return layer.context.getImageData(at[0] - 2, at[1] - 2, 5, 5).data.some((value, i) => i % 4 === 3 && value > 0);
}"""


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def put(item, author, geometries):
    label = item.project.labels.first() or item.project.add_label("car")
    common = {"item": item, "label": label, "author": author, "updated_by": author, "created_rev": 1, "updated_rev": 1}
    Annotation.objects.bulk_create(Annotation(id=uuid.uuid4(), geometry=one, **common) for one in geometries)
    Item.objects.filter(pk=item.pk).update(rev=1, annotation_count=len(geometries))


def fetched(page):
    entries = page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name)")
    return {name for name in SELDOM if any(entry.split("?")[0].endswith(f"/{name}") for entry in entries)}


def box(n: int) -> dict:
    return {"type": "box", "x": 5 + n % 60 * 5, "y": 5 + n // 60 * 3, "w": 4, "h": 2}


def test_an_image_fetches_neither_video_nor_masks_until_it_has_one(desk, item, alice):
    put(item, alice, [{"type": "box", "x": 40, "y": 50, "w": 100, "h": 80}])
    page = EditorPage(desk(alice), item).page
    page.wait_for_function(PAINTED, arg=[40, 90])
    assert fetched(page) == set()
    page.evaluate(MASK)
    page.wait_for_function(PAINTED, arg=[220, 240])
    assert fetched(page) == {"render/mask_picture.js"}


def test_thousands_of_outlines_are_drawn_once_their_code_is_here(desk, item, alice):
    put(item, alice, [box(n) for n in range(3200)])
    page = EditorPage(desk(alice), item).page
    page.wait_for_function("() => frameloop.renderer.layer._raster !== null")
    page.wait_for_function(PAINTED, arg=[5, 6])
    assert not page.evaluate(PAINTED, [600, 400])
    assert fetched(page) == {"render/crowd.js", "render/raster.js"}
