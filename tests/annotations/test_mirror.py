"""The storage's copy of everybody's work, and the database made anew from it after it was lost."""

from __future__ import annotations

import shutil

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from annotations import journal, queries
from annotations.mirror import rebuilding, writing
from annotations.models import JournalTx
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.intake import intake
from projects.models import Asset, Item, Label, Membership, Project, User
from tests.browser.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def item(project, alice, monkeypatch) -> Item:
    monkeypatch.setattr(writing, "_MOST_SEGMENTS", 2)
    shutil.rmtree(default_storage.path("mirror"), ignore_errors=True)  # what other tests left
    return intake(project, SimpleUploadedFile("a.jpg", picture()), "street/a.jpg", alice)


def draw(item: Item, by: User, x: float) -> str:
    name = str(uuid7())
    box = {"type": "box", "x": x, "y": 10, "w": 30, "h": 20}
    label = str(Label.objects.get(project=item.project, name="car").pk)
    commit(item, by, [{"op": "create", "id": name, "label": label, "geometry": box}])
    return name


def commit(item: Item, by: User, ops: list[dict[str, object]]) -> None:
    item.refresh_from_db()
    journal.commit(item.pk, Tx("tab", str(item.rev + 1), item.rev, ops), by)


def work(item: Item, alice: User, bob: User) -> None:
    """Five revisions in four segments: drawn, moved, deleted, and in between copied."""
    first = draw(item, alice, 10)
    writing.catch_up()
    second = draw(item, bob, 50)
    writing.catch_up()
    commit(item, bob, [{"op": "update", "id": first, "set": {"attributes": {}}}, {"op": "delete", "id": second}])
    writing.catch_up()
    draw(item, alice, 90)
    writing.catch_up()


def state() -> dict[str, object]:
    """All that must come back, by value."""
    return {
        "shapes": [queries.every_shape_of(item) for item in Item.every.order_by("pk")],
        "journal": list(JournalTx.objects.order_by("item", "rev").values("rev", "tx_id", "actor_id", "ops", "at")),
        "items": list(Item.every.values("pk", "path", "state", "rev", "annotation_count", "detections")),
        "labels": list(Label.every.order_by("pk").values("pk", "name", "color", "ordinal", "aliases", "retired_at")),
        "projects": list(Project.objects.values("pk", "name", "task", "team", "team__name")),
        "roles": set(Membership.objects.filter(team__name="Lab").values_list("user__email", "role")),
        "assets": set(Asset.objects.values_list("sha256", "width", "height", "kind", "original_name")),
    }


def lose_the_database() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Item.every.exists()


def test_all_labels_come_back_from_the_storage_alone(item, project, alice, bob):
    work(item, alice, bob)
    Label.objects.get(project=project, name="person").retire()
    draw(item, bob, 130)
    writing.catch_up()
    before = state()
    lose_the_database()

    found = rebuilding.rebuild()
    assert found.problems == []
    assert found.made == {"teams": 1, "people": 2, "projects": 1, "labels": 2, "assets": 1, "items": 1, "shapes": 3}
    assert state() == before
    assert not User.objects.get(email="bob@example.org").has_usable_password()
    draw(Item.objects.get(), User.objects.get(email="bob@example.org"), 170)  # and work goes on

    again = rebuilding.rebuild()
    assert not again.made and again.kept["items"] == 1 and again.problems == []


def test_the_copy_follows_and_goes_with_its_item(item, alice, bob):
    work(item, alice, bob)
    assert writing.catch_up() == 0, "nothing changed since"
    folder = f"mirror/{item.project_id}/{item.pk}"
    segments = [name for name in default_storage.listdir(folder)[1] if name.endswith(".gz")]
    assert len(segments) == 2, "many small ones were joined"
    item.delete()
    writing.catch_up()
    assert not default_storage.exists(folder)


def test_what_is_damaged_is_named_and_the_rest_comes_back(item, project, alice, bob):
    work(item, alice, bob)
    other = intake(project, SimpleUploadedFile("b.jpg", picture(320, 240)), "b.jpg", alice)
    draw(other, alice, 10)
    writing.catch_up()
    folder = f"mirror/{project.pk}/{item.pk}"
    name = sorted(name for name in default_storage.listdir(folder)[1] if name.endswith(".gz"))[0]
    default_storage.delete(f"{folder}/{name}")
    lose_the_database()
    found = rebuilding.rebuild()
    assert [problem.partition(" (")[0] for problem in found.problems] == ["street/a.jpg"]
    assert "revision 1 is missing in the copy" in found.problems[0]
    assert list(Item.objects.values_list("path", "annotation_count")) == [("b.jpg", 1)]


def test_another_history_is_left_alone(item, alice, bob):
    work(item, alice, bob)
    JournalTx.objects.filter(item=item, rev=4).delete()
    Item.objects.filter(pk=item.pk).update(rev=3)
    draw(item, alice, 200)  # the database came from an older backup, and people worked on
    JournalTx.objects.filter(item=item, rev=4).update(tx_id="another")
    Item.objects.filter(pk=item.pk).update(rev=3)
    before = list(JournalTx.objects.values_list("rev", "tx_id"))
    found = rebuilding.rebuild()
    assert "another history from revision 4" in found.problems[0]
    assert list(JournalTx.objects.values_list("rev", "tx_id")) == before
