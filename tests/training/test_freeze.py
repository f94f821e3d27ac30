"""Freezing labelled items into an immutable version."""

from __future__ import annotations

import numpy as np
import pytest

from projects.models import Asset, Item, Label, Project
from tests.rows import video_index
from training.datasets.version import DatasetError, freeze
from training.models import Frozen, Model, Version, VersionFrame

GRAY = np.full((60, 80, 3), 127, np.uint8)


@pytest.fixture
def video(project, alice):
    """`video(name)` gives a video item of 100 frames, without a file."""

    def make(name: str, target: Project = project) -> Item:
        asset = Asset.objects.create(
            team=target.team,
            kind="video",
            sha256=name,
            size=1000,
            content_type="video/mp4",
            original_name=name,
            width=80,
            height=60,
            file=name,
        )
        video_index(asset).save()
        return Item.objects.create(project=target, asset=asset, path=name)

    return make


def test_it_takes_what_people_drew_and_nothing_else(project, alice, add_image, draw):
    first, second = (add_image(project, f"{n}.jpg", GRAY) for n in (1, 2))
    mine = draw(first, "person", 1, 2, 10, 20)
    draw(first, "car", 1, 2, 10, 20, source="model", confidence=0.9)
    draw(first, "car", 1, 2, 10, 20, deleted=True)
    draw(second, "car", 5, 5, 10, 10, source="import")
    draw(add_image(project, "suggested.jpg", GRAY), "car", 5, 5, 10, 10, source="model")
    add_image(project, "nothing.jpg", GRAY)

    version = freeze(project, alice, "First")

    frames = {row.path: row for row in version.frames.all()}
    assert set(frames) == {"1.jpg", "2.jpg"}
    assert [shape["id"] for shape in frames["1.jpg"].shapes] == [str(mine.pk)]
    assert frames["1.jpg"].shapes[0]["geometry"] == {"type": "box", "x": 1, "y": 2, "w": 10, "h": 20}
    assert frames["1.jpg"].rev == Item.objects.get(pk=first.pk).rev == 3
    assert {row.split for row in frames.values()} == {"train", "val"}
    assert version.counts["boxes"] == 2 and version.counts["labels"] == {"person": 1, "car": 1}
    assert (version.number, version.name, version.created_by) == (1, "First", alice)


def test_an_approved_empty_picture_is_a_background(project, alice, add_image, draw):
    for n in (1, 2):
        draw(add_image(project, f"{n}.jpg", GRAY), "car", 1, 1, 5, 5)
    empty = add_image(project, "empty.jpg", GRAY)
    Item.objects.filter(pk=empty.pk).update(state="approved")
    version = freeze(project, alice)
    assert version.frames.get(path="empty.jpg").shapes == []


def test_each_labelled_frame_of_a_video_is_a_picture(project, alice, video, draw):
    item = video("a.mp4")
    for frame in (3, 50, 50, 97):
        draw(item, "car", 1, 1, 5, 5, frame=frame)
    version = freeze(project, alice)
    assert [(row.frame, len(row.shapes)) for row in version.frames.all()] == [(3, 1), (50, 2), (97, 1)]


def test_key_frames_of_a_track_are_pictures_while_it_is_visible(project, alice, video, draw):
    box = {"type": "box", "x": 1, "y": 1, "w": 5, "h": 5}
    keys = {"10": {"geometry": box}, "20": {"geometry": {**box, "x": 9}}, "30": {"outside": True}}
    draw(video("a.mp4"), "car", 1, 1, 5, 5, frame=10, keyframes=keys)
    version = freeze(project, alice)
    assert [(row.frame, row.shapes[0]["geometry"]["x"]) for row in version.frames.all()] == [(10, 1), (20, 9)]


def test_a_track_counts_on_every_labelled_frame_that_it_crosses(project, alice, video, draw):
    box = {"type": "box", "x": 0, "y": 1, "w": 5, "h": 5}
    item = video("a.mp4")
    keys = {"10": {"geometry": box}, "20": {"geometry": {**box, "x": 20}}, "30": {"outside": True}}
    track = draw(item, "car", 0, 1, 5, 5, frame=10, keyframes=keys)
    for frame in (5, 15, 25, 35):
        draw(item, "car", 50, 1, 5, 5, frame=frame)
    version = freeze(project, alice)
    places = {
        row.frame: [shape["geometry"]["x"] for shape in row.shapes if shape["id"] == str(track.pk)]
        for row in version.frames.all()
    }
    assert places == {5: [], 10: [0], 15: [10], 20: [20], 25: [20], 35: []}


def test_frames_of_one_video_stay_on_one_side(project, alice, video, draw):
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"):
        item = video(name)
        for frame in range(10):
            draw(item, "car", 1, 1, 5, 5, frame=frame)
    version = freeze(project, alice)
    sides = {row.path: set() for row in version.frames.all()}
    for row in version.frames.all():
        sides[row.path].add(row.split)
    assert all(len(side) == 1 for side in sides.values())
    assert version.counts["train"] == 40 and version.counts["val"] == 10


def test_a_single_video_is_cut_by_time_and_says_so(project, alice, video, draw):
    item = video("a.mp4")
    for frame in range(0, 100, 10):
        draw(item, "car", 1, 1, 5, 5, frame=frame)
    version = freeze(project, alice)
    train = version.frames.filter(split="train").values_list("frame", flat=True)
    val = version.frames.filter(split="val").values_list("frame", flat=True)
    assert max(train) < min(val) and list(val) == [80, 90]
    assert version.split["method"] == "by time" and version.split["gap_frames"] == 10
    assert "second video" in version.split["notes"][0]


