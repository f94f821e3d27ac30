"""Making a project, its settings, its labels and its end."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from annotations.models import Annotation
from projects.forms import parse_labels
from projects.models import Asset, Item, Job, Label, Membership, Project, ProjectMembership, Role, Team, User
from projects.models.project import PALETTE


@pytest.fixture
def owner(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def _text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def _new(team: Team, **changes: object) -> dict[str, object]:
    return {"name": "Belt", "task": "detect", "labels": "bolt, gear #ff0000\nplate", "team": team.pk} | changes


def test_a_project_is_made_with_its_labels(owner: Client, team: Team, alice: User) -> None:
    response = owner.post("/projects/new/", _new(team))
    project = Project.objects.get(name="Belt")
    assert response["Location"] == f"/projects/{project.pk}/"
    assert project.created_by == alice
    labels = list(project.labels.values_list("ordinal", "name", "color"))
    assert labels == [(0, "bolt", PALETTE[0]), (1, "gear", "#ff0000"), (2, "plate", PALETTE[2])]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"task": "juggle"}, "juggle"),
        ({"labels": ",".join(f"l{n}" for n in range(501))}, "501 labels: a project holds at most 500."),
        ({"labels": "x" * 121}, "at most 120 characters"),
    ],
)
def test_a_project_that_cannot_be_made_says_why(owner: Client, team: Team, changes, said: str) -> None:
    assert said in _text(owner.post("/projects/new/", _new(team, **changes)))
    assert not Project.objects.exists()


def test_a_team_where_one_only_annotates_takes_no_project(client: Client, team: Team, bob: User) -> None:
    client.force_login(bob)
    response = client.post("/projects/new/", _new(team))
    assert response.status_code == 200
    assert "choose a team where you may" in _text(response)
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("bolt", ["bolt"]),
        ("bolt,Bolt;  BOLT ", ["bolt"]),
        ("traffic light #00FF00\n\n stop sign", ["traffic light", "stop sign"]),
        ("#123456", []),
        ("#12345", ["#12345"]),
    ],
)
def test_labels_are_read_as_typed(text: str, names: list[str]) -> None:
    assert [name for name, _ in parse_labels(text)] == names


def test_a_project_is_renamed(owner: Client, project: Project) -> None:
    owner.post(f"/projects/{project.pk}/settings/", {"project-name": "Avenue", "project-description": "By day"})
    project.refresh_from_db()
    assert (project.name, project.description) == ("Avenue", "By day")


# Labels


def test_a_label_is_added_renamed_recoloured_and_moved(owner: Client, project: Project) -> None:
    path = f"/projects/{project.pk}/labels/"
    owner.post(path, {"label-name": "bicycle", "label-color": "#00ff00"})
    bicycle = project.labels.get(name="bicycle")
    owner.post(f"{path}{bicycle.pk}/", {"do": "save", "name": "bike", "color": "#0000ff"})
    owner.post(f"{path}{bicycle.pk}/", {"do": "up"})
    assert list(project.labels.values_list("ordinal", "name")) == [(0, "person"), (1, "bike"), (2, "car")]
    assert project.labels.get(name="bike").color == "#0000ff"
    owner.post(f"{path}{bicycle.pk}/", {"do": "down"})
    owner.post(f"{path}{bicycle.pk}/", {"do": "down"})  # it is the last already
    assert list(project.labels.values_list("name", flat=True)) == ["person", "car", "bike"]


@pytest.mark.parametrize("name", ["Person", "person "])
def test_a_label_that_is_there_already_is_refused(owner: Client, project: Project, name: str) -> None:
    response = owner.post(f"/projects/{project.pk}/labels/", {"label-name": name, "label-color": "#00ff00"})
    assert "has a label" in _text(response)
    assert project.labels.count() == 2


def test_a_colour_that_is_none_is_refused(owner: Client, project: Project) -> None:
    label = project.labels.first()
    response = owner.post(f"/projects/{project.pk}/labels/{label.pk}/", {"name": "person", "color": "red"}, follow=True)
    assert "A colour looks like #E69F00." in _text(response)


def test_a_label_of_another_project_is_not_there(owner: Client, project: Project, charlie: User) -> None:
    foreign = Project.objects.create(team=charlie.teams.get(), name="Other").add_label("theirs")
    response = owner.post(f"/projects/{project.pk}/labels/{foreign.pk}/", {"do": "delete"})
    assert response.status_code == 404
    assert Label.objects.filter(pk=foreign.pk).exists()


def _shape(project: Project, label: Label) -> Annotation:
    asset = Asset.objects.create(
        team=project.team, kind="image", sha256="0" * 64, size=1, content_type="image/png",
        original_name="a.png", width=10, height=10, file="a.png",
    )  # fmt: skip
    item = Item.objects.create(project=project, asset=asset, path="a.png")
    box = {"type": "box", "x": 0, "y": 0, "w": 1, "h": 1}
    return Annotation.objects.create(
        id=uuid.uuid4(), item=item, label=label, geometry=box, created_rev=1, updated_rev=1
    )


def test_a_label_in_use_stays_and_the_page_says_by_how_many(owner: Client, project: Project) -> None:
    label = project.labels.first()
    _shape(project, label)
    response = owner.post(f"/projects/{project.pk}/labels/{label.pk}/", {"do": "delete"}, follow=True)
    assert "1 shape uses &#x27;person&#x27;" in _text(response)
    assert project.labels.count() == 2


def test_a_label_without_shapes_is_deleted(owner: Client, project: Project) -> None:
    owner.post(f"/projects/{project.pk}/labels/{project.labels.first().pk}/", {"do": "delete"})
    assert list(project.labels.values_list("name", flat=True)) == ["car"]


# People of the project


def test_somebody_of_outside_gets_a_role_in_one_project(owner: Client, project: Project, charlie: User) -> None:
    path = f"/projects/{project.pk}/members/"
    owner.post(path, {"member-email": "Charlie@example.org", "member-role": "viewer"})
    member = ProjectMembership.objects.get(project=project, user=charlie)
    assert member.role == Role.VIEWER
    guest = Client()
    guest.force_login(charlie)
    assert guest.get(f"/projects/{project.pk}/").status_code == 200
    assert guest.get(f"/projects/{project.pk}/settings/").status_code == 200
    assert guest.get(f"/teams/{project.team_id}/").status_code == 404
    owner.post(f"{path}{member.pk}/", {"role": ""})
    assert guest.get(f"/projects/{project.pk}/").status_code == 404


def test_an_email_that_nobody_has_is_told(owner: Client, project: Project) -> None:
    response = owner.post(f"/projects/{project.pk}/members/", {"member-email": "x@y.org", "member-role": "viewer"})
    assert "Nobody here has this email." in _text(response)


# The end


def test_only_an_owner_deletes_a_project(client: Client, project: Project, bob: User) -> None:
    Membership.objects.filter(user=bob, team=project.team).update(role=Role.MANAGER)
    client.force_login(bob)
    assert client.post(f"/projects/{project.pk}/delete/").status_code == 403
    assert "Delete the project" not in _text(client.get(f"/projects/{project.pk}/settings/"))


def test_a_project_is_deleted_and_its_files_stay(owner: Client, project: Project) -> None:
    _shape(project, project.labels.first())
    response = owner.post(f"/projects/{project.pk}/delete/", {"confirm": project.name}, follow=True)
    assert "Its files stay in the team&#x27;s library." in _text(response)
    assert not Project.objects.filter(pk=project.pk).exists()
    assert Asset.objects.filter(team=project.team).count() == 1


def test_a_project_with_a_running_job_stays(owner: Client, project: Project) -> None:
    Job.objects.create(project=project, kind="train", status="running")
    response = owner.post(f"/projects/{project.pk}/delete/", {"confirm": project.name}, follow=True)
    assert "1 job(s) run in this project" in _text(response)
    assert Project.objects.filter(pk=project.pk).exists()


def test_a_project_whose_name_was_not_typed_stays(owner: Client, project: Project) -> None:
    for given in ({}, {"confirm": ""}, {"confirm": "another"}):
        response = owner.post(f"/projects/{project.pk}/delete/", given, follow=True)
        assert "Nothing was deleted" in response.content.decode()
    assert Project.objects.filter(pk=project.pk).exists()
