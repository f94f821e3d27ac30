"""Every call that scripts rely on, in the words of the contract, as a program sees it that knows nothing else.

The program signs in with tokens and sends no cookies; each answer is held to the rules for all answers:
ids are UUIDs of version 7, times RFC 3339 in UTC, lists `{results, next}`, refusals problem+json.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from datetime import datetime
from typing import Any

import pytest
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from projects import ids
from projects.models import Job
from projects.sockets import in_thread
from tests.projects.files import encoded, pattern, video
from training import tasks
from training.engines import load
from training.models import Model

STATUSES = {
    "queued", "starting", "running", "cancelling", "cancelled", "pausing", "paused", "succeeded", "failed", "lost",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")
ANNOTATION = {"id", "label", "geometry", "attributes", "source", "confidence", "author", "updated_by", "updated_at"}
ITEM = {"id", "kind", "path", "width", "height", "frames", "fps", "state", "rev", "split", "thumbnail"}
JOB = {"id", "kind", "status", "phase", "progress", "result", "error", "metrics"}
BOX = {"type": "box", "x": 4.5, "y": 5, "w": 20, "h": 10}
NOBODY = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"


class Script:
    """A program with a token, or without one."""

    def __init__(self, token: str = "") -> None:
        self.client = APIClient(enforce_csrf_checks=True)
        if token:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def call(self, call: str, body: Any = None, status: int = 200, form: bool = False) -> Any:
        """`call("POST teams", {...}, 201)`: the parsed answer, which keeps the rules of all answers."""
        method, path = call.split(" ")
        send = getattr(self.client, method.lower())
        answer = send(f"/api/v1/{path}", body, format="multipart" if form else "json")
        assert answer.status_code == status, (call, answer.status_code, answer.content[:500])
        if status == 204:
            return None
        said = json.loads(answer.content)
        if status >= 400:
            assert answer["Content-Type"].startswith("application/problem+json"), call
            assert {"type", "title", "status", "detail", "errors"} <= said.keys() and said["status"] == status
            assert all(error.keys() >= {"pointer", "code", "detail"} for error in said["errors"])
        else:
            follows_the_rules(said)
        return said

    def results(self, path: str) -> list[Any]:
        answer = self.call(f"GET {path}")
        assert answer.keys() == {"results", "next"}
        return answer["results"]


def follows_the_rules(value: Any, key: str = "") -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            follows_the_rules(part, name)
    elif isinstance(value, list):
        for part in value:
            follows_the_rules(part, key)
    elif key == "id":
        assert uuid.UUID(value).version == 7 and value == str(uuid.UUID(value)), value
    elif (key == "at" or key.endswith("_at")) and value is not None:
        assert TIME.match(value), (key, value)
        assert datetime.fromisoformat(value).utcoffset() is not None


def registered(name: str) -> dict[str, Any]:
    body = {"email": f"{name.lower()}@example.com", "password": "three unrelated words", "name": name}
    return Script().call("POST auth/register", body, 201)


def picture(name: str = "a.jpg", shade: int = 0) -> SimpleUploadedFile:
    image = pattern(64, 48)
    image.putpixel((0, 0), (shade, shade, shade))
    return SimpleUploadedFile(name, encoded(image, "PNG"), content_type="image/png")


@pytest.fixture
def ada(db) -> Script:
    return Script(registered("Ada")["access"])


@pytest.fixture
def made(ada: Script) -> dict[str, Any]:
    labels = [{"name": "bolt"}, {"name": "gear", "color": "#56B4E9"}]
    return ada.call("POST projects", {"name": "Belt", "task": "detect", "labels": labels}, 201)


@pytest.fixture
def item(ada: Script, made: dict[str, Any]) -> dict[str, Any]:
    return ada.call(f"POST projects/{made['id']}/items", {"file": picture(), "path": "x/a.png"}, 201, form=True)


def drawn(script: Script, item: dict[str, Any], label: str, **more: Any) -> dict[str, Any]:
    op = {"op": "create", "id": str(ids.uuid7()), "label": label, "geometry": BOX, **more}
    tx = {"client_id": "script", "tx_id": str(ids.uuid7()), "base_rev": 0, "ops": [op]}
    script.call(f"POST items/{item['id']}/tx", tx)
    return op


# Who


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


# What


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


# Labelling


def test_annotations_and_their_history(ada, made, item):
    bolt, gear = (label["id"] for label in made["labels"])
    op = {"op": "create", "id": str(ids.uuid7()), "label": bolt, "geometry": BOX, "attributes": {"worn": True}}
    tx = {"client_id": "script", "tx_id": "1", "base_rev": 0, "ops": [op]}
    first = ada.call(f"POST items/{item['id']}/tx", tx)
    assert first.keys() >= {"tx_id", "rev", "overwritten"} and (first["tx_id"], first["rev"]) == ("1", 1)
    assert ada.call(f"POST items/{item['id']}/tx", tx) == first
    change = {"op": "update", "id": op["id"], "set": {"label": gear}}
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "2", "base_rev": 1, "ops": [change]})

    document = ada.call(f"GET items/{item['id']}/annotations")
    assert document["rev"] == 2 and document["results"][0].keys() >= ANNOTATION
    shape = document["results"][0]
    assert (shape["id"], shape["label"], shape["geometry"]) == (op["id"], gear, BOX)
    assert (shape["source"], shape["confidence"], shape["attributes"]) == ("human", None, {"worn": True})
    assert TIME.match(shape["updated_at"])
    assert ada.call(f"GET items/{item['id']}/annotations?rev=1")["results"][0]["label"] == bolt
    assert ada.call(f"GET items/{item['id']}/annotations?frame=3")["results"] == []
    assert ada.call(f"GET items/{item['id']}")["rev"] == 2

    history = ada.results(f"items/{item['id']}/history")
    assert [row["rev"] for row in history] == [1, 2] and history[0]["actor"]["name"] == "Ada"
    assert all(row.keys() >= {"rev", "tx_id", "actor", "at", "ops"} for row in history)
    assert [row["rev"] for row in ada.results(f"items/{item['id']}/history?after=1")] == [2]

    for ops in ([{"op": "delete", "id": op["id"]}], [{"op": "restore", "id": op["id"]}]):
        ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": str(ids.uuid7()), "base_rev": 2, "ops": ops})
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "5", "ops": [{"op": "delete", "id": op["id"]}]})
    refused = ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "6", "base_rev": 5, "ops": [change]}, 409)
    assert refused["code"] == "GONE" and "current" in refused
    ada.call(f"POST items/{item['id']}/tx", {**tx, "tx_id": "7", "ops": [{"op": "dance"}]}, 400)


@pytest.mark.parametrize(
    "geometry",
    [
        BOX,
        {"type": "rbox", "cx": 30, "cy": 20, "w": 20, "h": 10, "angle": 30},
        {"type": "polygon", "rings": [[["a", 5, 5], ["b", 30, 5], ["c", 30, 30]]]},
        {"type": "polyline", "points": [["a", 5, 5], ["b", 30, 5]]},
        {"type": "mask", "size": [48, 64], "counts": "PP3"},
        {"type": "tag"},
    ],
    ids=lambda geometry: geometry["type"],
)
def test_each_geometry_comes_back_as_it_was_sent(ada, made, item, geometry):
    drawn(ada, item, made["labels"][0]["id"], geometry=geometry)
    assert ada.call(f"GET items/{item['id']}/annotations")["results"][0]["geometry"] == geometry


def test_a_vertex_is_moved_by_its_id(ada, made, item):
    ring = [["a", 5, 5], ["b", 30, 5], ["c", 30, 30]]
    shape = drawn(ada, item, made["labels"][0]["id"], geometry={"type": "polygon", "rings": [ring]})
    move = {"op": "vertex", "id": shape["id"], "ring": 0, "do": "move", "vertex": "b", "x": 31, "y": 6, "geom_rev": 1}
    insert = {**move, "do": "insert", "vertex": "d", "after": "b", "x": 32, "y": 15}
    ada.call(f"POST items/{item['id']}/tx", {"client_id": "s", "tx_id": "1", "base_rev": 1, "ops": [move, insert]})
    now = ada.call(f"GET items/{item['id']}/annotations")["results"][0]["geometry"]["rings"][0]
    assert now == [["a", 5, 5], ["b", 31, 6], ["d", 32, 15], ["c", 30, 30]]


# Learning


@pytest.fixture
def labelled(ada, made, item) -> dict[str, Any]:
    other = {"file": picture("b.png", 9)}
    other = ada.call(f"POST projects/{made['id']}/items", other, 201, form=True)
    for row in (item, other):
        drawn(ada, row, made["labels"][0]["id"])
    return made


def test_versions(ada, labelled):
    job = ada.call(f"POST projects/{labelled['id']}/versions", {"name": "First", "split": {"val": 0.5}}, 202)
    assert job.keys() >= JOB and job["status"] == "queued" and job["progress"] == 0
    tasks.run_freeze_job(job["id"])
    done = ada.call(f"GET jobs/{job['id']}")
    assert (done["status"], done["progress"], done["error"]) == ("succeeded", 1, None)
    assert [row["id"] for row in ada.results(f"projects/{labelled['id']}/versions")] == [done["result"]["version"]]
    plain = {"filters": {}, "preprocess": {}, "augment": []}
    ada.call(f"POST projects/{labelled['id']}/versions", plain, 202)
    for part, value in {"filters": {"state": "approved"}, "preprocess": {"size": 640}, "augment": ["flip"]}.items():
        refused = ada.call(f"POST projects/{labelled['id']}/versions", {part: value}, 400)
        assert refused["errors"][0]["pointer"] == f"/{part}" and "leave it out" in refused["detail"]


def test_training_jobs(ada, labelled):
    wanted = {"engine": "yolo", "model": "yolo11n.yaml", "params": {"epochs": 2, "imgsz": 64}}
    job = ada.call(f"POST projects/{labelled['id']}/training-jobs", wanted, 202)
    assert job.keys() >= JOB and job["status"] in STATUSES
    assert ada.call(f"GET jobs/{job['id']}") == job
    assert ada.results(f"projects/{labelled['id']}/jobs") == [job]
    assert ada.call(f"GET jobs/{job['id']}/log") == {"results": [], "next": None}
    assert ada.call(f"POST jobs/{job['id']}/cancel", status=202)["status"] in {"cancelling", "cancelled"}
    ended = ada.call(f"GET jobs/{job['id']}")
    assert ended["status"] == "cancelled" and Job.objects.get().ended
    assert ada.call(f"POST jobs/{job['id']}/cancel", status=202) == ended  # a repeat changes nothing
    again = {**wanted, "version": job["params"]["version"]}
    assert ada.call(f"POST projects/{labelled['id']}/training-jobs", again, 202)["status"] == "queued"
    refused = ada.call(f"POST projects/{labelled['id']}/training-jobs", {"engine": "anomaly"}, 400)
    assert refused["errors"][0]["pointer"] == "/engine"


@pytest.fixture
def model(made, tmp_path) -> Model:
    row = Model(project_id=made["id"], name="Fake", engine="fake", labels=[{"name": "bolt"}, {"name": "gear"}])
    with load("fake").export(tmp_path / "none", tmp_path, 64, 2).open("rb") as file:
        row.onnx.save(f"models/{row.pk}.onnx", File(file), save=False)
    row.save()
    return row


def test_models_and_what_they_see(ada, made, model):
    assert [row["id"] for row in ada.results(f"projects/{made['id']}/models")] == [str(model.pk)]
    call = f"POST models/{model.pk}/predict"
    seen = ada.call(call, {"file": picture()}, form=True)
    assert seen.keys() >= {"detections", "speed_ms"} and len(seen["detections"]) == 2
    assert all(found.keys() >= {"label", "confidence", "geometry"} for found in seen["detections"])
    assert seen["detections"][0]["label"] == "bolt"
    assert seen["detections"][0]["geometry"].keys() == {"type", "x", "y", "w", "h"}
    assert len(ada.call(f"{call}?confidence=0.85&iou=0.4", {"file": picture()}, form=True)["detections"]) == 1
    ada.call(f"{call}?iou=2", {"file": picture()}, 400, form=True)
    ada.call(call, {}, 400, form=True)


# Streaming


@pytest.fixture
def pipeline(ada, made) -> dict[str, Any]:
    source = ada.call(f"POST projects/{made['id']}/sources", {"kind": "synthetic", "config": {}}, 201)
    wanted = {"source": source["id"], "sinks": [], "overlay": {}}
    return ada.call(f"POST projects/{made['id']}/pipelines", wanted, 201)


@pytest.mark.parametrize(
    ("kind", "config"),
    [("rtsp", {"url": "rtsp://203.0.113.7/live"}), ("http", {"url": "http://203.0.113.7/mjpeg"}), ("synthetic", {})],
)
def test_sources(ada, made, kind, config):
    assert ada.call(f"POST projects/{made['id']}/sources", {"kind": kind, "config": config}, 201)["kind"] == kind
    assert len(ada.results(f"projects/{made['id']}/sources")) == 1
    ada.call(f"POST projects/{made['id']}/sources", {"kind": "telepathy", "config": {}}, 400)


def test_a_file_as_a_source(ada, made, tmp_path):
    upload = SimpleUploadedFile("film.mp4", video(tmp_path / "film.mp4", frames=4).read_bytes())
    film = ada.call(f"POST projects/{made['id']}/items", {"file": upload}, 201, form=True)
    ada.call(f"POST projects/{made['id']}/sources", {"kind": "file", "config": {"item": film["id"]}}, 201)


def test_pipelines_start_and_stop(ada, made, pipeline, model):
    with_model = {"source": pipeline["source"], "model": str(model.pk)}
    assert ada.call(f"POST projects/{made['id']}/pipelines", with_model, 201)["model"] == str(model.pk)
    assert ada.call(f"POST pipelines/{pipeline['id']}/start")["wanted"] is True
    assert ada.call(f"POST pipelines/{pipeline['id']}/start")["wanted"] is True  # a repeat changes nothing
    assert ada.call(f"POST pipelines/{pipeline['id']}/stop")["wanted"] is False


def test_whep_refusals_are_problems(ada, pipeline):
    path = f"/whep/{pipeline['id']}/"
    stranger = Script(registered("Eve")["access"])
    for script, address, kind, status in [
        (Script(), path, "application/sdp", 401),
        (stranger, path, "application/sdp", 404),
        (ada, f"/whep/{NOBODY}/", "application/sdp", 404),
        (ada, path, "text/plain", 415),
    ]:
        answer = script.client.post(address, "v=0", content_type=kind)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert json.loads(answer.content)["detail"]


# What the contract names and this does not have yet


@pytest.mark.parametrize(
    "call",
    [
        "POST projects/{project}/imports",
        "POST projects/{project}/exports",
        "POST projects/{project}/sinks",
        "POST projects/{project}/uploads/",
        "POST models/{project}/evaluations",
        "PATCH projects/{project}/uploads/1",
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


# Live


async def until(socket: ClientConnection, *kinds: str) -> dict[str, dict[str, Any]]:
    """The next message of each kind; others in between are passed over."""
    found: dict[str, dict[str, Any]] = {}
    while set(kinds) - found.keys():
        message = json.loads(await asyncio.wait_for(socket.recv(), 20))
        found.setdefault(message["type"], message)
    return found


async def test_the_socket_with_a_token(server, transactional_db):
    def prepare() -> tuple[str, Script, dict[str, Any], str]:
        access = registered("Ada")["access"]
        ada = Script(access)
        token = ada.call("POST auth/tokens", {"name": "labeller"}, 201)["token"]
        made = ada.call("POST projects", {"name": "Belt", "task": "detect", "labels": [{"name": "bolt"}]}, 201)
        item = ada.call(f"POST projects/{made['id']}/items", {"file": picture()}, 201, form=True)
        return token, ada, item, made["labels"][0]["id"]

    token, ada, item, label = await in_thread(prepare)
    address = f"{server.url.replace('http', 'ws')}/ws/items/{item['id']}/"
    protocols = [Subprotocol("frameloop.v1"), Subprotocol(f"bearer.{token}")]
    hello = {"type": "hello", "proto": 1, "item": item["id"], "client_id": "robot", "epoch": "", "last_rev": 0}
    async with connect(address, subprotocols=protocols) as socket:
        assert socket.subprotocol == "frameloop.v1"
        await socket.send(json.dumps(hello))
        first = json.loads(await asyncio.wait_for(socket.recv(), 20))
        assert first["type"] == "welcome" and first.keys() >= {"conn", "epoch", "head", "role", "limits"}
        op = {"op": "create", "id": str(ids.uuid7()), "label": label, "geometry": BOX}
        await socket.send(json.dumps({"type": "tx", "tx_id": "1", "base_rev": 0, "ops": [op]}))
        said = await until(socket, "ops", "ack")  # in either order
        assert said["ack"].items() >= {"tx_id": "1", "rev": 1}.items()
        assert (said["ops"]["from"], said["ops"]["to"]) == (1, 1)
        assert said["ops"]["txs"][0].keys() >= {"rev", "tx_id", "client_id", "actor", "at", "ops"}
        await socket.send(json.dumps({"type": "tx", "tx_id": "2", "base_rev": 1, "ops": [{**op, "id": "no id"}]}))
        nack = (await until(socket, "nack"))["nack"]
        assert nack.keys() >= {"tx_id", "code", "current", "retryable"} and nack["tx_id"] == "2"
        await socket.send(json.dumps({"type": "pull", "from": 1}))
        assert (await until(socket, "ops"))["ops"]["txs"][0]["tx_id"] == "1"
        await socket.send(json.dumps({"type": "ping", "rev": 1}))
        await until(socket, "pong")
        assert (await until(socket, "head"))["head"]["rev"] == 1

    async with connect(address, subprotocols=protocols) as socket:
        await socket.send(json.dumps({**hello, "epoch": first["epoch"]}))
        assert (await until(socket, "welcome"))["welcome"]["head"] == 1
        assert (await until(socket, "ops"))["ops"]["to"] == 1  # it was behind
