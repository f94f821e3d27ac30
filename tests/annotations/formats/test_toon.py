"""TOON for language models: tables as the specification has them, back as they were, and what a model gets wrong."""

from __future__ import annotations

import pytest
import toon_format
from hypothesis import given, settings

from annotations.formats.base import FormatError
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.toon import FORMAT
from tests.annotations.formats.roundtrip import Memory, assert_round_trip, codes, datasets, read, write

SKELETON = {"points": ["nose", "tail"], "edges": [[0, 1]]}


def one(table: str) -> tuple[list[Shape], list[str]]:
    text = f"pictures[1]{{id,path}}:\n  1,a.jpg\n{table}\ntags[1]{{picture,label}}:\n  1,sunny\n"
    _, (picture,), report = read(FORMAT, {"a.toon": text})
    return picture.shapes, [f"{remark.where}: {remark.text}" for remark in report.remarks]


@settings(max_examples=20)
@given(datasets(FORMAT.abilities, holes=True))
def test_what_it_can_carry_comes_back(dataset):
    assert_round_trip(FORMAT, dataset, {"decimals": "6", "pictures": "1"}, tolerance=1e-5)


def test_a_document_looks_as_the_specification_has_it():
    box = {"type": "box", "x": 1, "y": 2.503, "w": 3, "h": 0.001}
    ring, hole = [[0, 0], [9, 0], [9, 9]], [[6, 2], [8, 2], [8, 4]]
    shapes = [
        Shape("traffic light", box, {"state": "red, on", "lit": True}, confidence=0.25),
        Shape("car", {"type": "polygon", "rings": [ring, hole]}, group="3"),
        Shape("0", {"type": "tag"}),
    ]
    labels = [Label("traffic light", "#E69F00"), Label("car"), Label("0")]
    content, report = write(FORMAT, Dataset(labels, [Picture("x/a b.jpg", 64, 48, shapes, "train")]))
    assert not report.counts
    assert content["annotations-0001.toon"].decode().splitlines() == [
        "labels[3]{name,color}:",
        '  traffic light,"#E69F00"',
        "  car,null",
        '  "0",null',
        "pictures[1]{id,path,width,height,split}:",
        "  1,x/a b.jpg,64,48,train",
        "boxes[1]{id,picture,label,x,y,w,h,confidence}:",
        "  1,1,traffic light,1,2.5,3,0.001,0.25",
        "polygons[1]{id,picture,label,points,group}:",
        '  2,1,car,0 0 9 0 9 9 / 6 2 8 2 8 4,"3"',
        "tags[1]{id,picture,label}:",
        '  3,1,"0"',
        "attributes[2]{shape,name,value}:",
        '  1,state,"red, on"',
        "  1,lit,true",
    ]


def test_the_library_writes_and_reads_the_examples_of_the_specification():
    """The tabular and the list form, quoting, and the strict checks of a declared length and width."""
    users = {"users": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "true"}]}
    assert toon_format.dumps(users) == 'users[2]{id,name}:\n  1,Ada\n  2,"true"'
    assert toon_format.loads("items[2]:\n  - id: 1\n    tags[2]: a,b\n  - x") == {
        "items": [{"id": 1, "tags": ["a", "b"]}, "x"]
    }
    for wrong in ("users[3]{id,name}:\n  1,Ada\n  2,Bob", "users[1]{id,name}:\n  1", "tags[2]: a"):
        with pytest.raises(toon_format.ToonDecodeError):
            toon_format.loads(wrong)


def test_pictures_are_spread_over_files():
    pictures = [Picture(f"{n}.jpg", 9, 9, [Shape("car", {"type": "tag"})]) for n in range(12)]
    content, _ = write(FORMAT, Dataset([Label("pose", "#E69F00", skeleton=SKELETON)], pictures), {"pictures": "10"})
    assert sorted(content) == ["annotations-0001.toon", "annotations-0002.toon"]
    labels, back, report = read(FORMAT, content | {"images/11.jpg": b""})
    assert labels == [Label("pose", "#E69F00", skeleton=SKELETON)]
    assert [(p.path, p.media) for p in back][-2:] == [("10.jpg", ""), ("11.jpg", "images/11.jpg")]
    assert [p.shapes for p in back] == [p.shapes for p in pictures]
    assert not report.counts


