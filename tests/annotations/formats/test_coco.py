"""COCO: what it carries comes back, its facts, and files that lie."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from hypothesis import given, settings

from annotations.formats import rle
from annotations.formats.base import FormatError
from annotations.formats.coco import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

IMAGE = {"id": 7, "file_name": "a.jpg", "width": 10, "height": 8}
CAR = {"id": 3, "name": "car"}


def file(*annotations, images=(IMAGE,), categories=(CAR,), **more):
    rows = [{"id": n, "image_id": 7, "category_id": 3, **row} for n, row in enumerate(annotations)]
    return json.dumps({"images": list(images), "annotations": rows, "categories": list(categories), **more})


def shapes(*annotations, **more):
    _, pictures, report = read(FORMAT, {"a.json": file(*annotations, **more)})
    return pictures[0].shapes, report


@settings(max_examples=40)
@given(datasets(FORMAT.abilities))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)


@settings(max_examples=10)
@given(datasets(FORMAT.abilities, kinds=("mask",)))
def test_masks_come_back_from_lists_of_run_lengths(dataset):
    assert_round_trip(FORMAT, dataset, {"rle": "uncompressed"})


def test_a_box_is_taken_as_it_stands_and_the_id_0_is_read():
    found, report = shapes({"id": 0, "bbox": [0, 0, 1, 1]})
    assert found[0].geometry == {"type": "box", "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0}
    assert not report.counts


def test_no_id_is_0_and_area_and_iscrowd_are_written():
    box = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
    files, _ = write(FORMAT, Dataset([Label("car")], [Picture("a.jpg", 10, 10, [Shape("car", box)], split="train")]))
    written = json.loads(files["annotations/instances_train.json"])
    assert [row["id"] for name in ("images", "annotations", "categories") for row in written[name]] == [1, 1, 1]
    row = written["annotations"][0]
    assert (row["bbox"], row["area"], row["iscrowd"], row["image_id"]) == ([1, 2, 3, 4], 12.0, 0, 1)


@pytest.mark.parametrize("order", list(permutations(("images", "annotations", "categories"))))
def test_the_sections_may_come_in_any_order(order):
    whole = json.loads(file({"bbox": [1, 2, 3, 4]}))
    labels, pictures, report = read(FORMAT, {"a.json": json.dumps({key: whole[key] for key in order})})
    assert [label.name for label in labels] == ["car"] and labels[0].index == 3
    assert len(pictures[0].shapes) == 1 and not report.counts


def test_equal_boxes_are_two_objects():
    found, report = shapes({"bbox": [1, 2, 3, 4]}, {"bbox": [1, 2, 3, 4]})
    assert len(found) == 2 and not report.counts


def test_run_lengths_are_columns_from_the_top_background_first():
    found, _ = shapes({"iscrowd": 1, "segmentation": {"size": [8, 10], "counts": [1, 3, 76]}, "bbox": [0, 1, 1, 3]})
    assert found[0].geometry == {"type": "mask", "size": [8, 10], "counts": "13\\2"}
    assert found[0].attributes == {"iscrowd": True}


def test_parts_are_a_union_and_one_part_stays_a_polygon():
    ring, other = [1, 1, 4, 1, 4, 4, 1, 4], [3, 3, 6, 3, 6, 6, 3, 6]
    found, report = shapes({"segmentation": [ring]}, {"segmentation": [ring, other]})
    assert found[0].geometry["rings"] == [[[1, 1], [4, 1], [4, 4], [1, 4]]]
    assert found[1].geometry["type"] == "mask" and rle.area(found[1].geometry["counts"]) == 17
    assert not report.counts


def test_the_outline_wins_over_a_box_that_contradicts_it():
    found, report = shapes({"segmentation": {"size": [8, 10], "counts": [0, 8, 72]}, "bbox": [5, 5, 4, 2]})
    assert found[0].geometry["type"] == "mask"
    assert report.remarks[0].code == "bbox-contradicts" and report.remarks[0].where == "annotations[0]"


def test_keypoints_count_edges_from_1_and_labelled_points():
    pose = {"id": 3, "name": "car", "keypoints": ["a", "b"], "skeleton": [[1, 2], [0, 1]]}
    row = {"keypoints": [1, 2, 2, 0, 0, 0], "num_keypoints": 1, "bbox": [0, 0, 2, 2]}
    labels, pictures, report = read(FORMAT, {"person_keypoints_val2017.json": file(row, categories=[pose])})
    assert labels[0].skeleton == {"points": ["a", "b"], "edges": [[0, 1]]} and codes(report) == {"skeleton": 1}
    assert pictures[0].split == "val"
    files, _ = write(FORMAT, Dataset(labels, pictures))
    written = json.loads(files["annotations/instances_val.json"])
    assert written["categories"][0]["skeleton"] == [[1, 2]]
    assert written["annotations"][0]["num_keypoints"] == 1


def test_the_outline_of_an_object_with_keypoints_is_a_group_with_them_and_one_annotation_again():
    pose = {"id": 3, "name": "car", "keypoints": ["a"], "skeleton": []}
    row = {"id": 9, "keypoints": [1, 2, 2], "segmentation": [[1, 1, 4, 1, 4, 4]], "bbox": [1, 1, 3, 3]}
    labels, pictures, _ = read(FORMAT, {"a.json": file(row, categories=[pose])})
    assert [(s.geometry["type"], s.group) for s in pictures[0].shapes] == [("keypoints", "9"), ("polygon", "9")]
    files, _ = write(FORMAT, Dataset(labels, pictures))
    (again,) = json.loads(files["annotations/instances_default.json"])["annotations"]
    assert again["keypoints"] == [1, 2, 2] and again["segmentation"] == [[1, 1, 4, 1, 4, 4]]
    _, pictures, _ = read(FORMAT, {"a.json": file(row, categories=[pose])}, {"outlines": False})
    assert [s.geometry["type"] for s in pictures[0].shapes] == ["keypoints"]


def test_an_object_in_an_instances_and_a_keypoints_file_is_taken_once():
    pose = {"id": 3, "name": "car", "keypoints": ["a"], "skeleton": []}
    row, ring = {"id": 9, "bbox": [1, 1, 3, 3]}, [[1, 1, 4, 1, 4, 4]]
    two = {
        "instances_train2017.json": file({**row, "segmentation": ring}, {"bbox": [0, 0, 1, 1]}),
        "person_keypoints_train2017.json": file({**row, "keypoints": [1, 2, 2]}, categories=[pose]),
    }
    _, pictures, report = read(FORMAT, two)
    assert [s.geometry["type"] for s in pictures[0].shapes] == ["keypoints", "polygon", "box"]
    assert len(pictures) == 1 and not report.counts


def test_the_same_name_in_two_splits_is_two_pictures():
    row = {"bbox": [1, 1, 3, 3]}
    media = {"train/a.jpg": b"", "valid/a.jpg": b""}
    names = {"train/_annotations.coco.json": file(row), "valid/_annotations.coco.json": file()}
    _, pictures, report = read(FORMAT, {**names, **media})
    assert [(p.path, p.split, p.media) for p in pictures] == [
        ("train/a.jpg", "train", "train/a.jpg"),
        ("val/a.jpg", "val", "valid/a.jpg"),
    ]
    assert codes(report) == {"path": 2}


def test_images_that_share_a_name_are_one_picture():
    _, pictures, report = read(
        FORMAT,
        {
            "a.json": file(
                {"bbox": [1, 1, 1, 1]}, {"image_id": 8, "bbox": [2, 2, 1, 1]}, images=[IMAGE, {**IMAGE, "id": 8}]
            )
        },
    )
    assert [len(picture.shapes) for picture in pictures] == [2] and codes(report) == {"image-twice": 1}


def test_a_rotated_box_a_track_and_attributes_as_cvat_writes_them():
    found, _ = shapes({"bbox": [1, 2, 4, 2], "attributes": {"rotation": 30.0, "track_id": 5, "occluded": True}})
    assert found[0].geometry == {"type": "rbox", "cx": 3.0, "cy": 3.0, "w": 4.0, "h": 2.0, "angle": 30.0}
    assert found[0].number == 5 and found[0].attributes == {"occluded": True}


def test_what_coco_has_no_place_for_is_in_the_report():
    shapes_ = [
        Shape("car", {"type": "tag"}),
        Shape("car", {"type": "polyline", "points": [[1, 1], [5, 6]]}, z=2),
        Shape("car", {"type": "polygon", "rings": [[[0, 0], [8, 0], [8, 8]], [[4, 2], [6, 2], [6, 4]]]}, group="g"),
    ]
    files, report = write(FORMAT, Dataset([], [Picture("a.jpg", 10, 10, shapes_)]))
    assert codes(report) == {
        "tag-left-out": 1, "polyline-as-box": 1, "order-lost": 1, "polygon-as-mask": 1, "group-lost": 1,
    }  # fmt: skip
    assert len(json.loads(files["annotations/instances_default.json"])["annotations"]) == 2


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"bbox": [1, 2, -3, 4]}, "bbox-empty"),
        ({"bbox": [1, 2, 0, 4]}, "bbox-empty"),
        ({"bbox": [1, 2, float("nan"), 4]}, "bbox"),
        ({"bbox": [1, 2, 10**400, 4]}, "annotation"),
        ({"bbox": "1 2 3 4"}, "bbox"),
        ({}, "bbox"),
        ({"category_id": 99, "bbox": [1, 2, 3, 4]}, "category-unknown"),
        ({"category_id": [], "bbox": [1, 2, 3, 4]}, "category-unknown"),
        ({"image_id": 99, "bbox": [1, 2, 3, 4]}, "image-unknown"),
        ({"image_id": {}, "bbox": [1, 2, 3, 4]}, "annotation"),
        ({"bbox": [1, 2, 3, 4], "segmentation": {"size": [8, 10], "counts": [3]}}, "mask"),
        ({"bbox": [1, 2, 3, 4], "segmentation": {"size": [9, 9], "counts": [81]}}, "mask-size"),
        ({"bbox": [1, 2, 3, 4], "segmentation": {"size": [8, 10], "counts": "ÿ"}}, "mask"),
        ({"bbox": [1, 2, 3, 4], "segmentation": {"size": [-8, 10], "counts": "0"}}, "mask-size"),
        ({"bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 3]]}, "segmentation"),
        ({"bbox": [1, 2, 3, 4], "keypoints": [1, 2]}, "keypoints"),
        ({"bbox": [1, 2, 3, 4], "keypoints": [1, 2, 7]}, "keypoints"),
        ({"bbox": [1, 2, 3, 4], "attributes": [1]}, "attributes"),
        ({"category_id": 3, "caption": "a car"}, "bbox"),
    ],
)
def test_an_annotation_that_lies_is_named(row, code):
    _, report = shapes({"bbox": [1, 1, 1, 1]}, row)
    assert codes(report) == {code: 1}
    assert (report.remarks[0].file, report.remarks[0].where) == ("a.json", "annotations[1]")


def test_captions_are_left_out_with_a_note():
    rows = json.dumps({"images": [IMAGE], "annotations": [{"id": 1, "image_id": 7, "caption": "x"}]})
    _, pictures, report = read(FORMAT, {"captions_train2017.json": rows})
    assert pictures[0].shapes == [] and codes(report) == {"captions": 1}


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "json", "line 1"),
        ('{"images": [\n{"id": 1,}]}', "json", "line 2"),
        ('{"images": ' + "[" * 100_000, "json", "line 1"),
        ('[{"image_id": 1}]', "no-coco", ""),
        ('{"images": 3}', "no-images", ""),
        ('{"images": [{"id": 1, "file_name": "a"}]', "json", "line 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(text, code, where):
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"a.json": text})
    assert (refused.value.code, refused.value.where, refused.value.file) == (code, where, "a.json")


def test_it_is_told_from_other_json():
    assert FORMAT.detect(Memory({"x/a.json": file({"bbox": [1, 1, 1, 1]})})) > 0.9
    assert FORMAT.detect(Memory({"a.json": '{"shapes": [], "imagePath": "a.jpg"}', "b.txt": "x"})) == 0
