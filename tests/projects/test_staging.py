"""What was uploaded in pieces is looked through, then added to the project or put aside."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from projects.models import Asset, Item, Upload, UploadBatch
from projects.tasks import expire_uploads, stage_uploads
from projects.uploads import staging
from projects.uploads.protocol import BODY_TYPE, format_metadata
from tests.projects.files import bomb_png, encoded, pattern, video


class Person:
    """Sends whole files by tus, and decides on them."""

    def __init__(self, client: Any, project: Any) -> None:
        self.client, self.project = client, f"/api/v1/projects/{project.pk}"

    def send(self, data: bytes, name: str = "a.png", **said: str) -> dict[str, Any]:
        answer = self.client.generic(
            "POST",
            f"{self.project}/uploads/",
            data,
            content_type=BODY_TYPE,
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(len(data)),
                "Upload-Metadata": format_metadata({"filename": name, **said}),
            },
        )
        assert answer.status_code == 201, answer.content
        return self.look(answer["Location"].rpartition("/")[2])

    def look(self, pk: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/v1/uploads/{pk}").json()
        return found

    def decide(self, word: str, batch: str, *uploads: dict[str, Any]) -> Any:
        body = {"uploads": [upload["id"] for upload in uploads]} if uploads else {}
        return self.client.post(f"/api/v1/upload-batches/{batch}/{word}", body)


@pytest.fixture
def person(api, alice, project) -> Person:
    return Person(api(alice), project)


def png(number: int) -> bytes:
    return encoded(pattern(64 + number, 48), "PNG")


def left_in_pieces() -> list[Path]:
    return [path for path in Path(settings.UPLOADS_DIR).rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def test_a_picture_waits_for_a_word(person, left_behind, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload = person.send(png(0), path="day 1/a.png")
    expected = {"state": "staged", "kind": "image", "width": 64, "height": 48, "path": "day 1/a.png", "item": None}
    assert {name: upload[name] for name in expected} == expected
    assert upload["thumbnail"].startswith("/media/") and upload["duplicate_of"] is None
    assert not Item.objects.exists()
    assert left_behind() == (1, 2) and left_in_pieces() == []
    assert Path(Asset.objects.get().file.path).read_bytes() == png(0)


def test_the_person_chooses_which_and_in_which_order(person, project):
    first, second, third = (person.send(png(number), f"{number}.png") for number in range(3))
    batch = first["batch"]
    answer = person.decide("commit", batch, third, first).json()
    items = [str(pk) for pk in Item.objects.order_by("created_at").values_list("pk", flat=True)]
    assert answer["items"] == items and answer["state"] == "open"
    assert [Item.objects.get(pk=pk).path for pk in items] == ["2.png", "0.png"]
    assert answer["counts"] == dict.fromkeys(answer["counts"], 0) | {"committed": 2, "staged": 1}
    assert person.look(third["id"])["item"] == items[0]
    answer = person.decide("commit", batch).json()
    assert answer["state"] == "committed" and len(answer["items"]) == 1
    assert person.decide("commit", batch).json()["items"] == []
    assert second["batch"] == batch != person.send(png(4))["batch"]


def test_positions_are_the_order_of_the_whole(person):
    batch = [person.send(png(n), f"{n}.png", position=str(9 - n)) for n in range(3)][0]["batch"]
    person.decide("commit", batch)
    assert [item.path for item in Item.objects.order_by("created_at")] == ["2.png", "1.png", "0.png"]
    listed = person.client.get(f"{person.project}/uploads", {"batch": batch, "state": "committed"}).json()["results"]
    assert [row["name"] for row in listed] == ["2.png", "1.png", "0.png"]


def test_put_aside_and_brought_back(person, left_behind):
    staged, refused = person.send(png(0)), person.send(b"nonsense", "b.png")
    batch = staged["batch"]
    answer = person.decide("discard", batch).json()
    assert answer["state"] == "discarded" and answer["counts"]["discarded"] == 2
    assert person.client.get(f"{person.project}/uploads").json()["results"] == []
    assert person.decide("commit", batch).json()["items"] == []
    assert person.decide("restore", batch).json()["counts"] == answer["counts"] | {
        "discarded": 0,
        "staged": 1,
        "refused": 1,
    }
    assert person.look(staged["id"])["state"] == "staged"
    assert person.look(refused["id"])["problem"]["code"] == "unsupported-type"
    assert len(person.decide("commit", batch).json()["items"]) == 1
    assert left_behind() == (1, 2)


def _time_passes(callbacks: Any) -> None:
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with callbacks(execute=True):
        expire_uploads()


def test_what_was_put_aside_goes_when_its_time_is_over(person, left_behind, django_capture_on_commit_callbacks):
    """An asset goes with the last upload that looks after it, unless an item has it."""
    used = person.send(png(0))
    first, twin = person.send(png(1)), person.send(png(1), "b.png")
    batch = used["batch"]
    person.decide("commit", batch, used)
    assert left_behind() == (2, 4)
    person.decide("discard", batch, first)
    Upload.objects.exclude(pk=first["id"]).update(expires_at=timezone.now() + timedelta(days=9))
    Upload.objects.filter(pk=first["id"]).update(expires_at=timezone.now() - timedelta(days=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert expire_uploads() == 1
    assert left_behind() == (2, 4), "the twin still needs it"
    _time_passes(django_capture_on_commit_callbacks)
    assert left_behind() == (1, 2)
    assert not Upload.objects.exists() and Item.objects.count() == 1
    assert twin["state"] == "staged"


def test_duplicates_are_named(person, upload):
    upload(png(0), "a.jpg")
    again = person.send(png(0), "b.png")
    assert again["state"] == "staged"
    assert again["duplicate_of"]["path"] == "a.jpg"
    assert again["notice"] == "The project has this file already as a.jpg."
    assert Asset.objects.count() == 1
    assert Upload.objects.get().asset_is_new is False
    person.decide("discard", again["batch"])
    assert Asset.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"nonsense", "a.png", "unsupported-type"),
        (encoded(pattern(300, 300), "JPEG", quality=95)[:3000], "a.jpg", "truncated"),
        (bomb_png(), "a.png", "too-many-pixels"),
        (b"", "a.png", "empty-file"),
    ],
)
def test_what_is_refused_says_why(person, data, name, code, left_behind, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload = person.send(data, name)
    assert (upload["state"], upload["problem"]["code"]) == ("refused", code)
    assert len(upload["problem"]["detail"]) > 30
    assert left_behind() == (0, 0) and left_in_pieces() == []


def test_at_once(person):
    upload = person.send(png(0), at_once="true")
    assert upload["state"] == "committed"
    assert str(Item.objects.get().pk) == upload["item"]
    assert UploadBatch.objects.get().state == "committed"


@pytest.mark.parametrize("name", ["labels.zip", "coco.JSON", "a/b/boxes.xml"])
def test_what_an_import_takes_stays_as_it_is(person, name):
    upload = person.send(b"PK\x03\x04 and so on", name)
    assert (upload["state"], upload["problem"]) == ("complete", None)
    assert len(left_in_pieces()) == 1
    assert stage_uploads() == 0
    assert person.send(b"PK\x03\x04 and so on", name, at_once="true")["problem"]["code"] == "unsupported-type"


def test_a_large_video_that_a_process_left_goes_to_a_worker(person, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "INLINE_BYTES", 1000)
    upload = person.send(video(tmp_path / "a.mp4").read_bytes(), "a.mp4", at_once="true")
    assert (upload["state"], upload["kind"]) == ("complete", None)
    with Upload.objects.get().location.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert stage_uploads() == 0, "another worker is at it"
    assert stage_uploads() == 1
    upload = person.look(upload["id"])
    assert (upload["state"], upload["kind"], upload["frames"]) == ("committed", "video", 60)
    assert stage_uploads() == 0


def test_a_file_that_was_lost_says_so(person, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "INLINE_BYTES", 1000)
    upload = person.send(video(tmp_path / "a.mp4").read_bytes(), "a.mp4")
    Upload.objects.get().location.unlink()
    assert stage_uploads() == 1
    assert person.look(upload["id"])["problem"]["code"] == "lost"


def test_only_ones_own(person, api, bob, charlie, project):
    batch = person.send(png(0))["batch"]
    for other in (bob, charlie):
        theirs = Person(api(other), project)
        assert {theirs.decide(word, batch).status_code for word in ("commit", "discard", "restore")} == {404}
        assert theirs.client.get(f"/api/v1/upload-batches/{batch}").status_code == 404
    assert not Item.objects.exists()


def test_given_up_after_it_was_staged(person, left_behind, django_capture_on_commit_callbacks):
    upload = person.send(png(0))
    with django_capture_on_commit_callbacks(execute=True):
        answer = person.client.delete(f"/api/v1/uploads/{upload['id']}", headers={"Tus-Resumable": "1.0.0"})
    assert answer.status_code == 204
    assert left_behind() == (0, 0)


def test_nothing_is_added_when_one_cannot_be(person, charlie):
    """All or none: the second file's asset is another team's by now."""
    first, second = person.send(png(0)), person.send(png(1), "b.png")
    Asset.objects.filter(uploads=second["id"]).update(team=charlie.teams.get())
    answer = person.decide("commit", first["batch"])
    assert (answer.status_code, answer.json()["code"]) == (404, "foreign-asset")
    assert not Item.objects.exists()
    assert person.look(first["id"])["state"] == "staged"
