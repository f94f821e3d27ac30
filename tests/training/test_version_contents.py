"""What a version holds: every kind of shape, several projects, filters, splits without leaks, and a hash of it all."""

from __future__ import annotations

import io
import tracemalloc
import uuid

import numpy as np
import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from annotations.exports.filters import parse as filters
from annotations.models import Annotation
from projects import looks
from projects.models import Item, Label, Project
from tests.training.shape_makers import mask_of, star
from training.datasets import augment, preprocess
from training.datasets.version import DatasetError, Recipe, freeze

GRAY = np.full((140, 200, 3), 127, np.uint8)
EVERY = {
    "box": {"type": "box", "x": 1, "y": 2, "w": 30, "h": 20},
    "rbox": {"type": "rbox", "cx": 60, "cy": 60, "w": 30, "h": 20, "angle": 33},
    "polygon": star(100, 70, 40, True),
    "polyline": {"type": "polyline", "points": [[0, 1, 1], [1, 50, 60]]},
    "keypoints": {"type": "keypoints", "points": [[5, 5, 2], [9, 9, 1], [0, 0, 0]]},
    "mask": mask_of(star(100, 70, 40, False)),
    "tag": {"type": "tag"},
}


@pytest.fixture
def cars(project, add_image, draw):
    """`cars(n, target)`: n pictures of a project with a car in each."""

    def make(n: int, target: Project = project) -> list[Item]:
        items = [add_image(target, f"{target.name} {k:02d}.jpg", GRAY) for k in range(n)]
        for item in items:
            draw(item, "car", 1, 1, 5, 5)
        return items

    return make


def test_shapes_of_every_kind_are_frozen_and_what_a_task_cannot_learn_from_is_said(project, alice, add_image, draw):
    for name in ("a.jpg", "b.jpg"):
        item = add_image(project, name, GRAY)
        for geometry in EVERY.values():
            draw(item, "car", 0, 0, 0, 0, geometry=geometry)
    for task, learned in (("detect", 2), ("segment", 4), ("obb", 4), ("pose", 2), ("classify", 2), ("anomaly", 10)):
        project.task = task
        project.save()
        version = freeze(project, alice)
        kept = {shape["geometry"]["type"]: shape["geometry"] for shape in version.frames.first().shapes}
        assert kept == EVERY
        assert version.task == task and version.counts["shapes"] == 14
        assert version.counts["geometries"] == dict.fromkeys(sorted(EVERY), 2)
        assert version.counts["objects"] == version.counts["labels"]["car"] == learned
        assert sum(version.counts["skipped"].values()) == 14 - learned
    assert "of kind polyline left out" in " ".join(version.counts["warnings"])


def test_several_projects_are_one_dataset_with_one_name_a_class(project, team, alice, add_image, draw, cars):
    first = cars(3)
    other = Project.objects.create(team=team, name="Other", task="detect")
    for n, (name, aliases) in enumerate((("Car ", []), ("automobile", []), ("tram", []), ("vehicle", ["person"]))):
        Label.objects.create(project=other, name=name, ordinal=n, aliases=aliases)
    item = add_image(other, "x/1.jpg", GRAY)
    for name in ("Car ", "automobile", "tram"):
        draw(item, name, 5, 5, 9, 9)
    twice = Item.objects.create(project=other, asset=first[0].asset, path="again.jpg")
    draw(twice, "Car ", 5, 5, 9, 9)

    version = freeze(project, alice, recipe=Recipe(sources=[other], aliases={"car": ["Automobile"]}))

    assert [label["name"] for label in version.labels] == ["person", "car", "tram", "vehicle"]
    assert version.counts["labels"] == {"person": 0, "car": 6, "tram": 1, "vehicle": 0}
    paths = {row.path: row for row in version.frames.all()}
    assert "Other/x/1.jpg" in paths and "Street/Street 00.jpg" in paths
    assert paths["Other/x/1.jpg"].source == other
    assert [source["name"] for source in version.sources] == ["Street", "Other"]
    assert paths["Other/again.jpg"].split == paths["Street/Street 00.jpg"].split  # one picture, one side
    said = " ".join(version.counts["warnings"])
    assert "1 picture is in several of the projects" in said and "'automobile' of Other is counted as 'car'" in said


