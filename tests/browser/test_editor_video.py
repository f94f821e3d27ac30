"""Stepping through a video: the frame on screen is exactly the frame that is named."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import expect

from annotations.models import Annotation
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import READ_NUMBER, numbered_video

pytestmark = pytest.mark.browser


@pytest.fixture
def item(project, alice, tmp_path):
    return intake(project, numbered_video(tmp_path / "numbers.mp4"), "numbers.mp4", alice)


@pytest.fixture
def editor(desk, item, alice) -> EditorPage:
    return EditorPage(desk(alice), item)


def test_each_step_shows_its_frame(editor):
    expected = 0
    editor.expect_frame(0)
    for key, by in [
        ("d", 1),
        ("d", 1),
        ("a", -1),
        ("Shift+d", 10),
        ("ArrowRight", 1),
        ("Shift+ArrowLeft", -10),
        ("d", 1),
    ]:
        editor.keys(key)
        expected = max(0, expected + by)
        editor.expect_frame(expected)
        assert editor.page.evaluate(READ_NUMBER) == expected
    editor.keys("End")
    editor.expect_frame(59)
    assert editor.page.evaluate(READ_NUMBER) == 59


def test_random_jumps_in_a_hurry_end_on_the_last_one(editor):
    hand = random.Random(11)
    for _ in range(6):
        for _ in range(5):
            n = hand.randrange(60)
            editor.page.evaluate("(n) => frameloop.editor.goTo(n)", n)
        editor.expect_frame(n)
        assert editor.page.evaluate(READ_NUMBER) == n
        assert editor.page.evaluate("frameloop.editor.frame") == n


def test_the_number_and_the_picture_never_part(editor):
    """Watched at every change of the picture, whatever the hand does."""
    editor.page.evaluate(
        """() => {
          window.wrong = [];
          frameloop.editor.on("frame", () => {
            const shown = document.querySelector(".ed-picture > *").dataset.frame;
            if (Number(shown) !== frameloop.editor.frame) window.wrong.push([shown, frameloop.editor.frame]);
          });
        }"""
    )
    for _ in range(25):
        editor.page.keyboard.press("d")
    editor.expect_frame(25)
    assert editor.page.evaluate("window.wrong") == []
    assert editor.page.evaluate(READ_NUMBER) == 25


def test_a_shape_belongs_to_its_frame(editor, item):
    editor.keys("d")
    editor.expect_frame(1)
    editor.draw(50, 60, 100, 80)
    editor.expect_shapes(1)
    editor.keys("d")
    editor.expect_frame(2)
    editor.expect_shapes(0)
    editor.keys("r")
    editor.expect_shapes(1)
    editor.expect_saved()
    assert sorted(Annotation.objects.filter(item=item).values_list("frame", flat=True)) == [1, 2]
    expect(editor.page.locator("#frame-bar")).to_contain_text("2 labelled frames")
    editor.keys("Home")
    editor.expect_frame(0)
    editor.keys("]")
    editor.expect_frame(1)


def test_the_address_keeps_the_frame(editor, desk, item, alice):
    editor.page.get_by_label("Frame number").fill("37")
    editor.keys("Enter")
    editor.expect_frame(37)
    assert editor.page.url.endswith("#frame=37")
    editor.page.reload()
    editor.wait_until_ready()
    editor.expect_frame(37)
    assert editor.page.evaluate(READ_NUMBER) == 37


def test_people_on_other_frames_are_not_in_the_way(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item, frame=5)
    his.page.mouse.move(*his.at(100, 100))
    hers.expect_people(2)
    expect(hers.page.locator("#people button[title^='Bob, on frame 5']")).to_be_visible()
    expect(hers.page.locator(".ov-cursor")).to_have_count(0)
    hers.page.locator("#people button[title^='Bob, on frame 5']").click()
    hers.expect_frame(5)
    expect(hers.page.locator(".ov-cursor[data-name=Bob]")).to_be_visible()
