"""The label schema: adding, renaming, recolouring, and what is in use stays."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from annotations.models import Annotation
from projects.models import Asset, Item, Label, Project


@pytest.fixture
def url(project):
    return f"/api/v1/projects/{project.pk}/labels"


def test_it_works(url, alice, bob, api):
    made = api(alice).post(url, {"name": "bus", "aliases": ["coach"]})
    assert made.status_code == 201
    assert (made.data["ordinal"], made.data["color"]) == (2, "#009E73")
    assert [label["name"] for label in api(bob).get(url).data["results"]] == ["person", "car", "bus"]
    assert api(bob).get(f"{url}/{made.data['id']}").json() == made.json()


def test_a_page_ends_where_the_next_begins(url, alice, api):
    first = api(alice).get(f"{url}?limit=1").data
    second = api(alice).get(first["next"]).data
    assert [first["results"][0]["name"], second["results"][0]["name"], second["next"]] == ["person", "car", None]


def test_renaming_and_recolouring(url, project, alice, api):
    car = project.labels.get(name="car")
    etag = api(alice).get(f"{url}/{car.pk}").headers["ETag"]
    answer = api(alice).patch(f"{url}/{car.pk}", {"name": "vehicle", "color": "#0072B2"}, HTTP_IF_MATCH=etag)
    assert answer.status_code == 200
    assert (answer.data["name"], answer.data["color"], answer.data["ordinal"]) == ("vehicle", "#0072B2", 1)
    assert api(alice).patch(f"{url}/{car.pk}", {"name": "x"}, HTTP_IF_MATCH=etag).status_code == 412
    assert api(alice).patch(f"{url}/{car.pk}", {"ordinal": 9}).data["ordinal"] == 1


@pytest.mark.parametrize("body", [{"name": "person"}, {"name": ""}, {"name": "a\u0000"}, {"name": {"x": 1}}, {}])
def test_bad_names_are_refused(url, alice, api, body):
    answer = api(alice).post(url, body)
    assert answer.status_code == 400
    assert Label.objects.count() == 2


def test_two_labels_cannot_have_one_name(url, project, alice, api):
    car = project.labels.get(name="car")
    for name in ("person", "Person", " PERSON "):
        for answer in (api(alice).post(url, {"name": name}), api(alice).patch(f"{url}/{car.pk}", {"name": name})):
            assert answer.status_code == 400
            assert answer.data["errors"][0] | {"detail": ""} == {"pointer": "/name", "code": "duplicate", "detail": ""}
    assert api(alice).patch(f"{url}/{car.pk}", {"name": "Car"}).data["name"] == "Car"


def test_a_project_is_not_made_with_two_labels_of_one_name(alice, api):
    body = {"name": "Belt", "labels": [{"name": "bolt"}, {"name": "gear"}, {"name": "Bolt"}]}
    answer = api(alice).post("/api/v1/projects", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.data["errors"]] == ["/labels/2/name"]
    assert not Project.objects.filter(name="Belt").exists()


def test_twins_of_the_time_before_get_numbers(project):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_label_a_name")
    for name in ("Car", "CAR", "car (2)"):
        project.add_label(name)
    other = Project.objects.create(team=project.team, name="Other")
    other.add_label("Car")
    import_module("projects.migrations.0005_label_names_without_case").number_twins(apps, None)
    assert list(project.labels.values_list("name", flat=True)) == ["person", "car", "Car (2)", "CAR (3)", "car (2) (2)"]
    assert other.labels.get().name == "Car"


def test_it_validates_ownership(url, project, bob, charlie, api):
    one = f"{url}/{project.labels.first().pk}"
    for method, path in (("get", url), ("post", url), ("get", one), ("patch", one), ("delete", one)):
        assert getattr(api(charlie), method)(path, {"name": "x"}).status_code == 404
    for method, path in (("post", url), ("patch", one), ("delete", one)):
        refused = getattr(api(bob), method)(path, {"name": "x"})
        assert refused.data["detail"] == "This needs the role manager; yours is annotator."


def test_a_label_of_another_project_is_not_found_here(url, team, alice, api):
    other = Project.objects.create(team=team, name="Other").add_label("thing")
    assert api(alice).delete(f"{url}/{other.pk}").status_code == 404


def test_deleting_one_that_nothing_uses(url, project, alice, api):
    car = project.labels.get(name="car")
    assert api(alice).delete(f"{url}/{car.pk}").status_code == 204
    assert project.labels.count() == 1
    assert api(alice).post(url, {"name": "bus"}).data["ordinal"] == 2, "exports remember the index of the deleted one"


def test_deleting_one_in_use_is_refused_with_the_count(url, project, alice, api):
    asset = Asset.objects.create(team=project.team, kind="image", sha256="0" * 64, size=1, width=8, height=8)
    item = Item.objects.create(project=project, asset=asset, path="a.png")
    car = project.labels.get(name="car")
    for n in range(3):
        Annotation.objects.create(
            id=f"018f0000-0000-7000-8000-00000000000{n}",
            item=item,
            label=car,
            geometry={},
            deleted=n == 2,
            created_rev=1,
            updated_rev=1,
        )
    answer = api(alice).delete(f"{url}/{car.pk}")
    assert answer.status_code == 409 and answer.data["uses"] == 3
    assert "3 annotations use the label 'car'" in answer.data["detail"]
    assert Label.objects.filter(pk=car.pk).exists()
