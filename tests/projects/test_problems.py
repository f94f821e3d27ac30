"""Whatever goes wrong under /api/ is answered as application/problem+json."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from rest_framework.test import APIClient

PROBLEM = "application/problem+json"


def check(answer, status: int) -> dict:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == PROBLEM
    problem = answer.json()
    assert {"type", "title", "status", "detail", "errors"} <= set(problem)
    assert problem["status"] == status and problem["detail"]
    return problem


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/projects/12", "/api/nothing", "/api/v1/"])
def test_an_unknown_call(db, path):
    assert "/api/schema/" in check(Client().get(path), 404)["detail"]


def test_a_trailing_slash_is_explained(alice, api):
    assert "/api/v1/teams" in check(api(alice).post("/api/v1/teams/", {"name": "x"}), 404)["detail"]


def test_an_unknown_page_stays_a_page(db):
    answer = Client().get("/nothing-here/")
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")


def test_a_method_that_is_not_there(alice, api):
    problem = check(api(alice).put("/api/v1/teams", {}), 405)
    assert "GET" in problem["detail"] and "POST" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[" * 100_000,
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'"text"',
        b"[]",
        b"null",
    ],
    ids=["cut", "empty", "deep", "nan", "latin", "nul", "surrogate", "text", "list", "null"],
)
def test_malformed_json(alice, api, body):
    check(api(alice).generic("POST", "/api/v1/teams", body, content_type="application/json"), 400)


def test_a_body_that_is_too_large(alice, api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
    body = b'{"name": "' + b"x" * 2**20 + b'"}'
    check(api(alice).generic("POST", "/api/v1/teams", body, content_type="application/json"), 413)


def test_a_media_type_that_is_not_taken(alice, api):
    check(api(alice).generic("POST", "/api/v1/teams", b"<x/>", content_type="text/xml"), 415)


def test_not_signed_in(db):
    answer = APIClient().get("/api/v1/teams")
    check(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_unknown_host(db, settings):
    settings.ALLOWED_HOSTS = ["label.example.org"]
    logging.disable(logging.CRITICAL)
    try:
        check(Client().get("/api/v1/teams", headers={"host": "evil.example.org"}), 400)
    finally:
        logging.disable(logging.NOTSET)


def test_a_failure_of_the_server_tells_nothing_of_its_cause(alice, api, monkeypatch):
    from projects.api import teams

    def broken(*args):
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(teams.access, "teams", broken)
    client = api(alice)
    client.raise_request_exception = False
    answer = client.get("/api/v1/teams")
    problem = check(answer, 500)
    assert "secret" not in answer.content.decode() and "X-Request-Id" in problem["detail"]
    assert answer.headers["X-Request-Id"]
