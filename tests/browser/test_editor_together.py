"""Two people on one item: real browsers, a real server, a real database."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation, JournalTx
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser

# What Chromium itself writes when the server is away.
AWAY = ("WebSocket connection to", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INTERNET_DISCONNECTED")


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def test_both_see_each_others_boxes_and_cursors(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.expect_people(2)
    his.expect_people(2)

    hers.draw(40, 50, 100, 80)
    his.expect_shapes(1)
    his.draw(300, 200, 120, 90)
    hers.expect_shapes(2)
    assert hers.boxes() == his.boxes() == [(40, 50, 100, 80), (300, 200, 120, 90)]

    his.page.mouse.move(*his.at(320, 240))
    cursor = hers.page.locator(".ov-cursor[data-name=Bob]")
    expect(cursor).to_be_visible()
    hers.page.wait_for_function(
        "([x, y]) => { const p = [...frameloop.editor.peers.values()][0]?.cursor;"
        " return p && Math.hypot(p[0] - x, p[1] - y) < 2; }",
        arg=[320, 240],
    )
    hers.expect_saved()
    his.expect_saved()
    assert Annotation.objects.filter(item=item, deleted=False).count() == 2
    assert {row.author for row in Annotation.objects.filter(item=item)} == {alice, bob}


def test_a_drag_is_seen_before_it_ends(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.draw(100, 100, 80, 80)
    his.expect_shapes(1)
    hers.keys("v")
    hers.page.mouse.move(*hers.at(140, 140))
    hers.page.mouse.down()
    hers.page.mouse.move(*hers.at(240, 200), steps=5)
    his.page.wait_for_function("() => document.querySelector('.ov-peer-drag')?.getAttribute('d')")
    assert his.boxes() == [(100, 100, 80, 80)]
    hers.page.mouse.up()
    his.page.wait_for_function("() => !document.querySelector('.ov-peer-drag').getAttribute('d')")
    his.page.wait_for_function("() => Math.round([...frameloop.editor.store.shown.values()][0].geometry.x) === 200")
    assert his.boxes() == hers.boxes() == [(200, 160, 80, 80)]


def test_undo_takes_back_ones_own_work_only(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.draw(40, 50, 100, 80)
    his.expect_shapes(1)
    his.draw(300, 200, 120, 90)
    hers.expect_shapes(2)

    hers.keys("Control+z")
    his.expect_shapes(1)
    assert hers.boxes() == his.boxes() == [(300, 200, 120, 90)]
    hers.keys("Control+z")  # nothing of hers is left: his box stays
    hers.keys("Control+Shift+z")
    his.expect_shapes(2)
    assert his.boxes() == [(40, 50, 100, 80), (300, 200, 120, 90)]
    hers.expect_saved()
    assert JournalTx.objects.filter(item=item).count() == 4


def test_undo_says_what_somebody_else_changed_since(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.draw(100, 100, 80, 80)
    his.expect_shapes(1)
    hers.keys("v")
    hers.drag((140, 140), (240, 140))
    his.page.wait_for_function("() => Math.round([...frameloop.editor.store.shown.values()][0].geometry.x) === 200")
    his.keys("v")
    his.drag((240, 140), (240, 240))
    hers.page.wait_for_function("() => Math.round([...frameloop.editor.store.shown.values()][0].geometry.y) === 200")
    hers.keys("Control+z")
    expect(hers.page.locator("#hint")).to_contain_text("Not taken back")
    expect(hers.page.locator("#hint")).to_contain_text("Bob")
    hers.expect_saved()
    assert hers.boxes() == his.boxes() == [(200, 200, 80, 80)]


def test_work_done_while_the_server_is_away_is_sent_once_it_is_back(desk, item, site, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    for each in (hers, his):
        each.desk.allow(*AWAY)
    hers.draw(40, 50, 100, 80)
    his.expect_shapes(1)
    site.stop(kill=True)
    hers.expect_offline(0)
    hers.draw(200, 60, 50, 40)
    his.draw(300, 200, 120, 90)
    hers.expect_offline(1)
    his.expect_offline(1)
    hers.expect_shapes(2)
    site.start()
    for each in (hers, his):
        each.expect_shapes(3)
        each.expect_saved()
    assert hers.boxes() == his.boxes()
    assert Annotation.objects.filter(item=item, deleted=False).count() == 3


def test_a_reload_keeps_work_that_was_not_sent(desk, item, site, alice):
    hers = EditorPage(desk(alice), item)
    hers.desk.allow(*AWAY)
    site.stop(kill=True)
    hers.draw(40, 50, 100, 80)
    hers.expect_offline(1)
    hers.draw(200, 60, 50, 40)
    hers.expect_offline(2)
    site.start()
    hers.page.reload()
    hers.wait_until_ready()
    hers.expect_shapes(2)
    hers.expect_saved()
    assert Annotation.objects.filter(item=item, deleted=False).count() == 2
    hers.keys("Control+z")  # the history survives a reload too
    hers.expect_shapes(1)


def test_a_new_tab_sends_what_a_closed_one_left(desk, item, site, alice):
    hers = EditorPage(desk(alice), item)
    hers.desk.allow(*AWAY)
    site.stop(kill=True)
    hers.draw(40, 50, 100, 80)
    hers.expect_offline(1)
    hers.page.close()
    site.start()
    again = EditorPage(hers.desk, item)
    again.expect_shapes(1)
    again.expect_saved()
    assert Annotation.objects.filter(item=item).count() == 1


def test_an_edit_of_a_shape_that_was_deleted_can_be_restored_with_the_edit(desk, item, site, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.draw(100, 100, 80, 80)
    his.expect_shapes(1)
    hers.desk.context.set_offline(True)
    hers.desk.allow(*AWAY)
    hers.page.evaluate("frameloop.editor.client.line.hangUp()")
    hers.expect_offline(0)
    hers.keys("v")
    hers.drag((140, 140), (340, 140))
    hers.expect_offline(1)
    his.keys("v")
    his.click(140, 140)
    his.keys("Delete")
    his.expect_shapes(0)
    his.expect_saved()
    hers.desk.context.set_offline(False)

    tray = hers.page.locator("#tray")
    expect(tray).to_contain_text("Not saved")
    hers.expect_shapes(0)
    tray.get_by_role("button", name="Restore with my edit").click()
    his.expect_shapes(1)
    expect(tray).to_be_hidden()
    hers.expect_saved()
    assert hers.boxes() == his.boxes() == [(300, 100, 80, 80)]


def test_two_tabs_of_one_person_are_two_hands(desk, item, alice):
    seat = desk(alice)
    one, two = EditorPage(seat, item), EditorPage(seat, item)
    one.draw(40, 50, 100, 80)
    two.expect_shapes(1)
    two.draw(200, 60, 50, 40)
    one.expect_shapes(2)
    two.keys("Control+z")
    one.expect_shapes(1)
    assert one.boxes() == [(40, 50, 100, 80)]
    one.expect_people(1)
