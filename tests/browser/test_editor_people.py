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


def view_of(page: EditorPage) -> list[float]:
    """The middle of the screen and its width, in pixels of the picture."""
    return page.page.evaluate(
        """() => { const v = frameloop.editor.view; const [x, y] = v.toPicture([v.width / 2, v.height / 2]);
           return [x, y, v.width / v.scale].map(Math.round); }"""
    )


def expect_view(page: EditorPage, view: list[float]) -> None:
    page.page.wait_for_function(
        """(want) => { const v = frameloop.editor.view; const [x, y] = v.toPicture([v.width / 2, v.height / 2]);
           return [x, y, v.width / v.scale].every((each, n) => Math.abs(each - want[n]) < 3); }""",
        arg=view,
    )


def test_one_follows_another_until_one_moves_by_oneself(desk, item, alice, bob):
    hers = complete(EditorPage(desk(alice), item))
    his = complete(EditorPage(desk(bob, viewport={"width": 1920, "height": 1080}), item))
    hers.expect_people(2)
    hers.page.get_by_role("button", name="Bob. Press to follow").click()
    banner = hers.page.locator(".ed-follow")
    expect(banner).to_contain_text("Following Bob — Esc to stop")
    his.page.mouse.move(*his.at(200, 150))
    his.page.mouse.wheel(0, -600)
    expect_view(hers, view_of(his))
    look(hers, "following")
    hers.page.keyboard.press("Escape")
    expect(banner).to_be_hidden()

    hers.page.locator("#stage").focus()
    hers.keys("Shift+F")
    expect(banner).to_be_visible()
    hers.page.mouse.move(*hers.at(200, 150))
    hers.page.mouse.wheel(0, 300)
    expect(banner).to_be_hidden()

    hers.keys("Shift+U")
    hers.page.get_by_role("button", name="Go to where Bob is, once").click()
    expect_view(hers, view_of(his))
    expect(banner).to_be_hidden()


def test_others_see_whose_hand_is_on_a_shape(desk, item, alice, bob):
    hers, his = complete(EditorPage(desk(alice), item)), complete(EditorPage(desk(bob), item))
    hers.draw(100, 100, 80, 80)
    his.expect_shapes(1)
    hers.keys("v")
    his.keys("v")
    his.page.mouse.move(*his.at(150, 150))
    expect(his.page.locator(".ed-who")).to_contain_text("Drawn by Alice")
    look(his, "who")
    hers.page.mouse.move(*hers.at(140, 140))
    hers.page.mouse.down()
    hers.page.mouse.move(*hers.at(200, 180), steps=5)
    plate = his.page.locator(".ed-hold")
    expect(plate).to_have_text("Alice is moving this")
    his.click(140, 140)
    expect(his.page.locator("#hint")).to_contain_text("Alice is moving this. You can still change it")
    look(his, "hold")
    his.keys("ArrowRight")  # nothing is enforced
    his.page.wait_for_function("() => Math.round([...frameloop.editor.store.shown.values()][0].geometry.x) === 101")
    his.keys("Delete")
    expect(hers.page.locator("#hint")).to_contain_text("was deleted by somebody else")
    hers.page.mouse.up()
    expect(plate).to_be_hidden()


def test_many_people_are_few_avatars_and_one_list(desk, item, alice):
    hers = complete(EditorPage(desk(alice), item))
    hers.page.evaluate(
        """() => frameloop.editor.peersMoved([...'BCDEFGHIJ'].map((name, n) => (
           {conn: name, user: {id: `id-${name}`, name: `${name}en`}, cursor: [40 * n, 30 * n], frame: null,
            selection: [], tool: 'box', away: n > 6})))"""
    )
    hers.expect_people(10)
    expect(hers.page.locator(".ed-people > .ed-avatar")).to_have_count(6)
    more = hers.page.get_by_role("button", name="5 more people: show all")
    expect(more).to_have_text("+5")
    more.click()
    expect(hers.page.locator(".ed-crowd-list li")).to_have_count(10)
    expect(hers.page.get_by_text("Away", exact=True)).to_have_count(2)
    look(hers, "crowd")
    hers.page.keyboard.press("Escape")
    expect(hers.page.locator(".ed-crowd")).to_be_hidden()


def test_a_session_is_joined_from_the_project_and_its_purpose_is_said(desk, item, project, alice, bob):
    hers = complete(EditorPage(desk(alice), item))
    hers.draw(100, 100, 80, 60)
    hers.expect_saved()
    page = desk(bob).open(f"/projects/{project.pk}/")
    page.get_by_role("link", name="Join a.jpg").click()
    hers.expect_people(2)
    hers.keys("Shift+U")
    purpose = hers.page.get_by_label("Purpose")
    expect(purpose).to_have_value("label")
    purpose.select_option("ground-truth")
    page.wait_for_selector("html[data-complete=true]")
    expect(page.locator("#hint")).to_have_count(1)
    page.get_by_role("button", name="Everybody here").click()
    expect(page.get_by_label("Purpose")).to_have_value("ground-truth")
    rows = page.locator(".ed-session tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Alice")
