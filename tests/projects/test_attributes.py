"""What annotators say about each shape of a label: defined on a page or by the interface, strictly checked."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.attributes import AttributeProblem, check, check_names, default_from, default_text

SELECT = {"name": "colour", "kind": "select", "values": ["red", "blue"], "default": "red", "mutable": True}


@pytest.fixture
def car(project):
    return project.labels.get(name="car")


@pytest.fixture
def owner(alice):
    client = Client()
    client.force_login(alice)
    return client


def rows(*forms, initial=0):
    """A posted form set; each row is {name, kind, ...}."""
    data = {"attribute-TOTAL_FORMS": str(len(forms)), "attribute-INITIAL_FORMS": str(initial)}
    return data | {f"attribute-{n}-{key}": value for n, form in enumerate(forms) for key, value in form.items()}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "__proto__"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"kind": "colour"}, "kind"),
        ({"values": []}, "values"),
        ({"values": ["red", " red"]}, "values"),
        ({"values": [""]}, "values"),
        ({"default": "green"}, "default"),
        ({"kind": "number", "default": "three"}, "default"),
        ({"kind": "number", "default": True}, "default"),
        ({"kind": "number", "default": float("nan")}, "default"),
        ({"kind": "checkbox", "default": "on"}, "default"),
        ({"kind": "text", "default": 3}, "default"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(change, field):
    with pytest.raises(AttributeProblem) as refused:
        check(SELECT | change)
    assert refused.value.field == field


def test_an_attribute_keeps_only_what_its_kind_has():
    assert check(SELECT) == SELECT
    assert check({"name": "a", "kind": "checkbox", "values": ["x"], "default": False}) == {
        "name": "a",
        "kind": "checkbox",
        "default": False,
    }
    assert check({"name": "a", "kind": "text", "default": ""}) == {"name": "a", "kind": "text"}


def test_names_are_told_apart_without_case():
    with pytest.raises(AttributeProblem):
        check_names([{"name": "Colour"}, {"name": "colour"}])
    check_names([{"name": "a"}, {"name": "b"}])


@pytest.mark.parametrize(
    "kind_and_default", [("number", 2.5), ("number", 7), ("checkbox", False), ("text", "off"), ("text", None)]
)
def test_a_default_is_shown_as_it_is_typed(kind_and_default):
    kind, default = kind_and_default
    assert default_from(kind, default_text(default)) == default


def test_the_interface_takes_and_refuses_them(project, car, alice, api):
    url = f"/api/v1/projects/{project.pk}/labels/{car.pk}"
    assert api(alice).patch(url, {"attributes": [SELECT]}).data["attributes"] == [SELECT]
    answer = api(alice).patch(url, {"attributes": [SELECT | {"default": "green"}]})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/attributes/0/default"
    assert api(alice).patch(url, {"attributes": [SELECT, SELECT]}).status_code == 400
    car.refresh_from_db()
    assert car.attributes == [SELECT]


def test_the_page_adds_changes_and_removes_them(owner, project, car):
    url = f"/projects/{project.pk}/labels/{car.pk}/attributes/"
    colour = {"name": "colour", "kind": "select", "values": "red\r\nblue\r\n", "default": "red", "mutable": "on"}
    parked = {"name": "parked", "kind": "checkbox", "default": "off"}
    assert owner.post(url, rows(colour, parked, {"name": "", "kind": "select"})).status_code == 302
    car.refresh_from_db()
    assert car.attributes == [SELECT, {"name": "parked", "kind": "checkbox", "default": False}]
    page = owner.get(url).content.decode()
    assert 'value="colour"' in page and "red\nblue" in page
    assert "2 attributes" in owner.get(f"/projects/{project.pk}/settings/").content.decode()
    owner.post(url, rows(colour | {"DELETE": "on"}, parked | {"default": ""}, initial=2))
    car.refresh_from_db()
    assert car.attributes == [{"name": "parked", "kind": "checkbox"}]


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(owner, project, car):
    url = f"/projects/{project.pk}/labels/{car.pk}/attributes/"
    wrong = owner.post(url, rows({"name": "age", "kind": "number", "default": "old"})).content.decode()
    assert "Type a number" in wrong and 'value="age"' in wrong
    twice = {"name": "a", "kind": "text"}
    assert "Two attributes are called" in owner.post(url, rows(twice, twice)).content.decode()
    car.refresh_from_db()
    assert car.attributes == []


def test_only_managers_may(project, car, bob, charlie):
    url = f"/projects/{project.pk}/labels/{car.pk}/attributes/"
    for person, status in ((bob, 403), (charlie, 404)):
        client = Client()
        client.force_login(person)
        assert client.post(url, rows()).status_code == status
