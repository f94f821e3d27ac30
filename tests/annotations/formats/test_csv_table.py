"""CSV: round trips, the columns that others write, and rows that lie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.csv_table import COLUMNS, FORMAT
from annotations.formats.records import Dataset, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

BOX = {"type": "box", "x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}


def table(text, options=None):
    _, pictures, report = read(FORMAT, {"a.csv": text}, options)
    return pictures, report


@settings(max_examples=25)
@given(datasets(FORMAT.abilities))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, {"unit": "pixels"}, labels=False)


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg,1,2,4,6,car",
        "path,xmin,ymin,xmax,ymax,label\na.jpg,1,2,4,6,car",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,20,10,car,1,2,4,6",
        "\ufeffImage;Label;x;y;width;height\na.jpg;car;1;2;3;4",
        "image_path\tx1\ty1\tx2\ty2\tclass_name\r\na.jpg\t1\t2\t4\t6\tcar\r\n",
        "file name,left,top,bbox_width,bbox_height,category\na.jpg,1,2,3,4,car",
    ],
)
def test_the_usual_columns_are_known(text):
    pictures, report = table(text.replace("file name", "file_name"))
    assert [(shape.label, shape.geometry) for shape in pictures[0].shapes] == [("car", BOX)] and not report.counts


def test_rows_of_a_picture_may_lie_apart_and_none_has_no_label():
    text = "path,xmin,ymin,xmax,ymax,label\na.jpg,1,2,4,6,car\nb.jpg,,,,,\na.jpg,1,2,4,6,car\n"
    pictures, report = table(text)
    assert [(p.path, len(p.shapes)) for p in pictures] == [("a.jpg", 2), ("b.jpg", 0)] and not report.counts


def test_fractions_are_told_by_their_size_and_said():
    text = "path,width,height,xmin,ymin,xmax,ymax,label\na.jpg,20,10,.1,.2,.5,1,car\n"
    pictures, report = table(text)
    assert pictures[0].shapes[0].geometry == {"type": "box", "x": 2, "y": 2, "w": 8, "h": 8}
    assert codes(report) == {"fractions": 1}
    pictures, report = table(text, {"unit": "pixels"})
    assert pictures[0].shapes[0].geometry["x"] == 0.1 and not report.counts


def test_a_table_of_paths_and_labels_is_one_of_tags():
    pictures, _ = table("filename,label\na.jpg,car\n")
    assert [(shape.label, shape.geometry) for shape in pictures[0].shapes] == [("car", {"type": "tag"})]


def test_what_is_written_is_the_documented_table():
    files, report = write(
        FORMAT, Dataset([], [Picture("a.jpg", 9, 8, [Shape("car", BOX)], "val"), Picture("b,c.jpg", 5, 5)])
    )
    assert files["annotations.csv"].decode().splitlines() == [
        ",".join(COLUMNS), "a.jpg,9,8,val,car,1,2,4,6,", '"b,c.jpg",5,5,,,,,,,',
    ]  # fmt: skip
    assert not report.counts


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a.jpg,1,2,x,6,car", "row"),
        ("a.jpg,1,2,nan,6,car", "row"),
        ("a.jpg,1,2,4,6,", "row"),
        ("a.jpg,1,2", "row"),
        ("a.jpg,5,2,4,6,car", "empty"),
        (",1,2,4,6,car", "path"),
    ],
)
def test_a_row_that_lies_is_named(row, code):
    pictures, report = table(f"path,xmin,ymin,xmax,ymax,label\na.jpg,1,2,4,6,car\n{row}\n")
    assert len(pictures[0].shapes) == 1 and codes(report) == {code: 1}
    assert (report.remarks[0].file, report.remarks[0].where) == ("a.csv", "line 3")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "columns"), ("a,b,c\n1,2,3", "columns"), ('path,label\na,"' + "x" * 200_000, "csv")],
)
def test_a_table_that_cannot_be_read_is_refused(text, code):
    with pytest.raises(FormatError) as refused:
        table(text)
    assert refused.value.code == code and refused.value.file == "a.csv"


def test_it_is_told_from_other_tables():
    assert FORMAT.detect(Memory({"a.csv": "path,xmin,ymin,xmax,ymax,label\n"})) > 0.8
    assert FORMAT.detect(Memory({"a.csv": "1,-1,3,4,5,6,7,8,9\n"})) == 0
