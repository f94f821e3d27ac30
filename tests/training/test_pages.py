"""The pages of training and models: what they show to whom."""

from __future__ import annotations

import re

import pytest
from django.core.files import File

from projects.models import Job, Membership
from training import jobs, runner
from training.engines import load
from training.models import Model


@pytest.fixture
def get(client):
    def fetch(user, path: str):
        client.force_login(user)
        return client.get(path)

    return fetch


@pytest.fixture
def model(belt, tmp_path, alice):
    export = load("fake").export(tmp_path / "none", tmp_path, 64, 2)
    figures = {"map50": 0.91, "map50_95": 0.62, "precision": 0.8, "recall": 0.7}
    row = Model(project=belt, name="Model 1: tiny", engine="yolo", labels=[], metrics=figures, created_by=alice)
    with export.open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_an_empty_project_says_what_is_missing(belt, alice, get):
    answer = get(alice, f"/projects/{belt.pk}/training/")
    assert answer.status_code == 200
    assert "There is nothing to learn from yet" in text(answer) and "Nothing has been trained yet" in text(answer)
    assert re.search(r'<button class="btn btn-primary btn-block"\s+disabled', answer.content.decode())


def test_what_would_be_learned_from_is_counted(fill, alice, get):
    belt = fill(4)
    answer = get(alice, f"/projects/{belt.pk}/training/")
    outlook = answer.context["outlook"]
    shapes = sum(item.annotations.count() for item in belt.items.all())
    assert (outlook.pictures, outlook.boxes, outlook.reason) == (4, shapes, "")
    assert sum(label["boxes"] for label in outlook.labels) == shapes
    assert "disabled" not in answer.content.decode().split('id="train"')[1].split("</form>")[0]


def test_suggestions_do_not_count_but_are_pointed_at(project, alice, get, add_image, draw):
    import numpy as np

    draw(add_image(project, "1.jpg", np.zeros((40, 80, 3), np.uint8)), "car", 1, 1, 5, 5, source="model")
    answer = get(alice, f"/projects/{project.pk}/training/")
    assert answer.context["outlook"].boxes == 0
    assert "1 suggestions wait to be accepted" in text(answer)


def test_only_managers_see_the_form(fill, alice, bob, charlie, get):
    belt = fill(2)
    path = f"/projects/{belt.pk}/training/"
    assert b'id="train"' in get(alice, path).content
    assert b'id="train"' not in get(bob, path).content
    assert get(charlie, path).status_code == 404
    Membership.objects.filter(user=bob).update(role="manager")
    assert b'id="train"' in get(bob, path).content


def test_a_run_has_a_page_of_its_own(fill, alice, bob, charlie, get):
    job = jobs.start_training(fill(3), alice, {"preset": "quick"})
    listed = get(bob, f"/projects/{job.project_id}/training/")
    assert f"/training/{job.pk}/" in listed.content.decode() and "tiny on Version 1" in text(listed)
    page = get(bob, f"/training/{job.pk}/")
    assert page.status_code == 200 and "3 pictures: 2 to train, 1 to validate" in text(page)
    assert b'id="cancel"' not in page.content and b'id="cancel"' in get(alice, f"/training/{job.pk}/").content
    assert get(charlie, f"/training/{job.pk}/").status_code == 404


def test_a_job_of_another_kind_has_no_training_page(belt, alice, get):
    other = Job.objects.create(project=belt, kind="import")
    assert get(alice, f"/training/{other.pk}/").status_code == 404


def test_a_failed_run_says_why(fill, alice, get):
    job = jobs.start_training(fill(2), alice, {"engine": "fake", "model": "refuse", "epochs": 2})
    runner.run(job.pk)
    assert "The pictures cannot be read." in text(get(alice, f"/training/{job.pk}/"))
    assert "The pictures cannot be read." in text(get(alice, f"/projects/{job.project_id}/training/"))


def test_models_are_listed_with_what_they_scored(belt, model, bob, charlie, get):
    answer = get(bob, f"/projects/{belt.pk}/models/")
    assert "Model 1: tiny" in text(answer) and "0.910 0.620 0.800 0.700" in text(answer)
    assert "/media/" in answer.content.decode()
    assert get(charlie, f"/projects/{belt.pk}/models/").status_code == 404


def test_without_models_the_page_leads_to_training(belt, bob, get):
    answer = get(bob, f"/projects/{belt.pk}/models/")
    assert "No model yet" in text(answer) and f"/projects/{belt.pk}/training/" in answer.content.decode()
