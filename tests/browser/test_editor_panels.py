"""Around the picture: the selection's details, the clipboard, the filter, keys, the view, the save state."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser

ATTRIBUTES = [
    {"name": "colour", "kind": "select", "values": ["red", "blue"], "default": "red"},
    {"name": "parked", "kind": "checkbox"},
    {"name": "doors", "kind": "number"},
]


@pytest.fixture
def items(project, alice):
    project.labels.filter(name="car").update(attributes=ATTRIBUTES)
    return [
        intake(project, SimpleUploadedFile(name, picture(640, height)), name, alice)
        for name, height in (("a.jpg", 480), ("b.jpg", 490))
    ]


@pytest.fixture
def editor(desk, items, alice) -> EditorPage:
    page = EditorPage(desk(alice), items[0])
    page.page.wait_for_selector("html[data-complete=true]")
    return page


def selected(editor):
    return editor.page.locator("#objects [aria-selected=true]")


def typed(editor, name, value):
    field = editor.page.get_by_label(name, exact=True)
    field.fill(value)
    field.press("Enter")
    return field


def test_the_selection_can_be_typed(editor, items):
    editor.keys("2")
    editor.draw(100, 100, 60, 50)
    details = editor.page.locator("#details")
    expect(details).to_contain_text("Drawn by you")
    typed(editor, "Left edge, pixels", "40.5")
    expect(typed(editor, "Width, pixels", "99999")).not_to_have_value("99999")  # as far as the picture goes
    typed(editor, "Order: higher lies above", "3")
    typed(editor, "doors", "5")
    editor.page.get_by_label("colour", exact=True).select_option("blue")
    editor.page.get_by_label("parked", exact=True).check()
    editor.expect_saved()
    expect(details.locator("strong")).to_have_text("car 1")
    shape = Annotation.objects.get(item=items[0])
    assert shape.attributes == {"colour": "blue", "parked": True, "doors": 5}
    assert (shape.geometry["x"], shape.geometry["x"] + shape.geometry["w"], shape.z) == (40.5, items[0].asset.width, 3)

    editor.draw(50, 250, 40, 40)
    editor.keys("v", "Control+a")
    expect(details.locator("strong")).to_have_text("2 shapes")
    expect(editor.page.get_by_label("Left edge, pixels")).to_have_attribute("placeholder", "several")
    expect(editor.page.get_by_label("colour", exact=True)).to_have_value("…")
    editor.page.get_by_label("colour", exact=True).select_option("red")
    typed(editor, "Top edge, pixels", "20")
    editor.expect_saved()
    rows = Annotation.objects.filter(item=items[0])
    assert {(row.attributes["colour"], row.geometry["y"]) for row in rows} == {("red", 20)}


def test_groups_order_and_copies_of_shapes(editor, items):
    editor.keys("2")
    for x, y in ((60, 100), (115, 120), (300, 100)):
        editor.draw(x, y, 80, 60)
    editor.expect_shapes(3)
    editor.expect_saved()
    editor.keys("v")
    editor.click(70, 110)
    editor.page.keyboard.down("Shift")
    editor.click(320, 120)
    editor.page.keyboard.up("Shift")
    editor.keys("Control+g", "Escape")
    editor.click(70, 110)
    expect(selected(editor)).to_have_count(2)
    editor.keys("Control+Shift+g", "Escape")
    editor.click(70, 110)
    expect(selected(editor)).to_have_count(1)
    editor.keys("PageUp")
    editor.expect_saved()
    first, second, third = Annotation.objects.filter(item=items[0]).order_by("created_rev")
    assert (first.z, second.z, third.z, first.group) == (1, 0, 0, None)

    editor.keys("Control+i")
    expect(selected(editor)).to_have_count(2)
    editor.keys("Control+d")
    expect(selected(editor)).to_have_count(2)
    editor.expect_shapes(5)
    editor.keys("Control+Shift+a")
    expect(selected(editor)).to_have_count(5)
    editor.keys("Control+c")
    expect(editor.page.locator("#hint")).to_have_text("Copied 5 shapes.")
    other = EditorPage(editor.desk, items[1])
    other.page.wait_for_selector("html[data-complete=true]")
    other.keys("Control+v")
    other.expect_shapes(5)
    assert other.boxes() == editor.boxes()
    other.expect_saved()
    assert Annotation.objects.filter(item=items[1], label__name="car", z=0).count() == 5


def test_what_the_filter_leaves_out_is_out_of_reach(editor):
    for key, x in (("1", 60), ("2", 200), ("2", 340)):
        editor.keys(key)
        editor.draw(x, 100, 80, 60)
    editor.page.get_by_role("tab", name="History").click()
    editor.keys("v", "Escape", "Control+f")  # comes back to the list
    editor.page.keyboard.type("car")
    editor.expect_shapes(2)
    expect(editor.page.locator("#objects .ed-count").first).to_have_text("2 of 3")
    expect(editor.page.get_by_text("1 of 3 dimmed")).to_be_visible()
    editor.click(70, 110)  # the person: dimmed
    expect(selected(editor)).to_have_count(0)
    editor.keys("Control+a")
    expect(selected(editor)).to_have_count(2)
    editor.keys("Escape")
    editor.page.reload()  # the tab remembers it
    editor.wait_until_ready()
    editor.expect_shapes(2)
    editor.page.get_by_role("button", name="Show all", exact=True).click()
    editor.expect_shapes(3)
    row = editor.page.locator("#objects [role=option]").nth(1)
    row.hover()
    row.get_by_label(re.compile("^Lock")).click()
    editor.page.locator("#stage").focus()
    editor.click(210, 110)
    expect(selected(editor)).to_have_count(0)


def test_own_keys_the_palette_and_the_view_are_remembered(editor):
    page = editor.page
    editor.keys("Control+k")
    page.keyboard.type("change keys")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Change keys")
    dialog.get_by_label("Find a command", exact=True).fill("crosshair")
    dialog.get_by_label("Another key for: Crosshair on or off").click()
    page.keyboard.press("b")
    expect(dialog.get_by_role("status")).to_contain_text("B does 'Draw boxes")
    dialog.get_by_label("Take B away").click()
    dialog.get_by_label("Another key for: Crosshair on or off").click()
    page.keyboard.press("Control+Shift+y")
    page.keyboard.press("Escape")
    editor.keys("Shift+w")
    page.get_by_label("Brightness", exact=True).fill("160")
    page.get_by_label("Grid", exact=True).check()
    page.keyboard.press("Escape")

    page.reload()
    editor.wait_until_ready()
    page.wait_for_selector("html[data-complete=true]")
    assert page.locator(".ed-picture").evaluate("(each) => each.style.filter") == "brightness(1.6)"
    expect(page.locator(".ed-grid")).to_be_visible()
    crosshair = page.locator("#tools [data-command=crosshair]")
    editor.keys("Control+Shift+y")
    expect(crosshair).to_have_attribute("aria-pressed", "true")
    editor.keys("g")  # the usual key goes on
    expect(crosshair).to_have_attribute("aria-pressed", "false")
    page.evaluate("frameloop.commands.remap({}, false)")  # keys of one sign are off
    editor.keys("g", "Control+Shift+y")
    expect(crosshair).to_have_attribute("aria-pressed", "false")
    editor.keys("Control+k")
    page.keyboard.type("crosshair")
    page.keyboard.press("Enter")
    expect(crosshair).to_have_attribute("aria-pressed", "true")


def test_undo_and_redo_survive_a_reload_and_a_dead_network_is_told_at_once(editor):
    editor.draw(100, 100, 60, 50)
    editor.draw(300, 100, 60, 50)
    editor.keys("Control+z")
    editor.expect_saved()
    editor.page.reload()
    editor.wait_until_ready()
    editor.keys("Control+z")
    editor.expect_shapes(0)
    editor.keys("Control+Shift+z", "Control+Shift+z")
    editor.expect_shapes(2)
    assert editor.boxes() == [(100, 100, 60, 50), (300, 100, 60, 50)]
    editor.expect_saved()
    expect(editor.page.locator("#save .ed-ago")).to_have_text(re.compile(r"^\d+(\.\d)? s ago$"))
    editor.desk.allow("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")
    state = editor.page.evaluate("(dispatchEvent(new Event('offline')), frameloop.editor.client.state)")
    assert state == "offline"
    editor.expect_saved()
