"""Folders that are classes: tags come back, foreign folders are read, nothing overwrites anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.folders import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

TAG = {"type": "tag"}


def with_one_tag(dataset: Dataset) -> Dataset:
    for picture in dataset.pictures:
        del picture.shapes[1:]
    return dataset


@settings(max_examples=40)
@given(datasets(FORMAT.abilities).map(with_one_tag))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, media=True)


def test_a_picture_lies_in_the_folder_of_its_split_and_tag():
    pictures = [
        Picture("x/a.jpg", split="train", shapes=[Shape("a/b", TAG)]),
        Picture("a.jpg", shapes=[Shape("..", TAG)]),
        Picture("b.jpg", split="val"),
    ]
    content, _ = write(FORMAT, Dataset([], pictures), media=True)
    assert {"train/a_b/x/a.jpg", "_/a.jpg", "val/_unlabelled/b.jpg"} < content.keys()
    _, back, _ = read(FORMAT, content)
    assert [(p.path, p.split, [s.label for s in p.shapes]) for p in back] == [
        ("x/a.jpg", "train", ["a/b"]),
        ("a.jpg", "", [".."]),
        ("b.jpg", "val", []),
    ]


def test_more_than_one_tag_and_everything_else_is_told():
    box = Shape("cow", {"type": "box", "x": 1, "y": 1, "w": 2, "h": 2})
    picture = Picture("a.jpg", shapes=[box, Shape("one", TAG, {"age": 3}), Shape("two", TAG)])
    content, report = write(FORMAT, Dataset([Label("zero")], [picture]))
    assert codes(report) == {"box-left-out": 1, "attributes-lost": 1, "tags-lost": 1}
    labels, (back,), _ = read(FORMAT, content)
    assert [label.name for label in labels] == ["zero", "one"]
    assert back.shapes == [Shape("one", TAG)]


def test_folders_of_others_keep_the_class_in_the_path():
    names = ["set/train/cat/1.jpg", "set/train/dog/1.jpg", "set/val/dog/1.jpg", "set/val/lonely.jpg"]
    labels, pictures, report = read(FORMAT, dict.fromkeys(names, ""))
    assert [(label.name, label.index) for label in labels] == [("cat", 0), ("dog", 1)]
    assert [(p.path, p.media, p.split, [s.label for s in p.shapes]) for p in pictures] == [
        (names[0], names[0], "train", ["cat"]),
        (names[1], names[1], "train", ["dog"]),
        (names[2], names[2], "val", ["dog"]),
        (names[3], names[3], "val", []),
    ]
    assert codes(report) == {"no-class": 1}


def test_a_list_that_lies_is_told_by_line():
    head = "file,path,split,label,width,height,mask\n"
    _, pictures, report = read(FORMAT, {"folders.csv": head + "x,a.jpg,,cow,-1,2,\n,,,,,,\n../../b,b.jpg,,cow,1,1,\n"})
    assert [(p.path, p.media) for p in pictures] == [("b.jpg", "")]
    assert [(remark.severity, remark.where) for remark in report.remarks] == [
        ("refused", "line 2"),
        ("refused", "line 3"),
    ]
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"folders.csv": head + '"a\n'})
    assert refused.value.where == "line 2"


def test_it_is_told_from_other_folders():
    assert FORMAT.detect(Memory(dict.fromkeys(("cat/1.jpg", "dog/1.jpg"), ""))) > 0.5
    assert FORMAT.detect(Memory(dict.fromkeys(("cat/1.jpg", "dog/1.jpg", "2.jpg"), ""))) == 0
    assert FORMAT.detect(Memory(dict.fromkeys(("images/1.jpg", "labels/1.txt"), ""))) == 0
    assert FORMAT.detect(Memory(write(FORMAT, Dataset([], []))[0])) > 0.8
    with pytest.raises(FormatError, match="no pictures"):
        read(FORMAT, {"a.txt": ""})
