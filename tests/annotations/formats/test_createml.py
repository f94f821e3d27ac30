"""Create ML: round trips, boxes by their centre, and JSON that lies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.createml import FORMAT
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read

GOOD = {"label": "car", "coordinates": {"x": 10, "y": 20, "width": 4, "height": 6}}


def shapes(*annotations):
    _, pictures, report = read(FORMAT, {"a.json": json.dumps([{"image": "a.jpg", "annotations": list(annotations)}])})
    return pictures[0].shapes, report


@settings(max_examples=25)
@given(datasets(FORMAT.abilities))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, labels=False)


def test_coordinates_are_those_of_the_centre():
    found, report = shapes(GOOD)
    assert found[0].geometry == {"type": "box", "x": 8, "y": 17, "w": 4, "h": 6} and not report.counts


def test_the_same_name_in_two_splits_is_two_pictures():
    rows = json.dumps([{"image": "a.jpg", "annotations": []}])
    names = {"train/_annotations.createml.json": rows, "valid/_annotations.createml.json": rows}
    _, pictures, report = read(FORMAT, {**names, "train/a.jpg": b"", "valid/a.jpg": b""})
    assert [(p.path, p.split, p.media) for p in pictures] == [
        ("a.jpg", "train", "train/a.jpg"), ("val/a.jpg", "val", "valid/a.jpg"),
    ]  # fmt: skip
    assert codes(report) == {"path": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label": ""}, "annotation"),
        ({"label": ["car"]}, "annotation"),
        ({"coordinates": None}, "annotation"),
        ({"coordinates": {"x": 1, "y": 2, "width": float("nan"), "height": 3}}, "annotation"),
        ({"coordinates": {"x": 1, "y": 2, "width": -4, "height": 3}}, "empty"),
        ({"coordinates": {"x": "1", "y": 2, "width": 4, "height": 3}}, "annotation"),
    ],
)
def test_an_annotation_that_lies_is_named(change, code):
    found, report = shapes(GOOD, {**GOOD, **change})
    assert len(found) == 1 and codes(report) == {code: 1}
    assert (report.remarks[0].file, report.remarks[0].where) == ("a.json", "[0].annotations[1]")


def test_a_picture_that_is_none_is_named():
    _, pictures, report = read(FORMAT, {"a.json": json.dumps([3, {"image": 3}, {"image": "a", "annotations": 3}])})
    assert pictures == [] and codes(report) == {"image": 3}


@pytest.mark.parametrize(
    ("text", "code"), [("{}", "json"), ('{"a": 1}', "no-list"), ("[{]", "json"), ("[" * 9999, "json")]
)
def test_a_file_that_cannot_be_read_is_refused(text, code):
    if text == "{}":
        assert read(FORMAT, {"a.json": text})[1] == []
        return
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"a.json": text})
    assert refused.value.code == code and refused.value.file == "a.json"


def test_it_is_told_from_other_json():
    assert FORMAT.detect(Memory({"a.json": json.dumps([{"image": "a.jpg", "annotations": [GOOD]}])})) > 0.9
    assert FORMAT.detect(Memory({"a.json": '{"images": []}'})) == 0
