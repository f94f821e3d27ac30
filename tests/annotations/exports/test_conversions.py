"""An archive is written in another format; the project that it was sent to stays as it was."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.exports import conversions
from annotations.formats.registry import formats
from annotations.models import Annotation
from projects import jobs
from projects.models import Item, Job, Label
from tests.projects.files import encoded, pattern

pytestmark = pytest.mark.django_db(transaction=True)

COCO = {
    "images": [{"id": 7, "file_name": "a.png", "width": 64, "height": 48}],
    "categories": [{"id": 3, "name": "cat"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [4, 6, 20, 10], "area": 200, "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 99, "bbox": [4, 6, 20, 10]},
    ],
}


def zipped(**files: bytes) -> SimpleUploadedFile:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return SimpleUploadedFile("labels.zip", body.getvalue())


@pytest.fixture
def convert(project, api, alice):
    def ask(file, **wanted):
        client = api(alice)
        given = {"file": file, "to": "frameloop", **wanted}
        answer = client.post(f"/api/v1/projects/{project.pk}/conversions", given, format="multipart")
        assert answer.status_code == 202, answer.data
        jobs.carry(answer.data["id"], conversions.work)
        return client.get(f"/api/v1/jobs/{answer.data['id']}").data

    return ask


def test_one_format_becomes_another_with_its_pictures(convert, read):
    job = convert(zipped(**{"labels__json": json.dumps(COCO).encode(), "a__png": encoded(pattern(), "PNG")}))
    assert job["status"] == "succeeded", job["error"]
    result = job["result"]
    assert (result["from"], result["format"]) == ("coco", "frameloop")
    assert result["counts"]["by_label"] == {"cat": 1}
    assert any(row["severity"] == "refused" for row in result["losses"]["counts"]), "the unknown category is told"
    archive = read(job)
    picture = json.loads(archive.read("frameloop.jsonl").splitlines()[1])
    assert picture["shapes"][0]["geometry"] == {"type": "box", "x": 4, "y": 6, "w": 20, "h": 10}
    assert archive.read("media/a.png") == encoded(pattern(), "PNG")
    assert not Item.objects.exists() and not Annotation.objects.exists()
    assert not Label.objects.filter(name="cat").exists()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (zipped(**{"notes__md": b"hello"}), "format-unclear"),
        (SimpleUploadedFile("labels.zip", b"PK\3\4 and no more"), "damaged"),
    ],
    ids=["unknown", "damaged"],
)
def test_what_cannot_be_read_says_so(convert, file, code):
    job = convert(file)
    assert job["status"] == "failed"
    assert job["error"]["code"] == code and len(job["error"]["detail"]) > 20


def test_what_cannot_be_is_refused_at_once(project, api, alice, charlie):
    url = f"/api/v1/projects/{project.pk}/conversions"
    for given, pointer in (
        ({"to": "coco"}, "/file"),
        ({"to": "crayon", "file": zipped()}, "/format"),
        ({"to": "coco", "file": zipped(), "options": '{"colour": "red"}'}, "/options"),
    ):
        answer = api(alice).post(url, given, format="multipart")
        assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == pointer, given
    assert api(charlie).post(url, {"to": "coco", "file": zipped()}, format="multipart").status_code == 404
    assert not Job.objects.exists()


def test_formats_tell_what_they_can_carry(api, alice):
    answer = api(alice).get("/api/v1/formats").data
    assert {each["name"] for each in answer["results"]} == set(formats())
    (coco,) = [each for each in answer["results"] if each["name"] == "coco"]
    assert coco["read"] and coco["write"] and "box" in coco["abilities"]["geometries"]
    assert {"name", "title", "default", "choices", "help", "use"} == set(coco["options"][0])
