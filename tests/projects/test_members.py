"""Who is in a team or a project: nobody rises above themselves, and a team keeps an owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from projects import live
from projects.models import Membership, ProjectMembership, Role, Team, User
from projects.models.people import RoleRefused


@pytest.fixture
def url(team):
    return f"/api/v1/teams/{team.pk}/members"


def member(team, user):
    return Membership.objects.get(team=team, user=user)


def test_a_member_is_added_by_email(url, alice, charlie, api):
    made = api(alice).post(url, {"email": "Charlie@example.org", "role": "reviewer"})
    assert made.status_code == 201 and made.data["role"] == "reviewer"
    listed = api(charlie).get(url).data["results"]
    assert {(m["user"]["name"], m["role"]) for m in listed} == {
        ("Alice", "owner"),
        ("Bob", "annotator"),
        ("Charlie", "reviewer"),
    }
    twice = api(alice).post(url, {"email": "charlie@example.org", "role": "viewer"})
    assert twice.status_code == 409 and "reviewer" in twice.data["detail"]


def test_an_unknown_address_says_how_to_invite(url, team, alice, api):
    answer = api(alice).post(url, {"email": "dan@example.org", "role": "viewer"})
    assert answer.status_code == 400
    (error,) = answer.data["errors"]
    assert (error["pointer"], error["code"]) == ("/email", "unknown-person")
    assert f"/api/v1/teams/{team.pk}/invitations" in error["detail"]


def test_bad_input_is_pointed_at(url, alice, api):
    answer = api(alice).post(url, {"email": "x", "role": "king"})
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.data["errors"]} == {"/email", "/role"}


def test_it_validates_ownership(url, team, alice, bob, charlie, api):
    hers = f"{url}/{member(team, alice).pk}"
    for method, path in (("get", url), ("post", url), ("patch", hers), ("delete", hers)):
        body = {"email": "bob@example.org", "role": "viewer"}
        assert getattr(api(charlie), method)(path, body).status_code == 404, (method, path)
    assert api(bob).post(url, {"email": "charlie@example.org"}).status_code == 403
    refused = api(bob).patch(hers, {"role": "viewer"})
    assert refused.data["detail"] == "This needs the role manager; yours is annotator."
    assert api(bob).patch(f"{url}/{member(team, bob).pk}", {"role": "owner"}).status_code == 403
    assert api(bob).delete(hers).status_code == 403


def test_a_member_of_another_team_is_not_found_here(url, alice, charlie, api):
    theirs = Membership.objects.get(user=charlie)
    assert api(alice).patch(f"{url}/{theirs.pk}", {"role": "viewer"}).status_code == 404


def test_a_manager_can_neither_make_nor_unmake_owners(url, team, alice, bob, charlie, api):
    member(team, bob).change_role(Role.MANAGER)
    assert api(bob).post(url, {"email": "charlie@example.org", "role": "owner"}).status_code == 403
    assert api(bob).patch(f"{url}/{member(team, bob).pk}", {"role": "owner"}).status_code == 403
    refused = api(bob).delete(f"{url}/{member(team, alice).pk}")
    assert refused.status_code == 403 and "owner" in refused.data["detail"]
    assert api(bob).post(url, {"email": "charlie@example.org", "role": "manager"}).status_code == 201


def test_the_last_owner_stays(url, team, alice, bob, api):
    hers = f"{url}/{member(team, alice).pk}"
    for answer in (api(alice).patch(hers, {"role": "viewer"}), api(alice).delete(hers)):
        assert answer.status_code == 409
        assert answer.data["detail"] == "This is the team's last owner: make somebody else an owner first."
    api(alice).patch(f"{url}/{member(team, bob).pk}", {"role": "owner"})
    assert api(alice).delete(hers).status_code == 204


def test_anybody_may_leave(url, team, bob, api):
    assert api(bob).delete(f"{url}/{member(team, bob).pk}").status_code == 204
    assert api(bob).get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_step_down_at_once_leave_one():
    alice = User.objects.create_user("alice@example.org", "x", name="Alice")
    bob = User.objects.create_user("bob@example.org", "x", name="Bob")
    team = Team.objects.create(name="Lab")
    owners = [Membership.objects.create(team=team, user=who, role=Role.OWNER) for who in (alice, bob)]

    def step_down(owner: Membership) -> str:
        try:
            Membership.objects.get(pk=owner.pk).change_role(Role.VIEWER)
            return "done"
        except RoleRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(step_down, owners))
    assert outcomes == ["done", "last-owner"]
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


def heard(subscriber) -> list[dict]:
    messages = []
    while (message := subscriber.get_message(timeout=0.5)) is not None:
        if message["type"] == "message":
            messages.append(orjson.loads(message["data"]))
    return messages


def test_a_change_of_role_rings_the_persons_sockets(
    url, team, project, alice, bob, charlie, api, django_capture_on_commit_callbacks
):
    subscriber = Redis.from_url(settings.REDIS_URL).pubsub()
    subscriber.subscribe(live.person_room(bob.pk), live.person_room(charlie.pk))
    his = f"{url}/{member(team, bob).pk}"
    with django_capture_on_commit_callbacks(execute=True):
        api(alice).patch(his, {"role": "viewer"})
    with django_capture_on_commit_callbacks(execute=True):
        api(alice).delete(his)
    with django_capture_on_commit_callbacks(execute=True):
        api(alice).post(f"/api/v1/projects/{project.pk}/members", {"email": "charlie@example.org", "role": "viewer"})
    assert heard(subscriber) == [
        {"type": "access", "team": str(team.pk), "role": "viewer"},
        {"type": "access", "team": str(team.pk), "role": None},
        {"type": "access", "project": str(project.pk), "role": "viewer"},
    ]
    subscriber.close()


@pytest.fixture
def project_url(project):
    return f"/api/v1/projects/{project.pk}/members"


def test_a_stranger_gets_a_role_in_one_project(project_url, project, team, alice, charlie, api):
    made = api(alice).post(project_url, {"email": "charlie@example.org", "role": "annotator"})
    assert made.status_code == 201 and made.data["via"] == "project"
    assert api(charlie).get(f"/api/v1/projects/{project.pk}").data["role"] == "annotator"
    assert api(charlie).get(f"/api/v1/teams/{team.pk}").status_code == 404
    again = api(alice).post(project_url, {"email": "charlie@example.org", "role": "reviewer"})
    assert again.status_code == 200 and again.data["role"] == "reviewer"
    listed = api(charlie).get(project_url).data["results"]
    assert {(m["user"]["name"], m["role"], m["via"]) for m in listed} == {
        ("Charlie", "reviewer", "project"),
        ("Alice", "owner", "team"),
        ("Bob", "annotator", "team"),
    }


def test_project_members_are_changed_and_removed_by_managers(project_url, project, alice, bob, charlie, api):
    his = ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    path = f"{project_url}/{his.pk}"
    assert api(bob).patch(path, {"role": "manager"}).status_code == 403
    assert api(charlie).patch(path, {"role": "manager"}).status_code == 403
    assert api(alice).patch(path, {"role": "manager"}).data["role"] == "manager"
    assert api(charlie).post(project_url, {"email": "bob@example.org", "role": "owner"}).status_code == 403
    assert api(alice).patch(path, {"role": "emperor"}).status_code == 400
    assert api(charlie).delete(path).status_code == 204
    assert api(charlie).get(project_url).status_code == 404


def test_project_members_validate_ownership(project_url, charlie, bob, api):
    assert api(charlie).get(project_url).status_code == 404
    assert api(charlie).post(project_url, {"email": "charlie@example.org", "role": "owner"}).status_code == 404
    assert api(bob).post(project_url, {"email": "charlie@example.org", "role": "viewer"}).status_code == 403


def test_an_unknown_address_in_a_project(project_url, alice, api):
    answer = api(alice).post(project_url, {"email": "dan@example.org", "role": "viewer"})
    assert answer.status_code == 400 and "invitation" in answer.data["errors"][0]["detail"]
