"""A version as a folder that the trainer reads, and YOLO's text labels."""

from __future__ import annotations

import io
import json
import zipfile

import cv2
import numpy as np
import pytest
import yaml
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from annotations.formats import yolo
from annotations.models import Annotation, Export
from annotations.tasks import run_export_job
from projects.intake import intake
from projects.models import Item, Job, Label
from tests.training.shape_makers import picture as noise
from tests.training.shape_makers import star
from training.datasets import augment, preprocess
from training.datasets.export import export, size
from training.datasets.version import Recipe, freeze

SIZES = st.integers(1, 5000)


@given(
    width=SIZES,
    height=SIZES,
    boxes=st.lists(
        st.tuples(
            st.integers(0, 4), st.floats(-50, 5000), st.floats(-50, 5000), st.floats(0.01, 6000), st.floats(0.01, 6000)
        ),
        max_size=8,
    ),
)
def test_what_is_written_is_read_again_within_a_thousandth_of_a_percent(width, height, boxes):
    given_boxes = [yolo.Box(*box) for box in boxes]
    kept = [inside for box in given_boxes if (inside := yolo.clip(box, width, height)) is not None]
    back = yolo.read(yolo.write(given_boxes, width, height), width, height, classes=5)
    assert back.refused == [] and len(back.boxes) == len(kept)
    for ours, theirs in zip(kept, back.boxes, strict=True):
        assert ours.index == theirs.index
        assert (ours.x, ours.w) == pytest.approx((theirs.x, theirs.w), abs=2e-6 * width)
        assert (ours.y, ours.h) == pytest.approx((theirs.y, theirs.h), abs=2e-6 * height)


def test_rows_that_cannot_be_taken_are_reported_one_by_one():
    text = "0 0.5 0.5 0.2 0.2\n9 0.5 0.5 1 1\n0 0.5 0.5 1\n\n0 x 0.5 1 1\n0 2.5 0.5 1 1\n0 nan 0.5 1 1\n"
    labels = yolo.read(text, 100, 100, classes=2)
    assert len(labels.boxes) == 1
    assert [refusal.line for refusal in labels.refused] == [2, 3, 5, 6, 7]


def test_the_description_is_ours_and_survives_strange_names():
    names = ["a: b", "- c", "ü'\"", "{d}", "download: rm"]
    text = yolo.data_yaml(names, {"train": "images/train", "val": "images/val"}, "/some where")
    read = yaml.safe_load(text)
    assert read == {
        "path": "/some where",
        "train": "images/train",
        "val": "images/val",
        "nc": 5,
        "names": dict(enumerate(names)),
    }


def test_the_trainer_reads_what_was_labelled(fill, alice, tmp_path):
    version = freeze(fill(5), alice)
    steps = []
    done = export(version, tmp_path / "set", lambda n, total: steps.append((n, total)))
    assert steps == [(n, 5) for n in range(1, 6)] and done.pictures == 5
    pictures = sorted((tmp_path / "set" / "images").rglob("*.jpg"))
    assert len(pictures) == 5 and len(list((tmp_path / "set" / "images" / "val").iterdir())) == version.counts["val"]
    rows = 0
    for picture in pictures:
        text = (picture.parents[2] / "labels" / picture.parent.name / f"{picture.stem}.txt").read_text()
        labels = yolo.read(text, 128, 72, classes=4)
        assert labels.refused == []
        rows += len(labels.boxes)
    assert rows == version.counts["boxes"]


def test_pictures_are_copies_and_equal_names_do_not_meet(project, alice, add_image, draw, tmp_path):
    for n, folder in enumerate(("a", "b")):
        item = add_image(project, f"{folder}/1.jpg", np.full((60, 80, 3), 60 + 120 * n, np.uint8))
        draw(item, "car", 1, 1, 5, 5)
    export(freeze(project, alice), tmp_path)
    pictures = list((tmp_path / "images").rglob("*.jpg"))
    assert {round(cv2.imread(str(path)).mean(), -1) for path in pictures} == {60, 180}
    before = [(item.asset.sha256, item.asset.file.size) for item in Item.objects.select_related("asset")]
    for path in pictures:
        path.write_bytes(b"mended in place")
    assert [(item.asset.sha256, item.asset.file.size) for item in Item.objects.select_related("asset")] == before


