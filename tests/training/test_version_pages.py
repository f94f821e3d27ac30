"""The pages of versions: what they show to whom."""

from __future__ import annotations

import re

import pytest

from projects.models import Membership
from tests.training.shape_makers import picture
from training import jobs
from training.datasets import augment, preprocess
from training.datasets.version import Recipe, freeze
from training.models import Restoration


@pytest.fixture
def get(client):
    def fetch(user, path: str):
        client.force_login(user)
        return client.get(path)

    return fetch


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_project_without_versions_says_what_they_are_for(belt, alice, bob, charlie, get):
    path = f"/projects/{belt.pk}/versions/"
    assert "No version yet" in text(get(alice, path)) and f"{path}new/" in get(alice, path).content.decode()
    assert f"{path}new/" not in get(bob, path).content.decode()
    assert get(charlie, path).status_code == 404
    assert get(bob, f"{path}new/").status_code == 403 and get(charlie, f"{path}new/").status_code == 404
    page = get(alice, f"{path}new/").content.decode()
    assert all(f'name="{step.name}"' in page for step in augment.STEPS) and 'value="letterbox"' in page
    assert "Nothing is labelled in this project yet" in page and "data-nothing" in page


def test_versions_are_listed_with_those_on_their_way(fill, alice, bob, get):
    belt = fill(5)
    recipe = Recipe(
        preprocess=preprocess.parse({"greyscale": True}), augment=augment.parse({"copies": 2, "flip": True})
    )
    assert "data-nothing" not in get(alice, f"/projects/{belt.pk}/versions/new/").content.decode()
    freeze(belt, alice, "The first", recipe=recipe)
    jobs.start_freeze(belt, alice, "The second")
    shown = text(get(bob, f"/projects/{belt.pk}/versions/"))
    assert "The first" in shown and "Train 4" in shown and "Validation 1" in shown
    assert "Prepared" in shown and "2 copies each" in shown and "The second" in shown and "Freezing a version" in shown


def test_a_version_s_page_says_all_about_it(fill, alice, bob, charlie, get, add_image, draw):
    belt = fill(5)
    first = freeze(belt, alice, "Before")
    draw(add_image(belt, "more.jpg", picture()), "bolt", 1, 1, 9, 9)
    tile = preprocess.parse({"tile": {"width": 64, "height": 72, "overlap": 0}})
    version = freeze(belt, alice, recipe=Recipe(preprocess=tile, augment=augment.parse({"copies": 1, "rotate": True})))
    answer = get(alice, f"/versions/{version.pk}/")
    shown = text(answer)
    assert "Tiles of 64 x 72 pixels" in shown and "Rotate: 15, in 50% of the copies" in shown
    assert f"A training gets {version.counts['pictures']['train']} pictures to train on" in shown
    assert version.content_hash[:12] in shown and "bolt" in shown
    page = answer.content.decode()
    assert f'<option value="{first.pk}" selected>' in page and 'id="restore"' in page
    assert f"/training/?version={version.pk}" in page and f"/data/?version={version.pk}" in page
    assert 'id="restore"' not in get(bob, f"/versions/{version.pk}/").content.decode()
    assert get(charlie, f"/versions/{version.pk}/").status_code == 404


def test_a_restored_project_names_its_version_to_who_may_see_it(fill, project, team, alice, charlie, get):
    version = freeze(fill(3), alice, "Old one")
    Restoration.objects.create(project=project, version=version)
    assert "made of Old one of Belt" in text(get(alice, f"/projects/{project.pk}/versions/"))
    project.memberships.create(user=charlie, role="viewer")
    assert not Membership.objects.filter(user=charlie, team=team).exists()
    assert "Old one" not in text(get(charlie, f"/projects/{project.pk}/versions/"))
