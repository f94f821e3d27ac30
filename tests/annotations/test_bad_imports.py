"""Whatever somebody sends: the import says what is wrong, in which file and where, and the project stays as it was."""

from __future__ import annotations

import json
import struct
import unicodedata
import zipfile
from io import BytesIO
from typing import Any

import pytest

from annotations import journal
from annotations.queries import annotations_of
from projects.models import Item, Job
from tests.annotations.conftest import create, make_item, tx
from tests.annotations.importing import bring, coco, native, packed, picture, state_of

pytestmark = pytest.mark.django_db(transaction=True)
BOX = [1, 2, 3, 4]
SIZE = (640, 480)
GOOD = json.dumps(coco({"a.png": SIZE}, [("a.png", "car", BOX)]))


@pytest.fixture
def before(project, item, labels, bob):
    """What the project holds: one item with a shape."""
    journal.commit(item.pk, tx(create(labels[0])), bob)
    return state_of(project)


def refused(project: Any, by: Any, before: Any, content: Any, name: str = "a.zip", **wishes: Any) -> Job:
    job = bring(project, by, content, name, conflicts="merge", **wishes)
    assert job.status == "failed", job.result
    assert state_of(project) == before
    return job


def flagged(content: bytes, bit: int) -> bytes:
    """The same zip with a flag set in the directory and before each file."""
    data = bytearray(content)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + at] |= bit
            start = data.find(mark, start + 4)
    return bytes(data)


def linked() -> bytes:
    info = zipfile.ZipInfo("images/a.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("annotations.json", GOOD)
        archive.writestr(info, "/etc/passwd")
    return data.getvalue()


def crowded(count: int) -> bytes:
    """Two million entries, says the end record of a zip that has none of them."""
    directory = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), 4)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 4 + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"PK\3\4" + directory + end_64 + locator + end


def lying() -> bytes:
    """The directory says that the labels take ten bytes."""
    return packed(("annotations.json", GOOD)).replace(struct.pack("<L", len(GOOD)), struct.pack("<L", 10))


