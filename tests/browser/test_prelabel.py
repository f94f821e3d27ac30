"""Pre-labelling from the models page: start it, watch it, take it back."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from annotations.models import Annotation
from projects import pictures
from projects.intake import intake
from projects.models import Job
from tests.processes import eventually
from training import tasks
from training.engines import load
from training.models import Model

pytestmark = pytest.mark.browser


@pytest.fixture
def model(project, tmp_path) -> Model:
    """Sees a person (0.9) and a car (0.8) in every picture."""
    row = Model(project=project, name="Model 3", engine="fake", labels=[{"name": "person"}, {"name": "car"}])
    with load("fake").export(tmp_path, tmp_path, 64, 2).open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


def run_queued() -> None:
    """What the worker does, in this process: the page hears of it all the same."""
    eventually(lambda: Job.objects.filter(status="queued").count() == 1)
    tasks.run_auto_label_job(str(Job.objects.get(status="queued").pk))


def test_a_manager_pre_labels_and_takes_it_back(desk, project, alice, bob, model):
    for n in range(3):
        data = pictures.encode(np.full((64, 64, 3), 40 * n, np.uint8), "png")
        intake(project, ContentFile(data, name=f"{n}.png"), f"{n}.png", alice)
    page = desk(alice).open(f"/projects/{project.pk}/models/")
    page.get_by_role("button", name="Pre-label").click()
    dialog = page.get_by_role("dialog", name="Pre-label with Model 3")
    dialog.get_by_label("Confidence from").fill("0.85")
    dialog.get_by_role("button", name="Pre-label").click()
    rows = page.locator("#prelabels .job-row")
    expect(rows.first).to_contain_text("Queued")
    run_queued()
    expect(rows.first).to_contain_text("Succeeded")
    expect(rows.first).to_contain_text("3 suggested, 3 items")
    suggestions = Annotation.objects.filter(deleted=False, source="model")
    assert suggestions.count() == 3

    rows.first.get_by_role("button", name="Remove these suggestions").click()
    page.get_by_role("button", name="Remove them").click()
    expect(rows).to_have_count(2)
    run_queued()
    expect(rows.first).to_contain_text("3 removed, 3 items")
    assert not suggestions.exists()
    expect(page.get_by_role("button", name="Remove these suggestions")).to_have_count(0)

    page.get_by_role("button", name="Make Model 3 the project's model").click()
    expect(page.get_by_text("Deployed")).to_be_visible()
    annotator = desk(bob).open(f"/projects/{project.pk}/models/")
    expect(annotator.get_by_role("button", name="Try it")).to_be_visible()
    expect(annotator.get_by_role("button", name="Pre-label")).to_have_count(0)
