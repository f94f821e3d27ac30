"""Find more like this: by looks, by the deployed model, and never what is there already."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from django.core.files import File

from annotations import queries
from annotations.models import JournalTx
from training.assist.lookalike import look_alikes
from training.assist.motion import Box
from training.engines import load
from training.models import Model, Stage

PLACES = [(40, 40), (150, 60), (260, 150), (60, 180)]


def stamped(places=PLACES, sides=(40, 40, 40, 48)):
    """A patterned stamp on noise at some places, and a plain square that is none."""
    random = np.random.default_rng(5)
    picture = np.clip(random.normal(120, 8, (260, 340, 3)), 0, 255).astype(np.uint8)
    stamp = np.full((40, 40, 3), (30, 40, 160), np.uint8)
    cv2.line(stamp, (4, 4), (36, 36), (240, 230, 60), 5)
    cv2.circle(stamp, (28, 12), 8, (250, 250, 250), -1)
    for (x, y), side in zip(places, sides, strict=True):
        picture[y : y + side, x : x + side] = cv2.resize(stamp, (side, side))
    picture[200:240, 200:240] = (30, 40, 160)
    return picture


@pytest.fixture
def item(project, add_image):
    return add_image(project, "stamps.jpg", stamped())


@pytest.fixture
def model(project, tmp_path) -> Model:
    """Sees a person at (0, 0, 16, 16) and a car beside it in every picture of 64 x 64."""
    labels = [{"id": str(label.pk), "name": label.name} for label in project.labels.all()]
    row = Model(project=project, name="Model 3", engine="fake", labels=labels, stage=Stage.DEPLOYED)
    with load("fake").export(tmp_path, tmp_path, 64, 2).open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


def ask(client, item, shape, **body):
    return client.post(f"/api/v1/items/{item.pk}/assist/similar", {"annotation": str(shape.pk), **body})


def corners(annotations) -> list[tuple[int, int]]:
    return sorted((round(a["geometry"]["x"]), round(a["geometry"]["y"])) for a in annotations)


def test_look_alikes_are_found_at_their_sizes():
    found = look_alikes(stamped(), Box(40, 40, 40, 40))
    places = sorted((round(f.box.x), round(f.box.y)) for f in found)
    assert len(places) == 4
    for (x, y), (a, b) in zip(places, sorted(PLACES), strict=True):
        assert abs(x - a) <= 2 and abs(y - b) <= 2
    grown = next(f.box for f in found if f.box.y > 170)
    assert grown.w == pytest.approx(48, abs=2)
    assert found[0].confidence > 0.98 and all(0.6 <= f.confidence <= 1 for f in found)


def test_a_large_picture_is_searched_in_its_own_pixels():
    picture = cv2.resize(stamped(), None, fx=6, fy=6, interpolation=cv2.INTER_LINEAR)
    found = look_alikes(picture, Box(240, 240, 240, 240))
    assert sorted((round(f.box.x, -1), round(f.box.y, -1)) for f in found) == sorted(
        (round(6 * x, -1), round(6 * y, -1)) for x, y in PLACES
    )


def test_what_has_no_looks_is_not_searched_for():
    with pytest.raises(ValueError, match="one colour"):
        look_alikes(stamped(), Box(202, 202, 30, 30))
    with pytest.raises(ValueError, match="too small"):
        look_alikes(stamped(), Box(40, 40, 3, 30))


def test_without_a_model_the_others_are_suggested_by_their_looks(api, bob, item, draw):
    shape = draw(item, "car", 40, 40, 40, 40)
    draw(item, "person", 152, 61, 40, 40)
    answer = ask(api(bob), item, shape)
    assert answer.status_code == 201, answer.data
    assert corners(answer.data["annotations"]) == [(60, 180), (260, 150)], "not itself, and not what has a shape"
    assert "no deployed model" in answer.data["note"]
    stored = [a for a in queries.annotations_of(item) if a["source"] == "model"]
    assert {a["label"] for a in stored} == {str(shape.label_id)} and len(stored) == 2
    again = ask(api(bob), item, shape)
    assert again.data["annotations"] == [] and "that has no shape already" in again.data["note"]
    item.refresh_from_db()
    assert item.rev == again.data["rev"] == 3, "nothing new is no transaction"


def test_the_deployed_model_finds_its_class(api, bob, project, add_image, draw, model):
    item = add_image(project, "64.jpg", np.zeros((64, 64, 3), np.uint8))
    project.labels.filter(name="car").update(name="vehicle")
    shape = draw(item, "vehicle", 40, 40, 10, 10)
    answer = ask(api(bob), item, shape)
    (made,) = answer.data["annotations"]
    assert (made["label"], made["confidence"]) == (str(shape.label_id), pytest.approx(0.8, abs=0.01))
    assert made["geometry"]["x"] == pytest.approx(20, abs=1), "the car, by its id though it has another name now"
    assert answer.data["note"] == "1 found."
    assert JournalTx.objects.get(item=item).client_id == f"model:{model.pk}"
    origins = api(bob).get(f"/api/v1/items/{item.pk}/assist/origins").data["results"]
    assert origins == [{"id": made["id"], "tool": "model", "model": str(model.pk), "name": "Model 3"}]
    assert ask(api(bob), item, shape, confidence=0.95).data["annotations"] == []


def test_a_model_that_does_not_know_the_class_leaves_it_to_the_looks(api, bob, item, draw, model):
    Model.objects.update(labels=[{"name": "dog"}, {"name": "cat"}])
    answer = ask(api(bob), item, draw(item, "car", 40, 40, 40, 40))
    assert len(answer.data["annotations"]) == 3 and "does not know car" in answer.data["note"]


def test_refusals(api, bob, charlie, item, draw):
    shape = draw(item, "car", 202, 202, 30, 30)
    assert ask(api(bob), item, shape).data["code"] == "nothing-found"
    assert ask(api(charlie), item, shape).status_code == 404
    shape.deleted = True
    shape.save()
    assert ask(api(bob), item, shape).data["errors"][0]["pointer"] == "/annotation"
    item.project.team.memberships.filter(user=bob).update(role="viewer")
    assert ask(api(bob), item, shape).status_code == 403
