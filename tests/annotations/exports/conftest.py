"""Asking for exports by the interface, carrying them out, and reading their archives."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app

from annotations import journal
from annotations.exports import exporting
from projects import jobs
from projects.models import Item
from tests.annotations.conftest import tx

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def rung(monkeypatch) -> None:
    """Nobody answers the queue's bell: the tests carry the jobs themselves."""
    monkeypatch.setattr(current_app, "send_task", lambda *args, **how: None)


@pytest.fixture
def ask(project, api, alice):
    """A function that asks for an export by the interface, carries it out, and gives the job as the interface does."""

    def export(**wanted: Any) -> dict[str, Any]:
        client = api(alice)
        answer = client.post(f"/api/v1/projects/{project.pk}/exports", {"format": "coco", **wanted})
        assert answer.status_code == 202, answer.data
        jobs.carry(answer.data["id"], exporting.work)
        job = client.get(f"/api/v1/jobs/{answer.data['id']}").data
        assert job["status"] == "succeeded", job["error"]
        return job

    return export


@pytest.fixture
def read(client):
    """A function that downloads a job's archive by its link."""

    def download(job: dict[str, Any]) -> zipfile.ZipFile:
        answer = client.get(job["result"]["url"])
        assert answer.status_code == 200
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return zipfile.ZipFile(io.BytesIO(body))

    return download


def coco(archive: zipfile.ZipFile) -> dict[str, Any]:
    (name,) = [name for name in archive.namelist() if name.endswith(".json")]
    return json.loads(archive.read(name))


def draw(item: Item, by: Any, *ops: dict[str, Any]) -> None:
    item.refresh_from_db()
    journal.commit(item.pk, tx(*ops, base_rev=item.rev), by)
