"""Uploads in pieces over HTTP: begin, go on, look, give up; and who may."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import Http404
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Project, ProjectMembership, Role, Upload, UploadBatch
from projects.tasks import expire_uploads
from projects.uploads import store
from projects.uploads.body import FileBody
from projects.uploads.protocol import BODY_TYPE, TusError, format_metadata

DATA = bytes(range(256)) * 4


class Tus:
    """A person's client, without a memory: each call is one request."""

    def __init__(self, client: Any, project: Project) -> None:
        self.client, self.base = client, f"/api/v1/projects/{project.pk}/uploads/"

    def call(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in ({"Tus_Resumable": "1.0.0"} | headers).items()}
        kind = {} if body is None else {"content_type": names.pop("Content-Type", BODY_TYPE)}
        return self.client.generic(method, url, body or b"", headers=names, **kind)

    def begin(self, length: int | None = len(DATA), body: bytes | None = None, **said: str) -> Any:
        long = {"Upload_Defer_Length": "1"} if length is None else {"Upload_Length": str(length)}
        return self.call(
            "POST", self.base, body, Upload_Metadata=format_metadata({"filename": "a.zip", **said}), **long
        )

    def at(self, length: int | None = len(DATA), **said: str) -> str:
        answer = self.begin(length, **said)
        assert answer.status_code == 201, answer.content
        return str(answer["Location"])

    def send(self, url: str, offset: int, body: bytes, **headers: str) -> Any:
        return self.call("PATCH", url, body, Upload_Offset=str(offset), **headers)

    def offset(self, url: str) -> int:
        answer = self.call("HEAD", url)
        assert answer.status_code == 200
        return int(answer["Upload-Offset"])


@pytest.fixture
def tus(api, alice, project) -> Tus:
    return Tus(api(alice), project)


def row(url: str) -> Upload:
    return Upload.objects.get(pk=url.rpartition("/")[2])


def test_what_the_server_can(api, project):
    answer = api().options(f"/api/v1/projects/{project.pk}/uploads/")
    assert answer.status_code == 204
    assert (answer["Tus-Version"], answer["Tus-Max-Size"]) == ("1.0.0", str(settings.MAX_RESUMABLE_BYTES))
    extensions = {"creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum", "termination"}
    assert set(answer["Tus-Extension"].split(",")) == extensions
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256,md5"


def test_in_three_pieces(tus):
    answer = tus.begin(path="day 1/../a.zip")
    url = answer["Location"]
    assert (answer.status_code, answer["Tus-Resumable"]) == (201, "1.0.0")
    assert answer["Upload-Expires"].endswith("GMT")
    for start in (0, 500, 1000):
        answer = tus.send(url, start, DATA[start : start + 500])
        assert (answer.status_code, answer["Tus-Resumable"]) == (204, "1.0.0")
        assert int(answer["Upload-Offset"]) == tus.offset(url) == min(start + 500, len(DATA))
    assert "Upload-Expires" not in answer
    upload = row(url)
    assert (upload.state, upload.path, upload.sha256) == ("complete", "day 1/a.zip", hashlib.sha256(DATA).hexdigest())
    assert upload.location.read_bytes() == DATA
    assert upload.location.is_relative_to(settings.UPLOADS_DIR)
    assert upload.location.stat().st_mode & 0o077 == 0


def test_how_far_it_is(tus):
    url = tus.at()
    tus.send(url, 0, DATA[:10])
    answer = tus.call("HEAD", url)
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("10", "1024")
    assert (answer["Cache-Control"], answer["Upload-Metadata"]) == ("no-store", "filename YS56aXA=")
    assert answer["Upload-Expires"]


def test_begun_with_its_first_bytes(tus):
    answer = tus.begin(body=DATA[:100])
    assert (answer.status_code, answer["Upload-Offset"]) == (201, "100")
    assert tus.offset(answer["Location"]) == 100


