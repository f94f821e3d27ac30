"""A POST repeated with one Idempotency-Key does its work once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import ApiToken, KeptAnswer, Project, Team, User

URL = "/api/v1/projects"
BODY = {"name": "Street", "task": "detect", "labels": [{"name": "person"}]}


def send(client, body=BODY, key="k1", url=URL):
    return client.post(url, body, HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_call_gets_the_same_answer(alice, api):
    first, second = send(api(alice)), send(api(alice))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json() and first.headers["ETag"] == second.headers["ETag"]
    assert second.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers
    assert Project.objects.count() == 1


def test_the_order_of_the_members_of_the_body_is_no_difference(alice, api):
    send(api(alice))
    assert send(api(alice), dict(reversed(BODY.items()))).status_code == 201
    assert Project.objects.count() == 1


def test_another_body_or_address_is_refused(alice, api):
    send(api(alice))
    other = send(api(alice), {**BODY, "name": "Road"})
    assert other.status_code == 422 and other.json()["code"] == "key-reused"
    assert send(api(alice), {"name": "x"}, url="/api/v1/teams").status_code == 422
    assert Project.objects.count() == 1


def test_another_person_has_keys_of_their_own(alice, bob, api):
    assert send(api(alice)).json()["id"] != send(api(bob)).json()["id"]


def test_without_a_key_it_is_made_twice(alice, api):
    api(alice).post(URL, BODY)
    api(alice).post(URL, BODY)
    assert Project.objects.count() == 2 and not KeptAnswer.objects.exists()


def test_a_refusal_is_not_kept(alice, api):
    assert send(api(alice), {"name": "", "task": "detect"}).status_code == 400
    assert send(api(alice)).status_code == 201


def test_after_a_day_a_key_is_free(alice, api):
    send(api(alice))
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    send(api(alice))
    assert Project.objects.count() == 2 and KeptAnswer.objects.count() == 1


def test_a_secret_is_not_kept(alice, api):
    first = send(api(alice), {"name": "nightly"}, url="/api/v1/auth/tokens")
    second = send(api(alice), {"name": "nightly"}, url="/api/v1/auth/tokens")
    assert first.json()["token"] and second.json()["token"] is None
    assert first.json()["id"] == second.json()["id"] and ApiToken.objects.count() == 1
    assert first.json()["token"] not in str(list(KeptAnswer.objects.values()))


def test_a_key_that_is_too_long(alice, api):
    assert send(api(alice), key="x" * 256).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_of_five_at_once_one_does_the_work():
    user = User.objects.create_user("alice@example.org", "x", name="Alice")

    def call(n: int) -> tuple[int, str]:
        try:
            client = APIClient()
            client.force_authenticate(user)
            answer = send(client, {"name": "Lab"}, url="/api/v1/teams")
            return answer.status_code, answer.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        answers = set(pool.map(call, range(5)))
    assert len(answers) == 1 and answers.pop()[0] == 201
    assert Team.objects.filter(personal=False).count() == 1
