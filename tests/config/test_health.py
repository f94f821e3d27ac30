"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import pytest
from django.test import Client

from config import health
from projects import live
from projects.models import Job


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": "no.such.host.allowed"})


def test_healthz_asks_nothing_and_ignores_the_host(browser):
    answer = browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_names_every_part(browser, settings):
    settings.READY_WORKERS = ["training"]
    live.alive("training")
    answer = browser.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "redis": "ok", "storage": "ok", "disk": "ok", "training": "ok"},
        "reasons": [],
    }


@pytest.mark.django_db
def test_a_worker_that_is_silent_makes_it_not_ready(browser, settings):
    settings.READY_WORKERS = ["beat"]
    live.client().delete("alive:beat")
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["beat: no sign of life for 15 s"]


@pytest.mark.django_db
def test_without_redis_the_reason_is_told(browser, settings):
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    settings.READY_WORKERS = ["beat"]
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert [reason.partition(":")[0] for reason in answer.json()["reasons"]] == ["redis", "beat"]


@pytest.mark.django_db
def test_a_full_disk_makes_it_not_ready(browser, monkeypatch):
    monkeypatch.setattr(health, "_LEAST_FREE", 2**62)
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert "MB free at" in answer.json()["reasons"][0]


@pytest.mark.django_db
def test_a_storage_that_takes_nothing_makes_it_not_ready(browser, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(health, "_storage_checked_at", 0.0)
    monkeypatch.setattr(health, "_STORAGE_CHECKED_EVERY", -1.0)
    (tmp_path / "media").write_text("a file, no folder")
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "media"}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0].startswith("storage: cannot be written to")


@pytest.mark.django_db
def test_metrics_count_requests_by_route_and_jobs_by_status(client, project):
    Job.objects.create(project=project, kind="train")
    client.get("/api/docs/")
    text = client.get("/metrics").content.decode()
    assert 'frameloop_http_request_seconds_count{method="GET",route="api/docs/",status="2xx"}' in text
    assert 'frameloop_jobs{kind="train",status="queued"} 1.0' in text


@pytest.mark.django_db
def test_a_path_that_is_no_route_makes_no_series_of_its_own(client):
    client.get("/a/path/that/nobody/knows")
    assert "/a/path" not in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_for_the_token(browser, settings):
    assert browser.get("/metrics").status_code == 200
    assert browser.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    assert browser.get("/metrics", headers={"x-forwarded-for": "10.0.0.9"}).status_code == 403
    settings.METRICS_TOKEN = "open sesame"
    assert browser.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    wrong = browser.get("/metrics", REMOTE_ADDR="10.0.0.9", headers={"authorization": "Bearer open"})
    assert wrong.status_code == 403
    right = browser.get("/metrics", REMOTE_ADDR="10.0.0.9", headers={"authorization": "Bearer open sesame"})
    assert right.status_code == 200


@pytest.mark.django_db
def test_the_docs_page_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()
    assert "swagger-ui-bundle" in page
    assert "http://" not in page and "https://" not in page
    assert "<script>" not in page, "our content policy refuses inline scripts"
