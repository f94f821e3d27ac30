"""YOLO datasets in five tasks: round trips, the facts of the trainer, and rows that lie."""

from __future__ import annotations

import io

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from annotations.formats.base import FormatError, Report
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.yolo_format import FORMAT, TASKS, flip_idx
from annotations.formats.yolo_read import label_name
from tests.annotations.formats.roundtrip import (
    Memory,
    codes,
    datasets,
    geometries,
    read,
    same_pictures,
    write,
)

YAML = "names: [car, dog]\ntrain: images/train\nval: images/val\n"


def picture(width=100, height=50, orientation=None):
    buffer, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.new("L", (width, height)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def rows(text, task="auto", description=YAML):
    files = {"data.yaml": description, "images/train/a.jpg": picture(), "labels/train/a.txt": text}
    _, pictures, report = read(FORMAT, files, {"task": task})
    return pictures[0].shapes, report


def by_line(geometry, label="car", **more):
    dataset = Dataset([Label("car"), Label("dog")], [Picture("a.jpg", 100, 50, [Shape(label, geometry, **more)])])
    return dataset


@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose"])
@settings(max_examples=15)
@given(data=st.data(), media=st.booleans())
def test_what_a_task_can_carry_comes_back(task, data, media):
    stems = ("a.jpg", "one/a.jpg", "two/Ü b.png")
    able = TASKS[task]
    dataset = data.draw(datasets(able, paths=stems, kinds=("keypoints",) if task == "pose" else ()))
    files, wrote = write(FORMAT, dataset, {"task": task}, media)
    labels, after, told = read(FORMAT, files, {"task": task})
    assert not wrote.counts and not told.counts
    same_pictures(list(dataset.pictures), after, able)
    assert [(label.name, label.skeleton) for label in labels] == [(x.name, x.skeleton) for x in dataset.labels]


@settings(max_examples=10)
@given(datasets(TASKS["classify"], most=1))
def test_a_class_of_a_picture_comes_back_from_its_folder(dataset):
    files, _ = write(FORMAT, dataset, {"task": "classify"}, media=True)
    _, after, _ = read(FORMAT, files)
    same_pictures([p for p in dataset.pictures if p.shapes], [p for p in after if p.shapes], TASKS["classify"])


@settings(max_examples=40)
@given(
    task=st.sampled_from(("detect", "segment", "obb")), kind=st.sampled_from(("box", "rbox", "polygon")), data=st.data()
)
def test_no_row_is_written_that_the_trainer_would_refuse(task, kind, data):
    geometry = data.draw(geometries(kind, 300, 200))
    files, _ = write(FORMAT, by_line(geometry), {"task": task})
    for row in files["labels/all/a.txt"].decode().splitlines():
        words = row.split()
        assert len(words) in {"detect": (5,), "obb": (9,), "segment": range(7, 99, 2)}[task]
        assert all(0 <= float(word) <= 1 for word in words[1:])


def test_what_is_cut_and_what_is_outside_is_in_the_report():
    boxes = [{"type": "box", "x": -10, "y": 0, "w": 20, "h": 10}, {"type": "box", "x": 200, "y": 0, "w": 20, "h": 10}]
    _, report = write(FORMAT, Dataset([Label("car")], [Picture("a.jpg", 100, 50, [Shape("car", b) for b in boxes])]))
    assert codes(report) == {"clipped": 1, "outside": 1}


@pytest.mark.parametrize(
    ("text", "task", "kinds"),
    [
        ("0 .5 .5 .2 .2\n", "auto", ["box"]),
        ("0 .1 .1 .2 .1 .2 .3\n1 .1 .1 .2 .1 .2 .3 .1 .3", "auto", ["polygon", "polygon"]),
        ("0 .1 .1 .2 .1 .2 .3 .1 .3", "obb", ["rbox"]),
        ("0 .1 .1 .2 .1 .2 .3 .1 .3", "segment", ["polygon"]),
        ("0 .1 .1 .2 .1 .2 .3 .1 .3", "detect", ["box"]),
    ],
)
def test_the_task_is_told_by_the_columns(text, task, kinds):
    assert [shape.geometry["type"] for shape in rows(text, task)[0]] == kinds


def test_nine_columns_alone_have_to_be_asked_for():
    with pytest.raises(FormatError) as asked:
        rows("0 .1 .1 .2 .1 .2 .3 .1 .3")
    assert asked.value.code == "task"


@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_a_row_that_cannot_be_taken_is_named_by_its_line(task):
    good = {"detect": "0 .5 .5 .2 .2", "segment": "0 .1 .1 .2 .1 .2 .3", "obb": "0 .1 .1 .2 .1 .2 .3 .1 .3"}[task]
    bad = [
        "7" + good[1:],
        good + " x",
        "0.5" + good[1:],
        good.replace(".1", "1.2").replace(".5", "nan"),
        "0 .5",
        "-1 " + good[2:],
    ]
    shapes, report = rows("\n".join([good, "", *bad]), task)
    assert len(shapes) == 1 and codes(report) == {"row": 6}
    assert [(remark.file, remark.where) for remark in report.remarks] == [
        ("labels/train/a.txt", f"line {n}") for n in range(3, 9)
    ]


def test_a_box_among_outlines_is_taken_and_said():
    shapes, report = rows("0 .5 .5 .2 .2\n0 .1 .1 .2 .1 .2 .3\n")
    assert [shape.geometry["type"] for shape in shapes] == ["box", "polygon"] and codes(report) == {"row-box": 1}


def test_predictions_have_a_confidence_in_the_last_column():
    assert rows("1 .5 .5 .2 .2 .75")[0][0].confidence == 0.75


@pytest.mark.parametrize(
    ("names", "found"),
    [("[car, dog]", ["car", "dog"]), ("{0: car, 7: dog}", ["car", "dog"]), ("{'0': car}", ["car"])],
)
def test_names_are_a_list_or_numbered_with_gaps(names, found):
    labels, _, _ = read(FORMAT, {"data.yaml": f"names: {names}\n", "images/a.jpg": picture()})
    assert [label.name for label in labels] == found
    if "7" in names:
        assert rows("7 .5 .5 .2 .2\n1 .5 .5 .2 .2", description=f"names: {names}")[0][0].label == "dog"


@pytest.mark.parametrize(
    ("description", "files"),
    [
        ("train: images/train\nval: images/val", ["images/train/a.jpg", "images/val/b.jpg"]),
        (
            "path: /home/me/set\ntrain: ../train/images\nvalidation: ../valid/images",
            ["train/images/a.jpg", "valid/images/b.jpg"],
        ),
        ("train: [one, two]\nval: three", ["two/a.jpg", "three/b.jpg"]),
        ("path: set\ntrain: x.txt\nval: y.txt", ["images/a.jpg", "images/b.jpg"]),
    ],
)
def test_a_split_is_a_folder_a_list_or_a_text_of_paths(description, files):
    lists = {"set/x.txt": "./images/a.jpg\n", "set/y.txt": "/other/machine/images/b.jpg\n"}
    there = {name: picture() for name in files}
    _, pictures, _ = read(FORMAT, {"data.yaml": f"names: [car]\n{description}\n", **lists, **there})
    assert {p.media: p.split for p in pictures} == {files[0]: "train", files[1]: "val"}


def test_a_foreign_download_script_is_left_out():
    labels, pictures, report = read(FORMAT, {"data.yaml": YAML + "download: import os\n", "images/a.jpg": picture()})
    assert codes(report) == {"download": 1}
    files, _ = write(FORMAT, Dataset(labels, pictures))
    assert "download" not in yaml.safe_load(files["data.yaml"])


def test_the_last_images_folder_becomes_labels():
    assert label_name("x/images/train/images/a.b.jpg") == "x/images/train/labels/a.b.txt"


def test_two_pictures_that_differ_in_their_suffix_are_never_mixed():
    box = {"type": "box", "x": 1, "y": 1, "w": 2, "h": 2}
    two = [Picture(name, 10, 10, [Shape("car", box)]) for name in ("a.jpg", "a.png")]
    _, report = write(FORMAT, Dataset([Label("car")], two))
    assert codes(report) == {"same-stem": 1}
    files, report = write(FORMAT, Dataset([Label("car")], two), {"suffixes": True})
    assert not report.counts and {"labels/all/a_jpg.txt", "labels/all/a_png.txt"} < files.keys()
    assert sorted(p.path for p in read(FORMAT, files)[1]) == ["a.jpg", "a.png"]
    _, _, report = read(FORMAT, {"data.yaml": YAML, "images/a.jpg": picture(), "images/a.png": picture()})
    assert codes(report) == {"same-stem": 1}


def test_keypoints_need_their_shape_and_come_with_a_mirror():
    text = "names: [man]\nkpt_shape: [2, 2]\nflip_idx: [1, 0]\n"
    shapes, report = rows("0 .5 .5 .2 .2 .4 .5 0 0\n0 .5 .5 .2 .2 .4 .4 .6 .6\n0 .5 .5 .2 .2 .4 .5", description=text)
    assert [shape.geometry["type"] for shape in shapes] == ["keypoints", "box", "keypoints"]
    assert shapes[0].geometry["points"] == [[40, 25, 2], [0, 0, 0]] and shapes[0].group == shapes[1].group
    assert codes(report) == {"row": 1}
    assert flip_idx(["left_eye", "nose", "right_eye"]) == [2, 1, 0]
    with pytest.raises(FormatError):
        rows("0 .5 .5 .2 .2", "pose")


def test_the_box_of_an_object_with_keypoints_comes_back():
    labels = [Label("man", skeleton={"points": ["a", "b"], "edges": [[0, 1]]})]
    shapes = [
        Shape("man", {"type": "keypoints", "points": [[20, 20, 2], [30, 30, 1]]}, group="g"),
        Shape("man", {"type": "box", "x": 10, "y": 10, "w": 40, "h": 30}, group="g"),
        Shape("man", {"type": "box", "x": 1, "y": 1, "w": 4, "h": 3}),
    ]
    files, report = write(FORMAT, Dataset(labels, [Picture("a.jpg", 100, 50, shapes)]), {"task": "pose"})
    assert len(files["labels/all/a.txt"].splitlines()) == 2
    assert yaml.safe_load(files["data.yaml"])["kpt_shape"] == [2, 3]
    _, (again,), _ = read(FORMAT, files)
    assert [shape.geometry["type"] for shape in again.shapes] == ["keypoints", "box", "box"]


def test_sizes_are_those_of_the_upright_picture():
    files = {"data.yaml": YAML, "images/a.jpg": picture(100, 50, orientation=6), "labels/a.txt": "0 .5 .5 1 1"}
    _, pictures, _ = read(FORMAT, files)
    assert (pictures[0].width, pictures[0].height) == (50, 100)
    assert pictures[0].shapes[0].geometry == {"type": "box", "x": 0, "y": 0, "w": 50, "h": 100}


def test_rows_without_a_picture_are_refused_unless_the_reader_knows_it():
    files = {"data.yaml": YAML, "labels/train/x/a.txt": "0 .5 .5 1 1"}
    assert codes(read(FORMAT, files)[2]) == {"image-unknown": 1}

    class Knowing(Memory):
        def picture(self, stem):
            return ("x/a.jpg", 10, 20) if stem == "x/a" else None

    (found,) = FORMAT.read(Knowing(files), {}, Report())
    assert (found.path, found.split, len(found.shapes)) == ("x/a.jpg", "train", 1)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("names: [a\nb: ]c", "line 2"),
        ("names: 3", ""),
        ("names: [[]]", ""),
        ("- names", ""),
        ("names: " + "[" * 1000, ""),
    ],
)
def test_a_description_that_is_none_is_refused(text, where):
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"data.yaml": text, "images/a.jpg": b""})
    assert refused.value.file == "data.yaml" and refused.value.where.startswith(where)


def test_broken_pictures_are_named():
    files = {"data.yaml": YAML, "images/a.jpg": b"no picture", "labels/a.txt": "0 .5 .5 1 1"}
    _, pictures, report = read(FORMAT, files)
    assert pictures[0].shapes == [] and codes(report) == {"size-unknown": 1}


def test_it_is_told_from_other_texts():
    assert FORMAT.detect(Memory({"data.yaml": YAML, "labels/a.txt": "0 .5 .5 1 1"})) > 0.9
    assert FORMAT.detect(Memory({"labels/a.txt": "0 .5 .5 1 1"})) > 0.5
    assert FORMAT.detect(Memory({"a.txt": "1,2,3,4,5,6"})) == 0
