"""LabelMe: what it can carry comes back, both of its formats are read, and wrong files are named."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from annotations.formats import convert, rle
from annotations.formats.base import FormatError
from annotations.formats.labelme import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

KINDS = ("box", "rbox", "polygon", "polyline", "keypoints", "mask")


def png(pixels: Any) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def document(*shapes: Any, **more: Any) -> str:
    found = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.jpg", "imageWidth": 8, "imageHeight": 6}
    return json.dumps(found | more)


def one(**shape: Any) -> tuple[list[Shape], Any]:
    _, (picture,), report = read(FORMAT, {"a.json": document({"label": "cow", **shape})})
    return picture.shapes, report


@settings(max_examples=20)
@given(datasets(FORMAT.abilities, kinds=KINDS))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)


def test_tags_are_flags_of_the_picture_and_what_a_flag_cannot_say_is_told():
    tags = [Shape("sunny", {"type": "tag"}), Shape("blurred", {"type": "tag"}, {"much": True})]
    content, report = write(FORMAT, Dataset([], [Picture("a.jpg", 8, 6, tags)]))
    assert codes(report) == {"tag-as-flag": 1}
    assert json.loads(content["a.json"])["flags"] == {"sunny": True, "blurred": True}
    _, (picture,), _ = read(FORMAT, content)
    assert [(shape.label, shape.geometry) for shape in picture.shapes] == [
        ("sunny", {"type": "tag"}),
        ("blurred", {"type": "tag"}),
    ]


def test_flags_descriptions_and_groups_come_along():
    (shape,), _ = one(points=[[1, 1]], shape_type="point", flags={"sick": False}, description="left", group_id=3)
    assert (shape.attributes, shape.group) == ({"sick": False, "description": "left"}, "3")
    content, _ = write(FORMAT, Dataset([], [Picture("a.jpg", 8, 6, [shape])]))
    (found,) = json.loads(content["a.json"])["shapes"]
    assert (found["description"], found["group_id"], found["attributes"]) == ("left", 1, {"sick": False})


@pytest.mark.parametrize(
    "points", [[[1, 2], [4, 6]], [[4, 6], [1, 2]], [[4, 2], [1, 6]], [[1, 2], [4, 2], [4, 6], [1, 6]]]
)
def test_a_rectangle_has_two_corners_in_any_order_or_four(points):
    (shape,), report = one(points=points, shape_type="rectangle")
    assert shape.geometry == {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
    assert not report.counts


def test_a_circle_is_its_centre_and_a_point_of_its_edge():
    (shape,), report = one(points=[[4, 3], [4, 1]], shape_type="circle")
    assert convert.area(shape.geometry) == pytest.approx(np.pi * 4, rel=0.01)
    assert codes(report) == {"circle": 1}


def test_a_mask_is_a_picture_between_two_points_that_belong_to_it():
    (shape,), _ = one(points=[[2, 1], [4, 2]], shape_type="mask", mask=png([[1, 0, 1], [0, 1, 1]]))
    bits = rle.decode(shape.geometry["counts"], 6, 8)
    assert np.argwhere(bits).tolist() == [[1, 2], [1, 4], [2, 3], [2, 4]]
    content, _ = write(FORMAT, Dataset([], [Picture("a.jpg", 8, 6, [shape])]))
    assert json.loads(content["a.json"])["shapes"][0]["points"] == [[2, 1], [4, 2]]


def test_an_oriented_rectangle_has_four_corners():
    turned = {"type": "rbox", "cx": 4, "cy": 3, "w": 4, "h": 2, "angle": 30}
    (shape,), _ = one(points=convert.corners(turned), shape_type="oriented_rectangle")
    assert {name: pytest.approx(value) for name, value in turned.items()} == shape.geometry


@pytest.mark.parametrize(
    ("kind", "points", "type_"),
    [
        (None, [[0, 0], [3, 0], [3, 3]], "polygon"),
        ("line", [[0, 0], [3, 3]], "polyline"),
        ("linestrip", [[0, 0], [3, 3], [4, 4]], "polyline"),
        ("point", [[1, 1]], "keypoints"),
    ],
)
def test_the_other_kinds(kind, points, type_):
    (shape,), report = one(points=points, shape_type=kind)
    assert (shape.geometry["type"], report.counts.total()) == (type_, 0)


def test_the_size_may_be_absent_and_is_taken_from_the_picture_inside():
    inside = document(imageWidth=None, imageHeight=None, imageData=png(np.zeros((6, 8))))
    nowhere = document(imageWidth=None, imageHeight=None, imageData="no picture")
    _, pictures, _ = read(FORMAT, {"a.json": inside, "b.json": nowhere})
    assert [(p.width, p.height) for p in pictures] == [(8, 6), (0, 0)]


def test_pictures_are_found_beside_their_file_and_in_a_folder_of_their_own():
    one_, two = document(imagePath="..\\img\\a.jpg"), document(imagePath="a.jpg")
    content = {"x/ann/a.json": one_, "x/img/a.jpg": "pixels"}
    assert [(p.path, p.media) for p in read(FORMAT, content)[1]] == [("x/img/a.jpg", "x/img/a.jpg")]
    content = {"ann/a.json": two, "img/a.jpg": "pixels"}
    assert [p.media for p in read(FORMAT, content)[1]] == ["img/a.jpg"]
    content = {"a.json": two, "sub/a.json": two, "sub/a.jpg": "", "b.jpg": ""}
    assert [(p.path, p.media) for p in read(FORMAT, content)[1]] == [("a.jpg", ""), ("sub/a.jpg", "sub/a.jpg")]


def test_the_same_name_with_two_endings_is_two_files():
    dataset = Dataset([Label("cow")], [Picture("x/a.jpg", 8, 6), Picture("x/a.png", 8, 6), Picture("v.mp4", frames=3)])
    content, report = write(FORMAT, dataset)
    assert sorted(content) == ["labels.txt", "x/a.json", "x/a.png.json"]
    assert [p.path for p in read(FORMAT, content)[1]] == ["x/a.jpg", "x/a.png"]
    assert codes(report) == {"video-left-out": 1}


OLDER = """<annotation><filename>a.jpg</filename><imagesize><nrows>6</nrows><ncols>8</ncols></imagesize>
<object><name>cow</name><deleted>0</deleted><occluded>yes</occluded><attributes>brown, age=3</attributes>
<polygon><pt><x>1</x><y>1</y></pt><pt><x>4</x><y>1</y></pt><pt><x>4</x><y>5.5</y></pt></polygon></object>
<object><name>gone</name><deleted>1</deleted></object>
<object><name>calf</name><type>bounding_box</type><polygon><pt><x>1</x><y>1</y></pt><pt><x>4</x><y>1</y></pt>
<pt><x>4</x><y>5</y></pt><pt><x>1</x><y>5</y></pt></polygon></object>
<object><name>mouse</name><polygon><pt><x>1</x><y>NaN</y></pt><pt><x>4</x><y>1</y></pt></polygon></object></annotation>"""


def test_mits_xml_is_read():
    assert FORMAT.detect(Memory({"a.xml": OLDER})) > 0.5
    _, (picture,), report = read(FORMAT, {"x/a.xml": OLDER, "x/a.jpg": ""})
    assert (picture.path, picture.width, picture.height, picture.media) == ("x/a.jpg", 8, 6, "x/a.jpg")
    cow, calf = picture.shapes
    assert cow == Shape(
        "cow",
        {"type": "polygon", "rings": [[[1, 1], [4, 1], [4, 5.5]]]},
        {"brown": True, "age": "3", "occluded": True},
    )
    assert calf.geometry == {"type": "box", "x": 1, "y": 1, "w": 3, "h": 4}
    (remark,) = report.remarks
    assert (remark.file, remark.where) == ("x/a.xml", "object 4")


@pytest.mark.parametrize(
    "text",
    [
        "<annotation>",
        '<!DOCTYPE a [<!ENTITY b "bb">]><annotation>&b;</annotation>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>',
        "<annotation><filename/></annotation>",
    ],
)
def test_a_wrong_or_dangerous_xml_is_left_out(text):
    _, pictures, report = read(FORMAT, {"a.xml": text, "b.json": document()})
    assert [p.path for p in pictures] == ["a.jpg"]
    assert [(remark.severity, remark.file) for remark in report.remarks] == [("refused", "a.xml")]


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ({"points": [[0, 0], [3, 0]]}, "at least 3"),
        ({"points": [[0, 0], [3, 0], [3, 1e300]]}, "finite number"),
        ({"points": [[0, 0], [3, 0], [3, "1"]]}, "not a number"),
        ({"points": [[0, 0], [0, 0]], "shape_type": "rectangle"}, "w must be above 0"),
        ({"points": [[0, 0]], "shape_type": "rectangle"}, "2 or 4 are needed"),
        ({"points": [[0, 0], [0, 0]], "shape_type": "circle"}, "no radius"),
        ({"points": [[0, 0], [3, 3]], "shape_type": "mask", "mask": "AAAA"}, "no PNG"),
        ({"points": [[0, 0], [3, 3]], "shape_type": "mask"}, "a PNG in base64"),
        ({"points": [[6, 0], [7, 1]], "shape_type": "mask", "mask": png(np.ones((3, 3)))}, "out of the picture"),
        ({"points": [[0, 0], [3, 3]], "shape_type": "mask", "mask": png(np.ones((9, 9)))}, "9 x 9 pixels"),
        ({"points": 3, "shape_type": "sphere"}, "shape_type is 'sphere'"),
        ({"points": 3, "shape_type": ["box"]}, "shape_type is a list"),
        ({"points": [[1, 1]], "shape_type": "point", "label": None}, "label is None"),
        ({"points": [[1, 1]], "shape_type": "point", "score": -1}, "from 0 to 1"),
        ({"points": [[1, 1]], "shape_type": "point", "flags": 7}, "flags is 7"),
    ],
)
def test_a_wrong_shape_is_left_out_with_its_place(shape, word):
    shapes, report = one(**shape)
    (remark,) = report.remarks
    assert shapes == []
    assert (remark.severity, remark.file, remark.where) == ("refused", "a.json", "shapes[0]")
    assert word in remark.text


def test_a_broken_file_is_left_out_and_one_of_others_left_alone():
    content = {"a.json": '{"shapes": [NaN]}', "b.json": "[" * 9999, "c.json": "[]", "d.json": document()}
    content["e.json"] = document(imageWidth=-5)
    _, pictures, report = read(FORMAT, content)
    assert [p.path for p in pictures] == ["a.jpg"]
    assert [(remark.severity, remark.file) for remark in report.remarks] == [
        ("refused", "a.json"),
        ("refused", "b.json"),
        ("note", "c.json"),
        ("refused", "e.json"),
    ]
    assert report.remarks[0].where == "line 1, column 13"


def test_it_is_told_from_other_files():
    assert FORMAT.detect(Memory({"a.json": document()})) > 0.5
    assert FORMAT.detect(Memory({"a.json": '{"images": [], "annotations": []}', "a.xml": "<annotation><size/>"})) == 0
    with pytest.raises(FormatError, match="neither a JSON nor an XML"):
        read(FORMAT, {"a.txt": ""})
