"""People in the editor: what they say about a shape, whom they follow, and who holds what."""

from __future__ import annotations

import os
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Thread
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def complete(page: EditorPage) -> EditorPage:
    page.page.wait_for_selector("html[data-complete=true]")
    return page


def look(page: EditorPage, name: str) -> None:
    """A picture for whoever wants to see it: FRAMELOOP_PICTURES names the folder."""
    folder = os.environ.get("FRAMELOOP_PICTURES")
    if folder:
        page.page.screenshot(path=f"{folder}/{name}.png")


def test_a_question_is_asked_answered_and_resolved(desk, item, alice, bob):
    hers, his = complete(EditorPage(desk(alice), item)), complete(EditorPage(desk(bob), item))
    hers.draw(100, 100, 80, 60)
    his.expect_shapes(1)
    hers.keys("v", "c")
    field = hers.page.get_by_role("combobox", name="Say something")
    field.type("Is this a van, @bo")
    expect(hers.page.get_by_role("option", name="Bob")).to_be_visible()
    hers.page.keyboard.press("Enter")
    expect(field).to_have_value("Is this a van, @Bob ")
    hers.page.keyboard.press("Enter")

    expect(his.page.get_by_role("tab", name="Comments")).to_have_attribute("data-count", "1")
    expect(his.page.locator(".bell-count")).to_have_text("1")
    pin = his.page.get_by_role("button", name=re.compile("Comment by Alice: Is this a van"))
    expect(pin).to_be_visible()
    pin.focus()
    his.page.keyboard.press("Enter")
    expect(his.page.locator(".ed-mention")).to_have_text("@Bob")
    expect(his.page).to_have_url(re.compile(r"#thread=[0-9a-f-]{36}$"))
    his.page.keyboard.type("No, a bus")
    his.page.keyboard.press("Enter")
    expect(hers.page.get_by_text("No, a bus", exact=True)).to_be_visible()
    expect(hers.page.locator(".bell-count")).to_be_hidden()  # she is looking at it
    look(hers, "thread")

    his.page.get_by_role("button", name="Delete", exact=True).click()
    expect(hers.page.get_by_text("No, a bus", exact=True)).to_be_hidden()
    his.page.get_by_role("button", name="Undo", exact=True).click()
    expect(hers.page.get_by_text("No, a bus", exact=True)).to_be_visible()

    hers.page.get_by_role("button", name="Resolve").click()
    expect(his.page.get_by_text(re.compile("Resolved by Alice"))).to_be_visible()
    expect(his.page.get_by_role("tab", name="Comments")).to_have_attribute("data-count", "")
    assert Thread.objects.get().resolved_by == alice


def test_a_point_is_clicked_and_a_notice_leads_back_to_it(desk, item, alice, bob):
    hers = complete(EditorPage(desk(alice), item))
    hers.keys("c")
    hers.click(320, 240)
    hers.page.get_by_role("combobox", name="Say something").fill("What is that, @Bob?")
    hers.page.keyboard.press("Enter")
    expect(hers.page.locator(".ed-pin")).to_have_count(1)
    thread = Thread.objects.get()
    assert (round(thread.x), round(thread.y), thread.annotation) == (320, 240, None)
    hers.expect_shapes(0)

    page = desk(bob).open("/notices/")
    expect(page.locator("#bell .bell-count")).to_have_text("1")
    page.locator("#bell summary").click()
    page.locator(".bell-rows").get_by_role("link", name=re.compile("Alice mentioned you on a.jpg")).click()
    expect(page).to_have_url(re.compile(rf"/items/{item.pk}/#thread={thread.pk}"))
    expect(page.locator(".ed-comment")).to_contain_text("What is that, @Bob?")
    expect(page.locator(".ed-pin.current")).to_be_visible()
    expect(page.locator(".bell-count")).to_be_hidden()
