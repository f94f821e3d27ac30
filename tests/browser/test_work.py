"""Work as people see it: submit, send back and approve while both look on; hand items out; merge a consensus."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations import journal
from annotations.models import Assignment, Consensus
from annotations.protocol import Tx
from annotations.work import consensus
from projects import states
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Item
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture

pytestmark = pytest.mark.browser


@pytest.fixture
def items(project, alice) -> list[Item]:
    return [intake(project, SimpleUploadedFile(f"{n}.jpg", picture()), f"{n}.jpg", alice) for n in range(3)]


def test_a_decision_reaches_the_open_editor_at_once(desk, items, alice, bob):
    hers, his = EditorPage(desk(alice), items[0]), EditorPage(desk(bob), items[0])
    his_bar, her_bar = his.page.locator(".work-bar"), hers.page.locator(".work-bar")
    his.draw(40, 50, 100, 80)
    expect(his_bar).to_contain_text("In progress")
    his.keys("Control+Enter")
    expect(her_bar.locator(".work-state")).to_have_text("In review")

    hers.keys("Control+Shift+Backspace")
    hers.page.get_by_label("The reason, which the annotator reads").fill("The right edge is cut.")
    hers.page.get_by_role("button", name="Send back", exact=True).click()
    why = his.page.get_by_label("Why it was sent back")
    expect(why).to_contain_text("The right edge is cut.")
    his.keys("m")  # the brush has a bar of its own, which the reason does not cover
    bar = his.page.get_by_role("toolbar", name="Brush")
    expect(bar).to_be_visible()
    bar_box, why_box = bar.bounding_box(), why.bounding_box()
    assert bar_box is not None and why_box is not None and bar_box["y"] + bar_box["height"] <= why_box["y"]
    his_bar.get_by_role("button", name="Submit").click()
    expect(his.page.locator("#work-why")).to_have_count(0)
    expect(her_bar.locator(".work-state")).to_have_text("In review")

    hers.keys("Control+Shift+Enter")
    expect(his_bar.locator(".work-state")).to_have_text("Approved")
    assert "approved" in his.page.evaluate("frameloop.editor.refusal")
    his.draw(200, 50, 100, 80)
    assert len(his.boxes()) == 1, "an annotator draws nothing on what is approved"
    hers.keys("Control+Shift+Backspace")
    hers.page.get_by_label("The reason, which the annotator reads").fill("After all.")
    hers.page.keyboard.press("Control+Enter")
    his.page.wait_for_function("() => frameloop.editor.refusal === ''")
    his.draw(200, 50, 100, 80)
    his.expect_shapes(2)

    his_bar.get_by_role("button", name="Submit").click()
    expect(his_bar.locator(".work-state")).to_have_text("In review")
    his_bar.get_by_role("button", name="Next item").click()
    his.page.wait_for_url(f"**/items/{items[1].pk}/")
    items[0].refresh_from_db()
    assert [step.after for step in items[0].state_changes.all()] == [
        "in-progress", "in-review", "sent-back", "in-review", "approved", "sent-back", "in-review",
    ]  # fmt: skip


def test_handing_out_and_merging(desk, project, items, alice, bob):
    label = str(project.labels.get(name="car").pk)
    page = desk(alice).open(f"/projects/{project.pk}/")
    page.get_by_label("Choose 0.jpg").check()
    page.get_by_label("Choose 2.jpg").click(modifiers=["Shift"])
    expect(page.locator("#picked-count")).to_have_text("3 items chosen")
    page.locator("#picked").get_by_role("button", name="Assign…").click()
    page.locator("#assign").get_by_label("Bob").check()
    page.locator("#assign").get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator(".work-assignee[title='Bob: annotate']")).to_have_count(3)
    assert Assignment.objects.filter(user=bob).count() == 3

    (started,) = consensus.start(project, items[:1], [alice, bob], 2, alice)
    for person, x in ((alice, 40), (bob, 44)):
        copy = Item.every.get(replica_of=items[0], replica_for=person)
        box = {"type": "box", "x": x, "y": 50, "w": 100, "h": 80}
        op = {"op": "create", "id": str(uuid7()), "label": label, "geometry": box}
        journal.commit(copy.pk, Tx("tab", "1", 0, [op]), person)
        states.change(copy.pk, "in-review", person)
    page.goto(page.url.split("/projects/")[0] + f"/projects/{project.pk}/work/")
    expect(page.get_by_role("region", name="Consensus")).to_contain_text("Ready")
    page.get_by_role("link", name="0.jpg").last.click()
    expect(page.get_by_role("region", name="Agreement of each two")).to_contain_text("100 %")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_text("Merged by Alice")).to_be_visible()
    assert [shape["geometry"]["x"] for shape in consensus.shapes_of(items[0])] == [42]
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("button", name="Merge", exact=True)).to_be_enabled()
    assert consensus.shapes_of(items[0]) == [] and Consensus.objects.get(pk=started.pk).merged_at is None
