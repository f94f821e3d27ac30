"""The contract of `versions`, `training-jobs`, `models`, `sources`, `pipelines`, WHEP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.models import Job
from tests.contract.script import (
    JOB,
    NOBODY,
    STATUSES,
    Script,
    drawn,
    picture,
    registered,
)
from tests.projects.files import video
from training import tasks


@pytest.fixture
def labelled(ada, made, item) -> dict[str, Any]:
    other = {"file": picture("b.png", 9)}
    other = ada.call(f"POST projects/{made['id']}/items", other, 201, form=True)
    for row in (item, other):
        drawn(ada, row, made["labels"][0]["id"])
    return made


@pytest.mark.django_db(transaction=True)  # a job renews its lease on a connection of its own
def test_versions(ada, labelled):
    job = ada.call(f"POST projects/{labelled['id']}/versions", {"name": "First", "split": {"val": 0.5}}, 202)
    assert job.keys() >= JOB and job["status"] == "queued" and job["progress"] == 0
    tasks.run_freeze_job(job["id"])
    done = ada.call(f"GET jobs/{job['id']}")
    assert (done["status"], done["progress"], done["error"]) == ("succeeded", 1, None)
    assert [row["id"] for row in ada.results(f"projects/{labelled['id']}/versions")] == [done["result"]["version"]]
    plain = {"filters": {}, "preprocess": {}, "augment": []}
    ada.call(f"POST projects/{labelled['id']}/versions", plain, 202)
    wrong = {"filters": {"state": "approved"}, "preprocess": {"size": 640}, "augment": ["flip"]}
    for part, value in wrong.items():
        refused = ada.call(f"POST projects/{labelled['id']}/versions", {part: value}, 400)
        assert refused["errors"][0]["pointer"].startswith(f"/{part}")
    full = {"filters": {"states": ["in-progress"]}, "preprocess": {"resize": {"width": 64}}, "augment": {"flip": True}}
    ada.call(f"POST projects/{labelled['id']}/versions", full, 202)


def test_training_jobs(ada, labelled):
    wanted = {"engine": "yolo", "model": "yolo11n.yaml", "params": {"epochs": 2, "imgsz": 64}}
    job = ada.call(f"POST projects/{labelled['id']}/training-jobs", wanted, 202)
    assert job.keys() >= JOB and job["status"] in STATUSES
    assert ada.call(f"GET jobs/{job['id']}") == job
    assert ada.results(f"projects/{labelled['id']}/jobs") == [job]
    assert ada.call(f"GET jobs/{job['id']}/log") == {"results": [], "next": None}
    assert ada.call(f"POST jobs/{job['id']}/cancel", status=202)["status"] in {"cancelling", "cancelled"}
    ended = ada.call(f"GET jobs/{job['id']}")
    assert ended["status"] == "cancelled" and Job.objects.get().ended
    assert ada.call(f"POST jobs/{job['id']}/cancel", status=202) == ended  # a repeat changes nothing
    again = {**wanted, "version": job["params"]["version"]}
    assert ada.call(f"POST projects/{labelled['id']}/training-jobs", again, 202)["status"] == "queued"
    refused = ada.call(f"POST projects/{labelled['id']}/training-jobs", {"engine": "anomaly"}, 400)
    assert refused["errors"][0]["pointer"] == "/engine"


def test_models_and_what_they_see(ada, made, model):
    assert [row["id"] for row in ada.results(f"projects/{made['id']}/models")] == [str(model.pk)]
    call = f"POST models/{model.pk}/predict"
    seen = ada.call(call, {"file": picture()}, form=True)
    assert seen.keys() >= {"detections", "speed_ms"} and len(seen["detections"]) == 2
    assert all(found.keys() >= {"label", "confidence", "geometry"} for found in seen["detections"])
    assert seen["detections"][0]["label"] == "bolt"
    assert seen["detections"][0]["geometry"].keys() == {"type", "x", "y", "w", "h"}
    assert len(ada.call(f"{call}?confidence=0.85&iou=0.4", {"file": picture()}, form=True)["detections"]) == 1
    ada.call(f"{call}?iou=2", {"file": picture()}, 400, form=True)
    ada.call(call, {}, 400, form=True)


@pytest.fixture
def pipeline(ada, made) -> dict[str, Any]:
    source = ada.call(f"POST projects/{made['id']}/sources", {"kind": "synthetic", "config": {}}, 201)
    wanted = {"source": source["id"], "sinks": [], "overlay": {}}
    return ada.call(f"POST projects/{made['id']}/pipelines", wanted, 201)


@pytest.mark.parametrize(
    ("kind", "config"),
    [("rtsp", {"url": "rtsp://203.0.113.7/live"}), ("http", {"url": "http://203.0.113.7/mjpeg"}), ("synthetic", {})],
)
def test_sources(ada, made, kind, config):
    assert ada.call(f"POST projects/{made['id']}/sources", {"kind": kind, "config": config}, 201)["kind"] == kind
    assert len(ada.results(f"projects/{made['id']}/sources")) == 1
    ada.call(f"POST projects/{made['id']}/sources", {"kind": "telepathy", "config": {}}, 400)


def test_a_file_as_a_source(ada, made, tmp_path):
    upload = SimpleUploadedFile("film.mp4", video(tmp_path / "film.mp4", frames=4).read_bytes())
    film = ada.call(f"POST projects/{made['id']}/items", {"file": upload}, 201, form=True)
    ada.call(f"POST projects/{made['id']}/sources", {"kind": "file", "config": {"item": film["id"]}}, 201)


def test_pipelines_start_and_stop(ada, made, pipeline, model):
    with_model = {"source": pipeline["source"], "model": str(model.pk)}
    assert ada.call(f"POST projects/{made['id']}/pipelines", with_model, 201)["model"] == str(model.pk)
    assert ada.call(f"POST pipelines/{pipeline['id']}/start")["wanted"] is True
    assert ada.call(f"POST pipelines/{pipeline['id']}/start")["wanted"] is True  # a repeat changes nothing
    assert ada.call(f"POST pipelines/{pipeline['id']}/stop")["wanted"] is False


def test_whep_refusals_are_problems(ada, pipeline):
    path = f"/whep/{pipeline['id']}/"
    stranger = Script(registered("Eve")["access"])
    for script, address, kind, status in [
        (Script(), path, "application/sdp", 401),
        (stranger, path, "application/sdp", 404),
        (ada, f"/whep/{NOBODY}/", "application/sdp", 404),
        (ada, path, "text/plain", 415),
    ]:
        answer = script.client.post(address, "v=0", content_type=kind)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert json.loads(answer.content)["detail"]
