"""Labels that came without their pictures: shares of a side become pixels of the items that the project has."""

from __future__ import annotations

import pytest

from annotations.queries import annotations_of
from tests.annotations.conftest import make_item
from tests.annotations.importing import bring, packed

pytestmark = pytest.mark.django_db(transaction=True)
MIDDLE = {"type": "box", "x": 160, "y": 120, "w": 320, "h": 240}  # of 640 x 480


def test_yolo_rows_find_items_by_path_and_else_by_the_only_name(project, alice):
    paths = ("x/a.png", "y/a.png", "deep/down/b.jpeg")
    items = [make_item(project, path) for path in paths]
    row = "0 .5 .5 .5 .5"
    content = packed(
        ("data.yaml", "names: [car]"), ("labels/train/x/a.txt", row), ("labels/val/y/a.txt", row), ("labels/b.txt", row)
    )
    seen = bring(project, alice, content, mode="dry-run")
    job = bring(project, alice, content)
    assert job.status == "succeeded", (job.error, job.result)
    assert job.result["pictures"]["matched"] == 3 and job.result["shapes"] == seen.result["shapes"]
    assert [[shape["geometry"] for shape in annotations_of(item)] for item in items] == [[MIDDLE]] * 3
    items[0].refresh_from_db()
    assert items[0].split == "train"


def test_a_name_that_several_items_have_stays_unknown(project, alice):
    items = [make_item(project, path) for path in ("x/a.png", "y/a.png")]
    content = packed(("data.yaml", "names: [car]"), ("labels/a.txt", "0 .5 .5 .5 .5"))
    job = bring(project, alice, content)
    assert job.status == "failed" and job.result["report"]["remarks"][0]["code"] == "image-unknown"
    assert not any(annotations_of(item) for item in items)


def test_a_video_of_label_studio_that_says_no_size(project, alice):
    item = make_item(project, "cam/v.mp4", "video")
    box = {"x": 25, "y": 25, "width": 50, "height": 50, "rotation": 0}
    sequence = [{"frame": 1, "enabled": True, **box}, {"frame": 9, "enabled": True, **box}]
    value = {"sequence": sequence, "labels": ["car"], "framesCount": 50, "duration": 2}
    found = {"id": "t", "type": "videorectangle", "from_name": "b", "to_name": "v", "value": value}
    tasks = [{"id": 1, "data": {"video": "https://host/cam/v.mp4"}, "annotations": [{"result": [found]}]}]
    job = bring(project, alice, packed(("tasks.json", tasks)))
    assert job.status == "succeeded", (job.error, job.result)
    (shape,) = annotations_of(item)
    assert shape["keyframes"]["0"]["geometry"] == MIDDLE and sorted(shape["keyframes"]) == ["0", "8"]


def test_a_table_of_shares(project, alice, item):
    rows = "path,label,x,y,w,h\na.png,car,.25,.25,.5,.5\n"
    job = bring(project, alice, rows.encode(), "boxes.csv", options={"unit": "fractions"})
    assert job.status == "succeeded", (job.error, job.result)
    assert [shape["geometry"] for shape in annotations_of(item)] == [MIDDLE]
