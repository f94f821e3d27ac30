"""An export reads one moment of the project while people go on; it can be cancelled, and its memory stays flat."""

from __future__ import annotations

import threading
import tracemalloc
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from annotations.exports import exporting
from annotations.exports import project as source
from annotations.models import Annotation, Export
from projects import jobs
from projects.models import Asset, Item
from tests.annotations.conftest import BOX, create, make_item
from tests.annotations.exports.conftest import coco, draw

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(function) -> None:
    """Call it in a thread, whose connection is another one."""

    def call() -> None:
        try:
            function()
        finally:
            connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def archives() -> list[Path]:
    kept, half = Path(settings.MEDIA_ROOT) / "exports", settings.DATA_DIR / "exports"
    return [*kept.rglob("*.zip"), *half.rglob("archive.zip")]


def test_who_labels_meanwhile_is_not_half_in_it(project, labels, alice, bob, ask, read, monkeypatch):
    a, b = make_item(project, "a.png"), make_item(project, "b.png")
    draw(a, alice, create(labels[0]))
    draw(b, alice, create(labels[0]))
    monkeypatch.setattr(source, "_ITEMS", 1)
    at = source._Reader._shapes

    def shapes(self, ids):
        found = at(self, ids)
        if ids == [str(a.pk)]:  # between the first picture and the second
            elsewhere(lambda: (draw(b, bob, create(labels[1])), make_item(project, "c.png")))
        return found

    monkeypatch.setattr(source._Reader, "_shapes", shapes)
    found = coco(read(ask()))
    assert len(found["annotations"]) == 2
    assert [image["file_name"] for image in found["images"]] == ["a.png", "b.png"]
    assert Annotation.objects.count() == 3 and Item.objects.count() == 3, "they were not kept waiting"


def test_a_cancelled_export_leaves_nothing(project, labels, alice, api, rung, monkeypatch):
    for n in range(3):
        make_item(project, f"{n}.png")
    before = archives()
    answer = api(alice).post(f"/api/v1/projects/{project.pk}/exports", {"format": "coco"})
    monkeypatch.setattr(jobs.Held, "every_s", 0.01)
    asked = threading.Event()
    step = jobs.Held.step

    def wait_for_it(held, *args, **figures):
        if not asked.is_set():
            elsewhere(lambda: api(alice).post(f"/api/v1/jobs/{held.job.pk}/cancel"))
            asked.set()
        while not held._unwanted:
            pass
        step(held, *args, **figures)

    monkeypatch.setattr(jobs.Held, "step", wait_for_it)
    jobs.carry(answer.data["id"], exporting.work)
    job = api(alice).get(f"/api/v1/jobs/{answer.data['id']}").data
    assert job["status"] == "cancelled"
    assert not Export.objects.exists() and archives() == before
    assert (
        not default_storage.exists(f"exports/{project.pk}") or not default_storage.listdir(f"exports/{project.pk}")[1]
    )


def fill(project, label: str, items: int, shapes: int) -> None:
    first = make_item(project, f"seed-{items}.png")
    every = Item.objects.bulk_create(
        Item(project=project, asset_id=first.asset_id, path=f"{items}/{n:06}.png", annotation_count=shapes)
        for n in range(items)
    )
    Annotation.objects.bulk_create(
        (
            Annotation(id=uuid.uuid4(), item=item, label_id=label, geometry=BOX, created_rev=1, updated_rev=1)
            for item in every
            for _ in range(shapes)
        ),
        batch_size=2000,
    )


def test_memory_does_not_grow_with_the_project(project, labels, ask, monkeypatch):
    monkeypatch.setattr(source, "_ITEMS", 20)
    monkeypatch.setattr(source, "_SHAPES", 100)

    def peak() -> int:
        tracemalloc.start()
        ask(format="frameloop", media=False)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    fill(project, labels[0], 100, 5)
    peak()  # what is imported on the way is paid for
    little = peak()
    fill(project, labels[0], 1000, 5)
    much = peak()
    assert Asset.objects.count() == 2
    assert much < 2.5 * little, (little, much)
