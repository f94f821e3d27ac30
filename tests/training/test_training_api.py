"""Versions, training jobs and models over REST."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.models import Job, Membership
from projects.models.job import Status
from training import jobs, tasks
from training.engines import load
from training.models import Model, Version


def url(project, what: str) -> str:
    return f"/api/v1/projects/{project.pk}/{what}"


def test_training_is_queued_on_a_frozen_version(fill, alice, api):
    belt = fill(5)
    answer = api(alice).post(url(belt, "training-jobs"), {"model": "tiny", "params": {"epochs": "7", "imgsz": 96}})
    assert answer.status_code == 202, answer.data
    job = Job.objects.get(pk=answer.data["id"])
    version = Version.objects.get()
    assert job.params == {
        "engine": "yolo",
        "model": "tiny",
        "preset": "",
        "params": {"epochs": 7, "imgsz": 96, "batch": 8, "device": "auto", "lr": 0.002, "seed": 0},
        "version": str(version.pk),
    }
    assert (answer.data["status"], answer.data["kind"]) == ("queued", "train") and "metrics" in answer.data
    assert job.title == "tiny on Version 1"


def test_a_preset_fills_in_what_is_not_given(fill, alice, api):
    answer = api(alice).post(url(fill(3), "training-jobs"), {"preset": "demo", "params": {"epochs": 2}})
    params = answer.data["params"]
    assert params["model"] == "tiny" and params["params"]["epochs"] == 2 and params["params"]["imgsz"] == 256


def test_the_same_labels_make_one_version_and_a_named_one_is_used(fill, alice, api):
    belt, client = fill(3), api(alice)
    first = client.post(url(belt, "training-jobs"), {}).data["params"]["version"]
    assert client.post(url(belt, "training-jobs"), {"version": first}).data["params"]["version"] == first
    client.post(url(belt, "training-jobs"), {})
    assert Version.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"params": {"epochs": 0}}, "/params/epochs", "from 1 to 2000, not 0"),
        ({"params": {"epochs": "many"}}, "/params/epochs", "whole number"),
        ({"params": {"epochs": True}}, "/params/epochs", "whole number"),
        ({"params": {"epochs": 1.5}}, "/params/epochs", "whole number"),
        ({"params": {"imgsz": 100}}, "/params/imgsz", "that 32 divides"),
        ({"params": {"lr": "nan"}}, "/params/lr", "from 1e-06 to 0.5"),
        ({"params": {"bogus": 1}}, "/params/bogus", "Unknown; expected one of epochs, imgsz"),
        ({"params": {"model": "tiny"}}, "/params/model", "beside `params`"),
        ({"epochs": 3}, "/epochs", "no such field: there are engine, model"),
        ({"engine": "magic"}, "/engine", "'magic' is not one of yolo"),
        ({"engine": "fake"}, "/engine", "'fake' is not one of yolo"),
        ({"model": "yolo99.yaml"}, "/model", "is not one of tiny, yolo11n.yaml"),
        ({"model": "yolo11n.pt"}, "/model", "not in this server's weights folder"),
        ({"model": "../../etc/passwd"}, "/model", "is not one of"),
        ({"preset": "fastest"}, "/preset", "is not one of demo, quick, balanced"),
        ({"version": "019a0000-0000-7000-8000-000000000000"}, "/version", "no such version"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_expected(fill, alice, api, body, pointer, words):
    answer = api(alice).post(url(fill(2), "training-jobs"), body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.data["errors"]] == [pointer]
    assert words in answer.data["errors"][0]["detail"]
    assert not Job.objects.exists() and not Version.objects.exists()


def test_weights_of_the_server_can_be_chosen(fill, alice, api, settings):
    settings.WEIGHTS_DIR.mkdir()
    (settings.WEIGHTS_DIR / "street.pt").write_bytes(b"weights")
    answer = api(alice).post(url(fill(2), "training-jobs"), {"model": "street.pt"})
    assert answer.status_code == 202 and answer.data["params"]["model"] == "street.pt"


@pytest.mark.parametrize("what", ["training-jobs", "versions"])
def test_labels_that_make_no_dataset_are_refused_with_a_reason(project, alice, api, add_image, draw, what):
    client = api(alice)
    answer = client.post(url(project, what), {})
    assert (answer.status_code, answer.data["code"]) == (422, "no_labels")
    draw(add_image(project, "1.jpg", np.zeros((40, 80, 3), np.uint8)), "car", 1, 1, 5, 5)
    answer = client.post(url(project, what), {})
    assert (answer.status_code, answer.data["code"]) == (422, "one_image") and "label another" in answer.data["detail"]
    project.labels.all().delete() if not project.labels.filter(annotations__isnull=False).exists() else None
    assert not Job.objects.exists() and not Version.objects.exists()


def test_one_class_and_a_class_without_examples_are_taken(project, alice, api, add_image, draw):
    for n in (1, 2):
        draw(add_image(project, f"{n}.jpg", np.zeros((40, 80, 3), np.uint8)), "car", 1, 1, 5, 5)
    answer = api(alice).post(url(project, "training-jobs"), {})
    assert answer.status_code == 202
    assert Version.objects.get().counts["warnings"] == ["'person' has no examples: the model cannot learn it."]


def test_another_task_is_refused(fill, alice, api):
    belt = fill(2)
    belt.task = "segment"
    belt.save()
    answer = api(alice).post(url(belt, "training-jobs"), {})
    assert (answer.status_code, answer.data["code"]) == (422, "wrong_task")


@pytest.mark.parametrize("what", ["training-jobs", "versions"])
def test_only_managers_train_and_strangers_see_nothing(fill, alice, bob, charlie, api, what):
    belt = fill(2)
    assert api(bob).post(url(belt, what), {}).status_code == 403
    assert api(charlie).post(url(belt, what), {}).status_code == 404
    Membership.objects.filter(user=bob).update(role="manager")
    assert api(bob).post(url(belt, what), {}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_freezing_is_a_job_whose_result_is_the_version(fill, alice, bob, charlie, api):
    belt = fill(6)
    answer = api(alice).post(url(belt, "versions"), {"name": "First", "split": {"val": 0.5, "seed": 3}})
    assert answer.status_code == 202 and answer.data["kind"] == "freeze"
    tasks.run_freeze_job(answer.data["id"])
    job = Job.objects.get(pk=answer.data["id"])
    assert job.status == Status.SUCCEEDED
    version = Version.objects.get(pk=job.result["version"])
    assert version.name == "First" and version.split["seed"] == 3 and version.counts["val"] == 3

    listed = api(bob).get(url(belt, "versions")).data
    assert [row["id"] for row in listed["results"]] == [str(version.pk)] and listed["next"] is None
    assert api(bob).get(f"/api/v1/versions/{version.pk}").data["content_hash"] == version.content_hash
    assert api(charlie).get(f"/api/v1/versions/{version.pk}").status_code == 404
    assert api(charlie).get(url(belt, "versions")).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_freeze_whose_labels_went_meanwhile_fails_with_the_reason(fill, alice):
    belt = fill(2)
    job = jobs.start_freeze(belt, alice)
    belt.items.first().annotations.all().delete()
    tasks.run_freeze_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.FAILED and job.error["code"] == "one_image"


def test_a_repeated_call_with_a_key_trains_once(fill, alice, api):
    belt, client = fill(2), api(alice)
    answers = [client.post(url(belt, "training-jobs"), {}, HTTP_IDEMPOTENCY_KEY="once") for _ in range(2)]
    assert answers[0].data["id"] == answers[1].data["id"] and Job.objects.count() == 1


@pytest.fixture
def model(belt, tmp_path):
    export = load("fake").export(tmp_path / "none", tmp_path, 64, 2)
    row = Model(project=belt, name="Fake", engine="fake", labels=[{"name": "bolt"}, {"name": "gear"}])
    with export.open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


def picture(suffix: str = ".png") -> SimpleUploadedFile:
    data = cv2.imencode(suffix, np.zeros((128, 128, 3), np.uint8))[1].tobytes()
    return SimpleUploadedFile(f"picture{suffix}", data)


def predict(client, model, query: str = "", **body):
    return client.post(f"/api/v1/models/{model.pk}/predict{query}", body, format="multipart")


def test_models_are_listed_and_shown(belt, model, alice, charlie, api):
    row = api(alice).get(url(belt, "models")).data["results"][0]
    assert row["id"] == str(model.pk) and row["onnx"].startswith("/media/") and row["stage"] == "candidate"
    assert api(alice).get(f"/api/v1/models/{model.pk}").data["name"] == "Fake"
    assert api(charlie).get(f"/api/v1/models/{model.pk}").status_code == 404


def test_a_prediction_has_the_contract_s_shape(model, bob, api):
    answer = predict(api(bob), model, file=picture())
    assert answer.status_code == 200, answer.data
    assert answer.data["detections"] == [
        {"label": "bolt", "confidence": 0.9, "geometry": {"type": "box", "x": 8.0, "y": 8.0, "w": 16.0, "h": 16.0}},
        {"label": "gear", "confidence": 0.8, "geometry": {"type": "box", "x": 40.0, "y": 8.0, "w": 16.0, "h": 16.0}},
    ]
    assert answer.data["speed_ms"] > 0 and (answer.data["width"], answer.data["height"]) == (128, 128)


def test_thresholds_belong_to_the_call(model, bob, api):
    assert len(predict(api(bob), model, "?confidence=0.85", file=picture()).data["detections"]) == 1
    assert len(predict(api(bob), model, file=picture()).data["detections"]) == 2
    answer = predict(api(bob), model, "?confidence=7", file=picture())
    assert answer.status_code == 400 and answer.data["errors"][0]["pointer"] == "/confidence"


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 415, "looks at one picture"),
        (b"hello", 415, "looks at one picture"),
        (b"GIF89a" + b"0" * 100, 415, "GIF"),
        (picture(".jpg").read()[:300], 422, "cut off"),
    ],
)
def test_what_is_no_picture_is_refused(model, bob, api, content, status, words):
    answer = predict(api(bob), model, file=SimpleUploadedFile("p.jpg", content or b" "))
    assert answer.status_code == status and words in answer.data["detail"]


def test_no_file_strangers_and_a_lost_export(model, bob, charlie, api):
    assert predict(api(bob), model).data["errors"][0]["pointer"] == "/file"
    assert predict(api(charlie), model, file=picture()).status_code == 404
    model.onnx.storage.delete(model.onnx.name)
    answer = predict(api(bob), model, file=picture())
    assert (answer.status_code, answer.data["code"]) == (409, "no-export")