def test_an_alias_table_joins_classes_of_one_project_too(project, alice, add_image, draw):
    Label.objects.create(project=project, name="Automobile", ordinal=2, aliases=["car"])
    for n in range(2):
        item = add_image(project, f"{n}.jpg", GRAY)
        draw(item, "car", 1, 1, 5, 5)
        draw(item, "Automobile", 1, 1, 5, 5)
    assert freeze(project, alice).counts["labels"] == {"person": 0, "car": 2, "Automobile": 2}
    joined = freeze(project, alice, recipe=Recipe(aliases={"vehicle": ["car", "automobile"]}))
    assert joined.counts["labels"] == {"person": 0, "vehicle": 4}


def test_filters_choose_items_and_shapes(project, alice, bob, cars, draw):
    items = cars(6)
    Item.objects.filter(pk__in=[item.pk for item in items[:4]]).update(state="approved")
    Item.objects.filter(project=project).update(annotation_count=1)  # as the journal would have left it
    draw(items[0], "person", 1, 1, 5, 5)
    unsure = draw(items[1], "car", 9, 9, 5, 5, confidence=0.3)
    Annotation.objects.filter(item=items[2]).update(author=bob)
    person = str(project.labels.get(name="person").pk)

    def kept(**wish):
        version = freeze(project, alice, recipe=Recipe(filters=filters(wish)))
        return version, {row.path: [shape["id"] for shape in row.shapes] for row in version.frames.all()}

    version, found = kept(states=["approved"])
    assert len(found) == 4 and version.filters == {"states": ["approved"]}
    assert str(unsure.pk) not in kept(confidence={"min": 0.5})[1]["Street 01.jpg"]
    assert "Street 02.jpg" not in kept(authors=[str(alice.pk)])[1]
    assert set(kept(items=[str(item.pk) for item in items[:3]])[1]) == {f"Street 0{n}.jpg" for n in range(3)}
    draw(items[5], "person", 1, 1, 5, 5)
    _, found = kept(labels=[person])  # approved pictures without a person are what people are not
    assert {path: len(shapes) for path, shapes in found.items()} == {
        "Street 00.jpg": 1, "Street 01.jpg": 0, "Street 02.jpg": 0, "Street 03.jpg": 0, "Street 05.jpg": 1,
    }  # fmt: skip
    assert len(kept(labels=[person], only_labelled=True)[1]) == 2


def test_the_hash_is_of_all_that_is_learned_from(project, alice, cars):
    items = cars(4)
    same = freeze(project, alice).content_hash
    assert freeze(project, alice, "Another name").content_hash == same
    others = [
        Recipe(split={"val": 0.5}),
        Recipe(preprocess=preprocess.parse({"greyscale": True})),
        Recipe(augment=augment.parse({"copies": 1, "flip": True})),
        Recipe(augment=augment.parse({"copies": 1, "flip": True, "seed": 7})),
        Recipe(filters=filters({"items": [str(item.pk) for item in items[:3]]})),
    ]
    hashes = {freeze(project, alice, recipe=recipe).content_hash for recipe in others}
    Label.objects.filter(project=project, name="car").update(name="Car")
    hashes |= {freeze(project, alice).content_hash, same}
    assert len(hashes) == 7


def test_the_pictures_that_a_training_gets_are_counted(project, alice, cars):
    cars(5)
    tiled = preprocess.parse({"tile": {"width": 100, "height": 140, "overlap": 0}})
    version = freeze(
        project, alice, recipe=Recipe(preprocess=tiled, augment=augment.parse({"copies": 2, "blur": True}))
    )
    assert version.counts["pictures"] == {"train": 4 * 2 * 3, "val": 2, "test": 0}


