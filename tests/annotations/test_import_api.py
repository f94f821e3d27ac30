"""`POST projects/{id}/imports` and `POST jobs/{id}/undo-import`, as a program sees them."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.queries import annotations_of
from projects.models import Job, Upload, UploadBatch
from projects.uploads import store
from projects.uploads.protocol import Creation
from tests.annotations.importing import carried, coco, packed

pytestmark = pytest.mark.django_db(transaction=True)
FILE = coco({"a.png": (640, 480)}, [("a.png", "car", [1, 2, 3, 4]), ("a.png", "bus", [1, 2, 3, 4])])


def file(content=FILE, name="labels.zip"):
    return SimpleUploadedFile(name, packed(("annotations.json", content)))


def test_a_preview_then_the_same_file_then_back(api, alice, project, item, labels):
    client, url = api(alice), f"/api/v1/projects/{project.pk}/imports"
    form = {"file": file(), "mode": "dry-run", "labels": json.dumps({"bus": {"label": labels[0]}})}
    asked = client.post(url, form, format="multipart")
    assert asked.status_code == 202, asked.json()
    job = asked.json()
    assert (job["kind"], job["status"], job["title"]) == ("import", "queued", "Preview labels.zip")
    carried(Job.objects.get(pk=job["id"]))
    seen = client.get(f"/api/v1/jobs/{job['id']}").json()
    assert seen["status"] == "succeeded" and seen["progress"] == 1
    assert seen["result"].keys() >= {
        "format", "title", "mode", "candidates", "labels", "pictures", "shapes", "conflicts", "report", "seconds"
    }  # fmt: skip
    assert {row["name"]: row["how"] for row in seen["result"]["labels"]} == {"car": "name", "bus": "given"}

    done = client.post(url, {"again": job["id"], "labels": {"bus": {"ignore": True}}}, format="json").json()
    assert carried(Job.objects.get(pk=done["id"])).status == "succeeded"
    assert len(annotations_of(item)) == 1
    assert client.post(f"/api/v1/jobs/{job['id']}/undo-import").status_code == 409, "a preview wrote nothing"
    back = client.post(f"/api/v1/jobs/{done['id']}/undo-import")
    assert back.status_code == 202 and carried(Job.objects.get(pk=back.json()["id"])).status == "succeeded"
    assert not annotations_of(item)
    assert client.post(f"/api/v1/jobs/{done['id']}/undo-import").status_code == 409


def test_an_upload_is_imported_and_then_gone(api, alice, project, item):
    data = packed(("annotations.json", FILE))
    batch = UploadBatch.objects.create(project=project, created_by=alice)
    upload = store.create(project, alice, Creation(len(data), {"filename": "big.zip"}), batch)
    url = f"/api/v1/projects/{project.pk}/imports"
    early = api(alice).post(url, {"upload": str(upload.pk)}, format="json")
    assert early.status_code == 409 and early.json()["code"] == "not-complete"
    upload.location.write_bytes(data)
    Upload.objects.filter(pk=upload.pk).update(state="complete", offset=len(data))
    job = api(alice).post(url, {"upload": str(upload.pk)}, format="json").json()
    assert job["title"] == "Import big.zip"
    assert carried(Job.objects.get(pk=job["id"])).status == "succeeded"
    assert len(annotations_of(item)) == 2 and not upload.location.exists()


def test_managers_import_others_do_not(api, alice, bob, charlie, project):
    url = f"/api/v1/projects/{project.pk}/imports"
    assert api(bob).post(url, {"file": file()}, format="multipart").status_code == 403
    assert api(charlie).post(url, {"file": file()}, format="multipart").status_code == 404
    assert api().post(url, {"file": file()}, format="multipart").status_code == 401
    job = api(alice).post(url, {"file": file()}, format="multipart").json()["id"]
    assert api(bob).post(f"/api/v1/jobs/{job}/undo-import").status_code == 403
    assert api(charlie).post(f"/api/v1/jobs/{job}/undo-import").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({}, "/file"),
        ({"again": "01964f5e-7a10-7cc1-8c2b-0c1f7a3f9e01"}, "/again"),
        ({"format": "nonsense"}, "/format"),
        ({"format": "coco", "options": {"nonsense": True}}, "/options"),
        ({"mode": "nonsense"}, "/mode"),
        ({"conflicts": "nonsense"}, "/conflicts"),
        ({"labels": {"a": {"label": "01964f5e-7a10-7cc1-8c2b-0c1f7a3f9e01"}}}, "/labels"),
        ({"labels": {"a": {"create": "b", "ignore": True}}}, "/labels"),
        ({"labels": []}, "/labels"),
    ],
)
def test_wishes_that_make_no_sense(api, alice, project, wrong, pointer):
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in wrong.items()}
    if wrong and "again" not in wrong:
        form["file"] = file()
    answer = api(alice).post(f"/api/v1/projects/{project.pk}/imports", form, format="multipart")
    assert answer.status_code == 400, answer.json()
    assert answer.json()["errors"][0]["pointer"] == pointer and answer.json()["errors"][0]["detail"]
    assert not Job.objects.exists()
