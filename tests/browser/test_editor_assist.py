"""The tools that suggest, in a person's hand: cut out, click, find similar, propagate; accept, refuse, give up."""

from __future__ import annotations

import re

import av
import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation
from projects.conveyor import Conveyor
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.processes import eventually
from tests.training.tiny_sam import write_decoder, write_encoder

pytestmark = pytest.mark.browser
RED = (210, 50, 40)


def scene(width: int = 640, height: int = 480) -> bytes:
    """Two red discs and a blue square on noise, as a JPEG."""
    random = np.random.default_rng(3)
    picture = np.clip(random.normal(110, 9, (height, width, 3)), 0, 255).astype(np.uint8)
    for x in (160, 460):
        cv2.circle(picture, (x, 150), 50, RED, -1)
        cv2.circle(picture, (x + 18, 140), 12, (250, 220, 60), -1)
    cv2.rectangle(picture, (300, 300), (380, 380), (40, 60, 220), -1)
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("scene.jpg", scene()), "scene.jpg", alice)


@pytest.fixture
def video(project, alice, tmp_path):
    conveyor, path = Conveyor(width=320, height=180), tmp_path / "belt.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "18"}
        for n in range(40):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(conveyor.frame(n)[0], "rgb24")))
        container.mux(stream.encode(None))
    return intake(project, path, "belt.mp4", alice)


@pytest.fixture
def weights(settings):
    """A pair of networks where the server looks for them."""
    folder = settings.WEIGHTS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    pair = write_encoder(folder / "tiny.encoder.onnx"), write_decoder(folder / "tiny.decoder.onnx")
    yield
    for path in pair:
        path.unlink()


def ready(desk, item, by) -> EditorPage:
    editor = EditorPage(desk(by), item)
    editor.page.wait_for_selector("html[data-complete=true]")
    return editor


def living(item, **fields):
    return Annotation.objects.filter(item=item, deleted=False, **fields)


def expect_selected(editor: EditorPage, count: int) -> None:
    expect(editor.page.locator("#objects [aria-selected=true]")).to_have_count(count)


def test_cut_out_find_more_and_accept(desk, item, project, bob):
    project.labels.filter(name="car").update(attributes=[{"name": "colour", "kind": "text", "default": "red"}])
    editor = ready(desk, item, bob)
    editor.keys("2", "w")
    outline = editor.page.get_by_role("combobox", name="What outlines become")
    expect(outline).to_have_value("polygon")
    editor.drag((95, 85), (225, 215))
    expect_selected(editor, 1)
    suggested = editor.page.get_by_role("region", name="Suggestion")
    expect(suggested).to_contain_text(re.compile(r"Suggested by cutting it out, [01]\.\d\d"))
    (shape,) = living(item)
    assert (shape.source, shape.geometry["type"], shape.label.name) == ("model", "polygon", "car")
    editor.page.locator("#stage").press("Enter")
    editor.expect_saved()
    eventually(lambda: living(item).get().source == "human")
    assert living(item).get().attributes == {"colour": "red"}, "accepted, it says what a drawn one says"

    editor.keys("j")
    expect(editor.page.locator("#hint")).to_contain_text("1 found. They were found by their looks")
    editor.expect_shapes(2)
    expect(suggested).to_contain_text("Suggested by looks alike")
    suggested.get_by_role("button", name="Refuse").click()
    editor.expect_shapes(1)

    outline.select_option("box")
    editor.page.locator("#stage").focus()
    editor.drag((280, 280), (400, 400))
    expect_selected(editor, 1)
    box = living(item, source="model").get().geometry
    assert [box[name] for name in "xywh"] == pytest.approx([300, 300, 81, 81], abs=4)
    editor.drag((20, 420), (80, 470))
    expect(editor.page.locator("#hint")).to_be_visible()


def test_one_question_at_a_time_and_escape_gives_it_up(desk, item, bob):
    editor = ready(desk, item, bob)
    held = []
    editor.page.route("**/assist/grabcut", lambda route: held.append(route))
    editor.keys("w")
    editor.drag((95, 85), (225, 215))
    busy = editor.page.get_by_role("status").filter(has_text="Cutting the object out.")
    expect(busy).to_be_visible()
    editor.drag((280, 280), (400, 400))
    expect(editor.page.locator("#hint")).to_have_text("Cutting the object out. Wait for it, or press Escape.")
    editor.keys("Escape")
    expect(busy).to_be_hidden()
    (route,) = held
    route.continue_()
    eventually(lambda: Annotation.objects.filter(item=item, deleted=True).count() == 1)
    editor.expect_shapes(0)


def test_clicks_say_what_they_need_where_there_are_no_weights(desk, item, bob):
    editor = ready(desk, item, bob)
    button = editor.page.locator('[data-command="tool-click"]')
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile(r"mobile_sam\.encoder\.onnx"))
    editor.keys("Shift+B")
    expect(editor.page.locator("#hint")).to_contain_text("mobile_sam.decoder.onnx")
    assert editor.page.evaluate("frameloop.editor.tool") != "click"


def test_clicks_refine_one_suggestion(desk, item, bob, weights):
    editor = ready(desk, item, bob)
    editor.keys("Shift+B")
    editor.page.get_by_role("combobox", name="What outlines become").select_option("mask")
    editor.page.locator("#stage").focus()
    on, beside = (editor.page.locator(f".ed-overlay g path[fill='{fill}']") for fill in ("#0a6e6a", "#9c2f16"))
    with editor.page.expect_response("**/assist/click"):
        editor.click(150, 165)
    expect_selected(editor, 1)
    expect(on).to_have_count(1)
    (both_discs,) = living(item)
    editor.page.keyboard.down("Alt")
    with editor.page.expect_response("**/assist/click") as answered:
        editor.click(340, 340)
    editor.page.keyboard.up("Alt")
    asked = answered.value.request.post_data_json
    assert (asked["replaces"], [point[2] for point in asked["points"]]) == (str(both_discs.pk), [1, 0])
    expect(beside).to_have_count(1)
    expect_selected(editor, 1)
    eventually(lambda: [shape.source for shape in living(item)] == ["model"])
    editor.keys("Enter")
    editor.expect_saved()
    eventually(lambda: living(item).get().source == "human")
    expect(on).to_have_count(0)  # the next click is the next object's
    with editor.page.expect_response("**/assist/click") as answered:
        editor.click(340, 340)
    assert "replaces" not in answered.value.request.post_data_json
    editor.expect_shapes(2)


def test_a_shape_is_propagated_as_one_track(desk, video, bob):
    part = next(p for p in Conveyor(width=320, height=180).frame(0)[1] if p.x > 10 and p.x + p.w < 200)
    editor = ready(desk, video, bob)
    editor.draw(part.x, part.y, part.w, part.h)
    editor.expect_saved()
    editor.keys("Shift+R")
    dialog = editor.page.get_by_role("dialog", name="Propagate")
    dialog.get_by_label("Frames").fill("12")
    dialog.get_by_role("button", name="Propagate").click()
    editor.expect_frame(1)
    expect(editor.page.locator("#hint")).to_contain_text("Suggested on frames 1 to 12; Enter accepts the whole track.")
    expect_selected(editor, 1)
    track = living(video, source="model").get()
    assert track.keyframes["13"] == {"outside": True}
    editor.keys("Enter")
    editor.expect_saved()
    eventually(lambda: living(video).exclude(source="human").count() == 0)
    editor.keys("Home")
    editor.expect_frame(0)
    editor.keys("v", "Tab", "Shift+R")  # the choice is remembered
    editor.expect_frame(1)
    eventually(lambda: living(video, source="model").count() == 1)
