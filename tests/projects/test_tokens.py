"""API tokens: shown once, stored as a digest, expiring, and limited by scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import ApiToken

URL = "/api/v1/auth/tokens"


def script(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def make(alice, api):
    def _make(**fields):
        answer = api(alice).post(URL, {"name": "nightly", **fields})
        assert answer.status_code == 201, answer.content
        return answer.data

    return _make


def test_a_token_is_shown_once_and_signs_in(make, alice, api):
    made = make()
    assert script(made["token"]).get("/api/v1/auth/me").data["email"] == "alice@example.org"
    (listed,) = api(alice).get(URL).data["results"]
    assert listed["id"] == str(made["id"]) and "token" not in listed
    assert listed["last_used_at"] is not None
    assert made["token"] not in str(ApiToken.objects.values().get())


def test_deleting_a_token_ends_it(make, alice, api):
    made = make()
    assert api(alice).delete(f"{URL}/{made['id']}").status_code == 204
    answer = script(made["token"]).get("/api/v1/auth/me")
    assert answer.status_code == 401 and "make a new one" in answer.data["detail"]


def test_another_persons_token_is_out_of_reach(make, bob, api):
    made = make()
    assert api(bob).get(URL).data["results"] == []
    assert api(bob).delete(f"{URL}/{made['id']}").status_code == 404
    assert ApiToken.objects.count() == 1


def test_an_expired_token_says_so(make):
    made = make(expires_at=(timezone.now() + timedelta(days=1)).isoformat())
    assert script(made["token"]).get("/api/v1/auth/me").status_code == 200
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    answer = script(made["token"]).get("/api/v1/auth/me")
    assert answer.status_code == 401 and "expired" in answer.data["detail"]


def test_a_read_token_cannot_write(make, alice):
    reading = script(make(scopes=["read"])["token"])
    assert reading.get("/api/v1/teams").status_code == 200
    answer = reading.post("/api/v1/teams", {"name": "No"})
    assert answer.status_code == 403 and "may only read" in answer.data["detail"]
    writing = script(make(scopes=["read", "write"])["token"])
    assert writing.post("/api/v1/teams", {"name": "Yes"}).status_code == 201


def test_a_token_cannot_make_a_token(make):
    answer = script(make()["token"]).post(URL, {"name": "child"})
    assert answer.status_code == 403 and answer.data["code"] == "token-by-token"


def test_the_token_of_somebody_switched_off_is_refused(make, alice):
    made = make()
    alice.is_active = False
    alice.save()
    assert script(made["token"]).get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x", "scopes": ["admin"]}, "/scopes/0"),
        ({"name": "x", "scopes": "read"}, "/scopes"),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "x", "expires_at": "soon"}, "/expires_at"),
    ],
)
def test_bad_input_is_pointed_at(alice, api, body, pointer):
    answer = api(alice).post(URL, body)
    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == pointer


def test_one_must_be_signed_in(db):
    assert APIClient().get(URL).status_code == 401
    assert APIClient().post(URL, {"name": "x"}).status_code == 401
