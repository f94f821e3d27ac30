"""Pascal VOC: round trips, its facts, and XML that lies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.records import Dataset, Picture, Shape
from annotations.formats.voc import FORMAT
from tests.annotations.formats.roundtrip import (
    Memory,
    assert_round_trip,
    codes,
    datasets,
    read,
    text_attributes,
    write,
)

SIZE = "<size><width>20</width><height>10</height></size>"


def thing(corners, more="", name="car"):
    edges = "".join(
        f"<{edge}>{value}</{edge}>" for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return f"<object><name>{name}</name><bndbox>{edges}</bndbox>{more}</object>"


def picture(*objects, filename="a.jpg", first="auto"):
    text = f"<annotation><filename>{filename}</filename>{SIZE}{''.join(objects)}</annotation>"
    _, pictures, report = read(FORMAT, {"Annotations/a.xml": text}, {"first": first})
    return pictures[0], report


@pytest.mark.parametrize("first", ["one", "zero"])
@settings(max_examples=15)
@given(dataset=datasets(FORMAT.abilities, attributes=text_attributes(), least=1))
def test_what_it_can_carry_comes_back(first, dataset):
    told = assert_round_trip(FORMAT, dataset, {"first": first}, labels=False, clean=False)
    assert codes(told) == {f"first-pixel-{int(first == 'one')}": 1}


@pytest.mark.parametrize(
    ("first", "corners", "box"),
    [
        ("one", (1, 1, 1, 1), (0, 0, 1, 1)),
        ("auto", (1, 1, 20, 10), (0, 0, 20, 10)),
        ("auto", (0, 3, 20, 10), (0, 3, 20, 7)),
        ("zero", (1, 1, 3, 4), (1, 1, 2, 3)),
        ("one", ("1.5", "2.25", "3.5", "4.5"), (0.5, 1.25, 3, 3.25)),
    ],
)
def test_the_first_pixel_is_1_unless_chosen_or_seen_and_that_is_recorded(first, corners, box):
    found, report = picture(thing(corners), first=first)
    assert found.shapes[0].geometry == {"type": "box", **dict(zip("xywh", box, strict=True))}
    assert set(codes(report)) <= {"first-pixel-0", "first-pixel-1"} and len(report.remarks) == 1


def test_flags_may_be_absent_and_pose_is_an_attribute():
    more = "<difficult>1</difficult><occluded>0</occluded><pose>Left</pose>"
    found, _ = picture(thing((2, 2, 4, 4)), thing((2, 2, 4, 4), more))
    assert [shape.attributes for shape in found.shapes] == [{}, {"difficult": True, "pose": "Left"}]
    files, _ = write(FORMAT, Dataset([], [found]))
    assert read(FORMAT, files)[1][0].shapes[1].attributes == {"difficult": True, "pose": "Left"}


def test_parts_are_shapes_of_one_group_with_the_whole():
    part = "<part><name>wheel</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></part>"
    found, _ = picture(thing((2, 2, 9, 9), part), thing((2, 2, 4, 4)))
    assert [(shape.label, shape.group) for shape in found.shapes] == [
        ("car", "object 1"),
        ("wheel", "object 1"),
        ("car", None),
    ]


def test_splits_are_lists_of_names_and_segments_are_left_out_with_a_note():
    text = "<annotation><filename>{}.jpg</filename></annotation>"
    files = {
        "VOC/Annotations/a.xml": text.format("a"),
        "VOC/Annotations/b.xml": text.format("b"),
        "VOC/ImageSets/Main/train.txt": "a\n",
        "VOC/ImageSets/Main/val.txt": "b\n",
        "VOC/ImageSets/Main/car_train.txt": "b 1\n",
        "VOC/SegmentationClass/a.png": b"",
        "VOC/JPEGImages/a.jpg": b"",
    }
    _, pictures, report = read(FORMAT, files)
    assert [(p.path, p.split, p.media) for p in pictures] == [
        ("a.jpg", "train", "VOC/JPEGImages/a.jpg"), ("b.jpg", "val", ""),
    ]  # fmt: skip
    assert codes(report)["segmentation"] == 1


def test_two_pictures_that_differ_in_their_suffix_have_two_files():
    files, _ = write(FORMAT, Dataset([], [Picture("a.jpg", 9, 9), Picture("a.png", 9, 9)]))
    assert sorted(p.path for p in read(FORMAT, files)[1]) == ["a.jpg", "a.png"]


@pytest.mark.parametrize(
    ("corners", "code"),
    [((5, 5, 4, 9), "empty"), ((5, 5, "nan", 9), "object"), ((5, 5, "", 9), "object"), ((5, 5, -9, -9), "empty")],
)
def test_an_object_that_lies_is_named(corners, code):
    found, report = picture(thing((2, 2, 4, 4)), thing(corners))
    assert len(found.shapes) == 1 and codes(report)[code] == 1
    assert (report.remarks[-1].file, report.remarks[-1].where) == ("Annotations/a.xml", "object 2")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "xml"), ("<annotation>\n<a></annotation>", "xml"), ("<other/>", "no-voc"), ("<a>" * 500, "xml"),
     ('<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', "xml-entities")],
)  # fmt: skip
def test_one_file_that_cannot_be_read_is_refused_and_the_others_are_taken(text, code):
    good = "<annotation><filename>b.jpg</filename></annotation>"
    _, pictures, report = read(FORMAT, {"a.xml": text, "b.xml": good})
    assert len(pictures) == 1 and codes(report)[code] == 1


def test_a_rotated_box_loses_its_angle_and_the_report_says_so():
    rbox = {"type": "rbox", "cx": 5, "cy": 5, "w": 4, "h": 2, "angle": 90}
    files, report = write(FORMAT, Dataset([], [Picture("a.jpg", 10, 10, [Shape("car", rbox)])]))
    assert codes(report) == {"rbox-as-box": 1}
    assert b"<xmin>5</xmin><ymin>4</ymin><xmax>6</xmax><ymax>7</ymax>" in files["Annotations/a.xml"]


def test_it_is_told_from_other_xml_and_needs_some():
    assert FORMAT.detect(Memory({"a.xml": "<annotation><filename>a</filename></annotation>"})) > 0.9
    assert FORMAT.detect(Memory({"a.xml": "<annotations><image/></annotations>"})) == 0
    with pytest.raises(FormatError):
        read(FORMAT, {"a.txt": ""})
