"""MVTec AD: good pictures and defects with their masks."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from annotations.formats import rle
from annotations.formats.base import FormatError
from annotations.formats.mvtec import FORMAT
from annotations.formats.records import Dataset, Label, Picture, Shape
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

TAG = {"type": "tag"}


def png(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def with_a_tag(dataset: Dataset) -> Dataset:
    """Each picture with a tag and at most one mask, of the same label."""
    for picture in dataset.pictures:
        label = picture.shapes[0].label if picture.shapes else "good"
        masks = [Shape(label, shape.geometry) for shape in picture.shapes if shape.geometry["type"] == "mask"]
        picture.shapes = [Shape(label, TAG), *masks[:1]]
    return dataset


@settings(max_examples=30)
@given(datasets(FORMAT.abilities, names=("good", "crack", "dirt / dust")).map(with_a_tag), st.booleans())
def test_what_it_can_carry_comes_back(dataset, media):
    assert_round_trip(FORMAT, dataset, media=media, labels=False)


FOREIGN = {
    "bottle/train/good/000.png": png(np.zeros((4, 6))),
    "bottle/test/good/000.png": png(np.zeros((4, 6))),
    "bottle/test/broken_large/000.png": png(np.zeros((4, 6))),
    "bottle/ground_truth/broken_large/000_mask.png": png(np.eye(4, 6) * 255),
}


def test_folders_of_mvtec_are_tags_and_masks():
    labels, (broken, good, trained), report = read(FORMAT, FOREIGN)
    assert [label.name for label in labels] == ["good", "broken_large"]
    assert (good.shapes, good.split) == ([Shape("good", TAG)], "test")
    assert (trained.path, trained.media, trained.split) == ("bottle/train/good/000.png",) * 2 + ("train",)
    tag, mask = broken.shapes
    assert (tag.label, mask.label, broken.width, broken.height) == ("broken_large", "broken_large", 6, 4)
    assert (rle.decode(mask.geometry["counts"], 4, 6) == np.eye(4, 6)).all()
    assert not report.counts


def test_what_is_written_is_laid_out_for_others():
    mask = {"type": "mask", "size": [4, 6], "counts": rle.encode(np.eye(4, 6))}
    box = {"type": "box", "x": 0, "y": 2, "w": 2, "h": 2}
    pictures = [
        Picture("x/a.jpg", 6, 4, [Shape("OK", TAG)]),
        Picture("b.jpg", 6, 4, [Shape("crack", mask), Shape("crack", box), Shape("dust", TAG)], split="train"),
        Picture("b.png", 6, 4, [Shape("dust", mask)]),
        Picture("c.png", 6, 4, [Shape("dust", mask)]),
        Picture("c.jpg", 6, 4, [Shape("dust", mask), Shape("dust", box)]),
        Picture("d.jpg", 6, 4),
    ]
    content, report = write(FORMAT, Dataset([Label("OK")], pictures))
    assert [FORMAT.media_name(picture, {}) for picture in pictures[:3]] == [
        "train/good/x__a.jpg",
        "test/dust/b.jpg",
        "test/dust/b.png",
    ]
    assert sorted(content) == [
        "ground_truth/dust/b_mask.png",
        "ground_truth/dust/c.jpg_mask.png",
        "ground_truth/dust/c_mask.png",
        "mvtec.csv",
    ]
    assert codes(report) == {"box-as-mask": 2, "labels-lost": 1, "masks-united": 1, "unlabelled-left-out": 1}
    _, back, _ = read(FORMAT, content)
    assert [p.path for p in back] == ["x/a.jpg", "b.jpg", "b.png", "c.png", "c.jpg"]
    assert rle.area(back[4].shapes[1].geometry["counts"]) == 8


def test_a_mask_that_is_none_is_left_out():
    for wrong in (b"no picture", png(np.eye(4, 6) * 255)[:45]):
        content = FOREIGN | {"bottle/ground_truth/broken_large/000_mask.png": wrong}
        _, (broken, *_), report = read(FORMAT, content)
        assert broken.shapes == [Shape("broken_large", TAG)]
        (remark,) = report.remarks
        assert (remark.severity, remark.file) == ("refused", "bottle/ground_truth/broken_large/000_mask.png")


def test_it_is_told_from_other_folders():
    assert FORMAT.detect(Memory(FOREIGN)) > 0.9
    assert FORMAT.detect(Memory({"train/cat/1.png": b"", "test/dog/1.png": b""})) == 0
    with pytest.raises(FormatError, match="no pictures in train/good"):
        read(FORMAT, {"a.png": b""})
