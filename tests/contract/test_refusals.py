"""What is not there, and what one may not see: each call of the contract answers in one way."""

from __future__ import annotations

import pytest

from tests.contract.script import (
    NOBODY,
    Script,
)


@pytest.mark.parametrize(
    "call",
    [
        "POST projects/{project}/sinks",
        "POST models/{project}/evaluations",
        "PUT no-such-call",
        "DELETE no-such-call",
    ],
)
def test_calls_that_are_not_there_say_so(ada, made, call):
    answer = ada.call(call.format(project=made["id"]), {}, 404)
    assert "There is no call /api/v1/" in answer["detail"]


@pytest.mark.parametrize(
    "call",
    [
        "GET projects/{id}",
        "POST projects/{id}/members",
        "GET projects/{id}/items",
        "POST projects/{id}/items",
        "GET items/{id}/annotations",
        "POST items/{id}/tx",
        "GET items/{id}/history",
        "GET items/{id}/frames/0",
        "GET jobs/{id}",
        "POST jobs/{id}/cancel",
        "GET jobs/{id}/log",
        "POST projects/{id}/exports",
        "POST projects/{id}/versions",
        "POST projects/{id}/training-jobs",
        "GET projects/{id}/models",
        "POST models/{id}/predict",
        "POST projects/{id}/sources",
        "POST projects/{id}/pipelines",
        "POST pipelines/{id}/start",
        "POST pipelines/{id}/stop",
    ],
)
def test_nothing_is_told_of_what_one_may_not_see(ada, call):
    form = "predict" in call
    ada.call(call.format(id=NOBODY), {} if call.startswith("POST") else None, 404, form=form)
    Script().call(call.format(id=NOBODY), {} if call.startswith("POST") else None, 401, form=form)
