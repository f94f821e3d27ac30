"""The contract of `auth`, `teams`, `projects`, `items`."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.contract.script import (
    ITEM,
    Script,
    drawn,
    registered,
)
from tests.projects.files import video


def test_registering_and_signing_in(db):
    answer = registered("Ada")
    assert answer.keys() >= {"user", "access", "refresh"} and answer["user"]["email"] == "ada@example.com"
    nobody, credentials = Script(), {"email": "ada@example.com", "password": "three unrelated words"}
    pair = nobody.call("POST auth/login", credentials)
    assert pair.keys() >= {"access", "refresh"}
    assert Script(pair["access"]).call("GET auth/me")["id"] == answer["user"]["id"]
    renewed = nobody.call("POST auth/refresh", {"refresh": pair["refresh"]})
    nobody.call("POST auth/refresh", {"refresh": pair["refresh"]}, 401)
    nobody.call("POST auth/logout", {"refresh": renewed["refresh"]}, 204)
    nobody.call("POST auth/refresh", {"refresh": renewed["refresh"]}, 401)
    nobody.call("POST auth/login", {**credentials, "password": "wrong"}, 401)
    nobody.call("GET auth/me", status=401)
    Script("no.such.token").call("GET auth/me", status=401)
    taken = nobody.call("POST auth/register", {**credentials, "name": "Ada"}, 400)
    assert [error["pointer"] for error in taken["errors"]] == ["/email"]


def test_a_token_is_used_as_a_jwt_is(ada):
    made = ada.call("POST auth/tokens", {"name": "nightly"}, 201)
    assert made.keys() >= {"id", "token"}
    assert Script(made["token"]).call("GET auth/me")["email"] == "ada@example.com"
    wanted = {"name": "reader", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00Z"}
    reader = Script(ada.call("POST auth/tokens", wanted, 201)["token"])
    assert reader.results("projects") == []
    reader.call("POST teams", {"name": "Lab"}, 403)
    assert all("token" not in row for row in ada.results("auth/tokens"))


def test_teams(ada):
    own = ada.results("teams")
    assert [team["role"] for team in own] == ["owner"]  # one's own team is there from registration
    team = ada.call("POST teams", {"name": "Lab"}, 201)
    assert team["role"] == "owner"
    assert ada.call("POST projects", {"team": team["id"], "name": "Belt", "task": "detect"}, 201)["team"] == team["id"]


@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose", "classify", "anomaly"])
def test_projects_with_labels(ada, task):
    skeleton = {"points": ["head", "tail"], "edges": [[0, 1]]}
    labels = [
        {"name": "bolt", "color": "#009E73", "attributes": [{"name": "worn", "kind": "checkbox"}]},
        {"name": "fish", "skeleton": skeleton},
    ]
    made = ada.call("POST projects", {"name": "Belt", "task": task, "labels": labels}, 201)
    assert [(label["name"], uuid.UUID(label["id"]).version) for label in made["labels"]] == [("bolt", 7), ("fish", 7)]
    assert made["labels"][0]["color"] == "#009E73" and made["labels"][1]["color"].startswith("#")
    assert made["labels"][0]["attributes"][0]["name"] == "worn"
    assert made["labels"][1]["skeleton"] == skeleton and made["task"] == task
    wrong = ada.call("POST projects", {"name": "", "task": "dance", "labels": [{"name": ""}]}, 400)
    assert {error["pointer"] for error in wrong["errors"]} == {"/name", "/task", "/labels/0/name"}


@pytest.mark.parametrize("role", ["owner", "manager", "reviewer", "annotator", "viewer"])
def test_members(ada, made, role):
    bo = Script(registered("Bo")["access"])
    bo.call(f"GET projects/{made['id']}", status=404)
    member = ada.call(f"POST projects/{made['id']}/members", {"email": "bo@example.com", "role": role}, 201)
    assert (member["role"], member["user"]["email"]) == (role, "bo@example.com")
    assert bo.call(f"GET projects/{made['id']}")["role"] == role
    ada.call(f"POST projects/{made['id']}/members", {"email": "bo@example.com", "role": "king"}, 400)


def test_items(ada, made, item, tmp_path):
    assert item.keys() >= ITEM
    shown = {key: item[key] for key in ("kind", "path", "width", "height", "frames", "fps", "rev")}
    assert shown == {
        "kind": "image", "path": "x/a.png", "width": 64, "height": 48, "frames": 1, "fps": None, "rev": 0,
    }  # fmt: skip
    film = video(tmp_path / "film.mp4", frames=12)
    upload = SimpleUploadedFile("film.mp4", film.read_bytes(), content_type="video/mp4")
    added = ada.call(f"POST projects/{made['id']}/items", {"file": upload}, 201, form=True)
    assert (added["kind"], added["frames"], added["fps"], added["path"]) == ("video", 12, 25, "film.mp4")
    drawn(ada, item, made["labels"][0]["id"])

    def paths(query: str) -> list[str]:
        return [row["path"] for row in ada.results(f"projects/{made['id']}/items?{query}")]

    assert paths("ordering=path") == ["film.mp4", "x/a.png"] and paths("ordering=-path") == ["x/a.png", "film.mp4"]
    assert paths("kind=video") == paths("state=to-do") == ["film.mp4"]
    assert paths(f"label={made['labels'][0]['id']}") == paths("q=x/") == paths("state=in-progress") == ["x/a.png"]
    page = ada.call(f"GET projects/{made['id']}/items?limit=1")
    assert page["next"].startswith("http") and len(page["results"]) == 1
    rest = ada.client.get(page["next"]).json()
    assert rest["next"] is None and rest["results"][0]["id"] != page["results"][0]["id"]
    ada.call(f"GET projects/{made['id']}/items?state=lost", status=400)
    ada.call(f"POST projects/{made['id']}/items", {"file": SimpleUploadedFile("a.jpg", b"text")}, 415, form=True)


def test_frames(ada, made, tmp_path):
    film = video(tmp_path / "film.mp4", frames=4)
    upload = SimpleUploadedFile("film.mp4", film.read_bytes())
    added = ada.call(f"POST projects/{made['id']}/items", {"file": upload}, 201, form=True)
    for kind in ("jpeg", "webp", "png"):
        answer = ada.client.get(f"/api/v1/items/{added['id']}/frames/3", HTTP_ACCEPT=f"image/{kind}")
        assert (answer.status_code, answer["Content-Type"]) == (200, f"image/{kind}") and answer["ETag"]
        (tmp_path / kind).write_bytes(answer.content)
        with Image.open(tmp_path / kind) as shown:
            assert (shown.size, shown.format) == ((320, 128), kind.upper())
    ada.call(f"GET items/{added['id']}/frames/4", status=416)
