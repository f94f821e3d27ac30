"""Whatever a format cannot carry, its export is there, says what was lost, and is read again as what it is."""

from __future__ import annotations

import pytest

from annotations.formats.base import Report, chosen
from annotations.formats.registry import formats
from projects.archives import open_archive
from tests.annotations.conftest import BOX, SQUARE, create, make_item
from tests.annotations.exports.conftest import draw

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = [name for name, form in formats().items() if getattr(form, "writes", True)]
SHAPES = (
    BOX,
    SQUARE,
    {"type": "rbox", "cx": 50, "cy": 50, "w": 20, "h": 10, "angle": 30},
    {"type": "polyline", "points": [["a", 1, 1], ["b", 30, 40]]},
    {"type": "keypoints", "points": [[10, 10, 2], [30, 30, 1], [0, 0, 0]]},
    {"type": "tag"},
)


@pytest.mark.parametrize("name", WRITTEN)
def test_it_is_read_again_as_what_it_is(project, labels, alice, ask, read, tmp_path, name):
    still, clip = make_item(project, "a/still.png"), make_item(project, "clip.mp4", "video")
    make_item(project, "empty.png")
    drawn = [create(labels[0], geometry=geometry) for geometry in SHAPES]
    draw(still, alice, *drawn)
    frames = {"3": {"geometry": BOX}, "9": {"geometry": {**BOX, "x": 100}}}
    draw(clip, alice, create(labels[1], frame=3, keyframes=frames))
    job = ask(format=name)
    path = tmp_path / "export.zip"
    path.write_bytes(read(job).fp.getvalue())
    form, report = formats()[name], Report()
    with open_archive(path) as archive:
        assert form.detect(archive) >= 0.5
        pictures = list(form.read(archive, chosen(form, {}), report))
    told = {(remark.file, remark.text) for remark in report.remarks if "losses" in remark.file}
    assert told == set()
    assert report.refused == 0, report.remarks
    assert sum(len(picture.shapes) for picture in pictures) > 0
