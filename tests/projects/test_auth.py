"""Sign up, sign in, refresh, sign out; strangers are slowed down and wrong passwords lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from config.env import Env
from projects import lockout
from projects.models import Invitation, KeptAnswer, Membership, Role, User
from projects.tasks import forget_expired
from tests.conftest import PASSWORD

DAN = {"email": "Dan@Example.org", "password": "correct horse battery", "name": "Dan"}


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def login(client: APIClient, email: str = "alice@example.org", password: str = PASSWORD, **extra):
    return client.post("/api/v1/auth/login", {"email": email, "password": password}, **extra)


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_registering_gives_an_account_tokens_and_a_team_of_ones_own(db):
    answer = APIClient().post("/api/v1/auth/register", DAN)
    assert answer.status_code == 201, answer.content
    assert answer.data["user"]["email"] == "dan@example.org"
    assert "password" not in answer.data["user"]
    me = bearer(answer.data["access"]).get("/api/v1/auth/me")
    assert me.status_code == 200 and me.data["name"] == "Dan"
    teams = bearer(answer.data["access"]).get("/api/v1/teams").data["results"]
    assert [(team["personal"], team["role"]) for team in teams] == [(True, "owner")]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "no address"}, "/email"),
        ({"email": None}, "/email"),
        ({"password": "short"}, "/password"),
        ({"password": "password123"}, "/password"),
        ({"password": "dan@example.org"}, "/password"),
        ({"name": "x" * 121}, "/name"),
        ({"name": ["a"]}, "/name"),
    ],
)
def test_bad_input_is_pointed_at(db, change, pointer):
    answer = APIClient().post("/api/v1/auth/register", {**DAN, **change})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert pointer in {error["pointer"] for error in answer.data["errors"]}
    assert not User.objects.filter(name="Dan").exists()


def test_an_address_has_one_account(alice):
    answer = APIClient().post("/api/v1/auth/register", {**DAN, "email": "ALICE@example.org"})
    assert answer.status_code == 400
    assert answer.data["errors"][0] | {"detail": ""} == {"pointer": "/email", "code": "taken", "detail": ""}


def test_closed_sign_up_lets_only_the_invited_in(team, alice, settings):
    settings.OPEN_SIGN_UP = False
    refused = APIClient().post("/api/v1/auth/register", DAN)
    assert refused.status_code == 403 and refused.data["code"] == "sign-up-closed"
    _, token = Invitation.make(team, Role.REVIEWER, alice)
    wrong = APIClient().post("/api/v1/auth/register", {**DAN, "invitation": "guessed"})
    assert wrong.status_code == 400 and wrong.data["errors"][0]["pointer"] == "/invitation"
    assert APIClient().post("/api/v1/auth/register", {**DAN, "invitation": token}).status_code == 201
    assert Membership.objects.get(team=team, user__email="dan@example.org").role == Role.REVIEWER


def test_registering_is_throttled_by_address(db, settings):
    rate = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["register"]
    settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["register"] = "2/hour"
    try:
        client = APIClient()
        for _ in range(2):
            assert client.post("/api/v1/auth/register", {}).status_code == 400
        answer = client.post("/api/v1/auth/register", {})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        assert answer.headers["Retry-After"] in answer.data["detail"]
        spoofed = client.post("/api/v1/auth/register", {}, HTTP_X_FORWARDED_FOR="203.0.113.9")
        assert spoofed.status_code == 429, "a header that anybody can write must not give a new count"
        assert client.post("/api/v1/auth/register", {}, REMOTE_ADDR="203.0.113.9").status_code == 400
    finally:
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["register"] = rate


@pytest.mark.parametrize("value", ["20", "many/min", "20/fortnight", "-1/min", "/min"])
def test_a_rate_that_makes_no_sense_stops_the_start(value):
    with pytest.raises(ImproperlyConfigured, match="THROTTLE_SIGN_IN"):
        Env({"THROTTLE_SIGN_IN": value}).rate("THROTTLE_SIGN_IN", "60/min")
    assert Env({}).rate("THROTTLE_SIGN_IN", "60/min") == "60/min"


def test_signing_in_gives_a_pair(alice):
    answer = login(APIClient(), "ALICE@example.org")
    assert answer.status_code == 200 and set(answer.data) == {"access", "refresh"}
    assert bearer(answer.data["access"]).get("/api/v1/auth/me").data["email"] == "alice@example.org"


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_address_look_the_same(alice, email):
    answer = login(APIClient(), email, "wrong")
    assert answer.status_code == 401
    assert answer.data["detail"] == "The email or the password is wrong."
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_inactive_person_is_refused_everywhere(alice):
    access = login(APIClient()).data["access"]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert login(APIClient()).status_code == 401
    assert bearer(access).get("/api/v1/auth/me").status_code == 401
    session = APIClient()
    session.force_login(alice)
    assert session.get("/api/v1/auth/me").status_code == 401


def test_five_wrong_passwords_lock_this_address_out(alice):
    client = APIClient()
    statuses = [login(client, password="wrong").status_code for _ in range(lockout.ATTEMPTS)]
    assert statuses == [401] * (lockout.ATTEMPTS - 1) + [429]
    right = login(client)
    assert right.status_code == 429, "the right password must not tell that it is right"
    assert right.data["code"] == "locked-out" and "try again in 15 minutes" in right.data["detail"]
    assert 0 < int(right.headers["Retry-After"]) <= lockout.WINDOW_S + 1
    assert login(client, "bob@example.org").status_code == 401, "others at this address are not locked"
    assert login(client, REMOTE_ADDR="203.0.113.9").status_code == 200, "nor is Alice elsewhere"


def test_the_right_password_clears_the_count(alice):
    client = APIClient()
    for _ in range(2):
        for _ in range(lockout.ATTEMPTS - 1):
            login(client, password="wrong")
        assert login(client).status_code == 200


def test_a_refresh_token_works_once(alice):
    first = login(APIClient()).data["refresh"]
    second = APIClient().post("/api/v1/auth/refresh", {"refresh": first})
    assert second.status_code == 200 and second.data["refresh"] != first
    assert bearer(second.data["access"]).get("/api/v1/auth/me").status_code == 200
    again = APIClient().post("/api/v1/auth/refresh", {"refresh": first})
    assert again.status_code == 401 and "sign in again" in again.data["detail"]


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_one_gets_the_next_pair():
    User.objects.create_user("alice@example.org", PASSWORD, name="Alice")
    first = login(APIClient()).data["refresh"]

    def refresh(n: int) -> int:
        try:
            return APIClient().post("/api/v1/auth/refresh", {"refresh": first}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(refresh, range(4))) == [200, 401, 401, 401]


def test_signing_out_revokes_the_refresh_token(alice):
    pair = login(APIClient()).data
    assert APIClient().post("/api/v1/auth/logout", {"refresh": pair["refresh"]}).status_code == 204
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert APIClient().post("/api/v1/auth/logout", {"refresh": "x"}).status_code == 401


def test_a_new_password_ends_every_jwt(alice):
    pair = login(APIClient()).data
    alice.set_password("another long password")
    alice.save()
    assert bearer(pair["access"]).get("/api/v1/auth/me").status_code == 401
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_a_refresh_token_of_somebody_deleted_is_refused(alice):
    refresh = login(APIClient()).data["refresh"]
    User.objects.filter(pk=alice.pk).delete()
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": refresh}).status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \xff", "Bearer x.y.z", "Bearer " + "0" * 64])
def test_a_malformed_bearer_is_401(db, header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/auth/me")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_refresh_token_does_not_sign_in(alice):
    assert bearer(login(APIClient()).data["refresh"]).get("/api/v1/auth/me").status_code == 401


def test_the_page_session_works_too_but_writes_need_csrf(alice):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get("/api/v1/auth/me").status_code == 200
    refused = client.patch("/api/v1/auth/me", {"name": "Mallory"})
    assert refused.status_code == 403 and "CSRF" in refused.data["detail"]


def test_one_may_change_ones_name_only(alice, api):
    answer = api(alice).patch("/api/v1/auth/me", {"name": "Alicia", "email": "x@example.org", "is_staff": True})
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert (alice.name, alice.email, alice.is_staff) == ("Alicia", "alice@example.org", False)


def test_what_expired_is_forgotten_and_the_rest_stays(alice, api):
    old, new = (login(APIClient()).data["refresh"] for _ in range(2))
    APIClient().post("/api/v1/auth/logout", {"refresh": old})
    api(alice).post("/api/v1/teams", {"name": "Lab"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert forget_expired() == 0
    OutstandingToken.objects.filter(token=old).update(expires_at=timezone.now() - timedelta(seconds=1))
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert forget_expired() == 3, "the token, its place on the blacklist, and the answer"
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": new}).status_code == 200
