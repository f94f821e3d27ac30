"""DOTA's labelTxt: round trips, its header, and rows that lie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.dota import FORMAT
from annotations.formats.records import Dataset, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

ROW = "1 1 5 1 5 3 1 3 large-vehicle 1"


def rows(*lines):
    _, pictures, report = read(FORMAT, {"labelTxt/P1.txt": "\n".join(lines), "images/P1.tif": b""})
    return pictures[0], report


@settings(max_examples=25)
@given(datasets(FORMAT.abilities, least=1))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, labels=False)


def test_the_header_is_skipped_and_a_rectangle_is_exact():
    picture, report = rows("imagesource:GoogleEarth", "gsd:0.146343590398", ROW, ROW[:-2])
    assert (picture.path, picture.media) == ("P1.tif", "images/P1.tif") and not report.counts
    assert picture.shapes[0].geometry == {"type": "rbox", "cx": 3, "cy": 2, "w": 4, "h": 2, "angle": 0}
    assert [shape.attributes for shape in picture.shapes] == [{"difficult": True}, {}]


def test_corners_the_other_way_round_are_the_same_box():
    picture, _ = rows("1 1 1 3 5 3 5 1 car 0")
    assert picture.shapes[0].geometry == {"type": "rbox", "cx": 3, "cy": 2, "w": 4, "h": 2, "angle": 0}


def test_corners_that_are_no_rectangle_are_said():
    picture, report = rows("0 0 6 1 5 3 1 3 car 0")
    assert picture.shapes[0].geometry["w"] > 0 and codes(report) == {"not-rectangle": 1}


def test_difficult_comes_back_and_other_attributes_are_lost():
    box = {"type": "box", "x": 1, "y": 1, "w": 4, "h": 2}
    shapes = [Shape("a b", box, {"difficult": True}), Shape("c", box, {"colour": "red"})]
    files, report = write(FORMAT, Dataset([], [Picture("a.jpg", 9, 9, shapes, split="val")]))
    assert codes(report) == {"attributes-lost": 1}
    (again,) = read(FORMAT, files)[1]
    assert [(s.label, s.attributes) for s in again.shapes] == [("a b", {"difficult": True}), ("c", {})]
    assert again.split == "val" and files["labelTxt/val/a.txt"].splitlines()[1] == "1 1 5 1 5 3 1 3 a·b 1".encode()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1 1 5 1 5 3 1 car 0", "row"),
        ("1 1 5 1 5 3 1 nan car 0", "row"),
        ("1 1 5 1 5 3 1 1e300 car 0", "row"),
        ("1 1 1 1 1 1 1 1 car 0", "empty"),
        ("x", "row"),
    ],
)
def test_a_row_that_lies_is_named(row, code):
    picture, report = rows(ROW, "", row)
    assert len(picture.shapes) == 1 and codes(report) == {code: 1}
    assert (report.remarks[0].file, report.remarks[0].where) == ("labelTxt/P1.txt", "line 3")


def test_it_is_told_from_other_texts_and_needs_some():
    assert FORMAT.detect(Memory({"labelTxt/a.txt": f"imagesource:x\ngsd:1\n{ROW}"})) > 0.9
    assert FORMAT.detect(Memory({"labels/a.txt": "0 .5 .5 .2 .2"})) == 0
    with pytest.raises(FormatError):
        read(FORMAT, {"a.xml": ""})
