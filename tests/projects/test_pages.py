"""Each page: it works for a member, a stranger gets 404, somebody signed out is sent to sign in."""

from __future__ import annotations

import gzip

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from projects.models import ApiToken, Project, Team, User


def _paths(project: Project) -> list[str]:
    return [
        f"/projects/{project.pk}/",
        f"/projects/{project.pk}/settings/",
        f"/teams/{project.team_id}/",
    ]


def test_a_member_sees_every_page(signed_in, bob: User, project: Project) -> None:
    client = signed_in(bob)
    for path in ["/", "/account/", "/projects/new/", "/teams/new/", *_paths(project)]:
        response = client.get(path)
        assert response.status_code == 200, path
        assert b"Sign out" in response.content, path


def test_a_stranger_finds_nothing(signed_in, charlie: User, project: Project) -> None:
    client = signed_in(charlie)
    for path in _paths(project):
        response = client.get(path)
        assert response.status_code == 404, path
        assert b"There is nothing at this address" in response.content
        assert project.name.encode() not in response.content
    assert project.name.encode() not in client.get("/").content


def test_somebody_signed_out_is_sent_to_sign_in_and_back(client: Client, project: Project) -> None:
    for path in ["/", "/account/", "/projects/new/", "/teams/new/", *_paths(project)]:
        response = client.get(path)
        assert response.status_code == 302, path
        assert response["Location"] == f"/sign-in/?next={path}"


@pytest.mark.parametrize(
    "path",
    [
        "/projects/{project}/link/",
        "/projects/{project}/settings/",
        "/projects/{project}/delete/",
        "/projects/{project}/members/",
        "/projects/{project}/labels/",
        "/teams/{team}/",
        "/teams/{team}/invitations/",
    ],
)
def test_a_stranger_changes_nothing(signed_in, charlie: User, project: Project, path: str) -> None:
    response = signed_in(charlie).post(path.format(project=project.pk, team=project.team_id))
    assert response.status_code == 404
    assert Project.objects.filter(pk=project.pk).exists()


def test_an_annotator_is_told_what_role_it_takes(signed_in, bob: User, project: Project) -> None:
    response = signed_in(bob).post(f"/projects/{project.pk}/labels/", {"label-name": "x", "label-color": "#000000"})
    assert response.status_code == 403
    assert b"This needs the role manager; yours is annotator." in response.content


def test_a_page_that_is_not_there(client: Client, db) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert b"There is nothing at this address" in response.content


def test_the_projects_of_another_team_are_not_in_the_switcher(signed_in, alice: User, charlie: User, project) -> None:
    foreign = Project.objects.create(team=Team.objects.get(memberships__user=charlie), name="Secret plan")
    content = signed_in(alice).get("/account/").content
    assert project.name.encode() in content
    assert foreign.name.encode() not in content


def test_a_token_of_somebody_else_cannot_be_revoked(signed_in, alice: User, charlie: User) -> None:
    token, _ = ApiToken.objects.create(alice, name="nightly")
    assert signed_in(charlie).post(f"/account/tokens/{token.id}/revoke/").status_code == 404
    assert ApiToken.objects.filter(id=token.id).exists()


def test_the_page_of_a_broken_server_needs_nothing_but_itself(db, django_assert_num_queries) -> None:
    """Django renders 500.html without a request: no user, no database, no context."""
    with django_assert_num_queries(0):
        page = render_to_string("500.html")
    assert "Something broke on the server" in page
    assert "Sign in" not in page


def test_a_form_of_an_older_session_is_explained(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/account/", {"name-name": "Mallory"})
    assert response.status_code == 403
    assert b"This form is out of date" in response.content
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_the_look_costs_little_over_the_wire() -> None:
    """The figures of the design: style sheets at most 15 KB, icons at most 4 KB, compressed."""
    names = {"tokens", "base", "layout", "components", "forms", "pages"}
    ours = [settings.BASE_DIR / "static" / "css" / f"{name}.css" for name in sorted(names)]
    assert sum(len(gzip.compress(path.read_bytes())) for path in ours) <= 15_000
    assert len(gzip.compress((settings.BASE_DIR / "static" / "icons.svg").read_bytes())) <= 4_000
