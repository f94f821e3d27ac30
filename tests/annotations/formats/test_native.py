"""Frameloop's own format gives back what it was given, and says where a file is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.native import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, videos, write

HEADER = '{"frameloop": 1, "name": "Cows", "labels": [{"name": "cow"}]}'
BOX = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4.5}
EVERY = Shape(
    "cow",
    {"type": "polygon", "rings": [[["a", 0, 0], [1, 4.25, 0], [7, 4, 4]]]},
    attributes={"age": 3, "sick": False, "name": "Zoë"},
    confidence=0.0,
    source="model",
    number=17,
    group="herd",
    z=-2,
    author="alice@example.com",
    id="018f",
)
KEYFRAMES = {0: {"geometry": BOX}, 7: {"occluded": True, "attributes": {"age": 4}}, 12: {"outside": True}}


def lines(*pictures_: object) -> dict[str, str]:
    return {"frameloop.jsonl": "\n".join([HEADER, *map(json.dumps, pictures_)]) + "\n"}


def one(**shape: object) -> dict[str, str]:
    return lines({"path": "a.jpg", "shapes": [{"label": "cow", "geometry": BOX, **shape}]})


def test_everything_comes_back_as_it_was():
    labels = [
        Label(
            "cow",
            "#E69F00",
            [{"name": "age", "kind": "number", "mutable": True}],
            {"points": ["nose", "tail"], "edges": [[0, 1]]},
            ["Kuh"],
            4,
        ),
        Label("calf", index=5, retired=True),
    ]
    pictures = [
        Picture("barn/a.jpg", 640, 480, [EVERY, Shape("cow", {"type": "tag"})], split="val", state="approved"),
        Picture(
            "b.mp4", 64, 48, [Shape("cow", BOX, keyframes=KEYFRAMES), Shape("cow", BOX, frame=0)], frames=20, fps=25
        ),
        Picture("b_3.png", of_video="b.mp4", frame=3),
    ]
    content, wrote = write(FORMAT, Dataset(labels, pictures, "Cows"))
    known, back, told = read(FORMAT, content)
    assert (known, back) == (labels, pictures)
    assert FORMAT.read(Memory(content), {}, told).name == "Cows"
    assert not wrote.counts and not told.counts


@settings(max_examples=20)
@given(datasets(FORMAT.abilities, holes=True))
def test_what_people_draw_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, tolerance=0)


@settings(max_examples=20)
@given(videos(FORMAT.abilities, kinds=("box", "rbox", "polygon", "mask", "keypoints")))
def test_tracks_come_back(dataset):
    assert_round_trip(FORMAT, dataset, tolerance=0)


def test_one_picture_is_one_line_and_says_only_what_is_not_the_default():
    dataset = Dataset([Label("cow")], [Picture("a.jpg", shapes=[Shape("cow", BOX)]), Picture("b.jpg")])
    content, _ = write(FORMAT, dataset)
    _header, first, second = content["frameloop.jsonl"].decode().splitlines()
    assert json.loads(first) == {"path": "a.jpg", "shapes": [{"label": "cow", "geometry": BOX}]}
    assert json.loads(second) == {"path": "b.jpg"}


def test_the_pixels_are_found_beside_the_labels():
    content = {f"export/{n}": c for n, c in {**lines({"path": "x/a.jpg"}), "media/x/a.jpg": "pixels"}.items()}
    assert FORMAT.detect(Memory(content)) == 1.0
    _, back, _ = read(FORMAT, content)
    assert back[0].media == "export/media/x/a.jpg"
    assert FORMAT.media_name(Picture("x/a.jpg"), {}) == "media/x/a.jpg"


def test_a_file_of_a_newer_version_is_refused_with_what_to_do():
    with pytest.raises(FormatError, match="newer Frameloop .format 2, this one reads up to 1.. Update") as refused:
        read(FORMAT, {"frameloop.jsonl": '{"frameloop": 2}'})
    assert (refused.value.code, refused.value.file, refused.value.where) == ("newer", "frameloop.jsonl", "line 1")


@pytest.mark.parametrize("first", ["", "[]", "{}", '{"frameloop": "1"}', '{"frameloop": 1, "labels": {}}', "\xff"])
def test_what_has_no_header_is_refused(first):
    with pytest.raises(FormatError):
        read(FORMAT, {"frameloop.jsonl": first})


def test_unknown_fields_are_noted_once_each():
    content = lines({"path": "a.jpg", "mood": 1}, {"path": "b.jpg", "mood": 2, "shapes": []})
    _, back, report = read(FORMAT, content)
    assert [p.path for p in back] == ["a.jpg", "b.jpg"]
    (remark,) = report.remarks
    assert (remark.severity, remark.code, remark.where) == ("note", "unknown-field", "line 2")
    assert "'mood'" in remark.text


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ({"geometry": {**BOX, "w": -3}}, "w must be above 0"),
        ({"geometry": {**BOX, "x": 1e300}}, "x must be a finite number"),
        ({"geometry": {"type": "sphere"}}, "type must be one of"),
        ({"geometry": {"type": "polygon", "rings": [[[0, 0, 0]]]}}, "at least 3 vertices"),
        ({"geometry": {"type": "mask", "size": [2, 2], "counts": "0"}}, "covers 0 pixels"),
        ({"geometry": {"type": "mask", "size": [2, 2], "blob": "a" * 64}}, "counts"),
        ({"geometry": [1]}, "geometry is a list of 1"),
        ({"label": ""}, "label is ''"),
        ({"confidence": 1.5}, "from 0 to 1"),
        ({"source": "oracle"}, "one of human, model, import"),
        ({"attributes": {"deep": {}}}, "attributes.deep"),
        ({"keyframes": {"-1": {}}}, "counted from 0"),
        ({"keyframes": {"1": {"geometry": {"type": "box"}}}}, "exactly the fields"),
        ({"keyframes": {"1": {"outside": 1}}}, "true or false"),
        ({"number": 1.5}, "whole number"),
    ],
)
def test_a_wrong_shape_is_left_out_with_its_line(shape, word):
    _, back, report = read(FORMAT, one(**shape))
    (remark,) = report.remarks
    assert back[0].shapes == []
    assert (remark.severity, remark.file, remark.where) == ("refused", "frameloop.jsonl", "line 2, shapes[0]")
    assert word in remark.text


def test_wrong_pictures_and_labels_are_left_out():
    content = lines(
        {"path": ""}, {"width": 3}, 7, {"path": "a", "width": -1}, {"path": "b", "shapes": 1}, {"path": "c"}
    )
    content["frameloop.jsonl"] = content["frameloop.jsonl"].replace('{"name": "cow"}', '{"name": "cow"}, {}, 3')
    labels, back, report = read(FORMAT, content)
    assert [label.name for label in labels] == ["cow"]
    assert [picture.path for picture in back] == ["c"]
    assert codes(report) == {"label": 2, "picture": 5}


@pytest.mark.parametrize("line", ["{", '{"path": NaN}', "[" * 5000, '{"path": 1e999}', '{"path": "\udcff"}'])
def test_a_line_that_is_no_json_ends_it_and_is_named(line):
    content = {"frameloop.jsonl": f"{HEADER}\n{line}\n".encode(errors="surrogateescape")}
    with pytest.raises(FormatError) as refused:
        read(FORMAT, content)
    assert refused.value.where.startswith("line 2, column ")


def test_pictures_are_read_one_at_a_time():
    content = {"frameloop.jsonl": f'{HEADER}\n{{"path": "a.jpg"}}\nbroken\n'}
    dataset = FORMAT.read(Memory(content), {}, None)  # type: ignore[arg-type]
    assert next(iter(dataset)).path == "a.jpg"
