"""A real detector, trained by the real engine on a few pictures: interrupted, resumed, exported, asked."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from projects.conveyor import LABELS, Conveyor
from projects.models import Job
from projects.models.job import Status
from training import jobs, runner
from training.models import Model
from training.predictions import load_predictor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_it_trains_goes_on_after_an_interruption_and_predicts_in_silence(fill, alice):
    belt = fill(12, 320, 180)
    job = jobs.start_training(belt, alice, {"model": "tiny", "epochs": 4, "imgsz": 128, "batch": 4, "lr": 0.004})
    stop = threading.Event()

    def work() -> None:
        try:
            runner.run(job.pk, stop.is_set)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 200
    while not job.events.filter(kind="metrics").exists() and time.monotonic() < deadline and thread.is_alive():
        time.sleep(0.1)
    stop.set()
    thread.join(60)
    job.refresh_from_db()
    assert job.status == Status.QUEUED, job.error
    assert (runner.folder_of(job.pk) / "checkpoint.pt").exists()

    runner.run(job.pk)
    job = Job.objects.get(pk=job.pk)
    assert job.status == Status.SUCCEEDED, job.error
    assert [event.payload["epoch"] for event in job.events.filter(kind="metrics")] == [1, 2, 3, 4]
    log = "\n".join(event.payload["text"] for event in job.events.filter(kind="log"))
    assert "going on from the last checkpoint" in log
    assert "call out" not in log, "a training child neither looks up names nor connects to anything"
    assert str(runner.settings.DATA_DIR) not in log

    model = Model.objects.get(job=job)
    assert set(model.metrics) == {"map50", "map50_95", "precision", "recall"}
    assert 600_000 < model.params["parameters"] < 750_000 and model.params["parity"] <= 1e-3
    predictor = load_predictor(model)
    assert predictor.size == (128, 128) and predictor.labels == LABELS
    found = predictor.predict(Conveyor(width=320, height=180).frame(3)[0], confidence=0.0)
    assert len(found) > 0 and found.boxes.max() <= 320
    # Not the training loss: it rises at first, as boxes begin to be matched with objects.
    losses = [event.payload["val_cls_loss"] for event in job.events.filter(kind="metrics")]
    assert losses[-1] < losses[0]