def test_masks_become_polygons_and_videos_are_left_out():
    mask = Shape("car", {"type": "mask", "size": [4, 6], "counts": "0h0"})
    pictures = [Picture("a.jpg", 6, 4, [mask]), Picture("v.mp4", frames=3)]
    content, report = write(FORMAT, Dataset([], pictures))
    assert codes(report) == {"mask-as-polygon": 1, "video-left-out": 1}
    assert "polygons[1]{id,picture,label,points}:" in content["annotations-0001.toon"].decode()


def test_what_a_model_writes_without_ids_and_with_texts_for_numbers_is_taken():
    shapes, remarks = one('lines[1]{picture,label,points}:\n  "1",road,"0,0 4,4"')
    assert [shape.label for shape in shapes] == ["road", "sunny"]
    assert shapes[0].geometry == {"type": "polyline", "points": [[0, 0], [4, 4]]}
    assert remarks == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("boxes[1]{picture,label,x,y,w,h}:\n  1,car,0,0,-3,4", "boxes[0]: w must be above 0."),
        ("boxes[1]{picture,label,x,y,w,h}:\n  1,car,0,0,1e300,4", "boxes[0]: w is 1e+300: a finite number"),
        ("boxes[1]{picture,label,x,y,w,h}:\n  1,car,0,0,NaN,4", "boxes[0]: w is 'NaN', not a number."),
        ("boxes[1]{picture,label,x,y,w}:\n  1,car,0,0,3", "boxes[0]: h is None, not a number."),
        ("boxes[1]{picture,label,x,y,w,h}:\n  2,car,0,0,3,4", "boxes[0]: picture is 2: there is none with that id."),
        ("boxes[1]{picture,label,x,y,w,h,confidence}:\n  1,car,0,0,3,4,7", "boxes[0]: confidence is 7"),
        ("polygons[1]{picture,label,points}:\n  1,car,0 0 1", "polygons[0]: points has 3 numbers"),
        ("polygons[1]{picture,label,points}:\n  1,car,0 0 nan 1", "polygons[0]: points is 'nan'"),
        ("keypoints[1]{picture,label,points}:\n  1,car,0 0 7", "keypoints[0]: points/0/2 must be 0"),
        ("lines[1]{picture,label}:\n  1,car", "lines[0]: points has 0 numbers"),
        ("boxes: many", "boxes: boxes is no table"),
        ("boxes[2]: 1,2", "boxes: boxes is no table"),
        ("attributes[1]{shape,name,value}:\n  1,null,3", "attributes[0]: name is None"),
    ],
)
def test_a_wrong_row_is_left_out_with_its_place(table, said):
    shapes, remarks = one(table)
    assert [shape.label for shape in shapes] == ["sunny"]
    (remark,) = remarks
    assert remark.startswith(said)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("pictures[2]{id,path}:\n  1,a.jpg\n", "line 1"),
        ("pictures[1]{id,path}:\n  1,a.jpg,3\n", "line 2"),
        ("a:\n" + "".join(f"{'  ' * n}b:\n" for n in range(1, 2000)), ""),
        ("[1]: 3", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text, where):
    with pytest.raises(FormatError) as refused:
        read(FORMAT, {"a.toon": text})
    assert (refused.value.file, refused.value.where) == ("a.toon", where)


def test_wrong_pictures_and_labels_are_left_out():
    labels = "labels[2]:\n  - name: pose\n    points[1]: nose\n    edges[1]: 1-9\n  - name: cow\n"
    text = labels + "pictures[2]{id,path}:\n  1,null\n  2,a"
    labels, pictures, report = read(FORMAT, {"a.toon": text})
    assert ([label.name for label in labels], [p.path for p in pictures]) == (["cow"], ["a"])
    assert codes(report) == {"label": 1, "picture": 1}


def test_it_is_told_from_other_files():
    content, _ = write(FORMAT, Dataset([], []))
    assert FORMAT.detect(Memory(content)) > 0.5
    assert FORMAT.detect(Memory({"a.toon": "users[1]: a", "b.txt": "pictures[1]: a"})) == 0
    with pytest.raises(FormatError, match="no .toon file"):
        read(FORMAT, {"a.txt": ""})
