"""Label Studio: what it can carry comes back, its facts, and files that lie."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings

from annotations import interpolation
from annotations.formats import convert, labelstudio_rle, rle
from annotations.formats.base import FormatError
from annotations.formats.labelstudio import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, same_geometry, videos
from tests.annotations.formats.roundtrip import write as write_it

BOX = {"type": "box", "x": 10, "y": 20, "w": 40, "h": 30}
VALUE = {"x": 10, "y": 40, "width": 40, "height": 60, "rotation": 0, "rectanglelabels": ["cow"]}
# Six pixels by @thi.ng/rle-pack itself: one (7, 7, 7, 128) and two (10, 20, 30, 255) among empty ones.
FOREIGN = [0, 0, 0, 24, 57, 27, 252, 96, 3, 133, 10, 15, 127, 133, 10, 15, 127, 206, 1, 16, 60, 16, 0]


def result(type_: str = "rectanglelabels", value: Any = VALUE, **more: Any) -> dict[str, Any]:
    sizes = {"original_width": 100, "original_height": 50}
    return {"id": "a", "type": type_, "from_name": "label", "to_name": "image", "value": value, **sizes, **more}


def task(*results: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": list(results)}], **more}


def tasks(*found: Any) -> dict[str, str]:
    return {"tasks.json": json.dumps(found)}


def shapes(*results: Any, **more: Any) -> tuple[list[Shape], Any]:
    _, (picture,), report = read(FORMAT, tasks(task(*results, **more)))
    return picture.shapes, report


def without_hidden_places(dataset: Dataset) -> Dataset:
    """A point that is not labelled has no place in Label Studio."""
    for shape in (shape for picture in dataset.pictures for shape in picture.shapes):
        if shape.geometry["type"] == "keypoints":
            shape.geometry["points"] = [[x, y, v] if v else [0, 0, 0] for x, y, v in shape.geometry["points"]]
    return dataset


@settings(max_examples=20)
@given(datasets(FORMAT.abilities).map(without_hidden_places))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset)


@settings(max_examples=20)
@given(videos(FORMAT.abilities, kinds=("box", "rbox"), occluded=False))
def test_tracks_look_the_same_on_every_frame(dataset):
    (before,) = dataset.pictures
    content, wrote = write_it(FORMAT, dataset)
    _, (after,), told = read(FORMAT, content)
    assert not wrote.counts and not told.counts
    assert (after.frames, after.fps, after.width, after.height) == (40, 25, before.width, before.height)
    assert [(s.label, s.attributes, s.number) for s in after.shapes] == [
        (s.label, s.attributes, s.number) for s in before.shapes
    ]
    for ours, theirs in zip(before.shapes, after.shapes, strict=True):
        for frame in range(before.frames):
            same_state(track(ours).state(frame), track(theirs).state(frame))


def track(shape: Shape) -> interpolation.Track:
    keyframes = {str(frame): keyframe for frame, keyframe in shape.keyframes.items()}
    return interpolation.Track({"geometry": shape.geometry, "attributes": {}, "keyframes": keyframes})


def same_state(ours: Any, theirs: Any) -> None:
    assert (ours is None) == (theirs is None)
    if ours:
        same_geometry(ours["geometry"], theirs["geometry"], 0.5)  # turned boxes: hundredths of a degree, far away


def test_places_are_percent():
    (shape,), report = shapes(result())
    assert shape == Shape("cow", BOX)
    assert not report.counts


def test_the_corner_stays_where_it_is_and_the_turn_is_of_pixels():
    """In percent a turn of a picture that is twice as wide as high would shear the box."""
    (shape,), _ = shapes(result(value={**VALUE, "rotation": 90}))
    assert shape.geometry == {
        "type": "rbox",
        "cx": pytest.approx(10 - 15),
        "cy": pytest.approx(20 + 20),
        "w": 40,
        "h": 30,
        "angle": 90,
    }
    assert convert.corners(shape.geometry)[0] == [pytest.approx(10), pytest.approx(20)]


def test_the_other_regions():
    ellipse = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "ellipselabels": ["cow"]}
    ring = {"points": [[0, 0], [50, 0], [50, 100]], "polygonlabels": ["cow"]}
    point = {"x": 50, "y": 50, "width": 1, "keypointlabels": ["cow"]}
    found, report = shapes(
        result("ellipselabels", ellipse, id="e"),
        result("polygonlabels", ring, id="p"),
        result("keypointlabels", point, id="k"),
    )
    assert convert.area(found[0].geometry) == pytest.approx(np.pi * 100, rel=0.01)
    assert found[1].geometry == {"type": "polygon", "rings": [[[0, 0], [50, 0], [50, 50]]]}
    assert found[2].geometry == {"type": "keypoints", "points": [[50, 25, 2]]}
    assert codes(report) == {"ellipse": 1}


def test_labels_may_be_a_result_of_their_own():
    plain = {name: VALUE[name] for name in ("x", "y", "width", "height")}
    found, _ = shapes(result("rectangle", plain), result("labels", {**plain, "labels": ["calf"]}))
    assert found == [Shape("calf", BOX)]


def test_brush_strokes_are_unpacked_from_their_bits():
    assert labelstudio_rle.decode(FOREIGN, 2, 3).tolist() == [[0, 1, 1], [0, 0, 1]]
    value = {"format": "rle", "rle": FOREIGN, "brushlabels": ["cow"]}
    (shape,), _ = shapes(result("brushlabels", value, original_width=3, original_height=2))
    assert rle.decode(shape.geometry["counts"], 2, 3).tolist() == [[0, 1, 1], [0, 0, 1]]


def test_a_brush_stroke_over_a_large_picture():
    bits = np.zeros((700, 900), np.uint8)
    bits[100:600, 50:] = 1
    packed = labelstudio_rle.encode(bits)
    assert (labelstudio_rle.decode(packed, 700, 900) == bits).all()


def test_choices_are_tags_and_those_of_a_region_its_attributes():
    found, report = shapes(
        result(),
        result("choices", {"choices": ["true"]}, from_name="sick"),
        result("textarea", {"text": ["brown", "large"]}, from_name="looks"),
        result("number", {"number": 3}, from_name="age"),
        result("choices", {"choices": ["sunny", "barn"]}, id="b", from_name="weather"),
        {"type": "relation", "from_id": "a", "to_id": "b"},
    )
    assert found == [
        Shape("cow", BOX, {"sick": True, "looks": "brown, large", "age": 3}),
        Shape("sunny", {"type": "tag"}),
        Shape("barn", {"type": "tag"}),
    ]
    assert codes(report) == {"relation": 1}


def test_a_score_that_is_no_share_is_told():
    found, report = shapes(result(score=70))
    assert found == [Shape("cow", BOX)]
    assert codes(report) == {"score": 1}


def test_points_of_a_region_are_its_group():
    point = {"x": 50, "y": 50, "width": 1, "keypointlabels": ["nose"]}
    found, _ = shapes(result(), result("keypointlabels", point, id="k", parentID="a"))
    assert [shape.group for shape in found] == ["a", "a"]


def test_frames_count_from_1_and_a_keyframe_that_is_not_enabled_is_the_last_one_seen():
    box = {"x": 10, "y": 40, "width": 40, "height": 60}
    sequence = [{"frame": 1, "enabled": True, **box}, {"frame": 5, "enabled": False, **box}, {"frame": 9, **box}]
    value = {"sequence": sequence, "labels": ["cow"], "framesCount": 50, "duration": 2}
    found = task(result("videorectangle", value), data={"video": "v.mp4"})
    _, (picture,), _ = read(FORMAT, tasks(found))
    (shape,) = picture.shapes
    assert (picture.frames, picture.fps) == (50, 25)
    keyframes = {frame: bool(k.get("outside")) for frame, k in shape.keyframes.items()}
    assert keyframes == {0: False, 4: False, 5: True, 8: False}


def test_people_annotate_and_models_predict():
    one, two = ({"result": [result(value={**VALUE, "rectanglelabels": [name]})]} for name in ("one", "two"))
    one["completed_by"] = {"email": "bob@example.com"}
    gone = {"result": [result()], "was_cancelled": True}
    guess = {"model_version": "m1", "score": 0.5, "result": [result(), result(id="b", score=0.25)]}
    found = tasks(task(annotations=[gone, one, two], predictions=[guess]))
    seen = {
        wish: [(s.label, s.source, s.author, s.confidence) for s in read(FORMAT, found, wish)[1][0].shapes]
        for wish in map(Frozen, ({}, {"annotations": "last"}, {"annotations": "all", "predictions": "none"}))
    }
    person, other = ("one", "import", "bob@example.com", None), ("two", "import", "", None)
    guesses = [("cow", "model", "m1", 0.5), ("cow", "model", "m1", 0.25)]
    assert list(seen.values()) == [[person, *guesses], [other, *guesses], [person, other]]
    assert read(FORMAT, found, {"predictions": "unlabelled"})[1][0].shapes[0].label == "one"
    assert codes(read(FORMAT, found)[2]) == {"several-annotations": 1}


class Frozen(dict[str, str]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def test_what_a_model_suggested_is_written_as_a_prediction():
    guess = Shape("cow", BOX, confidence=0.25, source="model", author="m1")
    content, _ = write_it(FORMAT, Dataset([], [Picture("a.jpg", 100, 50, [guess])]))
    (found,) = json.loads(content["tasks.json"])
    assert found["annotations"] == []
    assert found["predictions"][0]["model_version"] == "m1"
    assert read(FORMAT, content)[1][0].shapes == [guess]


@pytest.mark.parametrize(
    ("url", "path", "entry"),
    [
        ("a.jpg", "a.jpg", ""),
        ("/data/upload/3/0a1b2c3d-a%20b.jpg", "a b.jpg", "images/0a1b2c3d-a b.jpg"),
        ("/data/local-files/?d=x/y%20z.jpg", "x/y z.jpg", ""),
        ("s3://bucket/x/a.jpg", "x/a.jpg", ""),
        ("https://example.com/x/a.jpg?token=1", "x/a.jpg", ""),
    ],
)
def test_names_of_pictures(url, path, entry):
    content = tasks(task(data={"photo_of_cow": url} if url == "a.jpg" else {"image": url}))
    _, (picture,), _ = read(FORMAT, content | {"images/0a1b2c3d-a b.jpg": ""})
    assert (picture.path, picture.media) == (path, entry)


def test_codes_of_uploads_are_kept_where_they_tell_two_apart_or_one_wants_them():
    urls = ["/data/upload/1/0a1b2c3d-a.jpg", "/data/upload/1/1a1b2c3d-a.jpg"]
    content = tasks(*(task(data={"image": url}) for url in urls))
    assert [p.path for p in read(FORMAT, content)[1]] == ["a.jpg", "1a1b2c3d-a.jpg"]
    assert [p.path for p in read(FORMAT, content, {"codes": False})[1]] == ["0a1b2c3d-a.jpg", "1a1b2c3d-a.jpg"]


def test_the_interface_brings_labels_and_colours():
    labels = [Label("cow & calf", "#E69F00"), Label("calf")]
    shape = Shape("sunny", {"type": "tag"}, {"much": True})
    content, _ = write_it(FORMAT, Dataset(labels, [Picture("a.jpg", 9, 9, [shape])]))
    known, _, report = read(FORMAT, content)
    assert known == [*labels, Label("sunny")]
    for broken in ("<View>", '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>'):
        assert codes(read(FORMAT, content | {"label_config.xml": broken})[2]) == {"config": 1}


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (result(value={**VALUE, "width": -3}), "w must be above 0"),
        (result(value={**VALUE, "x": 1e300}), "finite number"),
        (result(value={**VALUE, "x": "1"}), "not a number"),
        (result(value={**VALUE, "rectanglelabels": []}), "no label"),
        (result("brushlabels", {"format": "rle", "rle": FOREIGN, "brushlabels": ["cow"]}), "20000 are needed"),
        (result("brushlabels", {"format": "rle", "rle": [0, 300], "brushlabels": ["cow"]}), "bytes"),
        (result("brushlabels", {"format": "rle", "rle": [0, 0, 78, 32, 57], "brushlabels": ["cow"]}), "too early"),
        (result("brushlabels", {"format": "png", "brushlabels": ["cow"]}), "not rle"),
        (result("ellipselabels", {"x": 1, "y": 1, "radiusX": 0, "radiusY": 1, "ellipselabels": ["a"]}), "no radius"),
        (result("polygonlabels", {"points": [[0, 0]], "polygonlabels": ["a"]}), "at least 3"),
        (result("videorectangle", {"sequence": [], "labels": ["a"]}), "empty"),
        (result("videorectangle", {"sequence": [{"frame": 0}], "labels": ["a"]}), "from 1 is needed"),
        (result("timelinelabels", {"timelinelabels": ["a"]}), "cannot be taken"),
        (result(value=7), "value is 7"),
        (result(type_=7), "type is 7"),
        ("box", "a result is 'box'"),
    ],
)
def test_a_wrong_result_is_left_out_with_its_place(found, word):
    left, report = shapes(found, result("choices", {"choices": ["sunny"]}, id="z"))
    (remark,) = report.remarks
    assert [shape.label for shape in left] == ["sunny"]
    assert (remark.severity, remark.file) == ("refused", "tasks.json")
    assert remark.where.startswith("tasks[0].annotations.result")
    assert word in remark.text


def test_a_place_without_a_size_is_refused_unless_the_pictures_are_there(tmp_path):
    from PIL import Image

    found = task(result(original_width=None, original_height=None), data={"image": "a.png"})
    _, (picture,), report = read(FORMAT, tasks(found))
    assert picture.shapes == []
    assert "size is not known" in report.remarks[0].text
    Image.new("L", (100, 50)).save(tmp_path / "a.png")
    _, (picture,), _ = read(FORMAT, {**tasks(found), "a.png": (tmp_path / "a.png").read_bytes()})
    assert (picture.width, picture.height, picture.shapes) == (100, 50, [Shape("cow", BOX)])


def test_a_video_tells_its_size_when_it_is_in_the_archive():
    stream = io.BytesIO()
    with av.open(stream, "w", "mp4") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        for packet in [*video.encode(av.VideoFrame(64, 32, "yuv420p")), *video.encode()]:
            container.mux(packet)
    value = {"sequence": [{"frame": 2, "x": 50, "y": 50, "width": 25, "height": 25}], "labels": ["cow"]}
    result_ = {"type": "videorectangle", "value": value}
    found = {"data": {"video": "s3://bucket/v.mp4"}, "annotations": [{"result": [result_]}], "predictions": []}
    for clip, told in ((stream.getvalue(), 0), (b"no video", 1)):
        _, (picture,), report = read(FORMAT, {**tasks(found), "v.mp4": clip})
        assert [remark.severity for remark in report.remarks] == ["refused"] * told
        expected = [] if told else [{1: {"geometry": {"type": "box", "x": 32, "y": 16, "w": 16, "h": 8}}}]
        assert [shape.keyframes for shape in picture.shapes] == expected


def test_what_it_cannot_show_is_told():
    ring = {"type": "polygon", "rings": [[[0, 1, 1], [1, 9, 1], [2, 9, 9]]]}
    keyframes = {3: {"geometry": ring, "occluded": True}}
    moving = Shape("cow", ring, keyframes=keyframes)
    here = Shape("cow", BOX, frame=4)
    tag = Shape("sunny", {"type": "tag"}, frame=2)
    clip = Picture("v.mp4", 100, 50, [moving, here, tag], frames=9)
    unsized = Picture("a.jpg", shapes=[Shape("cow", BOX)])
    content, report = write_it(FORMAT, Dataset([], [clip, unsized]))
    assert codes(report) == {"polygon-as-box": 1, "occluded-by-frame-lost": 1, "frame-lost": 1, "size-unknown": 1}
    _, (back, _), _ = read(FORMAT, content)
    assert [sorted(shape.keyframes or {}) for shape in back.shapes] == [[3], [4, 5], []]


def test_wrong_tasks_and_broken_files():
    _, pictures, report = read(FORMAT, tasks(task(), 7, {"data": {}}, {"data": {"text": "hello"}}, task(annotations=7)))
    assert len(pictures) == 1
    assert [remark.where for remark in report.remarks] == [f"tasks[{n}]" for n in range(1, 5)]
    text = tasks(task(result()))["tasks.json"]
    for broken in (text[:-9], text.replace('"a.jpg"', "NaN,"), text[:-1] + ',{"data":' + "[" * 100_000):
        with pytest.raises(FormatError) as refused:
            read(FORMAT, {"tasks.json": broken})
        assert (refused.value.file, refused.value.where) == ("tasks.json", "line 1")
    with pytest.raises(FormatError, match="list of Label Studio's tasks"):
        read(FORMAT, {"a.json": "{}"})


def test_it_is_told_from_other_json():
    assert FORMAT.detect(Memory(tasks(task(result())))) > 0.5
    assert FORMAT.detect(Memory({"a.json": '[{"image": "a.jpg", "annotations": []}]'})) == 0
