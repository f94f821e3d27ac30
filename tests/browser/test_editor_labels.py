"""Classes are renamed, recoloured, merged and brought back while an editor is open, and it follows."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations import relabel
from annotations.models import Annotation
from projects.intake import intake
from projects.models import Label
from tests.browser.editor_page import EditorPage
from tests.browser.pictures import picture
from tests.processes import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def item(project, alice):
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "a.jpg", alice)


def test_an_open_editor_follows_the_schema(desk, item, project, alice, bob):
    his = EditorPage(desk(bob), item)
    classes = his.page.locator("#labels .ed-label")
    expect(classes).to_have_text(["person1", "car2"])
    his.page.wait_for_selector("html[data-complete=true]")
    his.keys("2")
    his.draw(40, 50, 100, 80)
    his.expect_saved()

    car = Label.objects.get(project=project, name="car")
    car.name, car.color = "lorry", "#123456"
    car.save()
    expect(classes.nth(1)).to_contain_text("lorry")
    assert his.page.evaluate("frameloop.editor.styles.of(frameloop.editor.selected()[0]).color") == "#123456"

    person = Label.objects.get(project=project, name="person")
    job = relabel.start_merge(car, person, alice)
    expect(classes).to_have_count(1)
    his.draw(300, 200, 60, 60)  # between the merge's beginning and its end, nothing is lost
    relabel.run(job.pk)
    eventually(
        lambda: his.page.evaluate("frameloop.editor.store.onFrame(null).map(s => s.label)") == [str(person.pk)] * 2
    )
    his.expect_saved()

    back = relabel.start_restoring(Label.every.get(pk=car.pk), alice)
    relabel.run(back.pk)
    expect(classes).to_have_count(2)
    eventually(lambda: his.page.evaluate("frameloop.editor.store.onFrame(null)[0].label") == str(car.pk))
    assert {row.label_id for row in Annotation.objects.filter(item=item)} == {car.pk, person.pk}


def test_a_manager_merges_and_brings_back_on_the_settings_page(desk, item, project, alice):
    page = desk(alice).open(f"/projects/{project.pk}/settings/")
    page.get_by_text("Merge or delete labels that are in use").click()
    page.get_by_label("Merge car into").select_option(label="person")
    page.get_by_role("button", name="Merge car").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.get_by_text("'car' becomes 'person'")).to_be_visible()
    assert [label.name for label in project.labels.all()] == ["person"]
    page.get_by_text("Merge or delete labels that are in use").click()
    page.get_by_role("button", name="Bring car back").click()
    expect(page.get_by_text("The label 'car' comes back.")).to_be_visible()