def test_a_length_that_is_said_later(tus):
    url = tus.at(None)
    assert tus.send(url, 0, DATA[:100]).status_code == 204
    answer = tus.call("HEAD", url)
    assert answer["Upload-Defer-Length"] == "1" and "Upload-Length" not in answer
    assert tus.send(url, 100, DATA[100:], Upload_Length="1000").status_code == 413
    assert tus.send(url, 100, DATA[100:], Upload_Length="1024").status_code == 204
    assert row(url).state == "complete"


def test_nothing_is_complete_at_once(tus):
    assert row(tus.at(0)).state == "refused"  # an empty file is no picture


@pytest.mark.parametrize(
    ("offset", "body", "headers", "status"),
    [
        ("1", b"x", {}, 409),
        ("x", b"x", {}, 400),
        ("0", b"x" * 1025, {}, 413),
        ("0", b"x", {"Content_Type": "application/octet-stream"}, 415),
        ("0", b"x", {"Tus_Resumable": "0.1.0"}, 412),
        ("0", b"x", {"Upload_Checksum": "crc32 AAAA"}, 400),
        ("0", b"x", {"Upload_Length": "12"}, 400),
    ],
)
def test_refusals_are_problems_with_the_status_of_tus(tus, offset, body, headers, status):
    url = tus.at()
    answer = tus.call("PATCH", url, body, Upload_Offset=offset, **headers)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer["Tus-Resumable"] == "1.0.0" and len(answer.json()["detail"]) > 20
    assert status != 412 or answer["Tus-Version"] == "1.0.0"
    assert tus.offset(url) == 0


def test_too_large(tus, settings):
    settings.MAX_RESUMABLE_BYTES = 1000
    assert tus.begin(1001).status_code == 413
    url = tus.at(None)
    assert tus.send(url, 0, DATA).status_code == 413
    assert tus.send(url, 0, DATA[:1000]).status_code == 204


def test_no_room_on_the_disk(tus, settings):
    settings.MAX_RESUMABLE_BYTES = 2**50
    answer = tus.begin(2**50)
    assert (answer.status_code, answer.json()["code"]) == (507, "no-room")
    assert not Upload.objects.exists()


@pytest.mark.parametrize("name", ["sha1", "sha256", "md5"])
def test_checksums(tus, name):
    url = tus.at()
    digest = base64.b64encode(hashlib.new(name, DATA[:500]).digest()).decode()
    assert tus.send(url, 0, DATA[:500], Upload_Checksum=f"{name} {digest}").status_code == 204
    answer = tus.send(url, 500, DATA[500:], Upload_Checksum=f"{name} {digest}")
    assert (answer.status_code, answer.json()["title"]) == (460, "Checksum Mismatch")
    assert tus.offset(url) == row(url).location.stat().st_size == 500
    assert len(list(row(url).location.parent.glob(f"{row(url).pk}.*"))) == 1


def test_a_process_that_died(tus):
    """What it wrote counts, whatever the row says; not so where a checksum was promised for it."""
    url = tus.at()
    tus.send(url, 0, DATA[:100])
    upload = row(url)
    with upload.location.open("ab") as file:
        file.write(DATA[100:300])
    assert tus.offset(url) == 300
    with upload.location.open("ab") as file:
        file.write(DATA[300:500])
    upload.location.with_suffix(".checked").write_text("300")
    assert tus.offset(url) == upload.location.stat().st_size == 300
    os.truncate(upload.location, 50)
    assert tus.offset(url) == 50
    with upload.location.open("ab") as file:
        file.write(DATA[50:])
    assert tus.offset(url) == 1024
    assert row(url).state == "complete" and row(url).sha256  # it was looked into as well


def test_one_writes_at_a_time(tus):
    url = tus.at()
    with row(url).location.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = tus.send(url, 0, DATA)
        assert (answer.status_code, answer.json()["code"]) == (423, "locked")
        assert tus.offset(url) == 0
    assert tus.send(url, 0, DATA).status_code == 204


def test_given_up(tus, django_capture_on_commit_callbacks):
    url = tus.at()
    tus.send(url, 0, DATA[:10])
    path = row(url).location
    with django_capture_on_commit_callbacks(execute=True):
        assert tus.call("DELETE", url).status_code == 204
    assert not path.exists()
    assert tus.call("HEAD", url).status_code == 404
    assert tus.send(url, 10, DATA[10:]).status_code == 404


