"""A video leaves as tracks where the format has them, and else as pictures of exactly the frames drawn on."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from projects.intake import intake
from tests.annotations.conftest import BOX, create
from tests.annotations.exports.conftest import coco, draw
from tests.projects.files import encoded, number_in, pattern, video

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clip(project, alice, labels, tmp_path):
    """30 frames; a track from 5 to 15 that moves by a pixel a frame and is occluded from 10 on, a box on frame 20."""
    item = intake(project, video(tmp_path / "clip.mp4", frames=30), "clip.mp4", alice, "cam/clip.mp4")
    keyframes = {
        "5": {"geometry": {**BOX, "x": 5}},
        "10": {"geometry": {**BOX, "x": 10}, "occluded": True},
        "15": {"geometry": {**BOX, "x": 15}, "outside": True},
    }
    draw(
        item,
        alice,
        create(labels[0], frame=5, geometry={**BOX, "x": 5}, keyframes=keyframes),
        create(labels[1], frame=20),
    )
    return item


def boxes(found) -> dict[str, list[float]]:
    names = {image["id"]: image["file_name"] for image in found["images"]}
    return {names[row["image_id"]]: row["bbox"] for row in found["annotations"]}


def test_frames_as_pictures_with_their_pixels(project, clip, alice, ask, read, tmp_path):
    (tmp_path / "still.png").write_bytes(encoded(pattern(), "PNG"))
    intake(project, tmp_path / "still.png", "still.png", alice)
    job = ask(media=True)
    archive = read(job)
    found = coco(archive)
    assert boxes(found) == {
        "cam/clip.mp4/000005.jpg": [5, 20, 30, 40],
        "cam/clip.mp4/000010.jpg": [10, 20, 30, 40],
        "cam/clip.mp4/000020.jpg": [10, 20, 30, 40],
    }
    for n in (5, 10, 20):
        frame = Image.open(io.BytesIO(archive.read(f"images/cam/clip.mp4/0000{n:02}.jpg")))
        assert number_in(np.asarray(frame)) == n
    assert archive.read("images/still.png") == encoded(pattern(), "PNG")
    assert archive.getinfo("images/still.png").compress_type == 0, "a picture is compressed already"
    assert job["result"]["counts"]["frames"] == 3 and job["result"]["counts"]["images"] == 1
    losses = {row["code"] for row in job["result"]["losses"]["counts"]}
    assert "track-as-frames" in losses
    told = archive.read("losses.txt").decode()
    assert "cam/clip.mp4" in told and "1 x track-as-frames" in told


def test_every_frame_on_which_something_is_seen(clip, ask, read):
    found = boxes(coco(read(ask(filters={"frames": "seen"}))))
    assert len(found) == 11
    assert found["cam/clip.mp4/000007.jpg"] == [7, 20, 30, 40]


def test_tracks_with_the_video_itself(clip, ask, read):
    job = ask(format="frameloop", media=True)
    archive = read(job)
    lines = archive.read("frameloop.jsonl").splitlines()
    assert len(lines) == 2
    picture = json.loads(lines[1])
    assert (picture["path"], picture["frames"]) == ("cam/clip.mp4", 30)
    track = next(shape for shape in picture["shapes"] if "keyframes" in shape)
    assert sorted(map(int, track["keyframes"])) == [5, 10, 15]
    assert archive.getinfo("media/cam/clip.mp4").file_size == clip.asset.size
    assert job["result"]["counts"]["videos"] == 1
    assert job["result"]["losses"]["counts"] == []
