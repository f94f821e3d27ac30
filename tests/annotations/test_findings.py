"""What may be wrong with labels is found, mended where that is safe, and the mend is taken back."""

from __future__ import annotations

import cv2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations import journal
from annotations.findings import rules, running
from annotations.models import Annotation
from annotations.protocol import Tx
from projects import jobs
from projects.conveyor import Conveyor
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Item, Job, Label


def shape(geometry: dict, label: str = "a", name: str = "", rev: int = 1, **more: object) -> dict:
    return {"id": name or str(uuid7()), "label": label, "geometry": geometry, "created_rev": rev, **more}


def box(x: float, y: float, w: float, h: float) -> dict:
    return {"type": "box", "x": x, "y": y, "w": w, "h": h}


def polygon(*points: tuple[float, float]) -> dict:
    return {"type": "polygon", "rings": [[[n, x, y] for n, (x, y) in enumerate(points)]]}


@pytest.mark.parametrize(
    ("drawn", "codes", "ops"),
    [
        ([shape(box(10, 10, 50, 50))], [], []),
        ([shape(box(60, 10, 50, 50), name="s")], ["outside"], ["update"]),
        ([shape(box(200, 200, 50, 50), name="s")], ["outside"], ["delete"]),
        ([shape(box(10, 10, 0, 50), name="s")], ["empty"], ["delete"]),
        ([shape(box(10, 10, 1, 50))], ["tiny"], []),
        ([shape(box(10, 10, 50, 50)), shape(box(10, 10, 50, 50), rev=2)], ["duplicate"], ["delete"]),
        ([shape(box(10, 10, 50, 50)), shape(box(12, 10, 50, 50))], ["near-duplicate"], []),
        ([shape(box(10, 10, 50, 50)), shape(box(10, 10, 50, 50), "b")], ["two-labels"], []),
        ([shape(box(10, 10, 50, 50), frame=1), shape(box(10, 10, 50, 50), frame=2)], [], []),
        ([shape({"type": "tag"}), shape({"type": "tag"}, rev=2)], ["duplicate"], ["delete"]),
        ([shape({"type": "tag"}), shape({"type": "tag"}, "b")], [], []),
        ([shape(polygon((10, 10), (60, 60), (60, 10), (10, 60)))], ["crossing"], []),
        ([shape(polygon((10, 10), (60, 10), (60, 60), (10, 60)))], [], []),
        ([shape(polygon((10, 10), (60, 10), (60, 60), (30, 60), (30, 61), (30, 60), (10, 60)))], ["crossing"],
         ["update"]),
    ],
)  # fmt: skip
def test_each_rule_finds_what_it_is_for_and_nothing_else(drawn, codes, ops):
    found = list(rules.of_item(drawn, 100, 100))
    assert [finding.code for finding in found] == codes
    assert [op["op"] for finding in found for op in finding.ops] == ops


def test_of_three_that_are_the_same_one_remains():
    drawn = [shape(box(10, 10, 50, 50), name=str(n), rev=n) for n in (3, 1, 2)]
    deleted = [op["id"] for finding in rules.of_item(drawn, 100, 100) for op in finding.ops]
    assert sorted(deleted) == ["2", "3"]


@pytest.fixture
def street(project, alice) -> list[Item]:
    """Two pictures that look the same on two sides, one of them with a box drawn twice."""
    pixels = Conveyor(width=320, height=180).frame(3)[0]
    copies = [cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes() for quality in (95, 70)]
    items = [
        intake(project, SimpleUploadedFile(f"{n}.jpg", content), f"{n}.jpg", alice) for n, content in enumerate(copies)
    ]
    for item, side in zip(items, ("train", "val"), strict=True):
        Item.objects.filter(pk=item.pk).update(split=side)
    label = str(Label.objects.get(project=project, name="car").pk)
    twice = [{"op": "create", "id": str(uuid7()), "label": label, "geometry": box(10, 10, 50, 50)} for _ in range(2)]
    journal.commit(items[0].pk, Tx("tab", "1", 0, twice), alice)
    return items


def carried(api, user, path: str, body: dict | None = None) -> Job:
    answer = api(user).post(f"/api/v1/{path}", body or {})
    assert answer.status_code == 202, answer.data
    jobs.carry(answer.data["id"], running.work)
    return Job.objects.get(pk=answer.data["id"])


@pytest.mark.django_db(transaction=True)
def test_a_look_a_mend_and_its_undo(api, client, project, street, alice, bob, charlie):
    found = carried(api, bob, f"projects/{project.pk}/checks").result["findings"]
    client.force_login(alice)
    page = f"/projects/{project.pk}/checks/"
    assert b"check again to see" not in client.get(page).content
    assert {each["code"]: (each["count"], each["mendable"]) for each in found} == {
        "duplicate": (1, 1), "leak-copy": (1, 0), "no-examples": (1, 0),
    }  # fmt: skip
    assert found[0]["examples"][0]["path"] == "0.jpg" and len(found[0]["examples"][0]["shapes"]) == 2

    assert api(bob).post(f"/api/v1/projects/{project.pk}/checks/mend", {"code": "duplicate"}).status_code == 403
    assert api(charlie).post(f"/api/v1/projects/{project.pk}/checks", {}).status_code == 404
    refused = api(alice).post(f"/api/v1/projects/{project.pk}/checks/mend", {"code": "tiny"})
    assert refused.status_code == 400 and "cannot be mended by a button" in refused.data["errors"][0]["detail"]

    mend = carried(api, alice, f"projects/{project.pk}/checks/mend", {"code": "duplicate"})
    assert mend.result == {"mended": 1, "refused": []}
    assert b"check again to see" in client.get(page).content
    assert Annotation.objects.filter(item=street[0], deleted=False).count() == 1
    carried(api, alice, f"jobs/{mend.pk}/undo-mend")
    assert Annotation.objects.filter(item=street[0], deleted=False).count() == 2
    assert api(alice).post(f"/api/v1/jobs/{mend.pk}/undo-mend", {}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_what_is_missing_in_the_storage_is_found(api, project, street, alice):
    street[1].asset.file.storage.delete(street[1].asset.file.name)
    Item.objects.filter(pk=street[1].pk).update(state="approved")
    found = carried(api, alice, f"projects/{project.pk}/checks").result["findings"]
    assert {"missing-file", "unlabelled"} <= {each["code"] for each in found}
