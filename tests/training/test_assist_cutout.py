"""GrabCut from a box: what it cuts, what it makes of it, and who may ask for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from annotations import queries
from annotations.models import Annotation, JournalTx
from projects.models import Item, Project, User
from training.assist.cutout import cut_out
from training.assist.outline import Place, geometry_of

BOX = {"x": 60, "y": 40, "w": 100, "h": 100}


def ring_on_noise(width: int = 240, height: int = 180):
    """A red ring around (110, 90), outer radius 40 and inner 16, on grey noise."""
    random = np.random.default_rng(3)
    picture = np.clip(random.normal(90, 10, (height, width, 3)), 0, 255).astype(np.uint8)
    far = np.hypot(np.arange(width) - 110, np.arange(height)[:, None] - 90)
    picture[(far <= 40) & (far >= 16)] = (210, 50, 40)
    return np.clip(picture + random.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def item(project: Project, add_image) -> Item:
    return add_image(project, "ring.jpg", ring_on_noise())


def ask(client, item: Item, **body):
    label = item.project.labels.get(name="car")
    return client.post(f"/api/v1/items/{item.pk}/assist/grabcut", {"box": BOX, "label": str(label.pk), **body})


def area(rings) -> float:
    sides = [abs(cv2.contourArea(np.array([[x, y] for _, x, y in ring], np.float32))) for ring in rings]
    return sides[0] - sum(sides[1:])


def test_a_box_becomes_a_polygon_with_its_hole_as_a_suggestion(api, bob: User, item):
    answer = ask(api(bob), item)
    assert answer.status_code == 201, answer.data
    (made,) = answer.data["annotations"]
    rings = made["geometry"]["rings"]
    assert len(rings) == 2, "the hole is a ring of its own"
    names = [vertex[0] for ring in rings for vertex in ring]
    assert all(isinstance(name, str) for name in names) and len(set(names)) == len(names) < 120
    assert area(rings) == pytest.approx(np.pi * (40**2 - 16**2), rel=0.08)
    (stored,) = queries.annotations_of(item)
    assert (stored["id"], stored["geometry"], stored["source"]) == (made["id"], made["geometry"], "model")
    assert 0.5 < stored["confidence"] <= 1 and stored["author"] == str(bob.pk)
    item.refresh_from_db()
    assert (item.rev, item.annotation_count, item.state) == (answer.data["rev"], 0, "to-do")
    assert JournalTx.objects.get(item=item).client_id == "assist:grabcut"


def test_it_can_be_a_mask_or_a_box(api, bob, item):
    mask = ask(api(bob), item, **{"as": "mask"}).data["annotations"][0]["geometry"]
    assert mask["type"] == "mask" and mask["size"] == [180, 240]
    from faster_coco_eval.core import mask as coco

    covered = coco.area({"size": mask["size"], "counts": mask["counts"].encode()})
    assert covered == pytest.approx(np.pi * (40**2 - 16**2), rel=0.08)
    box = ask(api(bob), item, **{"as": "box"}).data["annotations"][0]["geometry"]
    assert box == {"type": "box", "x": pytest.approx(70, abs=2), "y": pytest.approx(50, abs=2)} | {
        "w": pytest.approx(81, abs=3),
        "h": pytest.approx(81, abs=3),
    }


def test_a_large_picture_is_cut_in_its_own_pixels():
    picture = cv2.resize(ring_on_noise(), None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    found = cut_out(picture, (480, 320, 800, 800))
    assert max(found.mask.shape) <= 960, "the work is bounded, whatever the picture"
    polygon = geometry_of(found.mask, found.place, (1920, 1440), "polygon")
    assert area(polygon["rings"]) == pytest.approx(64 * np.pi * (40**2 - 16**2), rel=0.06)
    mask = geometry_of(found.mask, found.place, (1920, 1440), "mask")
    assert mask["size"] == [1440, 1920]


def test_the_outline_lies_on_the_edge_of_the_pixels():
    mask = np.zeros((20, 30), bool)
    mask[4:10, 5:20] = True
    mask[15, 25] = True  # a speck
    (ring,) = geometry_of(mask, Place(100, 50, 2.0), (400, 300), "polygon")["rings"]
    xs, ys = [x for _, x, _ in ring], [y for _, _, y in ring]
    assert (min(xs), max(xs)) == (pytest.approx(110, abs=0.6), pytest.approx(140, abs=0.6))
    assert (min(ys), max(ys)) == (pytest.approx(58, abs=0.6), pytest.approx(70, abs=0.6))
    assert geometry_of(mask, Place(100, 50, 2.0), (400, 300), "box") == {
        "type": "box",
        "x": 110,
        "y": 58,
        "w": 30,
        "h": 12,
    }
    assert geometry_of(np.zeros((5, 5), bool), Place(), (5, 5), "polygon") is None


def test_nothing_to_cut_is_said(api, bob, project, add_image):
    item = add_image(project, "flat.png", np.full((100, 100, 3), 128, np.uint8))
    answer = ask(api(bob), item, box={"x": 20, "y": 20, "w": 40, "h": 40})
    assert (answer.status_code, answer.data["code"]) == (422, "nothing-found")
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"box": {**BOX, "x": "nan"}}, "/box/x"),
        ({"box": {**BOX, "w": float("inf")}}, "/box/w"),
        ({"box": {**BOX, "w": -3}}, "/box/w"),
        ({"box": {**BOX, "x": 400}}, "/box"),
        ({"box": {**BOX, "h": 2}}, "/box"),
        ({"box": None}, "/box"),
        ({"label": "01964f5e-6b01-7a55-9f0e-3d2c1b0a9f03"}, "/label"),
        ({"frame": 0}, "/frame"),
        ({"as": "circle"}, "/as"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(api, bob, item, change, pointer):
    answer = ask(api(bob), item, **change) if "inf" not in str(change) else _raw(api(bob), item)
    assert answer.status_code == 400, answer.data
    assert not Annotation.objects.exists()
    if "inf" not in str(change):
        assert answer.data["errors"][0]["pointer"] == pointer


def _raw(client, item: Item):
    label = item.project.labels.get(name="car")
    body = f'{{"box": {{"x": 1, "y": 1, "w": Infinity, "h": 9}}, "label": "{label.pk}"}}'
    return client.post(f"/api/v1/items/{item.pk}/assist/grabcut", body, content_type="application/json")


def test_annotators_may_and_others_may_not(api, alice, bob, charlie, item):
    assert ask(api(charlie), item).status_code == 404
    item.project.team.memberships.filter(user=bob).update(role="viewer")
    assert ask(api(bob), item).status_code == 403
    item.project.team.memberships.filter(user=bob).update(role="annotator")
    Item.objects.filter(pk=item.pk).update(state="approved")
    refused = ask(api(bob), item)
    assert (refused.status_code, refused.data["code"]) == (409, "ITEM_APPROVED")
    assert not Annotation.objects.exists()
    assert ask(api(alice), item).status_code == 201, "who may send it back may change it"


def test_one_person_s_calls_are_bounded(api, alice, bob, item, settings):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    old, rates["assist"] = rates["assist"], "2/hour"
    try:
        codes = [ask(api(bob), item, box={"x": 1, "y": 1, "w": 1, "h": 1}).status_code for _ in range(3)]
        assert codes == [400, 400, 429]
        assert ask(api(alice), item, box={}).status_code == 400, "counted by person"
    finally:
        rates["assist"] = old


def test_where_a_suggestion_came_from_can_be_asked(api, bob, charlie, item):
    made = ask(api(bob), item).data["annotations"][0]
    path = f"/api/v1/items/{item.pk}/assist/origins"
    assert api(bob).get(path).data == {"results": [{"id": made["id"], "tool": "grabcut", "model": None, "name": ""}]}
    assert api(charlie).get(path).status_code == 404


def test_on_a_blind_copy_only_the_one_it_is_for_is_helped(api, bob, charlie, item):
    copy = Item.every.create(project=item.project, asset=item.asset, path=item.path, replica_of=item, replica_for=bob)
    item.project.team.memberships.create(user=charlie, role="annotator")
    assert ask(api(charlie), copy).status_code == 404
    assert ask(api(bob), copy).status_code == 201
    assert len(queries.annotations_of(copy)) == 1 and not queries.annotations_of(item)