def bomb() -> bytes:
    """A picture of 260 MiB, a two-hundredth of it on disk, and a label for it."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("annotations.json", json.dumps(coco({"b.png": SIZE}, [("b.png", "bus", BOX)])))
        with archive.open("images/b.png", "w") as entry:
            entry.write(picture())
            for _ in range(260):
                entry.write(bytes(2**20))
    return data.getvalue()


NFC, NFD = "images/é.png", unicodedata.normalize("NFD", "images/é.png")
ARCHIVES = {
    "a picture's name climbs out": (
        packed(("annotations.json", GOOD), ("../../a.png", picture())), "unsafe-name", "../../a.png",
    ),
    "a link": (linked(), "link", "images/a.png"),
    "a password": (flagged(packed(("annotations.json", GOOD)), 1), "encrypted", "annotations.json"),
    "two million entries": (crowded(2_000_000), "too-many-entries", "200,000"),
    "a header that lies": (lying(), "damaged", "annotations.json"),
    "names that differ in case": (
        packed(("annotations.json", GOOD), ("images/b.png", picture()), ("images/B.PNG", picture())),
        "same-name", "images/B.PNG",
    ),
    "names that Unicode composes": (
        packed(("annotations.json", GOOD), (NFC, picture()), (NFD, picture())), "same-name", "images/é.png",
    ),
    "text behind the labels": (packed(("annotations.json", GOOD + "\n\n}")), "json", "annotations.json, line 3"),
    "a word of no JSON": (packed(("annotations.json", GOOD[:-1] + ',\n"x": nul}')), "json", "annotations.json, line 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives_that_cannot_be_read_name_the_entry(project, alice, before, case):
    content, code, named = ARCHIVES[case]
    job = refused(project, alice, before, content, format="coco")
    assert job.error["code"] == code and named in job.error["detail"], job.error
    assert job.result["error"]["code"] == code


def test_a_bomb_is_stopped_on_the_way(project, alice, before):
    job = refused(project, alice, before, bomb(), format="coco")
    assert job.error["code"] == "too-large" and "images/b.png" in job.error["detail"]


def test_an_archive_within_an_archive_is_no_labels(project, alice, before):
    """It stays closed, so what it would inflate to does not matter; beside labels it is passed over."""
    inner = packed(("annotations.json", GOOD))
    assert refused(project, alice, before, packed(("inner.zip", inner))).error["code"] == "format-unclear"
    job = bring(project, alice, packed(("annotations.json", GOOD), ("inner.zip", inner)), conflicts="merge")
    assert job.status == "succeeded" and job.result["shapes"]["taken"] == 1


def mended(change: Any) -> Any:
    """A COCO file of three boxes on one picture, with something wrong in the second."""
    found = coco({"a.png": SIZE}, [("a.png", "car", BOX)] * 3)
    found = json.loads(json.dumps(found))
    change(found["annotations"][1], found)
    return found


SHAPES = {
    "no number": lambda shape, _: shape.update(bbox=[1, float("nan"), 3, 4]),
    "endless": lambda shape, _: shape.update(bbox=[1, 2, float("inf"), 4]),
    "a negative size": lambda shape, _: shape.update(bbox=[10, 10, -3, 4]),
    "a text for a number": lambda shape, _: shape.update(bbox=["1", 2, 3, 4]),
    "a class that is none": lambda shape, _: shape.update(category_id=77),
    "a picture that is none": lambda shape, _: shape.update(image_id=55),
    "no object at all": lambda _, found: found["annotations"].__setitem__(1, 3),
    "runs that do not fill the mask": lambda shape, _: shape.update(
        segmentation={"size": [480, 640], "counts": [5]}, bbox=None
    ),
    "an outline of one point": lambda shape, _: shape.update(segmentation=[[1, 2]], bbox=None),
}


@pytest.mark.parametrize("case", SHAPES)
def test_one_bad_shape_is_named_and_refuses_all_unless_one_wants_the_rest(project, alice, before, item, case):
    found = mended(SHAPES[case])
    job = refused(project, alice, before, found)
    assert job.error["code"] == "refused"
    remark = next(each for each in job.result["report"]["remarks"] if each["severity"] == "refused")
    assert remark["file"] == "labels.json" and "annotations[1]" in remark["where"], remark
    assert len(remark["text"]) > 15
    rest = bring(project, alice, found, conflicts="merge", mode="best-effort")
    assert rest.status == "succeeded" and rest.result["shapes"]["taken"] == 2
    assert len(annotations_of(item)) == 3


def test_pictures_and_labels_that_have_no_partner(project, alice, before):
    """A picture of the archive that the labels do not name is left out and said; one they name has to be there."""
    boxes = [("a.png", "car", BOX), ("gone.png", "car", BOX)]
    found = coco({"a.png": SIZE, "gone.png": SIZE}, boxes)
    job = refused(project, alice, before, packed(("annotations.json", found), ("images/other.png", picture())))
    (remark,) = [each for each in job.result["report"]["remarks"] if each["severity"] == "refused"]
    assert (remark["code"], remark["file"]) == ("picture-missing", "gone.png")
    job = bring(
        project, alice, packed(("annotations.json", found), ("images/other.png", picture())),
        mode="best-effort", conflicts="merge",
    )  # fmt: skip
    assert job.status == "succeeded" and not Item.objects.filter(path__endswith="other.png").exists()
    assert "images/other.png" in [each["file"] for each in job.result["report"]["remarks"]]


def test_one_name_in_two_folders_is_two_pictures(project, alice, before):
    names = ("left/a.png", "right/a.png")
    found = coco(dict.fromkeys(names, (64, 48)), [(names[0], "car", BOX), (names[1], "bus", BOX)])
    media = [(f"images/{name}", picture(seed=n)) for n, name in enumerate(names)]
    job = bring(project, alice, packed(("annotations.json", found), *media))
    assert job.status == "succeeded", job.error
    there = {each.path: annotations_of(each) for each in Item.objects.filter(path__in=names)}
    assert sorted(there) == list(names) and there[names[0]][0]["label"] != there[names[1]][0]["label"]


def test_class_numbers_with_gaps(project, alice, before, item):
    """In YOLO a number that nobody names is refused with its line; in COCO ids are names and may have any gap."""
    yaml, media = "names: {0: car, 7: bus}", ("images/a.png", picture(*SIZE))
    job = bring(project, alice, packed(("data.yaml", yaml), ("labels/a.txt", "7 .5 .5 .1 .1\n0 .5 .5 .2 .2"), media))
    assert job.status == "succeeded", (job.error, job.result)
    assert {row["name"] for row in job.result["labels"]} == {"car", "bus"}
    now = state_of(project)
    bad = packed(("data.yaml", yaml), ("labels/a.txt", "7 .5 .5 .1 .1\n3 .5 .5 .2 .2"), media)
    job = refused(project, alice, now, bad)
    (remark,) = [each for each in job.result["report"]["remarks"] if each["severity"] == "refused"]
    assert (remark["file"], remark["where"]) == ("labels/a.txt", "line 2") and "3" in remark["text"]


def test_bad_lines_of_our_own_format_are_named(project, alice, before):
    shape = {"label": "car", "geometry": {"type": "box", "x": 1, "y": 2, "w": -3, "h": 4}}
    content = native([{"name": "car"}], {"path": "a.png", "shapes": [shape]})
    job = refused(project, alice, before, content, "frameloop.jsonl")
    assert job.error["code"] == "refused" and job.result["report"]["remarks"][0]["file"]
    job = refused(project, alice, before, content.replace(b'"w": -3', b'"w": NaN'), "frameloop.jsonl")
    assert "line 2" in json.dumps([job.error, job.result["report"]["remarks"]])
    make_item(project, "b.png")  # the project still takes what is right
    good = native([{"name": "car"}], {"path": "b.png", "shapes": []})
    assert bring(project, alice, good, "frameloop.jsonl").status == "succeeded"
