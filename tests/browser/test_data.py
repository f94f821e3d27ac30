"""Labels leave a project by its page, and enter another one by that one's."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations import journal, tasks
from annotations.models import Annotation
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Item, Job, Label, Project
from tests.browser.pictures import picture
from tests.processes import eventually

pytestmark = pytest.mark.browser
RUN = {"export": tasks.run_export_job, "import": tasks.run_import_job, "convert": tasks.run_convert_job}


def run_queued() -> None:
    """What the worker does, in this process: the page hears of it all the same."""
    eventually(lambda: Job.objects.filter(status="queued").exists())
    job = Job.objects.get(status="queued")
    RUN[job.kind](str(job.pk))


@pytest.fixture
def street(project, alice) -> Project:
    """Two pictures, a box of each label on the first."""
    items = [intake(project, SimpleUploadedFile(f"{n}.jpg", picture()), f"{n}.jpg", alice) for n in range(2)]
    box = {"type": "box", "x": 10, "y": 20, "w": 30, "h": 40}
    ops = [
        {"op": "create", "id": str(uuid7()), "label": str(label.pk), "geometry": box}
        for label in project.labels.order_by("ordinal")
    ]
    journal.commit(items[0].pk, Tx("tab", "t1", 0, ops), alice)
    return project


@pytest.fixture
def second(team, alice) -> Project:
    project = Project.objects.create(team=team, name="Second", task="detect", created_by=alice)
    Label.objects.create(project=project, name="human", ordinal=0)
    return project


def test_out_of_one_project_and_into_another(desk, street, second, alice, bob, charlie, tmp_path):
    page = desk(alice).open(f"/projects/{street.pk}/data/")
    form, done = page.locator("#export-form"), page.locator("[data-jobs=export] .data-job")
    form.get_by_role("radio", name=re.compile("^YOLO")).check()
    expect(form.locator("[data-abilities]")).to_contain_text("cannot carry")
    form.get_by_role("radio", name=re.compile("^COCO")).check()
    expect(form.get_by_label("Masks as")).to_be_visible()
    form.get_by_label("With the pictures and videos themselves").check()
    form.get_by_role("button", name="Export").click()
    expect(done.first).to_contain_text("Queued")
    run_queued()
    expect(done.first).to_contain_text("2 images, 2 shapes")
    expect(done.first).to_contain_text("Nothing was lost")
    with page.expect_download() as download:
        done.first.get_by_role("link", name="Download").click()
    archive = tmp_path / "street.zip"
    download.value.save_as(archive)
    assert re.fullmatch(r"Street-coco-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename)

    page.goto(page.url.split("/projects/")[0] + f"/projects/{second.pk}/data/")
    page.get_by_role("tab", name="Export").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Import labels")).to_be_visible()
    expect(page.locator("[data-jobs=import]")).to_contain_text("Nothing was imported yet.")
    page.get_by_label("File to import").set_input_files(archive)
    run_queued()
    expect(page.locator("#preview-title")).to_have_text("street.zip")
    expect(page.locator("[data-preview]")).to_contain_text("COCO")
    assert not Annotation.objects.filter(item__project=second).exists(), "a preview changes nothing"
    page.get_by_label("person becomes", exact=True).select_option(label="human")
    page.get_by_label("Name of the new label for car").fill("vehicle")
    page.get_by_role("button", name="Import", exact=True).click()
    run_queued()
    imports = page.locator("[data-jobs=import] .data-job")
    expect(imports.first).to_contain_text("2 shapes, 2 pictures, 2 of them new")
    shapes = Annotation.objects.filter(item__project=second, deleted=False)
    assert {shape.label.name: shape.geometry["x"] for shape in shapes} == {"human": 10, "vehicle": 10}
    assert Label.objects.get(project=second, name="human").aliases == ["person"]
    assert set(Item.objects.filter(project=second).values_list("path", flat=True)) == {"0.jpg", "1.jpg"}

    imports.first.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo the import").click()
    run_queued()
    expect(page.get_by_text("The import is undone.")).to_be_visible()
    assert not shapes.all().exists() and not Item.objects.filter(project=second).exists()
    expect(imports).to_have_count(2)
    expect(imports.get_by_role("button", name="Undo")).to_have_count(0)

    table = b"path,width,height,label,xmin,ymin,xmax,ymax\nnowhere.jpg,64,48,car,1,1,9,9\n"
    page.get_by_label("File to import").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": table})
    run_queued()
    expect(page.locator("[data-preview]")).to_contain_text("Nothing can be imported")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()

    page.get_by_role("tab", name="Convert").click()
    page.get_by_label("File to convert").set_input_files(archive)
    page.get_by_label("Write it as").select_option("frameloop")
    page.get_by_role("button", name="Convert", exact=True).click()
    run_queued()
    expect(page.locator("[data-jobs=convert] .data-job").first.get_by_role("link", name="Download")).to_be_visible()

    theirs = desk(bob).open(f"/projects/{second.pk}/data/")
    expect(theirs.get_by_role("tab")).to_have_text(["Export", "Convert"])  # an annotator imports nothing