def test_given_up_while_bytes_come(tus, alice, transactional_db):
    url = tus.at()
    upload = row(url)

    class Deleting(FileBody):
        def read(self) -> bytes:
            Upload.objects.filter(pk=upload.pk).delete()
            return super().read()

    with pytest.raises(TusError) as refused:
        store.append(upload, 0, Deleting(io.BytesIO(DATA), len(DATA)), None, None)
    assert refused.value.status == 410
    assert not upload.location.exists()


def test_over(tus, django_capture_on_commit_callbacks):
    url, other = tus.at(), tus.at()
    Upload.objects.filter(pk=row(url).pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.call("HEAD", url).status_code == 410
    path = row(url).location
    lost = Path(settings.UPLOADS_DIR) / "ff" / "lost.part"
    lost.parent.mkdir(exist_ok=True)
    lost.touch()
    os.utime(lost, (0, 0))
    with django_capture_on_commit_callbacks(execute=True):
        assert expire_uploads() == 2
    assert tus.call("HEAD", url).status_code == 404
    assert not path.exists() and not lost.exists() and row(other).location.exists()


def test_who_may(tus, api, bob, charlie, project):
    url = tus.at()
    assert Tus(api(charlie), project).begin().status_code == 404
    assert Tus(api(), project).begin().status_code == 401
    for person in (bob, charlie):  # Bob is of the same team, and the upload is not his
        theirs = Tus(api(person), project)
        assert [theirs.call(method, url).status_code for method in ("GET", "HEAD", "DELETE")] == [404] * 3
        assert theirs.send(url, 0, DATA).status_code == 404
    assert Tus(api(bob), project).begin().status_code == 201
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    assert Tus(api(charlie), project).begin().status_code == 403
    assert api(bob).get(f"/api/v1/projects/{project.pk}/uploads").json()["results"][0]["path"] == "a.zip"
    assert tus.offset(url) == 0


def test_a_session_needs_its_token(alice, project, tus):
    """Another site cannot make a signed-in browser upload or delete."""
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(alice)
    url, stranger = tus.at(), Tus(browser, project)
    assert stranger.begin().status_code == 403
    assert stranger.send(url, 0, DATA).status_code == 403
    assert stranger.call("POST", url, X_HTTP_Method_Override="DELETE").status_code == 403
    assert stranger.call("HEAD", url).status_code == 200


def test_batches_are_named_or_found(tus, api, bob, project):
    batches = f"/api/v1/projects/{project.pk}/upload-batches"
    made = tus.client.post(batches, {"name": "Monday"})
    assert made.status_code == 201
    assert row(tus.at(batch=made.json()["id"])).batch.name == "Monday"
    assert row(tus.at()).batch_id == row(tus.at()).batch_id
    theirs = api(bob).post(batches, {}).json()["id"]
    assert tus.begin(batch=theirs).status_code == 404
    assert tus.begin(batch="x").status_code == 400
    UploadBatch.objects.update(state="committed")
    assert tus.begin(batch=made.json()["id"]).status_code == 409


def test_methods_that_a_client_cannot_send(tus):
    url = tus.at()
    answer = tus.call("POST", url, DATA, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "1024")
    assert tus.call("POST", url, X_HTTP_Method_Override="DELETE").status_code == 204


def test_a_complete_upload_is_there_for_an_import(tus, alice, bob, django_capture_on_commit_callbacks):
    url = tus.at()
    with pytest.raises(TusError) as early:
        store.open_complete(row(url).pk, alice)
    assert early.value.status == 409
    tus.send(url, 0, DATA)
    path = store.open_complete(row(url).pk, alice)
    assert path.read_bytes() == DATA
    with pytest.raises(Http404):
        store.open_complete(row(url).pk, bob)
    with django_capture_on_commit_callbacks(execute=True):
        store.spend(row(url).pk)
    assert not path.exists() and row(url).state == "committed"
