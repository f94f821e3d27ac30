"""An item's past in the editor: looked at, compared, and brought back while somebody else goes on."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations.models import Annotation, JournalTx
from projects.intake import intake
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture
from tests.processes import eventually

pytestmark = pytest.mark.browser

FIRST, SECOND, THIRD = (40, 50, 100, 80), (300, 200, 120, 90), (200, 60, 60, 60)


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def open_history(editor: EditorPage) -> None:
    editor.page.get_by_role("tab", name="History").click()
    expect(editor.page.locator(".ed-history-words")).to_contain_text("Now: revision")


def test_a_past_state_is_looked_at_compared_and_brought_back(desk, item, alice, bob):
    hers, his = EditorPage(desk(alice), item), EditorPage(desk(bob), item)
    hers.draw(*FIRST)
    hers.draw(*SECOND)
    his.expect_shapes(2)
    his.keys("v")
    his.click(80, 90)
    his.keys("Delete")
    hers.expect_shapes(1)

    open_history(hers)
    rows = hers.page.locator(".ed-history-row")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Bob deleted 1")
    rows.nth(1).click()
    hers.expect_shapes(2)
    assert hers.boxes() == [FIRST, SECOND]
    expect(hers.page.locator(".df-removed")).to_have_attribute("d", re.compile("^M"))
    expect(hers.page.locator(".df-added")).to_have_attribute("d", "")
    # what she looks at is the past: nothing can be drawn into it, and the present goes on for Bob
    hers.keys("b")
    hers.drag((400, 40), (450, 80))
    expect(hers.page.locator("#hint")).to_contain_text("earlier state")
    his.draw(*THIRD)
    his.expect_shapes(2)
    assert hers.boxes() == [FIRST, SECOND]

    hers.page.get_by_role("slider", name="Revision").focus()
    hers.keys("Escape")
    hers.expect_shapes(2)
    eventually(lambda: sorted(hers.boxes()) == sorted([SECOND, THIRD]))

    rows.nth(2).click()
    hers.page.get_by_role("button", name="Restore this state").click()
    eventually(lambda: sorted(his.boxes()) == sorted([FIRST, SECOND]))
    hers.page.locator("#stage").focus()
    hers.keys("Control+z")
    eventually(lambda: sorted(his.boxes()) == sorted([SECOND, THIRD]))
    assert list(JournalTx.objects.filter(item=item).values_list("rev", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_deleted_shape_comes_back_from_the_list(desk, item, alice, bob):
    hers = EditorPage(desk(alice), item)
    hers.draw(*FIRST)
    hers.keys("Delete")
    hers.expect_shapes(0)
    hers.expect_saved()
    hers.page.reload()
    hers.wait_until_ready()
    open_history(hers)
    hers.page.get_by_text("Deleted shapes (1)").click()
    hers.page.get_by_role("button", name="Restore person 1").click(timeout=3000)
    hers.expect_shapes(1)
    assert hers.boxes() == [FIRST]
    hers.expect_saved()
    assert not Annotation.objects.get(item=item).deleted
