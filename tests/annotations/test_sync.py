"""One call brings an image with its annotations: all of it or nothing, once however often it is sent."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.models import Annotation, JournalTx
from projects.models import Asset, Item
from tests.projects.files import encoded, pattern

BOX = {"label": "car", "geometry": {"type": "box", "x": 4, "y": 5, "w": 20, "h": 10}}
COCO = {"id": 7, "category": "person", "bbox": [1, 2, 12, 13], "attributes": {}}


@pytest.fixture
def sync(api, bob, project):
    def send(shapes, by=bob, width: int = 64, **more):
        file = SimpleUploadedFile("a.png", encoded(pattern(width, 48), "PNG"))
        text = shapes if isinstance(shapes, str) else json.dumps(shapes)
        body = {"file": file, "annotations": text, **more}
        return api(by).post(f"/api/v1/projects/{project.pk}/sync", body, format="multipart")

    return send


def shown() -> list[tuple[str, str, str]]:
    rows = Annotation.objects.filter(deleted=False).select_related("label").order_by("label__name")
    return [(row.label.name, row.geometry["type"], row.source) for row in rows]


def test_the_same_call_again_changes_nothing(sync):
    more = {"external_id": "cam-1/0001", "path": "day 1/a.png", "augmentation": '{"flip": true, "seed": 7}'}
    first = sync([BOX, COCO], **more)
    assert first.status_code == 201, first.json()
    said = first.json()
    assert (said["rev"], said["path"], said["augmentation"]) == (1, "day 1/a.png", {"flip": True, "seed": 7})
    assert said["changed"] == {"create": 2, "update": 0, "delete": 0}
    assert shown() == [("car", "box", "import"), ("person", "box", "import")]
    again = sync([BOX, COCO], **more)
    assert (again.status_code, again.json()["id"], again.json()["rev"]) == (200, said["id"], 1)
    assert (Item.objects.count(), Asset.objects.count(), JournalTx.objects.count()) == (1, 1, 1)


def test_a_changed_list_is_one_transaction_of_what_is_different(sync):
    name = str(uuid.uuid4())
    sync([{**BOX, "id": name}, COCO])
    moved = {**BOX, "id": name, "geometry": {**BOX["geometry"], "x": 9}}
    outline = {"category_name": "car", "segmentation": [[1, 1, 20, 1, 20, 20]], "score": 0.5}
    answer = sync([moved, outline, COCO, COCO]).json()
    assert (answer["rev"], answer["changed"]) == (2, {"create": 2, "update": 1, "delete": 0})
    assert Annotation.objects.get(pk=name).geometry["x"] == 9
    answer = sync([moved]).json()
    assert (answer["rev"], answer["changed"]) == (3, {"create": 0, "update": 0, "delete": 3})


def test_what_people_drew_and_deleted_stays_so(sync, api, bob, project):
    item = sync([BOX, COCO]).json()["id"]
    drawn, label = str(uuid.uuid4()), str(project.labels.first().pk)
    deleted = str(Annotation.objects.get(label__name="car").pk)
    ops = [{"op": "create", "id": drawn, **BOX, "label": label}, {"op": "delete", "id": deleted}]
    api(bob).post(f"/api/v1/items/{item}/tx", {"client_id": "b", "tx_id": "1", "base_rev": 1, "ops": ops})
    answer = sync([BOX]).json()
    assert answer["changed"] == {"create": 0, "update": 0, "delete": 1}
    assert [str(row.pk) for row in Annotation.objects.filter(deleted=False)] == [drawn]


@pytest.mark.parametrize(
    ("shapes", "pointer"),
    [
        ("[", "/annotations"),
        ('[{"label": "car", "bbox": [NaN, 1, 2, 3]}]', "/annotations"),
        ({"a": 1}, "/annotations"),
        ([BOX, {**BOX, "label": "bus"}], "/annotations/1/label"),
        ([{"label": "car"}], "/annotations/0"),
        ([{"label": "car", "segmentation": [[1, 2, 3]]}], "/annotations/0/segmentation/0"),
        ([{**BOX, "id": "seven"}], "/annotations/0/id"),
    ],
)
def test_a_wrong_list_says_where_and_leaves_nothing(sync, shapes, pointer):
    answer = sync(shapes)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert not Item.objects.exists() and not Asset.objects.exists()


def test_a_shape_that_the_journal_refuses_takes_all_back(sync):
    answer = sync([COCO, {"label": "car", "bbox": [1, 2, -3, 4]}])
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID")
    assert not Item.objects.exists() and not Asset.objects.exists()


def test_another_image_under_the_same_name_is_refused(sync):
    sync([BOX], external_id="cam-1")
    answer = sync([BOX], external_id="cam-1", width=70)
    assert (answer.status_code, answer.json()["code"]) == (409, "other-image")
    assert (Item.objects.count(), Asset.objects.count()) == (1, 1)
    assert sync([BOX], width=70).json()["path"] == "a (2).png"


def test_who_may(sync, alice, charlie):
    assert sync([BOX], by=charlie).status_code == 404
    assert sync([BOX], split="val").status_code == 403
    assert sync([BOX], by=alice, split="val").json()["split"] == "val"
