"""Sources and pipelines over REST: made, changed, deleted, and refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming import vault
from streaming.models import Pipeline, Source


@pytest.fixture
def sources(project) -> str:
    return f"/api/v1/projects/{project.pk}/sources"


@pytest.fixture
def pipelines(project) -> str:
    return f"/api/v1/projects/{project.pk}/pipelines"


def test_a_camera_keeps_its_password_to_itself(api, alice, sources) -> None:
    url = "rtsp://admin:s3cret@10.0.0.5:554/live"
    answer = api(alice).post(sources, {"kind": "rtsp", "config": {"url": url}})
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert body["config"] == {"url": "rtsp://10.0.0.5:554/live"}
    assert body["has_credentials"] is True
    assert body["name"] == "10.0.0.5"
    stored = Source.objects.get()
    assert "s3cret" not in stored.secret and vault.unlock(stored.secret) == "admin:s3cret"
    assert b"s3cret" not in api(alice).get(f"/api/v1/sources/{stored.pk}").content
    assert b"s3cret" not in api(alice).get(sources).content


@pytest.mark.parametrize(
    ("kind", "config", "pointer"),
    [
        ("rtsp", {}, "/config/url"),
        ("rtsp", {"url": "http://10.0.0.5/"}, "/config/url"),
        ("http", {"url": "http://127.0.0.1/"}, "/config/url"),
        ("http", {"url": "http://169.254.169.254/latest/meta-data/"}, "/config/url"),
        ("http", {"url": "http://no-such-host.invalid/"}, "/config/url"),
        ("file", {"item": "nonsense"}, "/config/item"),
        ("file", {"item": "0197f5c0-0000-7000-8000-000000000001"}, "/config/item"),
        ("folder", {"path": "../media"}, "/config/path"),
        ("folder", {"path": "not-there"}, "/config/path"),
        ("webcam", {"device": "/dev/sda"}, "/config/device"),
        ("synthetic", {"fps": 1000}, "/config/fps"),
        ("synthetic", {"colour": "red"}, "/config/colour"),
        ("whip", {}, "/kind"),
    ],
)
def test_a_source_that_cannot_be_is_refused(api, alice, sources, kind, config, pointer) -> None:
    answer = api(alice).post(sources, {"kind": kind, "config": config})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Source.objects.exists()


def test_a_folder_of_the_sources_folder(api, alice, sources, settings, tmp_path) -> None:
    settings.SOURCE_FOLDER = tmp_path
    Path(tmp_path / "belt").mkdir()
    answer = api(alice).post(sources, {"kind": "folder", "config": {"path": "belt"}})
    assert answer.json()["config"] == {"path": "belt", "fps": 2}


def test_a_pipeline_lives(api, alice, source, pipelines) -> None:
    call = api(alice)
    made = call.post(pipelines, {"source": str(source.pk), "sinks": [], "overlay": {"mode": "live"}})
    assert made.status_code == 201, made.json()
    body = made.json()
    assert body["name"] == "Belt" and body["state"] == "stopped"
    assert body["overlay"] == {"mode": "live", "confidence": 0.25}
    assert body["whep"] == f"/whep/{body['id']}/"
    where = f"/api/v1/pipelines/{body['id']}"
    changed = call.patch(where, {"overlay": {"confidence": 0.6}, "follow_model": True})
    assert changed.json()["overlay"] == {"mode": "live", "confidence": 0.6}
    assert call.get(pipelines).json()["results"][0]["follow_model"] is True
    assert call.get(f"{where}/metrics").json()["metrics"] == {}
    assert call.post(f"{where}/start").json()["state"] == "starting"
    busy = call.delete(f"/api/v1/sources/{source.pk}")
    assert busy.status_code == 409 and "stop it first" in busy.json()["detail"]
    assert call.post(f"{where}/stop").json()["state"] == "stopped"
    assert call.delete(where).status_code == 204
    assert call.delete(f"/api/v1/sources/{source.pk}").status_code == 204


def test_a_change_leaves_the_lease_alone(api, alice, pipeline) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(worker="somebody", state="running", wanted=True)
    api(alice).patch(f"/api/v1/pipelines/{pipeline.pk}", {"name": "Other", "state": "failed", "wanted": False})
    pipeline.refresh_from_db()
    assert (pipeline.name, pipeline.worker, pipeline.state, pipeline.wanted) == ("Other", "somebody", "running", True)


def test_annotators_watch_and_managers_decide(api, bob, source, sources, pipelines, pipeline) -> None:
    call, where = api(bob), f"/api/v1/pipelines/{pipeline.pk}"
    assert call.get(where).status_code == 200
    assert call.post(pipelines, {"source": str(source.pk)}).status_code == 403
    assert call.post(sources, {"kind": "synthetic"}).status_code == 403
    assert call.patch(where, {"name": "mine"}).status_code == 403
    assert call.post(f"{where}/start").status_code == 403
    assert call.delete(f"/api/v1/sources/{source.pk}").status_code == 403


def test_a_stranger_finds_nothing(api, charlie, source, sources, pipelines, pipeline) -> None:
    call = api(charlie)
    where = f"/api/v1/pipelines/{pipeline.pk}"
    for path in (where, sources, pipelines, f"{where}/metrics", f"{where}/captures", f"/api/v1/sources/{source.pk}"):
        assert call.get(path).status_code == 404, path
    for path in (f"{where}/start", f"{where}/stop", f"{where}/captures", pipelines, sources):
        assert call.post(path).status_code == 404, path


def test_another_projects_source_does_not_exist_here(api, alice, source, team, pipelines) -> None:
    from projects.models import Project

    other = Project.objects.create(team=team, name="Other", created_by=alice)
    answer = api(alice).post(f"/api/v1/projects/{other.pk}/pipelines", {"source": str(source.pk)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/source"
