"""CVAT's XML for images and video: round trips, its facts, and XML that lies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from annotations.formats import rle
from annotations.formats.base import FormatError
from annotations.formats.cvat import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import (
    Memory,
    assert_round_trip,
    codes,
    datasets,
    read,
    text_attributes,
    videos,
    write,
)

BOX = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}


def images(inner, head="", attributes='name="a.jpg" width="10" height="8"'):
    return f'<annotations><version>1.1</version>{head}<image id="0" {attributes}>{inner}</image></annotations>'


def shapes(inner, head=""):
    _, pictures, report = read(FORMAT, {"annotations.xml": images(inner, head)})
    return pictures[0].shapes, report


def labels_xml(*labels):
    return f"<meta><task><labels>{''.join(labels)}</labels></task></meta>"


@settings(max_examples=30)
@given(datasets(FORMAT.abilities, attributes=text_attributes()))
def test_what_images_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)


@settings(max_examples=20)
@given(videos(FORMAT.abilities, kinds=("box", "polygon", "rbox", "polyline"), attributes=text_attributes()))
def test_tracks_come_back(dataset):
    assert_round_trip(FORMAT, dataset)


def test_labels_come_back_with_their_colours_and_attributes_of_every_kind():
    attributes = [
        {"name": "colour", "kind": "select", "values": ["red", "blue"], "default": "red"},
        {"name": "speed", "kind": "number", "mutable": True},
        {"name": "parked", "kind": "checkbox", "default": True},
        {"name": "note", "kind": "text"},
    ]
    given_ = {"colour": "blue", "speed": 2.5, "parked": False, "note": "<&>\"'"}
    dataset = Dataset([Label("car", "#e69f00", attributes)], [Picture("a.jpg", 9, 9, [Shape("car", BOX, given_)])])
    files, _ = write(FORMAT, dataset)
    labels, pictures, _ = read(FORMAT, files)
    assert (labels[0].color, labels[0].attributes) == ("#e69f00", attributes)
    assert pictures[0].shapes[0].attributes == given_


def test_a_keyframe_that_names_only_what_changes_is_written_whole():
    keyframes = {0: {"geometry": BOX}, 4: {"occluded": True}, 8: {"geometry": {**BOX, "x": 9}}, 9: {"outside": True}}
    video = Picture("a.mp4", 90, 90, [Shape("car", BOX, keyframes=keyframes, number=3)], frames=20)
    _, (again,), _ = read(FORMAT, write(FORMAT, Dataset([], [video]))[0])
    found = again.shapes[0].keyframes
    assert found[4] == {"geometry": {**BOX, "x": 5}, "occluded": True} and found[9]["outside"] is True


def test_a_shape_of_one_frame_stays_one():
    video = Picture("a.mp4", 90, 90, [Shape("car", BOX, frame=7)], frames=20)
    _, (again,), _ = read(FORMAT, write(FORMAT, Dataset([], [video]))[0])
    assert (again.shapes[0].frame, again.shapes[0].keyframes, again.shapes[0].number) == (7, None, None)


def test_frames_are_those_of_the_source_and_outside_ends_what_is_seen():
    box = '<box frame="{}" keyframe="{}" outside="{}" occluded="0" xtl="1" ytl="2" xbr="4" ybr="6" z_order="0"/>'
    parts = [box.format(10, 1, 0), box.format(13, 0, 0), box.format(16, 1, 0), box.format(19, 0, 1)]
    task = (
        "<meta><task><id>5</id><size>3</size><mode>interpolation</mode><start_frame>10</start_frame>"
        "<stop_frame>16</stop_frame><frame_filter>step=3</frame_filter><source>a/b.mp4</source>"
        "<original_size><width>100</width><height>50</height></original_size></task></meta>"
    )
    text = f'<annotations>{task}<track id="0" label="car">{"".join(parts)}</track></annotations>'
    labels, pictures, report = read(FORMAT, {"annotations.xml": text, "videos/a/b.mp4": b""})
    (video,) = pictures
    assert (video.path, video.width, video.frames, video.media) == ("a/b.mp4", 100, 20, "videos/a/b.mp4")
    assert {n: k.get("outside", False) for n, k in video.shapes[0].keyframes.items()} == {
        10: False,
        16: False,
        19: True,
    }
    assert not report.counts


def test_a_box_turns_about_its_centre_in_degrees():
    found, _ = shapes('<box label="car" xtl="1" ytl="2" xbr="5" ybr="4" rotation="30.0"/>')
    assert found[0].geometry == {"type": "rbox", "cx": 3.0, "cy": 3.0, "w": 4.0, "h": 2.0, "angle": 30.0}


def test_a_mask_counts_by_rows_in_its_frame_background_first():
    found, report = shapes('<mask label="car" rle="1, 2, 3" left="2" top="1" width="3" height="2"/>')
    bits = rle.decode(found[0].geometry["counts"], 8, 10)
    assert bits[1].tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0] and bits.sum() == 2 and not report.counts
    _, report = shapes('<mask label="car" rle="0, 16" left="8" top="6" width="4" height="4"/>')
    assert codes(report) == {"clipped": 1}


def test_skeletons_nest_their_points_in_any_order():
    head = labels_xml(
        "<label><name>man</name><type>skeleton</type><svg>"
        "&lt;line data-type=&quot;edge&quot; data-node-from=&quot;1&quot; data-node-to=&quot;2&quot;&gt;"
        "&lt;circle data-node-id=&quot;1&quot; data-label-name=&quot;head&quot;&gt;"
        "&lt;circle data-node-id=&quot;2&quot; data-label-name=&quot;foot&quot;&gt;</svg></label>",
        "<label><name>head</name><type>points</type><parent>man</parent></label>",
    )
    inner = (
        '<skeleton label="man"><points label="foot" outside="0" occluded="1" points="3,4"/>'
        '<points label="head" outside="1" occluded="0" points="1,2"/></skeleton>'
    )
    labels, pictures, _ = read(FORMAT, {"a.xml": images(inner, head)})
    assert [label.name for label in labels] == ["man"]
    assert labels[0].skeleton == {"points": ["head", "foot"], "edges": [[0, 1]]}
    assert pictures[0].shapes[0].geometry["points"] == [[1, 2, 0], [3, 4, 1]]


def test_an_ellipse_becomes_a_polygon_and_says_so():
    found, report = shapes('<ellipse label="car" cx="5" cy="4" rx="3" ry="2"/>')
    assert len(found[0].geometry["rings"][0]) == 64 and codes(report) == {"ellipse-as-polygon": 1}


def test_points_tags_groups_and_order():
    found, _ = shapes(
        '<points label="a" points="1,2;3,4" z_order="3" group_id="7"/><tag label="b" group_id="0">'
        '<attribute name="x"> y </attribute></tag>'
    )
    assert found[0].geometry == {"type": "keypoints", "points": [[1, 2, 2], [3, 4, 2]]}
    assert (found[0].z, found[0].group, found[1].group, found[1].attributes) == (3, "7", None, {"x": " y "})


def test_an_export_of_a_project_repeats_ids_and_names():
    image = '<image id="0" name="a.jpg" subset="{}" width="9" height="9"/>'
    text = f"<annotations>{''.join(image.format(s) for s in ('Train', 'Validation', 'Train'))}</annotations>"
    _, pictures, report = read(FORMAT, {"a.xml": text, "images/Train/a.jpg": b"", "images/Validation/a.jpg": b""})
    assert [(p.path, p.split) for p in pictures] == [
        ("a.jpg", "train"), ("Validation/a.jpg", "val"), ("Train/a.jpg", "train"),
    ]  # fmt: skip
    assert pictures[1].media == "images/Validation/a.jpg" and codes(report) == {"path": 2}


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ('<box label="car" xtl="1" ytl="2" xbr="1" ybr="4"/>', "shape"),
        ('<box label="car" xtl="1" ytl="2" xbr="nan" ybr="4"/>', "shape"),
        ('<box label="car" xtl="1" ytl="2" xbr="3"/>', "shape"),
        ('<box xtl="1" ytl="2" xbr="3" ybr="4"/>', "shape"),
        ('<polygon label="car" points="1,2;3,4"/>', "shape"),
        ('<polygon label="car" points="1,2;3,4;x"/>', "shape"),
        ('<cuboid label="car" xtl1="1"/>', "shape"),
        ('<ellipse label="car" cx="1" cy="1" rx="-1" ry="1"/>', "shape"),
        ('<skeleton label="car"/>', "shape"),
        ('<mask label="car" rle="1, 2" left="0" top="0" width="2" height="2"/>', "shape"),
        ('<mask label="car" rle="1e9" left="0" top="0" width="2" height="2"/>', "shape"),
        ('<mask label="car" rle="4" left="0" top="0" width="99999999" height="99999999"/>', "shape"),
        ('<mask label="car" rle="4" left="0" top="0" width="-2" height="-2"/>', "shape"),
    ],
)
def test_a_shape_that_lies_is_named(inner, code):
    found, report = shapes(inner)
    assert found == [] and codes(report) == {code: 1}
    assert report.remarks[0].file == "annotations.xml" and "shape 1" in report.remarks[0].where


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "xml", "line 1"),
        ("<annotations>\n<image>\n</annotations>", "xml", "line 3"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>', "xml-entities", ""),
        (
            '<!DOCTYPE a SYSTEM "file:///etc/passwd" [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations/>',
            "xml-entities",
            "",
        ),
        ("<annotations>" + "<a>" * 1000, "xml", ""),
        ('<?xml version="1.0" encoding="klingon"?><annotations/>', "xml", ""),
    ],
)
def test_xml_that_cannot_be_read_is_refused(text, code, where):
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"a.xml": text})
    assert (refused.value.code, refused.value.where, refused.value.file) == (code, where, "a.xml")


def test_what_it_has_no_place_for_is_in_the_report():
    ring = [[0, 0], [8, 0], [8, 8]]
    shape = Shape("car", {"type": "polygon", "rings": [ring, [[4, 1], [6, 1], [6, 3]]]}, confidence=0.5)
    video = Picture("a.mp4", 9, 9, [Shape("car", {"type": "tag"}, frame=1)], frames=3)
    _, report = write(FORMAT, Dataset([], [Picture("a.jpg", 10, 10, [shape]), video]))
    assert codes(report) == {"polygon-as-mask": 1, "confidence-lost": 1, "tag-left-out": 1}


def test_it_is_told_from_other_xml():
    assert FORMAT.detect(Memory({"annotations.xml": images("")})) > 0.9
    assert FORMAT.detect(Memory({"a.xml": "<annotation><object/></annotation>"})) == 0
