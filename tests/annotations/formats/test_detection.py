"""Every format's own archive is taken for that format, and nothing is taken for what it is not."""

from __future__ import annotations

import pytest

from annotations.formats.base import Report, chosen
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.registry import candidates, detect, formats
from tests.annotations.formats.roundtrip import Memory, MemorySink

BOX = {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}
RBOX = {"type": "rbox", "cx": 5, "cy": 5, "w": 3, "h": 4, "angle": 30}
WRITABLE = [name for name, form in formats().items() if getattr(form, "writes", True)]


def archive(name):
    """As exported, with an empty file for each picture."""
    form, sink = formats()[name], MemorySink()
    geometry = next((g for g in (BOX, RBOX, {"type": "tag"}) if g["type"] in form.abilities.geometries), BOX)
    picture = Picture("one/a.jpg", 10, 10, [Shape("car", geometry)], split="train" if form.abilities.splits else "")
    if name == "mvtec":
        picture.shapes = [Shape("good", {"type": "tag"})]
    if name == "mot":
        track = Shape("car", BOX, number=1, keyframes={0: {"geometry": BOX}, 1: {"geometry": BOX}})
        picture = Picture("a.mp4", 10, 10, [track], frames=5, fps=25)
    form.write(Dataset([Label("car")], [picture]), sink, chosen(form, {}), Report())
    sink.files[form.media_name(picture, chosen(form, {}))] = b""
    return sink.files


@pytest.mark.parametrize("name", WRITABLE)
def test_an_export_is_known_again(name):
    found = detect(Memory(archive(name)))
    ranked = [(sure, form.name) for sure, form in candidates(Memory(archive(name)))]
    assert found is not None and found.name == name, ranked


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"notes.txt": "hello there"},
        {"a.json": "{}"},
        {"a.json": b"\xff\xfe\x00"},
        {"a.xml": "<html/>"},
        {"a.csv": "1,2"},
        {"data.yaml": ":"},
        {"a.json": "", "b.xml": "", "c.csv": "", "d.txt": "", "e.yaml": ""},
    ],
)
def test_what_is_no_archive_of_labels_is_none(files):
    assert detect(Memory(files)) is None