def test_shares_are_for_three_sides_and_must_be_a_whole(project, alice, cars):
    cars(10)
    version = freeze(project, alice, split={"train": 0.6, "val": 0.2, "test": 0.2})
    assert [version.counts[side] for side in ("train", "val", "test")] == [6, 2, 2]
    assert freeze(project, alice, split={"train": 0.7}).counts["val"] == 3
    for wrong in ({"val": 0.7, "test": 0.4}, {"train": 0.5, "val": 0.2}, {"val": 0}):
        with pytest.raises(DatasetError) as refused:
            freeze(project, alice, split=wrong)
        assert refused.value.code == "bad_split"


def test_a_version_knows_the_one_before_it(project, alice, cars):
    cars(3)
    first = freeze(project, alice)
    assert first.parent is None and freeze(project, alice).parent == first


def test_near_duplicates_stay_on_one_side(project, alice, add_image, draw):
    for n in range(12):
        pixels = np.random.RandomState(n // 3).randint(0, 256, (9, 12, 3)).astype(np.uint8)
        image = Image.fromarray(pixels).resize((200, 140), Image.Resampling.BICUBIC)
        brighter = image.point(lambda value, k=n: min(255, value + 6 * (k % 3)))
        item = add_image(project, f"{n}.jpg", np.asarray(brighter))
        small = io.BytesIO()
        brighter.resize((100, 70)).save(small, "WEBP", quality=70)
        item.asset.thumbnail.save(f"{uuid.uuid4()}.webp", ContentFile(small.getvalue()))
        draw(item, "car", 1, 1, 5, 5)
    version = freeze(project, alice, split={"val": 0.5})
    sides = dict(version.frames.values_list("path", "split"))
    assert version.counts["groups"] == 4 and version.counts["val"] == 6
    for first in range(0, 12, 3):
        assert len({sides[f"{n}.jpg"] for n in range(first, first + 3)}) == 1
    loose = freeze(project, alice, split={"val": 0.5, "near_duplicates": False})
    assert loose.counts["groups"] == 12 and loose.split["near_duplicates"] is False


@given(hashes=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30), flips=st.lists(st.integers(0, 63)))
def test_hashes_that_differ_in_few_bits_are_in_one_cluster_and_older_ones_name_it(hashes, flips):
    near = hashes[0]
    for bit in flips[: looks.NEAR_BITS]:
        near ^= 1 << bit
    found = looks.clusters([*hashes, near])
    assert found[-1] == found[0]
    for n, leader in enumerate(found):
        assert leader <= n and found[leader] == leader
    for n, a in enumerate(hashes):
        for m, b in enumerate(hashes):
            if (a ^ b).bit_count() <= looks.NEAR_BITS:
                assert found[n] == found[m]
    assert looks.clusters([*hashes, near, 2**64 - 1])[: len(found)] == found or 2**64 - 1 in _near(hashes, near)


def _near(hashes: list[int], near: int) -> set[int]:
    whole = 2**64 - 1
    return {whole} if any((code ^ whole).bit_count() <= looks.NEAR_BITS for code in (*hashes, near)) else set()


def test_many_shapes_need_hardly_more_memory_than_few(project, alice, cars):
    """A hundred and fifty outlines of 400 vertices are 9 MB of objects; only a few are ever held."""
    items = cars(40)
    ring = [[n, n % 200 + 0.5, n % 140 + 0.25] for n in range(400)]
    fields = {"geometry": {"type": "polygon", "rings": [ring]}, "created_rev": 1, "updated_rev": 1}
    fields |= {"label": project.labels.get(name="car")}

    def peak(n: int) -> int:
        rows = (Annotation(id=uuid.uuid4(), item=items[k % 40], **fields) for k in range(n))
        Annotation.objects.bulk_create(rows, batch_size=200)
        tracemalloc.start()
        try:
            freeze(project, alice)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    some = peak(150)
    assert peak(150) - some < 5e6
