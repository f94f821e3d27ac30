"""A version from the form to its page: previewed, frozen, looked at, compared, and taken up again."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from annotations import journal
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Item, Job, Project
from tests.processes import eventually
from tests.training.shape_makers import star
from training import tasks
from training.datasets.version import freeze

pytestmark = pytest.mark.browser
RUN = {"freeze": tasks.run_freeze_job, "restore": tasks.run_restore_job}


def run_queued() -> None:
    """What the worker does, in this process: the page hears of it all the same."""
    eventually(lambda: Job.objects.filter(status="queued").exists())
    job = Job.objects.get(status="queued")
    RUN[job.kind](str(job.pk))


def add(project: Project, n: int, alice) -> Item:
    pixels = np.random.RandomState(n).randint(0, 256, (6, 8, 3)).astype(np.uint8)
    data = cv2.imencode(".jpg", cv2.resize(pixels, (200, 140)))[1].tobytes()
    item = intake(project, SimpleUploadedFile(f"{n}.jpg", data), f"{n}.jpg", alice)
    box = {"type": "box", "x": 10, "y": 20, "w": 60, "h": 40}
    labels = [str(label.pk) for label in project.labels.order_by("ordinal")]
    shapes = zip(labels, (box, star(120, 70, 40, True)), strict=True)
    ops = [{"op": "create", "id": str(uuid7()), "label": label, "geometry": shape} for label, shape in shapes]
    journal.commit(item.pk, Tx("tab", f"t{n}", 0, ops), alice)
    return item


def test_from_a_preview_to_a_branch(desk, project, alice):
    for n in range(5):
        add(project, n, alice)
    before = freeze(project, alice, "Before")
    add(project, 6, alice)

    at = desk(alice)
    at.allow("400 (Bad Request)")  # a share of 100 % is tried below
    page = at.open(f"/projects/{project.pk}/versions/")
    page.get_by_role("link", name="New version").click()
    outlook, samples = page.locator("#outlook"), page.locator("#samples figure")
    expect(outlook).to_contain_text("6 pictures, 6 objects")
    expect(outlook).to_contain_text("6 shapes of kind polygon left out")
    expect(samples).to_have_count(4)
    plain = samples.first.locator("path").first.get_attribute("d")
    page.get_by_label("Name optional").fill("With copies")
    page.get_by_role("checkbox", name=re.compile("^Rotate")).check()
    page.locator("#rotate-chance").fill("1")
    expect(samples).to_have_count(12)
    expect(samples.nth(1)).to_contain_text("Copy 1")
    assert samples.first.locator("path").first.get_attribute("d") == plain
    assert samples.nth(1).locator("path").first.get_attribute("d") != plain
    expect(outlook).to_contain_text("A training gets 15 pictures")

    page.get_by_label("Validation, %").fill("100")
    expect(page.locator("#version-form .error")).to_be_visible()
    page.get_by_label("Validation, %").fill("50")
    expect(page.locator("#version-form .error")).to_have_count(0)
    expect(outlook).to_contain_text("Validation 3")
    page.get_by_role("button", name="Freeze it").click()
    run_queued()
    page.wait_for_url(re.compile("/versions/[0-9a-f-]+/$"))

    expect(page.get_by_role("heading", name="With copies")).to_be_visible()
    tiles = page.locator("#frames li")
    expect(tiles).to_have_count(6)
    expect(tiles.first.locator("path")).to_have_count(2)
    page.get_by_label("Side").select_option("val")
    expect(tiles).to_have_count(3)
    page.get_by_label("Side").select_option("train")
    expect(tiles.first).to_contain_text("Train")
    tiles.first.get_by_role("button").press("Enter")
    expect(page.locator("#made-samples figure")).to_have_count(3)
    page.keyboard.press("Escape")
    page.get_by_label("since").select_option(str(before.pk))
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#diff")).to_contain_text(re.compile("Pictures: 5 the same, 1 added"))
    expect(page.locator("#diff")).to_contain_text("made in another way")

    page.get_by_role("button", name="Restore").click()
    page.get_by_role("button", name="Make the project").click()
    run_queued()
    page.wait_for_url(re.compile("/projects/[0-9a-f-]+/$"))
    assert Project.objects.get(name="Street: With copies").items.count() == 6
