"""The OpenAPI description is valid, without warnings, and says how each call can fail."""

from __future__ import annotations

from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

# The calls that scripts rely on; renaming one of them breaks programs that others wrote.
CONTRACT = {
    "post /auth/register",
    "post /auth/login",
    "post /auth/refresh",
    "post /auth/logout",
    "get /auth/me",
    "post /auth/tokens",
    "post /teams",
    "post /projects",
    "post /projects/{project_id}/members",
    "post /projects/{project_id}/items",
    "get /projects/{project_id}/items",
    "get /items/{item_id}/annotations",
    "post /items/{item_id}/tx",
    "get /items/{item_id}/history",
    "get /items/{item_id}/frames/{n}",
    "get /projects/{project_id}/jobs",
    "get /jobs/{job_id}",
    "post /jobs/{job_id}/cancel",
    "get /jobs/{job_id}/log",
    "post /projects/{project_id}/versions",
    "post /projects/{project_id}/training-jobs",
    "get /projects/{project_id}/models",
    "post /models/{model_id}/predict",
    "post /projects/{project_id}/sources",
    "post /projects/{project_id}/pipelines",
    "post /pipelines/{pipeline_id}/start",
    "post /pipelines/{pipeline_id}/stop",
}
WITH_EXAMPLES = {
    "auth_register",
    "auth_login",
    "tokens_create",
    "teams_create",
    "projects_create",
    "labels_create",
    "project_members_add",
    "tx_create",
    "versions_create",
    "training_jobs_create",
    "sources_create",
    "pipelines_create",
}


@pytest.fixture(scope="module")
def schema() -> dict:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return yaml.safe_load(out.getvalue())


@pytest.fixture(scope="module")
def calls(schema) -> dict[str, dict]:
    return {
        f"{method} {path.removeprefix('/api/v1')}": call
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    }


def test_it_is_openapi_3_1_without_warnings(schema):
    assert schema["openapi"].startswith("3.1")


def test_the_contract_is_described(calls):
    assert set(calls) >= CONTRACT


def test_each_call_says_how_it_can_fail(calls):
    for name, call in calls.items():
        problems = {
            status
            for status, answer in call["responses"].items()
            if "application/problem+json" in answer.get("content", {})
        }
        assert "429" in problems, name
        assert ("{" not in name) or {"403", "404"} <= set(call["responses"]), name


def test_each_call_has_a_name_of_its_own(calls):
    names = [call["operationId"] for call in calls.values()]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith("api_v1")], "spectacular's own names are not for people"


def test_the_main_calls_have_examples(calls):
    shown = {
        call["operationId"]
        for call in calls.values()
        for content in call.get("requestBody", {}).get("content", {}).values()
        if content.get("examples")
    }
    assert shown >= WITH_EXAMPLES


def test_a_safe_retry_is_described(calls):
    headers = {parameter["name"] for parameter in calls["post /projects"]["parameters"]}
    assert "Idempotency-Key" in headers


def test_strangers_may_read_it(db):
    assert Client().get("/api/schema/").status_code == 200