def test_a_deep_or_turned_picture_is_written_as_people_saw_it(project, alice, add_image, draw, tmp_path):
    from PIL import Image

    data = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.full((40, 80, 3), 200, np.uint8)).save(data, "JPEG", exif=exif)
    turned = intake(project, ContentFile(data.getvalue(), "turned.jpg"), "turned.jpg", alice)
    draw(turned, "car", 1, 1, 5, 5)
    draw(add_image(project, "plain.jpg", np.zeros((40, 80, 3), np.uint8)), "car", 1, 1, 5, 5)
    export(freeze(project, alice), tmp_path)
    shapes = {cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape[:2] for path in (tmp_path / "images").rglob("*.*")}
    assert shapes == {(80, 40), (40, 80)}


def test_frames_of_a_video_are_exactly_those_that_were_labelled(project, alice, draw, tmp_path):
    import av

    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for n in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 + 5 * n, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    item = intake(project, path, "v.mp4", alice)
    for n in (3, 17, 18, 39):
        draw(item, "car", 1, 1, 5, 5, frame=n)
    version = freeze(project, alice)
    folder = tmp_path / "set"
    export(version, folder)
    pictures = sorted((folder / "images").rglob("*.jpg"), key=lambda found: found.stem)
    brightness = [cv2.imread(str(picture)).mean() for picture in pictures]
    assert brightness == pytest.approx([20 + 5 * n for n in (3, 17, 18, 39)], abs=2.4)
    assert size(version) > 0


def test_pictures_set_aside_for_the_test_are_not_given_to_the_trainer(project, alice, add_image, draw, tmp_path):
    for n in range(4):
        item = add_image(project, f"{n}.jpg", np.zeros((40, 80, 3), np.uint8))
        draw(item, "car", 1, 1, 5, 5)
        Item.objects.filter(pk=item.pk).update(split="test" if n == 0 else "")
    assert export(freeze(project, alice), tmp_path).pictures == 3


def test_prepared_and_augmented_pictures_have_labels_that_follow(project, alice, add_image, draw, tmp_path):
    """A white block on black: whatever is done to the picture, its box is around the block."""
    for n in range(5):
        pixels = np.zeros((120, 160, 3), np.uint8)
        pixels[30:70, 40 + n : 100 + n] = 255
        draw(add_image(project, f"{n}.jpg", pixels), "car", 40 + n, 30, 60, 40)
    moves = {"flip": {"amount": "both", "chance": 1}, "crop": {"amount": 0.3, "chance": 1}}  # which cut little of it
    recipe = Recipe(
        preprocess=preprocess.parse({"resize": {"mode": "stretch", "width": 320, "height": 240}}),
        augment=augment.parse({"copies": 3, **moves}),
    )
    version = freeze(project, alice, recipe=recipe)
    steps: list[tuple[int, int]] = []
    done = export(version, tmp_path / "set", lambda n, total: steps.append((n, total)))
    assert done.pictures == sum(version.counts["pictures"].values()) == 4 * 4 + 1 and steps[-1] == (5, 5)
    assert len(list((tmp_path / "set" / "images" / "val").iterdir())) == 1
    for path in (tmp_path / "set" / "images").rglob("*.jpg"):
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert picture.shape == (240, 320)
        label = path.parents[2] / "labels" / path.parent.name / f"{path.stem}.txt"
        seen = np.zeros(picture.shape, bool)
        for box in yolo.read(label.read_text(), 320, 240, classes=2).boxes:
            x, y, w, h = (round(value) for value in (box.x, box.y, box.w, box.h))
            assert picture[y + 3 : y + h - 3, x + 3 : x + w - 3].min(initial=255) > 150
            seen[max(y - 3, 0) : y + h + 3, max(x - 3, 0) : x + w + 3] = True
        assert (picture[~seen] < 150).all()


