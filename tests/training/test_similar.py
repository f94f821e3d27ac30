"""More like this: pictures that look alike are near each other, and the list and the call give them in that order."""

from __future__ import annotations

import uuid

import cv2
import numpy as np
import pytest
from django.core.files.base import ContentFile

from projects.models import Item, Project
from tests.rows import asset_row
from training.models import ItemEmbedding
from training.similar import descriptor, keeping
from training.tasks import embed_items

RED, BLUE = (200, 30, 30), (30, 60, 200)


def picture(colour: tuple[int, int, int], upright: bool = True, seed: int = 0) -> np.ndarray:
    """Coloured bars on grey, a little noisy."""
    rgb = np.full((96, 128, 3), 90, np.uint8)
    for start in range(0, 96, 24):
        bar = (slice(None), slice(start, start + 10)) if upright else (slice(start, start + 10), slice(None))
        rgb[bar] = colour
    noise = np.random.default_rng(seed).integers(-8, 9, rgb.shape)
    return np.clip(rgb.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def items(project: Project) -> list[Item]:
    """0 and 1 are two shots of one thing, 2 has its edges and other colours, 3 neither; 4 has no picture."""
    shots = [picture(RED), picture(RED, seed=1), picture(BLUE, seed=2), picture(BLUE, upright=False, seed=3)]
    found = []
    for n in range(5):
        asset = asset_row(project.team, n)
        if n < len(shots):
            code = cv2.imencode(".webp", cv2.cvtColor(shots[n], cv2.COLOR_RGB2BGR))[1].tobytes()
            asset.thumbnail.save(f"{n}.webp", ContentFile(code))
        found.append(Item.objects.create(project=project, asset=asset, path=f"{n}.jpg"))
    return found


def test_a_descriptor_tells_colours_and_edges_apart():
    same, other, turned = (
        float(descriptor.of(picture(RED)) @ descriptor.of(each))
        for each in (picture(RED, seed=9), picture(BLUE), picture(BLUE, upright=False))
    )
    assert same > 0.98 > other > turned
    for rgb in (picture(RED), np.zeros((1, 1, 3), np.uint8), np.full((3, 900, 3), 255, np.uint8)):
        vector = descriptor.of(rgb)
        assert vector.shape == (256,) and vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1)


def test_features_of_any_number_are_fitted_and_keep_their_angles():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 1024))
    near = a + 0.3 * b
    kept = float(descriptor.fitted(a) @ descriptor.fitted(near))
    assert kept == pytest.approx(a @ near / np.linalg.norm(a) / np.linalg.norm(near), abs=0.1)
    assert np.array_equal(descriptor.fitted(a), descriptor.fitted(a)) and descriptor.fitted(a[:3]).shape == (256,)
    for bad in (np.zeros(4), np.array([np.nan])):
        with pytest.raises(ValueError, match="finite"):
            descriptor.fitted(bad)


@pytest.mark.django_db
def test_points_are_made_once_for_what_has_a_picture(items, project):
    assert embed_items(str(project.pk)) == 4 and embed_items() == 0
    assert set(ItemEmbedding.objects.values_list("item", flat=True)) == {item.pk for item in items[:4]}
    assert not keeping.behind(project.pk).exists()


@pytest.mark.django_db
def test_the_most_alike_come_first(api, bob, charlie, items, project):
    embed_items()
    url = f"/api/v1/items/{items[0].pk}/similar"
    found = api(bob).get(url).json()["results"]
    assert [row["path"] for row in found] == ["1.jpg", "2.jpg", "3.jpg"]
    assert 0 <= found[0]["distance"] < 0.05 < found[1]["distance"] < found[2]["distance"]
    assert [row["path"] for row in api(bob).get(f"{url}?limit=1").json()["results"]] == ["1.jpg"]
    assert api(bob).get(f"{url}?limit=0").status_code == 400
    assert api(bob).get(f"/api/v1/items/{items[4].pk}/similar").json()["code"] == "no-picture"
    assert api(charlie).get(url).status_code == 404

    seen, url = [], f"/api/v1/projects/{project.pk}/items?like={items[3].pk}&limit=2"
    while url:
        page = api(bob).get(url).json()
        seen += [row["path"] for row in page["results"]]
        url = page["next"]
    assert seen[0] == "3.jpg" and seen[1] == "2.jpg" and sorted(seen) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    narrowed = api(bob).get(f"/api/v1/projects/{project.pk}/items?like={items[3].pk}&q=1").json()["results"]
    assert [row["path"] for row in narrowed] == ["1.jpg"]
    for wrong in (f"like={uuid.uuid4()}", f"like={items[4].pk}", "ordering=distance"):
        assert api(bob).get(f"/api/v1/projects/{project.pk}/items?{wrong}").status_code == 400


@pytest.mark.django_db
def test_an_item_that_has_no_point_yet_is_compared_all_the_same(api, bob, items, project):
    ItemEmbedding.objects.create(item=items[1], kind="look", vector=keeping.look(items[1].asset))
    assert [row["path"] for row in api(bob).get(f"/api/v1/items/{items[0].pk}/similar").json()["results"]] == ["1.jpg"]
