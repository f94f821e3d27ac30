"""MOT Challenge: tracks look the same on every frame, its facts, and tables that lie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from annotations.formats import mot_rows
from annotations.formats.base import FormatError
from annotations.formats.mot import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.interpolation import Track
from tests.annotations.formats.roundtrip import Memory, codes, datasets, read, same_geometry, videos, write

BOX = {"type": "box", "x": 10, "y": 20, "w": 40, "h": 30}
INFO = "[Sequence]\nname=MOT17-02\nimDir=img1\nframeRate=30\nseqLength=600\nimWidth=1920\nimHeight=1080\nimExt=.jpg\n"


def track(shape: Shape) -> Track:
    keyframes = {str(frame): keyframe for frame, keyframe in shape.keyframes.items()}
    return Track({"geometry": shape.geometry, "attributes": {}, "keyframes": keyframes})


def same_state(ours: Any, theirs: Any, tolerance: float = 0.05) -> None:
    assert (ours is None) == (theirs is None)
    if ours:
        assert ours["occluded"] == theirs["occluded"]
        same_geometry(ours["geometry"], theirs["geometry"], tolerance)


def only(text: str, **options: str) -> tuple[Picture, Any]:
    _, (picture,), report = read(FORMAT, {"x/gt/gt.txt": text}, options)
    return picture, report


@settings(max_examples=40)
@given(videos(FORMAT.abilities))
def test_tracks_look_the_same_on_every_frame(dataset):
    (before,) = dataset.pictures
    content, wrote = write(FORMAT, dataset)
    labels, (after,), told = read(FORMAT, content)
    assert not wrote.counts and not told.counts
    assert [label.name for label in labels] == [label.name for label in dataset.labels]
    for name in ("path", "width", "height", "frames", "fps", "split"):
        assert getattr(after, name) == getattr(before, name)
    there = {shape.number: shape for shape in after.shapes}
    assert sorted(there) == sorted(shape.number for shape in before.shapes)
    for ours in before.shapes:
        theirs = there[ours.number]
        assert theirs.label == ours.label
        for frame in range(before.frames):
            same_state(track(ours).state(frame), track(theirs).state(frame))


@settings(max_examples=5)
@given(datasets(FORMAT.abilities))
def test_images_are_left_out_and_told(dataset):
    images = len(list(dataset.pictures))
    content, report = write(FORMAT, dataset)
    assert (content, codes(report)) == ({}, {"image-left-out": images} if images else {})


def test_frames_and_classes_count_from_1_and_a_gap_means_that_it_left():
    rows = "1,7,10,20,40,30,1,3,1\n2,7,10,20,40,30,1,3,1\n5,7,10,20,40,30,1,3,0.2\n"
    picture, report = only(rows)
    (shape,) = picture.shapes
    assert (shape.label, shape.number, picture.frames) == ("car", 7, 5)
    assert {f: sorted(k.keys() - {"geometry"}) for f, k in shape.keyframes.items()} == {
        0: [],
        1: [],
        2: ["outside"],
        4: ["occluded"],
    }
    assert shape.keyframes[0]["geometry"] == BOX
    assert not report.counts


def test_a_straight_way_needs_two_keyframes_and_a_bend_one_more():
    rows = [mot_rows.Row(n, 1, n * 2.5 if n < 50 else 125 - n, 5, 4, 4) for n in range(100)]
    assert sorted(mot_rows.keyframes(rows, 100)) == [0, 49, 50, 99]


def test_id_minus_1_is_of_no_track_and_0_in_the_seventh_column_is_ignored():
    picture, _ = only("3,-1,10,20,40,30,0,1,1\n3,-1,11,20,40,30,1,1,1\n")
    first, second = picture.shapes
    assert (first.frame, first.keyframes, first.number, first.attributes) == (2, None, None, {"ignored": True})
    assert (second.geometry["x"], second.attributes) == (11, {})
    content, _ = write(FORMAT, Dataset([Label("pedestrian")], [picture]))
    assert content["x/gt/gt.txt"].decode().splitlines()[1] == "3,-1,11,20,40,30,1,1,1"


@pytest.mark.parametrize(
    ("row", "label", "confidence"),
    [
        ("1,-1,10,20,40,30,0.75", "object", 0.75),
        ("1,-1,10,20,40,30,0.5,-1,-1,-1", "object", 0.5),
        ("1,-1,10,20,40,30,23.5,-1,-1,-1", "object", None),
        ("1,-1,10,20,40,30,1,2,1", "person on vehicle", None),
        ("1,-1,10,20,40,30,1,99,1", "class 99", None),
    ],
)
def test_rows_of_seven_nine_and_ten_columns(row, label, confidence):
    picture, report = only(row)
    (shape,) = picture.shapes
    assert (shape.label, shape.confidence, shape.geometry) == (label, confidence, BOX)
    assert not report.counts


def test_pixels_may_count_from_1():
    picture, _ = only("1,1,11,21,40,30,1,1,1", origin="1")
    assert picture.shapes[0].geometry == BOX
    content, _ = write(FORMAT, Dataset([], [picture]), {"origin": "1"})
    assert content["x/gt/gt.txt"].startswith(b"1,1,11,21,40,30,")


def test_several_sequences_with_splits_labels_and_sizes():
    content = {
        "MOT17/train/MOT17-02/gt/gt.txt": "1,1,10,20,40,30,1,1,1",
        "MOT17/train/MOT17-02/gt/labels.txt": "cow\ncalf\n",
        "MOT17/train/MOT17-02/seqinfo.ini": INFO,
        "MOT17/test/MOT17-01/det/det.txt": "1,-1,10,20,40,30,0.5",
    }
    labels, (test, train), report = read(FORMAT, content)
    assert [label.name for label in labels] == ["cow", "calf"]
    assert (test.path, test.split, test.shapes[0].source) == ("MOT17/test/MOT17-01", "", "model")
    assert (train.path, train.split, train.shapes[0].label) == ("MOT17-02", "train", "cow")
    assert (train.width, train.height, train.frames, train.fps) == (1920, 1080, 600, 30)
    assert sorted(train.shapes[0].keyframes) == [0, 1]
    assert not report.counts


def test_where_there_are_both_tables_one_is_taken():
    content = {"a/gt/gt.txt": "1,1,1,1,4,4,1,1,1", "a/det/det.txt": "1,-1,1,1,4,4,0.5"}
    for wish, source in (("gt", "import"), ("det", "model")):
        _, (picture,), report = read(FORMAT, content, {"table": wish})
        assert [shape.source for shape in picture.shapes] == [source]
        assert codes(report) == {"other-table": 1}


def test_the_frames_are_images_where_these_are_in_the_archive():
    content = {"a/gt/gt.txt": "2,7,10,20,40,30,1,1,1", "a/img1/000001.jpg": "", "a/img1/000002.jpg": ""}
    _, (first, second), _ = read(FORMAT, content)
    assert (first.path, first.media, first.shapes) == ("a/img1/000001.jpg", "a/img1/000001.jpg", [])
    assert (second.path, second.shapes) == ("a/img1/000002.jpg", [Shape("pedestrian", BOX, number=7)])
    _, (video,), _ = read(FORMAT, content, {"items": "video"})
    assert (video.path, video.frames) == ("a", 2)


def test_what_is_written_names_the_video_and_where_it_belongs():
    video = Picture("x/clip.mp4", 64, 48, [Shape("cow", BOX, keyframes={0: {"geometry": BOX}})], "train", 3, 12.5)
    content, _ = write(FORMAT, Dataset([Label("calf")], [video]))
    assert sorted(content) == [f"train/x/clip.mp4/{name}" for name in ("gt/gt.txt", "gt/labels.txt", "seqinfo.ini")]
    assert content["train/x/clip.mp4/gt/gt.txt"].decode().splitlines() == [
        f"{n},1,10,20,40,30,1,2,1" for n in (1, 2, 3)
    ]
    where = FORMAT.media_name(video, {})
    _, (back,), _ = read(FORMAT, {**content, where: b""})
    assert (back.path, back.split, back.media) == ("x/clip.mp4", "train", where)


def test_what_is_lost_is_told():
    keyframes = {0: {"geometry": BOX, "attributes": {"age": 3}}}
    twins = [Shape("cow", BOX, {"age": 3}, keyframes=keyframes, number=4, confidence=0.5) for _ in range(2)]
    content, report = write(FORMAT, Dataset([], [Picture("a.mp4", 64, 48, twins, frames=1)]))
    assert codes(report) == {"attributes-lost": 4, "confidence-lost": 2, "number-twice": 1}
    assert [row.split(",")[1] for row in content["a.mp4/gt/gt.txt"].decode().splitlines()] == ["4", "5"]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("1,1,1,1,-4,4,1,1,1", "w must be above 0"),
        ("1,1,nan,1,4,4,1,1,1", "finite number"),
        ("1,1,1e99,1,4,4,1,1,1", "number"),
        ("1,1,x,1,4,4,1,1,1", "not a number"),
        ("0,1,1,1,4,4,1,1,1", "whole number from 1"),
        ("1.5,1,1,1,4,4,1,1,1", "whole number from 1"),
        ("1,-2,1,1,4,4,1,1,1", "whole number from -1"),
        ("1,1,1,1,4,4,1,1", "8 columns"),
        ("1 1 1 1", "1 columns"),
        ("2,9,1,1,4,4,1,1,1", "on frame 2 twice"),
    ],
)
def test_a_wrong_row_is_left_out_with_its_line(row, word):
    picture, report = only(f"2,9,1,1,4,4,1,1,1\n\n{row}\n")
    (remark,) = report.remarks
    assert len(picture.shapes) == 1
    assert (remark.severity, remark.file, remark.where) == ("refused", "x/gt/gt.txt", "line 3")
    assert word in remark.text


def test_a_track_of_two_classes_and_a_wrong_description_are_told():
    content = {"x/gt/gt.txt": "1,1,1,1,4,4,1,1,1\n2,1,1,1,4,4,1,2,1", "x/seqinfo.ini": "no section"}
    _, (picture,), report = read(FORMAT, content)
    assert (picture.shapes[0].label, picture.frames) == ("pedestrian", 2)
    assert codes(report) == {"class-changes": 1, "seqinfo": 1}


def test_it_is_told_from_other_texts():
    assert FORMAT.detect(Memory({"a/gt/gt.txt": ""})) > 0.5
    assert FORMAT.detect(Memory({"gt.txt": "1,-1,10,20,40,30,0.75"})) > 0.5
    assert FORMAT.detect(Memory({"gt.txt": "0 0.5 0.5 0.1 0.1", "labels/a.txt": "1,2"})) == 0
    with pytest.raises(FormatError, match="neither a gt.txt"):
        read(FORMAT, {"a.txt": ""})
