"""Pre-labels: what a job suggests where, that it goes on, can be cancelled, and can be taken back."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from django.core.files import File

from annotations import journal, protocol, queries
from annotations.models import Annotation, JournalTx
from projects import jobs
from projects.intake import intake
from projects.models import Item, Job
from training import tasks
from training.assist import prelabel
from training.engines import load
from training.models import Model

CAR = (20, 4, 8, 8)  # where the fake model sees one, in 64 x 64; a person is 16 further left


@pytest.fixture
def model(project, tmp_path) -> Model:
    """Sees a person (0.9) on the left and a car (0.8) beside it in every picture."""
    row = Model(project=project, name="Model 3", engine="fake", labels=[{"name": "person"}, {"name": "car"}])
    with load("fake").export(tmp_path, tmp_path, 64, 2).open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


@pytest.fixture
def picture(project, add_image):
    return lambda name: add_image(project, name, np.zeros((64, 64, 3), np.uint8))


@pytest.fixture
def video(project, alice, tmp_path) -> Item:
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for n in range(25):
            frame = np.full((64, 64, 3), 40 + n, np.uint8)
            cv2.circle(frame, (n + 10, 30), 6, (200, 60, 40), -1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return intake(project, path, "grey.mp4", alice)


def ask(client, project, model, **body) -> Job:
    answer = client.post(f"/api/v1/projects/{project.pk}/auto-label", {"model": str(model.pk), **body})
    assert answer.status_code == 202, answer.data
    job = Job.objects.get(pk=answer.data["id"])
    assert (job.kind, job.status) == ("auto-label", "queued")
    return job


def run(job: Job) -> Job:
    tasks.run_auto_label_job(str(job.pk))
    job.refresh_from_db()
    return job


def suggested(item: Item) -> list[dict]:
    return [shape for shape in queries.annotations_of(item) if shape["source"] == "model"]


def test_every_item_gets_what_the_model_is_sure_of(api, alice, project, picture, model):
    first, second = picture("1.jpg"), picture("2.jpg")
    job = run(ask(api(alice), project, model, confidence=0.85))
    assert (job.status, job.progress) == ("succeeded", 1.0)
    assert job.result == {"suggestions": 2, "items": 2, "frames": 2, "left_out": 0}
    person = str(project.labels.get(name="person").pk)
    for item in (first, second):
        (shape,) = suggested(item)
        assert (shape["label"], shape["confidence"], shape["author"]) == (
            person,
            pytest.approx(0.9, abs=0.01),
            str(alice.pk),
        )
    origin = api(alice).get(f"/api/v1/items/{first.pk}/assist/origins").data["results"][0]
    assert (origin["tool"], origin["model"], origin["name"]) == ("model", str(model.pk), "Model 3")
    first.refresh_from_db()
    assert (first.annotation_count, first.state) == (0, "to-do"), "nobody has labelled it yet"
    kinds = [event.payload.get("phase") for event in job.events.filter(kind="progress")]
    assert kinds and set(kinds) == {"look"}


def test_what_a_person_has_labelled_and_what_is_suggested_is_not_suggested_again(
    api, alice, project, picture, model, draw
):
    item = picture("1.jpg")
    draw(item, "car", *CAR)
    draw(item, "car", 4, 4, 8, 8)  # over the person, but of another label
    run(ask(api(alice), project, model))
    before = suggested(item)
    assert [shape["label"] for shape in before] == [str(project.labels.get(name="person").pk)]
    again = run(ask(api(alice), project, model))
    assert (again.result["suggestions"], suggested(item)) == (0, before)
    replaced = run(ask(api(alice), project, model, replace=True))
    assert replaced.result["suggestions"] == 1
    (after,) = suggested(item)
    assert after["id"] != before[0]["id"] and len(queries.annotations_of(item)) == 3


def test_a_video_is_looked_at_frame_by_frame(api, alice, project, video, model):
    job = run(ask(api(alice), project, model, frames={"step": 10}))
    made = suggested(video)
    assert [(shape["frame"], sorted(shape["keyframes"])) for shape in made] == [(0, ["0", "20"])] * 2
    assert len({shape["label"] for shape in made}) == 2, "an object of each class, where it stands to the end"
    assert (job.result["frames"], job.result["suggestions"]) == (3, 2)
    assert JournalTx.objects.filter(item=video).count() == 1, "some hundred shapes to a transaction"
    everything = run(ask(api(alice), project, model, frames="all"))
    assert everything.result["suggestions"] == 0, "the tracks are there on every frame"
    again = run(ask(api(alice), project, model, frames="all", replace=True))
    after = suggested(video)
    assert again.result["suggestions"] == len(after) == 2
    assert not {shape["id"] for shape in made} & {shape["id"] for shape in after}


def test_a_video_is_joined_across_what_a_person_has_drawn(api, alice, project, video, model, draw):
    draw(video, "car", *CAR, frame=5)
    run(ask(api(alice), project, model, frames="all"))
    person, before, after = sorted(suggested(video), key=lambda shape: (shape["confidence"] < 0.85, shape["frame"]))
    assert sorted(person["keyframes"], key=int) == ["0", "24"]
    assert (before["keyframes"]["5"], sorted(before["keyframes"])) == ({"outside": True}, ["0", "4", "5"])
    assert sorted(after["keyframes"], key=int) == ["6", "24"]


def test_approved_items_are_left_alone_and_the_scope_is_kept(api, alice, bob, project, picture, model):
    approved, todo, other = picture("1.jpg"), picture("2.jpg"), picture("3.jpg")
    Item.objects.filter(pk=approved.pk).update(state="approved")
    Item.objects.filter(pk=other.pk).update(state="in-review")
    job = run(ask(api(alice), project, model, state="to-do"))
    assert job.result["items"] == 1 and len(suggested(todo)) == 2
    assert suggested(approved) == suggested(other) == []
    named = run(ask(api(bob), project, model, items=[str(other.pk), str(approved.pk)]))
    assert named.result["items"] == 1 and len(suggested(other)) == 2 and not suggested(approved)


def test_an_attempt_goes_on_where_the_last_one_ended(api, alice, project, picture, video, model, monkeypatch):
    items = [picture(f"{n}.jpg") for n in range(3)]
    monkeypatch.setattr(prelabel, "_TELL_S", 0.0)
    monkeypatch.setattr(prelabel, "_MOST_OPS", 4)
    looks = iter(range(100))
    job = ask(api(alice), project, model, frames={"step": 5})
    prelabel.run(job.pk, stopping=lambda: next(looks) >= 5)
    job.refresh_from_db()
    assert (job.status, job.attempt) == ("queued", 1), "put back, for another worker"
    assert 0 < Annotation.objects.filter(source="model").count() < 16
    run(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    assert [len(suggested(item)) for item in items] == [2, 2, 2]
    looks = sorted(int(n) for shape in suggested(video) for n in shape["keyframes"] or {shape["frame"]: None})
    assert looks.count(20) == 2 and max(looks.count(n) for n in range(0, 25, 5)) == 2, "none twice"


def test_it_can_be_cancelled_and_taken_back(api, alice, bob, charlie, project, picture, model, monkeypatch):
    items = [picture(f"{n}.jpg") for n in range(4)]
    monkeypatch.setattr(prelabel, "_TELL_S", 0.0)
    job = ask(api(alice), project, model)
    looks = []

    def cancel_at_the_third() -> bool:
        looks.append(1)
        if len(looks) == 3:
            assert api(alice).post(f"/api/v1/jobs/{job.pk}/cancel").status_code == 202
        return False

    prelabel.run(job.pk, cancel_at_the_third)
    job.refresh_from_db()
    assert job.status == "cancelled" and 0 < job.result["suggestions"] < 8
    kept = Annotation.objects.filter(source="model", deleted=False).first()
    item = kept.item
    accept = {"op": "update", "id": str(kept.pk), "set": {"source": "human"}}
    journal.commit(item.pk, protocol.Tx("tab", "1", item.rev, [accept]), bob)

    path = f"/api/v1/jobs/{job.pk}/remove-suggestions"
    assert api(charlie).post(path).status_code == 404
    assert api(bob).post(path).status_code == 403, "not his job"
    answer = api(alice).post(path)
    assert answer.status_code == 202
    removal = run(Job.objects.get(pk=answer.data["id"]))
    assert (removal.status, removal.result["suggestions"]) == ("succeeded", job.result["suggestions"] - 1)
    assert [str(shape.pk) for shape in Annotation.objects.filter(deleted=False)] == [str(kept.pk)]
    assert api(alice).post(f"/api/v1/jobs/{removal.pk}/remove-suggestions").data["code"] == "no-suggestions"
    assert all(not suggested(item) for item in items)


def test_a_broken_picture_and_a_model_that_is_gone_are_said(api, alice, project, picture, model):
    broken, good = picture("1.jpg"), picture("2.jpg")
    broken.asset.file.storage.delete(broken.asset.file.name)
    job = run(ask(api(alice), project, model))
    assert (job.status, job.result["left_out"], len(suggested(good))) == ("succeeded", 1, 2)
    assert "1.jpg cannot be read" in job.events.get(kind="log").payload["text"]
    late = ask(api(alice), project, model)
    Model.objects.all().delete()
    assert (run(late).status, late.error["code"]) == ("failed", "no-export")


def test_refusals(api, alice, bob, charlie, project, picture, model):
    item = picture("1.jpg")
    path = f"/api/v1/projects/{project.pk}/auto-label"
    body = {"model": str(model.pk)}
    assert api(charlie).post(path, body).status_code == 404
    assert api(bob).post(path, body).status_code == 403, "an annotator names the items"
    for wrong, pointer in [
        ({"model": str(item.pk)}, "/model"),
        ({"confidence": 0}, "/confidence"),
        ({"frames": {"step": 0}}, "/frames"),
        ({"frames": "some"}, "/frames"),
        ({"items": [str(item.pk), str(model.pk)]}, "/items/1"),
        ({"state": "lost"}, "/state"),
    ]:
        answer = api(alice).post(path, {**body, **wrong})
        assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, pointer), answer.data
    assert not Job.objects.exists()
    job = ask(api(alice), project, model)
    assert api(alice).post(f"/api/v1/jobs/{job.pk}/remove-suggestions").data["code"] == "job-running"


def test_a_silent_holder_s_job_is_queued_again(alice, project, picture, model, django_capture_on_commit_callbacks):
    params = {"confidence": 0.4, "iou": 0.5, "items": None, "state": "", "step": 1, "replace": False}
    job = prelabel.start(project, alice, model, params)
    held = Job.claim(job.pk)
    Job.objects.filter(pk=held.pk).update(heartbeat_at="2020-01-01T00:00:00Z")
    jobs.reap()
    job.refresh_from_db()
    assert job.status == "queued"


def test_one_model_is_deployed_at_a_time(api, alice, bob, project, model):
    other = Model.objects.create(project=project, name="Old", engine="fake", labels=[], stage="deployed")
    path = f"/api/v1/models/{model.pk}/deploy"
    assert api(bob).post(path).status_code == 403
    assert api(alice).post(path).data["stage"] == "deployed"
    other.refresh_from_db()
    assert other.stage == "candidate"
    assert api(alice).post(f"/api/v1/models/{other.pk}/deploy").data["code"] == "no-export"
