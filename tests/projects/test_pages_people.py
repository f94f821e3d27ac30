"""Signing in, up and out; one's account; teams and invitation links."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from projects.models import ApiToken, Invitation, Membership, Role, Team, User
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


def _text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# Signing in and out


def test_sign_in_by_email_whatever_its_case(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {"username": " Alice@Example.org ", "password": PASSWORD, "next": ""})
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_sign_in_goes_back_to_where_one_was(client: Client, alice: User) -> None:
    body = {"username": alice.email, "password": PASSWORD, "next": "/account/"}
    assert client.post("/sign-in/", body)["Location"] == "/account/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_leads_to_no_other_server(client: Client, alice: User, target: str) -> None:
    body = {"username": alice.email, "password": PASSWORD, "next": target}
    assert client.post("/sign-in/", body)["Location"] == "/"


def test_a_wrong_password_is_told_and_the_email_kept(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
    assert "This email and password match no account." in _text(response)
    assert f'value="{alice.email}"' in _text(response)
    assert "_auth_user_id" not in client.session


def test_five_wrong_passwords_lock_out_and_the_page_says_for_how_long(client: Client, alice: User) -> None:
    for _ in range(5):
        client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
    response = client.post("/sign-in/", {"username": alice.email, "password": PASSWORD})
    assert response.status_code == 429
    assert "try again in 15 minutes" in _text(response)
    assert "_auth_user_id" not in client.session


def test_sign_out_takes_a_post(signed_in, alice: User) -> None:
    client = signed_in(alice)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert "_auth_user_id" not in client.session


# Signing up


def _sign_up(client: Client, **changes: str):
    body = {"name": "Dora", "email": "dora@example.org", "password": "four words nobody guesses"}
    return client.post("/sign-up/", body | changes)


def test_sign_up_makes_an_account_with_a_team_and_signs_in(client: Client, db) -> None:
    assert _sign_up(client)["Location"] == "/"
    dora = User.objects.get(email="dora@example.org")
    assert client.session["_auth_user_id"] == str(dora.pk)
    assert [member.role for member in dora.memberships.all()] == [Role.OWNER]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "ALICE@example.org"}, "There is an account with this email already."),
        ({"email": "not an email"}, "Enter a valid email address."),
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "dora@example.org"}, "too similar"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_sign_up_says_what_to_mend(client: Client, alice: User, changes: dict[str, str], said: str) -> None:
    before = User.objects.count()
    assert said in _text(_sign_up(client, **changes))
    assert User.objects.count() == before


def test_sign_up_can_be_switched_off(client: Client, settings, db) -> None:
    settings.OPEN_SIGN_UP = False
    assert _sign_up(client).status_code == 403
    assert not User.objects.exists()
    assert "Create an account" not in _text(client.get("/sign-in/"))


def test_an_invitation_opens_a_closed_sign_up(client: Client, settings, team: Team, alice: User) -> None:
    settings.OPEN_SIGN_UP = False
    _, token = Invitation.make(team, Role.ANNOTATOR, alice)
    response = _sign_up(client, next=f"/invitations/{token}/")
    assert response["Location"] == f"/invitations/{token}/"
    assert User.objects.filter(email="dora@example.org").exists()


# The account


def test_a_name_can_be_changed_but_not_emptied(signed_in, alice: User) -> None:
    client = signed_in(alice)
    client.post("/account/", {"name-name": "Alice B."})
    alice.refresh_from_db()
    assert alice.name == "Alice B."
    assert "This field is required." in _text(client.post("/account/", {"name-name": " "}))
    alice.refresh_from_db()
    assert alice.name == "Alice B."


def test_a_new_password_keeps_this_browser_and_ends_the_others(signed_in, alice: User) -> None:
    here, there = signed_in(alice), signed_in(alice)
    new = "another quite long one"
    body = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/account/password/", body).status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302


def test_a_token_is_shown_once_and_works(signed_in, alice: User) -> None:
    client = signed_in(alice)
    response = client.post("/account/tokens/", {"token-name": "nightly", "token-lifetime": "30"})
    secret = re.search(r'id="new-token" readonly value="([^"]+)"', _text(response)).group(1)
    assert response["Cache-Control"] == "no-store"
    assert secret not in _text(client.get("/account/"))
    me = Client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"})
    assert me.json()["email"] == alice.email
    token = ApiToken.objects.get()
    assert timedelta(days=29) < token.expiry - timezone.now() < timedelta(days=30)


def test_a_revoked_token_stops_working(signed_in, alice: User) -> None:
    token, secret = ApiToken.objects.create(alice, name="nightly")
    signed_in(alice).post(f"/account/tokens/{token.id}/revoke/")
    assert Client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


# Teams


def test_a_new_team_is_owned_by_who_made_it(signed_in, charlie: User) -> None:
    response = signed_in(charlie).post("/teams/new/", {"name": "Night shift"})
    team = Team.objects.get(name="Night shift")
    assert response["Location"] == f"/teams/{team.pk}/"
    assert Membership.objects.get(team=team).role == Role.OWNER


def test_an_owner_changes_a_role_and_removes_a_member(signed_in, alice: User, bob: User, team: Team) -> None:
    client, member = signed_in(alice), Membership.objects.get(team=team, user=bob)
    client.post(f"/teams/{team.pk}/members/{member.pk}/", {"role": "reviewer"})
    member.refresh_from_db()
    assert member.role == Role.REVIEWER
    client.post(f"/teams/{team.pk}/members/{member.pk}/", {"role": ""})
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_the_last_owner_stays_and_is_told_why(signed_in, alice: User, team: Team) -> None:
    member = Membership.objects.get(team=team, user=alice)
    for role in ("viewer", ""):
        response = signed_in(alice).post(f"/teams/{team.pk}/members/{member.pk}/", {"role": role}, follow=True)
        assert "last owner" in _text(response)
    member.refresh_from_db()
    assert member.role == Role.OWNER


def test_a_manager_makes_nobody_an_owner(signed_in, alice: User, bob: User, team: Team) -> None:
    mine = Membership.objects.get(team=team, user=bob)
    Membership.objects.filter(pk=mine.pk).update(role=Role.MANAGER)
    client, owner = signed_in(bob), Membership.objects.get(team=team, user=alice)
    assert client.post(f"/teams/{team.pk}/members/{mine.pk}/", {"role": "owner"}).status_code == 403
    assert client.post(f"/teams/{team.pk}/members/{owner.pk}/", {"role": "viewer"}).status_code == 403
    assert "owner" not in [value for value, _ in client.get(f"/teams/{team.pk}/").context["roles"]]


def test_an_annotator_may_leave_but_not_remove_others(signed_in, alice: User, bob: User, team: Team) -> None:
    client = signed_in(bob)
    other, mine = (Membership.objects.get(team=team, user=user) for user in (alice, bob))
    assert client.post(f"/teams/{team.pk}/members/{other.pk}/", {"role": ""}).status_code == 403
    assert client.post(f"/teams/{team.pk}/members/{mine.pk}/", {"role": ""})["Location"] == "/"
    assert list(team.memberships.all()) == [other]


# Invitation links


def _link(client: Client, team: Team, role: str = "annotator") -> str:
    response = client.post(f"/teams/{team.pk}/invitations/", {"invite-role": role})
    return re.search(r'id="new-link" readonly value="http://testserver([^"]+)"', _text(response)).group(1)


def test_a_stranger_joins_by_a_link_once(signed_in, alice: User, charlie: User, team: Team) -> None:
    path = _link(signed_in(alice), team, "reviewer")
    stranger = signed_in(charlie)
    assert "You will be <b>reviewer</b>" in _text(stranger.get(path))
    assert not Membership.objects.filter(team=team, user=charlie).exists()  # looking is not joining
    assert stranger.post(path)["Location"] == f"/teams/{team.pk}/"
    assert Membership.objects.get(team=team, user=charlie).role == Role.REVIEWER
    other = User.objects.create_user("eve@example.org", PASSWORD, name="Eve")
    response = signed_in(other).get(path)
    assert response.status_code == 410
    assert "already used" in _text(response)


def test_a_link_names_the_address_that_the_outside_knows(signed_in, alice: User, team: Team, settings) -> None:
    settings.PUBLIC_URL = "https://label.example.org"
    response = signed_in(alice).post(f"/teams/{team.pk}/invitations/", {"invite-role": "annotator"})
    assert 'value="https://label.example.org/invitations/' in _text(response)


def test_somebody_signed_out_is_shown_both_ways_in(client: Client, signed_in, alice: User, team: Team) -> None:
    path = _link(signed_in(alice), team)
    text = _text(client.get(path))
    assert f"/sign-up/?next={path}" in text
    assert f"/sign-in/?next={path}" in text
    assert client.post(path).status_code == 200  # nobody to join: the same page again
    assert team.memberships.count() == 2


def test_an_expired_and_a_revoked_link_say_so(signed_in, alice: User, charlie: User, team: Team) -> None:
    owner, stranger = signed_in(alice), signed_in(charlie)
    expired, revoked = _link(owner, team), _link(owner, team)
    first, second = Invitation.objects.order_by("created_at")
    Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(days=1))
    owner.post(f"/teams/{team.pk}/invitations/{second.pk}/revoke/")
    assert "expired on" in _text(stranger.get(expired))
    assert stranger.post(expired).status_code == 410
    assert stranger.post(revoked).status_code == 404
    assert not Membership.objects.filter(team=team, user=charlie).exists()


def test_an_annotator_neither_sees_nor_makes_links(signed_in, alice: User, bob: User, team: Team) -> None:
    _link(signed_in(alice), team)
    client = signed_in(bob)
    assert "Invitation links" not in _text(client.get(f"/teams/{team.pk}/"))
    assert client.post(f"/teams/{team.pk}/invitations/", {"invite-role": "owner"}).status_code == 403
    assert Invitation.objects.count() == 1
