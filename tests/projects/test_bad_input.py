"""Files that lie or are odd, through the door that people use: a batch of them ends in a word for each file by its
name, what is good among them is taken as it truly is, and what is refused leaves the project as it was."""

from __future__ import annotations

import struct
import unicodedata

import numpy as np
import pytest
from PIL import Image

from projects.models import Item
from tests.projects.files import HEIGHT, WIDTH, bomb_png, corners, encoded, pattern, shown, turned_jpeg, video
from tests.projects.test_staging import Person


@pytest.fixture
def person(api, alice, project, settings, tmp_path) -> Person:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    return Person(api(alice), project)


def gif() -> bytes:
    frames = [pattern(64, 48), pattern(48, 64).resize((64, 48))]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def cut_jpeg() -> bytes:
    data = encoded(pattern(400, 300), "JPEG", quality=95)
    return data[: len(data) // 2]


BAD = {
    "anim.gif": (gif(), "unsupported-type", "GIF; save it as PNG, or as MP4"),
    "cut.jpg": (cut_jpeg(), "truncated", "cut off"),
    "bomb.png": (bomb_png(50_000, 50_000), "too-many-pixels", "50000 x 50000"),
    "text.jpg": (b"this is no picture", "unsupported-type", "text.jpg"),
    "empty.png": (b"", "empty-file", "0 bytes"),
}


def test_each_refused_file_is_named_and_the_others_are_taken(person, left_behind):
    good = person.send(turned_jpeg(6), "good.jpg")
    for name, (data, _code, _words) in BAD.items():
        person.send(data, name, path=f"day 1/{name}", batch=good["batch"])
    rows = person.client.get(f"{person.project}/uploads", {"batch": good["batch"]}).json()["results"]
    told = {row["path"]: row["problem"] for row in rows if row["state"] == "refused"}
    assert set(told) == {f"day 1/{name}" for name in BAD}
    for name, (_data, code, words) in BAD.items():
        problem = told[f"day 1/{name}"]
        assert problem["code"] == code and words in problem["detail"], problem
    assert not Item.objects.exists()
    assert len(person.decide("commit", good["batch"]).json()["items"]) == 1
    assert left_behind() == (1, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_whatever_its_exif_says(upload, orientation):
    answer = upload(turned_jpeg(orientation)).json()
    asset = Item.objects.get().asset
    picture = np.asarray(shown(asset.picture).convert("RGB"))
    assert picture.shape[:2] == (answer["height"], answer["width"]) == ((48, 64) if orientation < 5 else (64, 48))
    # Table of EXIF 2.3, 4.6.4 A: where the 0th row and the 0th column are.
    turned = {1: "rgwb", 2: "grbw", 3: "wbrg", 4: "bwgr", 5: "rbwg", 6: "brgw", 7: "wgrb", 8: "gwbr"}
    assert corners(picture) == turned[orientation]
    assert shown(asset.picture).getexif().get(274, 1) == 1 or asset.picture == asset.file, "it is turned only once"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_deep_and_cmyk_pictures_say_what_was_done(upload, kind):
    deep = Image.fromarray(np.linspace(1000, 1400, 64 * 48).reshape(48, 64).astype(np.uint16))
    answer = upload(encoded(deep, kind), f"deep.{kind.lower()}").json()
    assert "More than 8 bits deep" in answer["notice"]
    values = np.asarray(shown(Item.objects.get().asset.picture).convert("L"))
    assert (values.min(), values.max()) == (0, 255)


def test_a_cmyk_picture_is_shown_in_its_colours(upload):
    assert upload(encoded(pattern().convert("CMYK"), "JPEG", quality=95)).status_code == 201
    assert shown(Item.objects.get().asset.picture).mode == "RGB"
    assert corners(np.asarray(shown(Item.objects.get().asset.picture))) == "rgwb"


def patched(data: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """The file with bytes behind a box's name overwritten."""
    at = data.index(box) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


LIES = {
    "its duration is said to be days": (b"mvhd", 16, struct.pack(">I", 2**31)),
    "its track is said to be of another size": (b"tkhd", 76, struct.pack(">II", 9000 << 16, 9000 << 16)),
    "its sample entry is said to be of another size": (b"avc1", 24, struct.pack(">HH", 60_000, 60_000)),
    "its samples are said to be many more": (b"stsz", 8, struct.pack(">I", 2**30)),
    "its samples are said to lie beyond the end": (b"stco", 8, struct.pack(">I", 2**31)),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_video_whose_header_lies(upload, tmp_path, left_behind, lie):
    """What is taken is what was decoded; what cannot be decoded is refused in words, and nothing stays of it."""
    data = patched(video(tmp_path / "a.mp4", frames=30).read_bytes(), *LIES[lie])
    answer = upload(data, "liar.mp4")
    said = answer.json()
    if answer.status_code == 201:
        assert (said["width"], said["height"], said["frames"]) == (WIDTH, HEIGHT, 30)
    else:
        assert (answer.status_code, left_behind(), Item.objects.count()) == (422, (0, 0), 0)
        assert said["code"] in {"broken", "no-video", "no-key-frames", "truncated", "too-many-pixels", "too-costly"}, (
            said
        )
        assert len(said["detail"]) > 40


def test_names_that_collide(upload):
    composed, apart = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    first = upload(encoded(pattern(64, 48), "PNG"), composed).json()
    second = upload(encoded(pattern(65, 48), "PNG"), apart).json()
    assert (first["path"], second["path"]) == (composed, composed.replace(".", " (2)."))
    assert second["path"] in second["notice"], "whoever sent it is told of its new name"
    shouted = upload(encoded(pattern(66, 48), "PNG"), composed.upper()).json()
    assert shouted["path"] == composed.upper(), "another case is another name"
    assert Item.objects.count() == 3