def test_a_version_is_written_the_same_way_each_time(project, alice, add_image, draw, tmp_path):
    for n in range(4):
        draw(add_image(project, f"{n}.jpg", noise(n)), "car", 40, 30, 60, 40)
    every = augment.parse({"copies": 2, **{step.name: {"chance": 1.0} for step in augment.STEPS}})
    version = freeze(project, alice, recipe=Recipe(augment=every))
    first, again = tmp_path / "first", tmp_path / "again"
    assert export(version, first).pictures == export(version, again).pictures == 3 * 3 + 1
    files = [path for path in again.rglob("*.*") if path.name != "data.yaml"]
    assert len(files) == 20
    assert all(path.read_bytes() == (first / path.relative_to(again)).read_bytes() for path in files)


@pytest.mark.parametrize(
    ("task", "columns"), [("segment", 1 + 2 * 10), ("obb", 1 + 2 * 4), ("pose", 1 + 4 + 3 * 3), ("classify", 0)]
)
def test_each_task_has_labels_of_its_own(project, alice, add_image, draw, tmp_path, task, columns):
    project.task = task
    project.save()
    Label.objects.filter(project=project).update(skeleton={"points": ["nose", "left eye", "right eye"], "edges": []})
    geometry = {
        "segment": star(100, 70, 40, True),
        "obb": {"type": "rbox", "cx": 60, "cy": 60, "w": 30, "h": 20, "angle": 33},
        "pose": {"type": "keypoints", "points": [[50, 50, 2], [40, 40, 1], [0, 0, 0]]},
        "classify": {"type": "tag"},
    }[task]
    for n in range(3):
        draw(add_image(project, f"{n}.jpg", noise(n)), "car", 0, 0, 0, 0, geometry=geometry)
    only_lines = {"type": "polyline", "points": [[0, 1, 1], [1, 50, 60]]}
    draw(add_image(project, "other.jpg", noise(9)), "car", 0, 0, 0, 0, geometry=only_lines)
    version = freeze(project, alice)
    done = export(version, tmp_path)
    assert done.pictures == 3  # not the one with a line alone: it would teach that nothing is there
    assert any("only shapes of other kinds" in warning for warning in version.counts["warnings"])
    if task == "classify":
        assert sorted(path.parent.name for path in tmp_path.rglob("*.jpg")) == ["0001"] * 3 and done.data == tmp_path
        return
    rows = [path.read_text().split("\n") for path in (tmp_path / "labels").rglob("*.txt")]
    assert all(len(row) == 2 and len(row[0].split()) == columns and row[0][0] == "1" for row in rows)
    if task == "pose":
        described = yaml.safe_load(done.data.read_text())
        assert described["kpt_shape"] == [3, 3] and described["flip_idx"] == [0, 2, 1]


def test_a_version_is_exported_in_other_formats(project, alice, charlie, api, add_image, draw):
    items = [add_image(project, f"{n}.jpg", noise(n)) for n in range(4)]
    for item in items:
        draw(item, "car", 10, 10, 30, 30)
        draw(item, "person", 0, 0, 0, 0, geometry=star(100, 70, 40, False))
    version = freeze(project, alice)
    Annotation.objects.all().delete()
    items[0].delete()
    body = {"format": "coco", "version": str(version.pk), "media": True, "filters": {"splits": ["train"]}}
    url = f"/api/v1/projects/{project.pk}/exports"
    answer = api(alice).post(url, body, format="json")
    assert answer.status_code == 202, answer.data
    run_export_job(answer.data["id"])
    job = Job.objects.get(pk=answer.data["id"])
    assert job.status == "succeeded", job.error
    assert job.result["counts"]["images"] == 3 and job.result["counts"]["by_type"] == {"box": 3, "polygon": 3}
    with Export.objects.get().file.open("rb") as file, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        (labels,) = [json.loads(archive.read(name)) for name in names if name.endswith(".json")]
    assert sum(name.endswith(".jpg") for name in names) == 3 and len(labels["annotations"]) == 6
    unknown = {**body, "version": str(project.pk)}
    assert api(alice).post(url, unknown, format="json").status_code == 404
    asked = {**body, "filters": {"authors": [str(alice.pk)]}}
    refused = api(alice).post(url, asked, format="json")
    assert refused.status_code == 400 and "does not remember" in refused.data["detail"]
