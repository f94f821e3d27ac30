"""An export holds what the project holds, in a format of one's choice: under filters, and with what is lost said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from annotations import blobs
from annotations.exports import exporting, sources
from annotations.exports import media as exported_media
from annotations.formats import rle
from annotations.formats.records import Label, Picture, Shape
from annotations.models import Annotation, Export
from projects import media
from projects.models import Item, Job
from tests.annotations.conftest import SQUARE, create, make_item, new_id
from tests.annotations.exports.conftest import coco, draw

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_is_there_in_order_of_paths(project, labels, alice, ask, read):
    for path in ("b.png", "a/z.png", "empty.png"):
        made = make_item(project, path)
        if path != "empty.png":
            draw(made, alice, create(labels[0]), create(labels[1], geometry=SQUARE))
    job = ask()
    found = coco(read(job))
    assert [image["file_name"] for image in found["images"]] == ["a/z.png", "b.png", "empty.png"]
    assert [category["name"] for category in found["categories"]] == ["person", "car"]
    assert len(found["annotations"]) == 4
    assert job["result"]["counts"]["images"] == 3
    assert job["result"]["counts"]["by_type"] == {"box": 2, "polygon": 2}
    assert job["result"]["losses"]["counts"] == []
    assert job["result"]["size"] > 0 and job["result"]["name"].startswith("Street-coco-")


@pytest.mark.parametrize(
    ("filters", "shapes", "images"),
    [
        ({}, 4, 4),
        ({"labels": [1]}, 1, 4),
        ({"labels": [1], "only_labelled": True}, 1, 1),
        ({"states": ["in-progress"]}, 4, 3),
        ({"splits": ["val"]}, 2, 1),
        ({"authors": ["bob"]}, 1, 4),
        ({"sources": ["import"]}, 1, 4),
        ({"suggestions": True}, 6, 4),
        ({"suggestions": True, "confidence": {"min": 0.5}}, 5, 4),
        ({"items": ["a.png"]}, 2, 1),
        ({"only_labelled": True}, 4, 3),
    ],
    ids=str,
)
def test_filters_choose_items_and_shapes(project, labels, alice, bob, ask, filters, shapes, images):
    a, b, c = (make_item(project, name) for name in ("a.png", "b.png", "c.png"))
    make_item(project, "d.png")
    Item.objects.filter(pk=a.pk).update(split="val")
    imported = new_id()
    draw(a, alice, create(labels[0]), create(labels[1]))
    draw(b, bob, create(labels[0]))
    draw(c, alice, create(labels[0], imported), create(labels[0], "00000000-0000-4000-8000-000000000001"))
    draw(c, alice, create(labels[0], "00000000-0000-4000-8000-000000000002"))
    Annotation.objects.filter(pk=imported).update(source="import")
    for n, confidence in ((1, 0.9), (2, 0.2)):
        row = Annotation.objects.filter(pk=f"00000000-0000-4000-8000-00000000000{n}")
        row.update(source="model", confidence=confidence)
    named = {"labels": [labels[n] for n in filters.get("labels", [])]} if "labels" in filters else {}
    named |= {"authors": [str(bob.pk)]} if "authors" in filters else {}
    named |= {"items": [str(a.pk)]} if "items" in filters else {}
    counts = ask(filters={**filters, **named})["result"]["counts"]
    assert (counts["shapes"], counts["images"]) == (shapes, images)


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"format": "crayon"}, "/format"),
        ({"options": {"colour": "red"}}, "/options"),
        ({"filters": {"stat": ["approved"]}}, "/filters/stat"),
        ({"filters": {"states": ["finished"]}}, "/filters/states"),
        ({"filters": {"confidence": {"min": 2}}}, "/filters/confidence"),
        ({"filters": {"labels": ["x"]}}, "/filters/labels"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_cannot_be_is_refused_at_once(project, api, alice, wanted, pointer):
    answer = api(alice).post(f"/api/v1/projects/{project.pk}/exports", {"format": "coco", **wanted})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Job.objects.exists()


def test_strangers_know_of_nothing_and_annotators_of_no_truth(project, api, charlie, alice, bob, ask):
    answer = api(charlie).post(f"/api/v1/projects/{project.pk}/exports", {"format": "coco"})
    assert answer.status_code == 404
    job = ask()
    assert api(bob).get(f"/api/v1/jobs/{job['id']}").data["result"]["url"] is None, "ground truth may be in it"
    assert api(charlie).get(f"/api/v1/jobs/{job['id']}").status_code == 404


def test_a_link_expires_and_its_archive_is_swept(
    project, item, ask, api, alice, client, django_capture_on_commit_callbacks
):
    job = ask()
    row = Export.objects.get()
    assert client.get(media.signed_url(row.file, -10)).status_code == 404
    assert exporting.sweep() == 0, "it is still good"
    late = timezone.now() + exporting.KEPT_FOR + timedelta(seconds=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert exporting.sweep(late) == 1
    assert not row.file.storage.exists(row.file.name)
    assert client.get(job["result"]["url"]).status_code == 404
    assert api(alice).get(f"/api/v1/jobs/{job['id']}").data["result"]["url"] is None


def test_versions_come_from_whoever_has_them(project, item, labels, alice, ask, api, monkeypatch):
    """Rooms above this one bring sources of their own: what they give is written as a project's own data are."""

    def content(owner, params):
        picture = Picture("frozen.png", 640, 480, [Shape("car", {"type": "box", "x": 1, "y": 2, "w": 3, "h": 4})])
        return sources.Content([Label("car", index=0)], [sources.Entry(picture, "")], exported_media.of_assets, 1)

    def check(owner, params):
        if params["version"] != known:
            raise sources.SourceError("no-version", "The project has no such version.")

    known = new_id()
    monkeypatch.setitem(sources._sources, "version", sources.Source(content, check))
    assert ask(version=known)["result"]["counts"]["by_label"] == {"car": 1}
    wanted = {"format": "coco", "version": new_id()}
    assert api(alice).post(f"/api/v1/projects/{project.pk}/exports", wanted).status_code == 404
    monkeypatch.delitem(sources._sources, "version")
    answer = api(alice).post(f"/api/v1/projects/{project.pk}/exports", wanted)
    assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == "/version"


def test_a_mask_beside_the_journal_is_in_it_whole(project, alice, labels, ask, read):
    item = make_item(project, "masks.png")
    counts = rle.text([100, 200, 640 * 480 - 300])
    digest = blobs.store(item, counts, alice).digest
    draw(item, alice, create(labels[0], geometry={"type": "mask", "size": [480, 640], "blob": digest}))
    found = coco(read(ask()))
    assert found["annotations"][0]["segmentation"] == {"size": [480, 640], "counts": counts}


def test_what_a_crash_left_behind_is_swept(project, item, ask, settings):
    key = Export.objects.get(job=ask()["id"]).file.name
    storage = Export._meta.get_field("file").storage
    lost = storage.save(f"exports/{project.pk}/lost.zip", ContentFile(b"PK"))
    half = settings.DATA_DIR / "exports" / "gone" / "archive.zip"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"PK")
    exporting.sweep()
    assert storage.exists(lost) and half.exists(), "somebody may be at it still"
    exporting.sweep(timezone.now() + timedelta(days=2))
    assert not storage.exists(lost) and not half.exists()
    assert storage.exists(key)