def test_the_split_is_stable_and_another_seed_changes_it(project, alice, add_image, draw):
    for n in range(30):
        draw(add_image(project, f"{n:02d}.jpg", GRAY), "car", 1, 1, 5, 5)

    def val(**split):
        version = freeze(project, alice, split=split)
        return set(version.frames.filter(split="val").values_list("path", flat=True))

    first = val()
    assert len(first) == 6 and val() == first
    assert val(seed=1) != first
    assert len(val(val=0.5)) == 15


def test_a_side_chosen_by_hand_is_kept(project, alice, add_image, draw):
    for n in range(10):
        item = add_image(project, f"{n}.jpg", GRAY)
        draw(item, "car", 1, 1, 5, 5)
        Item.objects.filter(pk=item.pk).update(split={0: "test", 1: "val", 2: "val"}.get(n, ""))
    version = freeze(project, alice)
    sides = dict(version.frames.values_list("path", "split"))
    assert sides["0.jpg"] == "test" and sides["1.jpg"] == sides["2.jpg"] == "val"
    assert list(sides.values()).count("train") == 7


def test_equal_content_has_an_equal_hash_and_can_be_reused(project, alice, add_image, draw):
    items = [add_image(project, f"{n}.jpg", GRAY) for n in range(3)]
    for item in items:
        draw(item, "car", 1, 1, 5, 5)
    first = freeze(project, alice)
    assert freeze(project, alice, reuse=True) == first
    again = freeze(project, alice)
    assert again.number == 2 and again.content_hash == first.content_hash
    draw(items[0], "car", 2, 2, 5, 5)
    changed = freeze(project, alice, reuse=True)
    assert changed.number == 3 and changed.content_hash != first.content_hash


def test_a_version_cannot_be_changed(project, alice, add_image, draw):
    for n in (1, 2):
        draw(add_image(project, f"{n}.jpg", GRAY), "car", 1, 1, 5, 5)
    version = freeze(project, alice)
    version.name = "Other"
    with pytest.raises(Frozen):
        version.save()
    with pytest.raises(Frozen):
        Version.objects.filter(pk=version.pk).update(name="Other")
    with pytest.raises(Frozen):
        version.frames.update(split="val")
    with pytest.raises(Frozen):
        VersionFrame.objects.bulk_update(list(version.frames.all()), ["split"])
    assert Version.objects.get(pk=version.pk).name == ""


def test_it_outlives_its_items_and_goes_with_its_project(project, alice, add_image, draw):
    items = [add_image(project, f"{n}.jpg", GRAY) for n in (1, 2)]
    for item in items:
        draw(item, "car", 1, 1, 5, 5)
    version = freeze(project, alice)
    items[0].annotations.all().delete()
    items[0].delete()
    assert version.frames.get(path="1.jpg").item is None
    Model.objects.create(project=project, name="m", engine="yolo", version=version, labels=[])
    version.delete()
    assert Model.objects.get(name="m").version is None and not VersionFrame.objects.exists()


def test_no_labels(project, alice, add_image):
    add_image(project, "1.jpg", GRAY)
    with pytest.raises(DatasetError) as refused:
        freeze(project, alice)
    assert refused.value.code == "no_labels" and "draw boxes" in refused.value.detail
    assert not Version.objects.exists()


def test_no_classes(team, alice):
    empty = Project.objects.create(team=team, name="Empty", task="detect")
    with pytest.raises(DatasetError) as refused:
        freeze(empty, alice)
    assert refused.value.code == "no_classes"


def test_one_image(project, alice, add_image, draw):
    draw(add_image(project, "1.jpg", GRAY), "car", 1, 1, 5, 5)
    with pytest.raises(DatasetError) as refused:
        freeze(project, alice)
    assert refused.value.code == "one_image" and "label another" in refused.value.detail


def test_only_other_shapes_than_boxes(project, alice, add_image, draw):
    for n in (1, 2):
        rings = [[["a", 0, 0], ["b", 5, 0], ["c", 5, 5]]]
        draw(add_image(project, f"{n}.jpg", GRAY), "car", 0, 0, 0, 0, geometry={"type": "polygon", "rings": rings})
    with pytest.raises(DatasetError) as refused:
        freeze(project, alice)
    assert refused.value.code == "no_labels" and "2 polygon" in refused.value.detail


def test_nothing_left_to_validate_on(project, alice, add_image, draw):
    for n in (1, 2):
        item = add_image(project, f"{n}.jpg", GRAY)
        draw(item, "car", 1, 1, 5, 5)
        Item.objects.filter(pk=item.pk).update(split="train")
    with pytest.raises(DatasetError) as refused:
        freeze(project, alice)
    assert refused.value.code == "no_val"


def test_one_class_is_fine_and_a_class_without_examples_is_a_warning(project, alice, add_image, draw):
    for n in range(5):
        draw(add_image(project, f"{n}.jpg", GRAY), "car", 1, 1, 5, 5)
    version = freeze(project, alice)
    assert version.counts["labels"] == {"person": 0, "car": 5}
    assert version.counts["warnings"] == ["'person' has no examples: the model cannot learn it."]
    Label.objects.filter(project=project, name="person").delete()
    assert freeze(project, alice).counts["warnings"] == []
