"""A training job from the queue to its end, in a real child process, with an engine that learns nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from projects import jobs
from projects.models import Job, JobEvent
from projects.models.job import Status
from tests.processes import eventually, on_test_database
from training import runner, supervisor
from training.jobs import start_training
from training.models import Model
from training.registry import model_registered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(fill, alice):
    """`start(model, **params)` queues a job of the fake engine on four labelled pictures."""

    def queue(model: str = "steady", **params) -> Job:
        return start_training(fill(4), alice, {"engine": "fake", "model": model, **params})

    return queue


def in_background(work) -> threading.Thread:
    def body() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=body)
    thread.start()
    return thread


def epochs(job: Job) -> list[int]:
    return [event.payload["epoch"] for event in job.events.filter(kind="metrics")]


def children() -> list[int]:
    """The training children of this test run that are alive now."""
    found, ours = [], str(runner.home().parent).encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if b"training.child" in command and ours in command:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_it_succeeds_and_registers_a_model(start):
    heard = []
    model_registered.connect(lambda model, **extra: heard.append(model), weak=False, dispatch_uid="test")
    job = start(epochs=3)
    runner.run(job.pk)
    model_registered.disconnect(dispatch_uid="test")

    job.refresh_from_db()
    assert (job.status, job.progress, job.phase, job.error) == (Status.SUCCEEDED, 1.0, "", None)
    model = Model.objects.get(pk=job.result["model"])
    assert heard == [model] and model.job == job
    assert model.metrics["map50"] == 0.9 and job.metrics["map50"] == 0.9
    assert [label["name"] for label in model.labels] == ["bolt", "gear", "plate", "defect"]
    with model.weights.open() as weights:
        assert weights.read() == b"not really weights"
    assert model.onnx.size > 100
    assert epochs(job) == [1, 2, 3]
    assert not runner.folder_of(job.pk).exists()


def test_its_story_has_no_gap_and_ends_with_the_status(start):
    job = start(epochs=2)
    runner.run(job.pk)
    events = list(job.events.all())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    statuses = [event.payload["status"] for event in events if event.kind == "status"]
    assert statuses == ["queued", "starting", "running", "succeeded"]
    phases = [event.payload["phase"] for event in events if event.kind == "progress"]
    assert list(dict.fromkeys(phases))[-3:] == ["train", "evaluate", "export"]
    shown = [event.payload["progress"] for event in events if "progress" in event.payload]
    assert shown == sorted(shown) and shown[-1] == 1.0


def test_batches_are_thinned_and_say_how_long_it_takes(start):
    job = start(epochs=3, pace=0.1)
    runner.run(job.pk)
    batches = [event.payload for event in job.events.filter(kind="batch")]
    assert 1 <= len(batches) < 12
    last = batches[-1]
    assert last["eta_s"] >= 0 and last["images_per_s"] > 0 and last["loss"] > 0


def test_only_one_of_two_runs_it(start):
    job = start()
    first, second = Job.claim(job.pk), Job.claim(job.pk)
    assert first is not None and second is None
    runner.run(job.pk)  # a message delivered twice
    job.refresh_from_db()
    assert job.status == Status.STARTING and job.attempt == 1


def test_cancelling_ends_the_child(start):
    job = start(epochs=1000, pace=0.05)
    thread = in_background(lambda: runner.run(job.pk))
    eventually(lambda: job.events.filter(kind="metrics").exists())
    assert Job.objects.get(pk=job.pk).request_cancel()
    thread.join(20)
    job.refresh_from_db()
    assert job.status == Status.CANCELLED and job.ended_at is not None
    assert not Model.objects.exists() and not runner.folder_of(job.pk).exists()
    assert children() == []


def test_cancelling_ends_a_child_that_does_not_listen(start):
    job = start("deaf", epochs=5)
    thread = in_background(lambda: runner.run(job.pk))
    eventually(lambda: 2 in epochs(job))
    Job.objects.get(pk=job.pk).request_cancel()
    thread.join(20)
    job.refresh_from_db()
    assert job.status == Status.CANCELLED and children() == []


def test_what_the_child_started_ends_with_it(start):
    job = start("orphans", epochs=5)
    thread = in_background(lambda: runner.run(job.pk))
    pid_file = runner.folder_of(job.pk).parent / "grandchild.pid"
    pid = int(eventually(lambda: pid_file.exists() and pid_file.read_text()))
    assert alive(pid)
    Job.objects.get(pk=job.pk).request_cancel()
    thread.join(20)
    eventually(lambda: not alive(pid))


def test_cancelling_before_it_runs(start):
    job = start()
    assert job.request_cancel()
    runner.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempt) == (Status.CANCELLED, 0)


def test_a_crash_is_told_with_the_last_words(start):
    job = start("crash", epochs=5)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED and job.error["code"] == "engine"
    assert "by signal 6" in job.error["detail"] and "Fatal Python error: Aborted" in job.error["detail"]
    assert not runner.folder_of(job.pk).exists()


def test_a_killed_child_is_told_as_out_of_memory(start):
    job = start("killed", epochs=5)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED and job.error["code"] == "oom"
    assert "smaller batch" in job.error["detail"]


def test_what_the_engine_refuses_is_told(start):
    job = start("refuse", epochs=5)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.error == {"code": "data", "detail": "The pictures cannot be read."}


def test_a_child_that_falls_silent_is_ended(start, monkeypatch):
    monkeypatch.setattr(supervisor, "SILENCE_S", {"train": 1.0})
    job = start("hang", epochs=5)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED and job.error["code"] == "timeout"
    assert "'train'" in job.error["detail"] and children() == []


def test_a_child_cannot_call_out(start):
    job = start("calls-out", epochs=5)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert "no business with the network: socket.getaddrinfo example.org" in job.error["detail"]


def test_a_worker_told_to_stop_puts_the_job_back_and_another_goes_on(start):
    job = start(epochs=6, pace=0.05)
    stop = threading.Event()
    thread = in_background(lambda: runner.run(job.pk, stop.is_set))
    eventually(lambda: 2 in epochs(job))
    stop.set()
    thread.join(20)
    job.refresh_from_db()
    assert job.status == Status.QUEUED and children() == []

    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED and job.attempt == 2 and job.times_lost == 0
    assert epochs(job) == [1, 2, 3, 4, 5, 6], "no epoch twice, none left out"


WORKER = "import django; django.setup(); from training import runner; import sys; runner.run(sys.argv[1])"


def test_epochs_that_a_child_ends_while_it_is_told_to_stop_are_in_the_curve(start, monkeypatch):
    job = start(epochs=12, pace=0.02)
    end = supervisor.Child.end

    def late(child, grace=supervisor.GRACE_S):
        reached = runner.folder_of(job.pk) / "checkpoint.json"
        before = reached.read_text()
        eventually(lambda: reached.read_text() != before)
        end(child, grace)

    monkeypatch.setattr(supervisor.Child, "end", late)
    runner.run(job.pk, lambda: bool(epochs(job)))
    job.refresh_from_db()
    assert job.status == Status.QUEUED and 1 < len(epochs(job)) < 12

    runner.run(job.pk)
    assert epochs(job) == list(range(1, 13))


def test_killing_the_worker_leaves_no_orphan_and_the_job_goes_on(start):
    job = start(epochs=8, pace=0.1)
    environment = on_test_database(DJANGO_SETTINGS_MODULE="config.settings")
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(job.pk)], env=environment)
    try:
        eventually(lambda: 2 in epochs(job))
        assert len(children()) == 1
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    eventually(lambda: not [pid for pid in children() if alive(pid)])

    jobs.reap()
    job.refresh_from_db()
    assert job.status == Status.RUNNING, "a heartbeat of a moment ago is no reason"
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timezone.timedelta(seconds=31))
    jobs.reap()
    job.refresh_from_db()
    assert job.status == Status.QUEUED and job.times_lost == 1

    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    done = epochs(job)
    assert done[-1] == 8 and len(done) <= 9, "at most one epoch was done twice"


def test_it_is_queued_again_at_most_twice(start):
    job = start()
    for lost in (1, 2, 3):
        assert Job.claim(job.pk)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timezone.timedelta(seconds=31))
        jobs.reap()
        job.refresh_from_db()
        assert job.times_lost == lost
    assert job.status == Status.FAILED and job.error["code"] == "lost" and "3 times" in job.error["detail"]


def test_a_lost_job_that_was_being_cancelled_is_cancelled(start):
    job = start()
    Job.claim(job.pk).request_cancel()
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timezone.timedelta(seconds=31))
    jobs.reap()
    job.refresh_from_db()
    assert job.status == Status.CANCELLED


def test_a_holder_thought_dead_that_comes_back_changes_nothing(start):
    job = start()
    old = Job.claim(job.pk)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timezone.timedelta(seconds=31))
    jobs.reap()
    new = Job.claim(job.pk)
    assert not old.beat() and new.beat()
    assert not old.move(Status.SUCCEEDED, expect=(Status.STARTING,), result={"model": "forged"})
    assert not old.report("progress", {"progress": 1.0}, progress=1.0)
    job.refresh_from_db()
    assert job.result is None and job.progress == 0


def test_a_run_that_lost_its_job_ends_its_child_and_says_nothing(start):
    job = start(epochs=1000, pace=0.05)
    thread = in_background(lambda: runner.run(job.pk))
    eventually(lambda: epochs(job))
    Job.objects.filter(pk=job.pk).update(attempt_token=None, status=Status.LOST)
    thread.join(20)
    job.refresh_from_db()
    assert job.status == Status.LOST and children() == []
    assert runner.folder_of(job.pk).exists(), "the next attempt goes on from its checkpoint"


def test_a_full_disk_is_said_before_anything_is_written(start, monkeypatch):
    monkeypatch.setattr(runner, "_SPARE_BYTES", 2**60)
    job = start()
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED and job.error["code"] == "disk" and "are free" in job.error["detail"]


def test_a_missing_picture_is_told(start):
    job = start()
    asset = Job.objects.get(pk=job.pk).project.items.first().asset
    asset.file.storage.delete(asset.file.name)
    runner.run(job.pk)
    job.refresh_from_db()
    assert job.status == Status.FAILED and "FileNotFoundError" in job.error["detail"]


def test_folders_of_jobs_that_ended_elsewhere_are_swept(start):
    job = start()
    folder = runner.folder_of(job.pk)
    folder.mkdir(parents=True)
    runner.sweep()
    assert folder.exists()
    job.request_cancel()
    runner.sweep()
    assert not folder.exists()


def test_events_of_a_rolled_back_model_leave_nothing(start):
    """The row was taken away while the model was being stored: neither the model nor its files stay."""
    job = start(epochs=1)
    claimed = Job.claim(job.pk)
    run = runner.Run(claimed)
    original = run._succeed

    def taken(version, ending):
        Job.objects.filter(pk=job.pk).update(attempt_token=None)
        original(version, ending)

    run._succeed = taken
    run.go()
    assert not Model.objects.exists()
    folder = f"models/{job.project_id}"
    assert not default_storage.exists(folder) or default_storage.listdir(folder)[1] == []
    assert not JobEvent.objects.filter(job=job, payload__status="succeeded").exists()
