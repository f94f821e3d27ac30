"""A model on a running pipeline: detections, captures, and changes without a restart."""

from __future__ import annotations

import json

import pytest

from annotations.models import Annotation
from projects import live
from streaming.models import Capture, Pipeline
from tests.streaming.conftest import eventually, start, wait_for
from tests.streaming.detector import make_model
from training.registry import model_registered


@pytest.fixture
def modelled(pipeline, project) -> Pipeline:
    pipeline.model = make_model(project)
    pipeline.overlay = {"mode": "synced", "confidence": 0.5}
    pipeline.save()
    return pipeline


class Room:
    """What is published to a pipeline's room."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.feed = live.client().pubsub()
        self.feed.subscribe(live.pipeline_room(pipeline.pk))

    def next(self, kind: str, check=lambda message: True) -> dict:
        def look() -> dict | None:
            heard = self.feed.get_message(ignore_subscribe_messages=True, timeout=1)
            message = json.loads(heard["data"]) if heard else {}
            return message if message.get("type") == kind and check(message) else None

        return eventually(look, what=f"a message {kind}")


def near(box: dict, *expected: float) -> bool:
    return all(abs(box[key] - value) <= 1.5 for key, value in zip("xywh", expected, strict=True))


def test_detections_captures_and_changes(worker, modelled, project, api, bob) -> None:
    room = Room(modelled)
    start(modelled)
    wait_for(modelled, "running")

    seen = room.next("detections")
    assert (seen["width"], seen["height"]) == (320, 180)
    [person] = seen["detections"]
    assert person["label"] == "person" and person["confidence"] == pytest.approx(0.9, abs=0.01)
    assert person["color"] == project.labels.get(name="person").color
    assert near(person["geometry"], 110, 65, 100, 50)

    answer = api(bob).post(f"/api/v1/pipelines/{modelled.pk}/captures")
    assert answer.status_code == 201, answer.json()
    kept = Capture.objects.select_related("item__asset").get(pk=answer.json()["id"])
    assert answer.json()["url"] == f"/items/{kept.item_id}/"
    assert kept.item.path.startswith("captures/Belt/") and kept.item.path.endswith(".jpg")
    assert (kept.item.asset.width, kept.item.asset.height) == (320, 180)
    assert kept.model_id == modelled.model_id
    suggestion = Annotation.objects.get(item=kept.item)
    assert suggestion.source == "model" and suggestion.label.name == "person"
    assert near(suggestion.geometry, 110, 65, 100, 50)

    Pipeline.objects.filter(pk=modelled.pk).update(overlay={"mode": "live", "confidence": 0.3})
    both = room.next("detections", lambda message: len(message["detections"]) == 2)
    assert {found["label"] for found in both["detections"]} == {"person", "car"}

    better = make_model(project, "Better", confidence=0.99)
    assert Pipeline.objects.get(pk=modelled.pk).model_id != better.pk, "it does not follow"
    Pipeline.objects.filter(pk=modelled.pk).update(follow_model=True)
    model_registered.send(sender=type(better), model=better)
    room.next("detections", lambda message: message["detections"][0]["confidence"] > 0.95)

    Pipeline.objects.filter(pk=modelled.pk).update(model=None)
    wait_for(modelled, "passthrough")


def test_a_model_that_cannot_be_loaded_leaves_the_video(worker, modelled) -> None:
    with modelled.model.onnx.open("wb") as broken:
        broken.write(b"this is no network")
    start(modelled)
    wait_for(modelled, "passthrough")
    eventually(lambda: "cannot be loaded" in wait_for(modelled, "passthrough").reason, what="the reason")


def test_a_capture_needs_a_running_pipeline(pipeline, api, bob, charlie) -> None:
    refusal = api(bob).post(f"/api/v1/pipelines/{pipeline.pk}/captures")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "not-running")
    assert api(charlie).post(f"/api/v1/pipelines/{pipeline.pk}/captures").status_code == 404
    Pipeline.objects.filter(pk=pipeline.pk).update(state="running")
    silent = api(bob).post(f"/api/v1/pipelines/{pipeline.pk}/captures")
    assert (silent.status_code, silent.json()["code"]) == (503, "no-answer")
    assert not Capture.objects.exists()
