"""Predictions on exported networks, without torch."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files import File

from projects.models import Label
from training import suggestions
from training.engines import load
from training.inference import Detections, Fit, decode, letterbox, suppress
from training.models import Model
from training.predictions import (
    OnnxNetwork,
    OpenVinoNetwork,
    PredictionError,
    Predictor,
    Predictors,
    load_predictor,
    open_predictor,
)


@pytest.fixture
def export(tmp_path) -> Path:
    """A network of two classes that sees one object of each in every picture: see the fake engine."""
    return load("fake").export(tmp_path / "none", tmp_path, 64, 2)


@pytest.fixture
def model(project, export):
    """A stored model with that network."""
    row = Model(project=project, name="Fake", engine="fake", labels=[{"name": "person"}, {"name": "car"}])
    with export.open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


@pytest.mark.parametrize(("width", "height"), [(64, 64), (640, 360), (360, 640), (33, 97), (1, 500)])
def test_a_letterboxed_picture_is_scaled_whole_and_centred(width, height):
    blob, fit = letterbox(np.full((height, width, 3), 255, np.uint8), 64, 64)
    assert blob.shape == (1, 3, 64, 64) and blob.dtype == np.float32
    rows, columns = np.nonzero(blob[0, 0] == 1.0)
    assert rows.min() == fit.top and columns.min() == fit.left
    assert abs((columns.max() + 1 - fit.left) - width * fit.scale) < 1
    assert abs((64 - rows.max() - 1) - fit.top) <= 1
    assert set(np.unique(blob)) <= {np.float32(114 / 255), np.float32(1.0)}


def test_a_box_comes_back_to_the_pixels_it_was_drawn_in():
    picture = np.zeros((360, 640, 3), np.uint8)
    _, fit = letterbox(picture, 320, 320)
    x, y, w, h = 100.0, 50.0, 200.0, 80.0
    cx, cy = (x + w / 2) * fit.scale + fit.left, (y + h / 2) * fit.scale + fit.top
    raw = np.array([[cx], [cy], [w * fit.scale], [h * fit.scale], [0.1], [0.8]], np.float32)
    found = decode(raw, fit, (640, 360), ("a", "b"))
    assert found.boxes[0] == pytest.approx([100, 50, 300, 130], abs=0.01)
    assert (found.class_index[0], next(iter(found)).label) == (1, "b")


def test_boxes_end_at_the_picture():
    raw = np.array([[5], [5], [40], [40], [0.9]], np.float32)
    assert decode(raw, Fit(1.0, 0, 0), (20, 16), ("a",)).boxes.tolist() == [[0, 0, 20, 16]]


def test_suppression_agrees_with_opencv_within_a_class():
    random = np.random.default_rng(1)
    corner, size = random.uniform(0, 90, (300, 2)), random.uniform(5, 30, (300, 2))
    boxes = np.hstack((corner, corner + size)).astype(np.float32)
    scores = random.permutation(np.linspace(0.1, 0.99, 300)).astype(np.float32)
    ours = suppress(boxes, scores, np.zeros(300, np.int64), 0.45)
    theirs = cv2.dnn.NMSBoxes(np.hstack((corner, size)).tolist(), scores.tolist(), 0.0, 0.45)
    assert ours.tolist() == np.array(theirs).tolist()


def test_suppression_leaves_other_classes_alone():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [1, 0, 11, 10]], np.float32)
    kept = suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32), np.array([0, 1, 1]), 0.5)
    assert kept.tolist() == [1, 0]


def test_no_candidates_is_no_detection():
    found = decode(np.zeros((6, 0), np.float32), Fit(1, 0, 0), (10, 10), ("a", "b"))
    assert len(found) == 0 and list(found) == [] and found.boxes.shape == (0, 4)


@pytest.mark.parametrize("network", [OpenVinoNetwork, OnnxNetwork])
def test_both_runtimes_see_the_same(export, network):
    predictor = Predictor(network(export), ("person", "car"))
    found = predictor.predict(np.zeros((32, 64, 3), np.uint8))
    assert predictor.size == (64, 64)
    assert [(seen.label, round(seen.confidence, 3)) for seen in found] == [("person", 0.9), ("car", 0.8)]
    assert found.boxes.round(3).tolist() == [[4, 0, 12, 0], [20, 0, 28, 0]]


def test_callers_with_other_thresholds_do_not_disturb_each_other(model):
    predictor = open_predictor(model)
    picture = np.zeros((64, 64, 3), np.uint8)
    wrong = []

    def ask(confidence: float, expected: int) -> None:
        for _ in range(60):
            if len(predictor.predict(picture, confidence)) != expected:
                wrong.append(confidence)

    asked = ((0.5, 2), (0.85, 1), (0.95, 0), (0.79, 2))
    threads = [threading.Thread(target=ask, args=pair) for pair in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_picture_of_another_shape_is_refused(model):
    with pytest.raises(ValueError, match="RGB picture"):
        open_predictor(model).predict(np.zeros((64, 64), np.uint8))


def test_loaded_models_are_kept_and_bounded(model):
    assert load_predictor(model) is load_predictor(model)
    loaded = []
    few = Predictors(lambda row: loaded.append(row.name) or object(), most=2)
    a, b, c = (Model(name=name) for name in "abc")
    for row in (a, b, a, c, a, b):
        few.get(row)
    assert loaded == ["a", "b", "c", "b"] and len(few) == 2


def test_a_model_without_its_export_says_so(project, model):
    with pytest.raises(PredictionError, match="no ONNX export"):
        open_predictor(Model(name="Bare", labels=[]))
    model.onnx.storage.delete(model.onnx.name)
    with pytest.raises(PredictionError, match="not in the storage"):
        open_predictor(model)


def test_predicting_imports_no_torch(export):
    program = (
        "import sys, numpy as np; from training.predictions import OpenVinoNetwork, Predictor\n"
        f"p = Predictor(OpenVinoNetwork({str(export)!r}), ('a', 'b'))\n"
        "assert len(p.predict(np.zeros((9, 9, 3), np.uint8), 0.1)) == 2\n"
        "print(sorted(m for m in sys.modules if m in ('torch', 'ultralytics')))"
    )
    start = "import django; django.setup(); "
    done = subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True, env=_environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}


def test_suggestions_name_the_project_s_labels(project):
    Label.objects.filter(name="car").update(aliases=["auto"])
    found = Detections(
        np.array([[1, 2, 11, 22], [5, 5, 6, 6], [0, 0, 9, 9], [3, 3, 3, 8]], np.float32),
        np.array([0.9, 0.8, 0.7, 0.6], np.float32),
        np.array([0, 1, 2, 0]),
        ("person", "auto", "dog"),
    )
    ops = suggestions.to_ops(found, project.labels.all(), frame=7)
    ids = {label.name: str(label.pk) for label in project.labels.all()}
    assert [op["label"] for op in ops] == [ids["person"], ids["car"]], "no dog in the project, no box without area"
    first = ops[0]
    assert first["geometry"] == {"type": "box", "x": 1, "y": 2, "w": 10, "h": 20}
    assert (first["op"], first["source"], first["confidence"], first["frame"]) == ("create", "model", 0.9, 7)
    assert ops[0]["id"] != ops[1]["id"]


def test_suggestions_take_detections_from_the_wire(project):
    seen = suggestions.to_json(
        Detections(np.ones((1, 4), np.float32) * [0, 0, 5, 5], np.ones(1), np.zeros(1, int), ("car",))
    )
    ops = suggestions.to_ops(seen, {"car": "an id"})
    assert ops[0]["label"] == "an id" and "frame" not in ops[0]
