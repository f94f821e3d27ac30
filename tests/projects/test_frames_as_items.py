"""Frames of a video become pictures with items of their own: exactly those asked for, each once, beside their video."""

from __future__ import annotations

import av
import numpy as np
import pytest

from projects.models import Asset, Item, Job
from projects.models.job import Status
from projects.tasks import run_frames_job
from tests.projects.files import HEIGHT, WIDTH, encoded, number_in, pattern, shown, video

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def street(upload, tmp_path) -> Item:
    answer = upload(video(tmp_path / "a.mp4", frames=40).read_bytes(), "a.mp4", path="street/a.mp4")
    Item.objects.filter(pk=answer.json()["id"]).update(split="val")
    return Item.objects.get(pk=answer.json()["id"])


@pytest.fixture
def make(api, bob):
    def ask(item: Item, **wish) -> Job:
        answer = api(bob).post(f"/api/v1/items/{item.pk}/frames-as-items", wish)
        assert answer.status_code == 202, answer.json()
        run_frames_job(answer.json()["id"])
        job = Job.objects.get(pk=answer.json()["id"])
        assert job.status == Status.SUCCEEDED, job.error
        return job

    return ask


def made(item: Item) -> list[int | None]:
    return list(Item.objects.filter(source=item).order_by("path").values_list("source_frame", flat=True))


def test_every_tenth_of_a_range_shows_exactly_that_frame(make, street):
    assert make(street, step=10, range=[5, 30]).result == {"items": 3, "already": 0, "frames": [5, 15, 25]}
    for item, number in zip(Item.objects.filter(source=street).order_by("path"), (5, 15, 25), strict=True):
        assert item.path == f"street/a.mp4/frame_{number:06d}.jpg"
        assert (item.split, item.rev, item.asset.content_type) == ("val", 0, "image/jpeg")
        assert (item.asset.width, item.asset.height) == (WIDTH, HEIGHT)
        assert number_in(np.asarray(shown(item.asset.file))) == number


def test_a_frame_is_made_an_item_once(make, street):
    make(street, step=20)
    again = make(street, step=10)
    assert (again.result["items"], again.result["already"]) == (2, 2)
    assert made(street) == [0, 10, 20, 30]
    Job.objects.filter(pk=again.pk).update(status=Status.QUEUED, attempt_token=None)
    run_frames_job(str(again.pk))
    assert made(street) == [0, 10, 20, 30] and Asset.objects.count() == 5


def test_the_first_frame_of_each_scene(make, upload, tmp_path):
    with av.open(str(tmp_path / "cuts.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for n in range(30):
            pixels = np.full((96, 160, 3), ((200, 40, 40), (40, 200, 40), (40, 40, 200))[n // 10], np.uint8)
            pixels[:, n : n + 20] = 120
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    item = Item.objects.get(pk=upload((tmp_path / "cuts.mp4").read_bytes(), "cuts.mp4").json()["id"])
    assert make(item, scenes=True).result["frames"] == [0, 10, 20] == made(item)


def test_what_cannot_be_is_refused(api, bob, charlie, street, upload):
    url = f"/api/v1/items/{street.pk}/frames-as-items"
    for wish in ({"range": [0, 40]}, {"range": [9, 3]}, {"range": [1]}, {"step": 0}):
        assert api(bob).post(url, wish).status_code == 400, wish
    assert api(charlie).post(url, {}).status_code == 404
    picture = upload(encoded(pattern(), "PNG"), "a.png").json()["id"]
    assert api(bob).post(f"/api/v1/items/{picture}/frames-as-items", {}).json()["code"] == "no-video"
    assert not Job.objects.exists()


def test_the_pictures_stay_when_the_video_goes(make, street):
    make(street, step=20)
    street.delete()
    assert Item.objects.filter(source=None).count() == 2
