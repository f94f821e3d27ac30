"""Datumaro's JSON: what it can carry comes back; files of Datumaro and of CVAT are read; wrong ones are named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from annotations.formats import rle
from annotations.formats.base import FormatError
from annotations.formats.datumaro import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

BOX = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4.5}
SKELETON = {"points": ["nose", "tail"], "edges": [[0, 1]]}
EVERY = [
    BOX,
    {"type": "rbox", "cx": 5, "cy": 6, "w": 4, "h": 2, "angle": 30.5},
    {"type": "polygon", "rings": [[[0, 0], [4, 0], [4, 4.25]]]},
    {"type": "polyline", "points": [[0, 0], [4, 3]]},
    {"type": "keypoints", "points": [[1, 2, 2], [3, 4, 1]]},
    {"type": "mask", "size": [4, 6], "counts": rle.encode(np.eye(4, 6))},
    {"type": "tag"},
]


def document(annotations: Any, labels: tuple[str, ...] = ("cow",), **item: Any) -> dict[str, str]:
    categories = {"label": {"labels": [{"name": name, "parent": ""} for name in labels]}}
    items = [{"id": "a", "annotations": annotations, "image": {"path": "a.jpg", "size": [48, 64]}, **item}]
    return {
        "annotations/train.json": json.dumps({"dm_format_version": "1.0", "categories": categories, "items": items})
    }


@pytest.mark.parametrize("keypoints", ["points", "skeleton"])
def test_every_kind_comes_back_with_its_properties(keypoints):
    shapes = [
        Shape("cow", g, {"age": 3, "sick": True}, confidence=0.25, number=n, group="1", z=n)
        for n, g in enumerate(EVERY)
    ]
    shapes[-1].z = 0  # tags lie nowhere
    labels = [Label("cow", "#E69F00", skeleton=SKELETON, index=0), Label("calf", "#56B4E9", index=1)]
    pictures = [
        Picture("barn/a.jpg", 6, 4, shapes, split="train"),
        Picture("barn/a.png", split="train"),
        Picture("v/000003.jpg", of_video="v.mp4", frame=3),
    ]
    content, wrote = write(FORMAT, Dataset(labels, pictures), {"keypoints": keypoints})
    known, back, told = read(FORMAT, content)
    assert not wrote.counts and not told.counts
    assert known == labels
    assert sorted(back, key=lambda p: p.path) == sorted(pictures, key=lambda p: p.path)


@settings(max_examples=20)
@given(datasets(FORMAT.abilities))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)


def test_each_split_is_a_file_and_sizes_are_height_first():
    dataset = Dataset([], [Picture("a/b.jpg", 64, 48, split=split) for split in ("train", "val", "test", "")])
    content, _ = write(FORMAT, dataset)
    assert sorted(content) == [f"annotations/{name}.json" for name in ("default", "test", "train", "val")]
    (item,) = json.loads(content["annotations/val.json"])["items"]
    assert item == {"id": "a/b", "annotations": [], "image": {"path": "a/b.jpg", "size": [48, 64]}}
    assert FORMAT.media_name(Picture("a/b.jpg", split="val"), {}) == "images/val/a/b.jpg"


def test_holes_tracks_and_videos_are_told():
    ring, hole = [[0, 0], [6, 0], [6, 4], [0, 4]], [[1, 1], [3, 1], [3, 3], [1, 3]]
    pierced = Shape("cow", {"type": "polygon", "rings": [ring, hole]})
    track = Shape("cow", BOX, keyframes={0: {"geometry": BOX}})
    pictures = [Picture("a.jpg", 6, 4, [pierced, track]), Picture("v.mp4", frames=3)]
    content, report = write(FORMAT, Dataset([], pictures))
    _, (picture,), _ = read(FORMAT, content)
    assert [shape.geometry["type"] for shape in picture.shapes] == ["mask", "box"]
    assert codes(report) == {"polygon-as-mask": 1, "track-lost": 1, "video-left-out": 1}


def test_categories_may_come_after_the_items():
    whole = json.loads(document([{"type": "label", "label_id": 0}])["annotations/train.json"])
    turned = {key: whole[key] for key in ("dm_format_version", "items", "categories")}
    _, back, _ = read(FORMAT, {"annotations/test.json": json.dumps(turned)})
    (picture,) = back
    assert (picture.shapes, picture.split) == ([Shape("cow", {"type": "tag"})], "test")


def test_pictures_are_found_by_id_and_from_paths_elsewhere():
    content = document([], image={"path": "../datasets/images/train/a.jpg"}) | {"images/train/a.jpg": "pixels"}
    assert read(FORMAT, content)[1][0].media == "images/train/a.jpg"
    content = document([], image={}, id="x/a") | {"images/train/x/a.png": "pixels"}
    (picture,) = read(FORMAT, content)[1]
    assert (picture.path, picture.media) == ("x/a.png", "images/train/x/a.png")


def test_rotated_boxes_of_cvat_and_of_datumaro():
    turned = {"type": "bbox", "label_id": 0, "bbox": [3, 5, 4, 2], "attributes": {"rotation": 390.0}}
    own = {"type": "rotated_bbox", "label_id": 0, "rotated_bbox": [5, 6, 4, 2, 30]}
    corners = {"type": "rotated_bbox", "label_id": 0, "points": [3, 5, 7, 5, 7, 7, 3, 7]}
    found = [shape.geometry for shape in read(FORMAT, document([turned, own, corners]))[1][0].shapes]
    assert found[0] == found[1] == {"type": "rbox", "cx": 5, "cy": 6, "w": 4, "h": 2, "angle": 30}
    assert found[2] == {"type": "rbox", "cx": 5, "cy": 6, "w": 4, "h": 2, "angle": 0}


def test_a_skeleton_of_cvat_brings_its_points_as_one():
    names = [("cow", ""), ("nose", "cow"), ("tail", "cow")]
    categories = {
        "label": {"labels": [{"name": name, "parent": parent} for name, parent in names]},
        "points": {"items": [{"label_id": 0, "labels": ["nose", "tail"], "joints": [[1, 2], [1, 9]]}]},
        "mask": {"colormap": [{"label_id": 0, "r": 230, "g": 159, "b": 300}]},
    }
    flat = {"type": "skeleton", "label_id": 0, "points": [1, 2, 2, 3, 4, 1]}
    tail = {"type": "points", "label_id": 2, "points": [3, 4], "visibility": [1]}
    parts = {"type": "skeleton", "label_id": 0, "elements": [tail]}
    items = [{"id": "a", "annotations": [flat, parts]}]
    content = {"default.json": json.dumps({"info": {}, "categories": categories, "items": items})}
    labels, back, _ = read(FORMAT, content)
    assert labels == [Label("cow", "#E69FFF", skeleton=SKELETON, index=0)]
    first, second = back[0].shapes
    assert first.geometry["points"] == [[1, 2, 2], [3, 4, 1]]
    assert second.geometry["points"] == [[0, 0, 0], [3, 4, 1]]


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        ({"type": "bbox", "label_id": 0, "bbox": [0, 0, -3, 4]}, "w must be above 0"),
        ({"type": "bbox", "label_id": 0, "bbox": [0, 0, 1e300, 4]}, "finite number"),
        ({"type": "bbox", "label_id": 0, "bbox": [0, 0, 3]}, "bbox has 3 numbers"),
        ({"type": "bbox", "label_id": 0, "bbox": "0 0 3 4"}, "a list is needed"),
        ({"type": "bbox", "label_id": 7, "bbox": [0, 0, 3, 4]}, "label_id is 7: there are 1 labels"),
        ({"type": "bbox", "bbox": [0, 0, 3, 4]}, "label_id is None"),
        ({"type": "polygon", "label_id": 0, "points": [0, 0, 1]}, "a multiple of 2"),
        ({"type": "polygon", "label_id": 0, "points": [0, 0, 1, 1]}, "at least 3 vertices"),
        ({"type": "points", "label_id": 0, "points": [0, 0], "visibility": [2, 2]}, "2 values for 1 points"),
        ({"type": "points", "label_id": 0, "points": [0, 0], "visibility": [7]}, "visible"),
        ({"type": "mask", "label_id": 0, "rle": {"size": [4, 6], "counts": "5"}}, "cover 5 pixels"),
        ({"type": "mask", "label_id": 0, "rle": {"size": [4], "counts": "5"}}, "height, width"),
        ({"type": "mask", "label_id": 0}, "rle is None"),
        ({"type": "cuboid_3d", "label_id": 0}, "cannot be taken"),
        ({"type": ["label"]}, "cannot be taken"),
        ("box", "an object is needed"),
    ],
)
def test_a_wrong_annotation_is_left_out_with_its_place(annotation, word):
    _, back, report = read(FORMAT, document([annotation, {"type": "label", "label_id": 0}]))
    assert len(back[0].shapes) == 1
    (remark,) = report.remarks
    assert (remark.severity, remark.file) == ("refused", "annotations/train.json")
    assert remark.where == "items[0].annotations[0]"
    assert word in remark.text


def test_attributes_with_the_names_of_properties():
    given = {"score": "high", "track_id": -1, "rotation": "left", "keyframe": True}
    _, (picture,), _ = read(FORMAT, document([{"type": "label", "label_id": 0, "attributes": given, "object_id": 4}]))
    (shape,) = picture.shapes
    assert (shape.attributes, shape.number) == ({"score": "high", "track_id": -1, "rotation": "left"}, 4)
    content, report = write(FORMAT, Dataset([], [picture]))
    assert codes(report) == {"attribute-name": 3}
    assert read(FORMAT, content)[1][0].shapes[0].attributes == {}


def test_what_is_turned_into_something_else_is_told():
    ellipse = {"type": "ellipse", "label_id": 0, "points": [0, 0, 4, 2], "attributes": {"deep": {}, "age": 3}}
    _, back, report = read(FORMAT, document([ellipse, {"type": "hash_key"}]))
    (shape,) = back[0].shapes
    assert (shape.geometry["type"], shape.attributes) == ("polygon", {"age": 3})
    assert codes(report) == {"ellipse": 1, "attribute": 1}


@pytest.mark.parametrize("item", [{"image": {"path": "a", "size": [1]}}, {"id": 3, "image": {}}, {"point_cloud": {}}])
def test_a_wrong_item_is_left_out(item):
    _, back, report = read(FORMAT, document([], **item))
    assert back == []
    assert codes(report) == {"item": 1}


def test_broken_files_are_refused():
    ((name, text),) = document([]).items()
    for broken in (text[:-4], text.replace('"id": "a"', '"id": NaN,'), text.replace("[]", "[" * 100_000)):
        with pytest.raises(FormatError) as refused:
            read(FORMAT, {name: broken})
        assert (refused.value.file, refused.value.where) == (name, "line 1")
    with pytest.raises(FormatError, match="labels is 3: a list is needed"):
        read(FORMAT, {name: '{"dm_format_version": 1, "categories": {"label": {"labels": 3}}}'})
    with pytest.raises(FormatError, match="no JSON file of Datumaro"):
        read(FORMAT, {"a.txt": ""})


def test_it_is_told_from_other_json():
    assert FORMAT.detect(Memory(document([]))) > 0.9
    assert FORMAT.detect(Memory({"a.json": '{"info": {}, "categories": {"label": {}}}'})) > 0.5
    assert FORMAT.detect(Memory({"a.json": '{"info": {}, "categories": [], "images": []}'})) == 0
