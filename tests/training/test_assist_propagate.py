"""Propagating a shape through a video: one suggested track, continued call by call, ended where it is lost."""

from __future__ import annotations

import uuid
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from faster_coco_eval.core import mask as coco

from annotations import blobs, journal, protocol, queries
from annotations.models import Annotation
from projects.conveyor import Conveyor
from projects.intake import intake
from projects.models import Item
from training.assist import propagate
from training.assist.carry import iou
from training.assist.motion import Box
from training.assist.propagate import geometry_on

FRAMES, SPEED = 80, 2  # pixels a frame at this size


def film(path: Path) -> Path:
    """The conveyor as a video; parts move to the right by SPEED."""
    conveyor = Conveyor(width=320, height=180)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "18"}
        for n in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(conveyor.frame(n)[0], "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def item(belt, alice, tmp_path) -> Item:
    return intake(belt, film(tmp_path / "belt.mp4"), "belt.mp4", alice)


@pytest.fixture
def parts():
    return Conveyor(width=320, height=180).frame(0)[1]


def put(item: Item, by, geometry: dict, frame: int = 0) -> str:
    item.refresh_from_db()
    op = {"op": "create", "id": str(uuid.uuid4()), "geometry": geometry, "frame": frame, "attributes": {"side": "A"}}
    op["label"] = str(item.project.labels.get(name="gear").pk)
    journal.commit(item.pk, protocol.Tx("tab", uuid.uuid4().hex, item.rev, [op]), by)
    return op["id"]


def box_around(part) -> dict:
    return {"type": "box", "x": part.x, "y": part.y, "w": part.w, "h": part.h}


def ask(client, item: Item, annotation: str, **body):
    return client.post(f"/api/v1/items/{item.pk}/assist/propagate", {"annotation": annotation, **body})


def where(shape: Annotation, frame: int) -> Box:
    geometry = geometry_on(shape, frame)
    return Box(geometry["x"], geometry["y"], geometry["w"], geometry["h"])


@pytest.mark.parametrize("method", ["flow", "template"])
def test_a_box_becomes_one_suggested_track(api, bob, item, parts, method):
    part = next(p for p in parts if p.x > 10 and p.x + p.w < 200)
    drawn = put(item, bob, box_around(part))
    answer = ask(api(bob), item, drawn, frames=20, method=method)
    assert answer.status_code == 201, answer.data
    assert (answer.data["last"], answer.data["stopped"]) == (20, None)
    (made,) = answer.data["annotations"]
    track = Annotation.objects.get(pk=made["id"])
    assert (track.source, track.frame, track.attributes) == ("model", 1, {"side": "A"})
    assert str(track.pk) == answer.data["annotation"] and 0 < track.confidence <= 1
    for frame in range(1, 21):
        truth = Box(part.x + SPEED * frame, part.y, part.w, part.h)
        assert iou(where(track, frame), truth) > 0.85, frame
    assert track.keyframes["21"] == {"outside": True}, "it does not stand still for the rest of the video"
    assert len(track.keyframes) < 12, "straight motion needs few keyframes"
    item.refresh_from_db()
    assert item.annotation_count == 1, "a suggestion is no label yet"


def test_a_suggested_track_is_continued(api, bob, item, parts):
    part = next(p for p in parts if p.x > 10 and p.x + p.w < 160)
    drawn = put(item, bob, box_around(part))
    first = ask(api(bob), item, drawn, frames=10).data
    second = ask(api(bob), item, first["annotation"], frame=first["last"], frames=10)
    assert second.status_code == 201, second.data
    assert (second.data["annotation"], second.data["annotations"]) == (first["annotation"], [])
    track = Annotation.objects.get(pk=first["annotation"])
    assert track.source == "model", "going on does not accept it"
    assert [key for key, entry in track.keyframes.items() if entry.get("outside")] == ["21"]
    truth = Box(part.x + SPEED * 20, part.y, part.w, part.h)
    assert iou(where(track, 20), truth) > 0.8
    assert geometry_on(track, 25) is None
    assert Annotation.objects.filter(item=item).count() == 2


def test_it_says_where_and_why_it_ended(api, bob, item, parts):
    part = max(parts, key=lambda p: p.x if p.x + p.w < 318 else 0)
    answer = ask(api(bob), item, put(item, bob, box_around(part)), frames=50).data
    assert answer["stopped"]["reason"] == "it leaves the picture"
    assert answer["stopped"]["frame"] == answer["last"] + 1 < 50


def test_a_polygon_keeps_its_vertices(api, bob, item, parts):
    part = next(p for p in parts if p.x > 10 and p.x + p.w < 200)
    x, y, w, h = part.x, part.y, part.w, part.h
    ring = [["a", x, y], ["b", x + w, y], ["c", x + w, y + h], ["d", x, y + h]]
    answer = ask(api(bob), item, put(item, bob, {"type": "polygon", "rings": [ring]}), frames=8).data
    entry = queries.annotations_of(item)[-1]["keyframes"]["8"]["geometry"]
    assert answer["last"] == 8 and [vertex[0] for vertex in entry["rings"][0]] == ["a", "b", "c", "d"]
    assert entry["rings"][0][0][1] == pytest.approx(x + 8 * SPEED, abs=2)


@pytest.mark.parametrize("large", [False, True])
def test_a_mask_stays_a_mask(api, bob, item, parts, large, monkeypatch):
    if large:
        monkeypatch.setattr(propagate, "LARGEST_INLINE", 20)
    part = next(p for p in parts if p.x > 10 and p.x + p.w < 200)
    pixels = np.zeros((180, 320), np.uint8)
    x, y, w, h = round(part.x), round(part.y), round(part.w), round(part.h)
    cv2.ellipse(pixels, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    counts = coco.encode(np.asfortranarray(pixels))["counts"].decode()
    mask = {"type": "mask", "size": [180, 320], "counts": counts}
    if large:
        mask = {"type": "mask", "size": [180, 320], "blob": blobs.store(item, counts, bob).digest}
    answer = ask(api(bob), item, put(item, bob, mask), frames=8)
    assert answer.status_code == 201, answer.data
    track = Annotation.objects.get(pk=answer.data["annotation"])
    assert {int(n) for n in track.keyframes} == {*range(1, 10)}, "a mask stands still between its key frames"
    entry = geometry_on(track, 8)
    assert entry["type"] == "mask" and ("blob" in entry) == large
    found = coco.decode({**(mask := blobs.inlined(item.pk, entry)), "counts": mask["counts"].encode()})
    truth = np.roll(pixels, 8 * SPEED, 1)
    assert (found & truth).sum() / (found | truth).sum() > 0.85


def test_it_ends_with_the_video(api, bob, item, parts):
    drawn = put(item, bob, box_around(parts[0]), frame=FRAMES - 1)
    assert ask(api(bob), item, drawn).data["errors"][0]["pointer"] == "/frame"


def test_what_cannot_be_followed_is_refused(api, bob, charlie, item, parts, add_image, belt):
    drawn = put(item, bob, box_around(parts[0]))
    assert ask(api(charlie), item, drawn).status_code == 404
    for body, pointer in [
        ({"frames": 51}, "/frames"),
        ({"frames": 0}, "/frames"),
        ({"method": "magic"}, "/method"),
        ({"frame": 3}, "/frame"),
    ]:
        refused = ask(api(bob), item, drawn, **body)
        assert (refused.status_code, refused.data["errors"][0]["pointer"]) == (400, pointer)
    assert ask(api(bob), item, str(uuid.uuid4())).data["errors"][0]["pointer"] == "/annotation"
    tag = put(item, bob, {"type": "tag"})
    assert "tag" in ask(api(bob), item, tag).data["detail"]
    picture = add_image(belt, "one.jpg", Conveyor(width=128, height=72).frame(0)[0])
    assert ask(api(bob), picture, str(uuid.uuid4())).data["code"] == "no-video"
    item.project.team.memberships.filter(user=bob).update(role="viewer")
    assert ask(api(bob), item, drawn).status_code == 403
