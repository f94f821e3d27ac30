"""Invitations by link: shown once, for one person, for a week."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects.models import Invitation, Membership, Role, Team, User
from projects.models.people import InvitationRefused

ACCEPT = "/api/v1/invitations/accept"


@pytest.fixture
def url(team):
    return f"/api/v1/teams/{team.pk}/invitations"


def test_it_works(url, team, alice, charlie, api):
    made = api(alice).post(url, {"role": "reviewer"})
    assert made.status_code == 201
    token = made.data["token"]
    assert made.data["url"] == f"http://testserver/invitations/{token}/"
    (listed,) = api(alice).get(url).data["results"]
    assert listed["open"] is True and "token" not in listed and "url" not in listed
    joined = api(charlie).post(ACCEPT, {"token": token})
    assert joined.status_code == 201 and joined.data["role"] == "reviewer"
    assert api(alice).get(url).data["results"][0]["open"] is False


def test_the_public_address_is_used_when_it_is_set(url, alice, api, settings):
    settings.PUBLIC_URL = "https://label.example.org"
    assert api(alice).post(url, {"role": "viewer"}).data["url"].startswith("https://label.example.org/invitations/")


def test_it_validates_ownership(url, bob, charlie, alice, team, api):
    made, _ = Invitation.make(team, Role.VIEWER, alice)
    for client, status in ((api(charlie), 404), (api(bob), 403)):
        assert client.get(url).status_code == status
        assert client.post(url, {"role": "viewer"}).status_code == status
        assert client.delete(f"{url}/{made.pk}").status_code == status
    assert api().post(ACCEPT, {"token": "x"}).status_code == 401


def test_nobody_invites_above_themselves(url, team, bob, api):
    Membership.objects.filter(team=team, user=bob).update(role=Role.MANAGER)
    assert api(bob).post(url, {"role": "owner"}).status_code == 403
    assert api(bob).post(url, {"role": "manager"}).status_code == 201


def test_bad_input(url, alice, api):
    assert api(alice).post(url, {"role": "king"}).data["errors"][0]["pointer"] == "/role"
    assert api(alice).post(ACCEPT, {}).status_code == 400


def test_a_revoked_invitation_is_unknown(url, team, alice, charlie, api):
    made, token = Invitation.make(team, Role.VIEWER, alice)
    assert api(alice).delete(f"{url}/{made.pk}").status_code == 204
    answer = api(charlie).post(ACCEPT, {"token": token})
    assert answer.status_code == 404 and "ask for a new link" in answer.data["detail"]


def test_it_works_once(team, alice, charlie, bob, api):
    _, token = Invitation.make(team, Role.VIEWER, alice)
    assert api(charlie).post(ACCEPT, {"token": token}).status_code == 201
    assert api(charlie).post(ACCEPT, {"token": token}).status_code == 201, "a double click is no error"
    other = User.objects.create_user("dan@example.org", "x", name="Dan")
    answer = api(other).post(ACCEPT, {"token": token})
    assert answer.status_code == 410 and answer.data["code"] == "used"


def test_an_expired_one_says_when(team, alice, charlie, api):
    made, token = Invitation.make(team, Role.VIEWER, alice)
    made.expires_at = timezone.now() - timedelta(days=1)
    made.save()
    answer = api(charlie).post(ACCEPT, {"token": token})
    assert answer.status_code == 410 and f"{made.expires_at:%Y-%m-%d}" in answer.data["detail"]
    assert not Membership.objects.filter(team=team, user=charlie).exists()


@pytest.mark.parametrize(("invited_as", "kept"), [(Role.VIEWER, Role.ANNOTATOR), (Role.MANAGER, Role.MANAGER)])
def test_a_member_keeps_the_higher_role(team, alice, bob, invited_as, kept):
    made, _ = Invitation.make(team, invited_as, alice)
    assert made.accept(bob).role == kept
    assert Membership.objects.get(team=team, user=bob).role == kept


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_it_at_once_one_joins():
    people = [User.objects.create_user(f"p{n}@example.org", "x", name=f"P{n}") for n in range(3)]
    team = Team.objects.create(name="Lab")
    made, _ = Invitation.make(team, Role.VIEWER, people[0])

    def accept(user: User) -> str:
        try:
            Invitation.objects.get(pk=made.pk).accept(user)
            return "joined"
        except InvitationRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(accept, people[1:]))
    assert outcomes == ["joined", "used"]
    assert Membership.objects.filter(team=team).count() == 1
