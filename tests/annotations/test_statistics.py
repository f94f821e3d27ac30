"""Figures of a project: each change of an item moves them by what it changed, and they add up to what is there."""

from __future__ import annotations

from collections import Counter

import pytest

from annotations import journal
from annotations.figures import counting, keeping
from annotations.figures.counting import Facts, Seen
from annotations.models import Annotation, ItemFigures, ProjectFigures
from annotations.protocol import Tx
from projects.ids import uuid7
from projects.models import Item, Label, Project, User
from tests.rows import asset_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(project: Project, alice: User) -> list[Item]:
    return [
        Item.objects.create(project=project, asset=asset_row(project.team, n), path=f"{n}.jpg", split=split)
        for n, split in enumerate(["", "train", "val"])
    ]


def draw(item: Item, label: str, x: float = 10, w: float = 40, h: float = 20, **fields: object) -> str:
    name = str(uuid7())
    item.refresh_from_db()
    pk = str(Label.objects.get(project=item.project, name=label).pk)
    op = {
        "op": "create",
        "id": name,
        "label": pk,
        "geometry": {"type": "box", "x": x, "y": 10, "w": w, "h": h},
        **fields,
    }
    journal.commit(item.pk, Tx("tab", f"{item.rev + 1}", item.rev, [op]), None, source="model" if fields else "human")
    return name


def delete(item: Item, name: str) -> None:
    item.refresh_from_db()
    journal.commit(item.pk, Tx("tab", f"{item.rev + 1}", item.rev, [{"op": "delete", "id": name}]), None)


def statistics(api, user: User, project: Project) -> dict:
    answer = api(user).get(f"/api/v1/projects/{project.pk}/statistics")
    assert answer.status_code == 200
    return answer.json()


def test_figures_follow_every_change(api, project, items, bob):
    draw(items[0], "car")
    draw(items[0], "person", x=100)
    gone = draw(items[1], "car", w=200, h=200)
    draw(items[2], "car", source="model", confidence=0.5)  # nobody has accepted it
    found = statistics(api, bob, project)
    assert (found["items"], found["labelled"], found["shapes"], found["complete"]) == (3, 2, 3, True)
    cars = next(label for label in found["labels"] if label["name"] == "car")
    assert (cars["shapes"], cars["items"], cars["splits"]) == (2, 2, {"": 1, "train": 1, "val": 0, "test": 0})
    (pair,) = found["pairs"]
    assert ({pair["a"], pair["b"]}, pair["items"]) == ({"person", "car"}, 1)
    assert found["splits"] == {"": 1, "train": 1, "val": 1, "test": 0} and found["types"] == {"box": 3}
    assert sum(n for row in found["heat"] for n in row) == sum(bin_["count"] for bin_ in found["areas"]) == 3

    delete(items[1], gone)
    items[2].split = "test"
    items[2].save(update_fields=["split"])
    Item.objects.filter(pk=items[2].pk).update(updated_at="2030-01-01T00:00Z")
    found = statistics(api, bob, project)
    assert (found["labelled"], found["shapes"]) == (1, 2) and found["splits"]["test"] == 1

    items[0].delete()
    found = statistics(api, bob, project)
    assert (found["items"], found["labelled"], found["shapes"], found["pairs"]) == (2, 0, 0, [])


def test_the_sum_is_what_the_items_add_up_to(project, items):
    for n, item in enumerate(items):
        for x in range(n + 1):
            draw(item, "car" if x % 2 else "person", x=50 * x)
        assert keeping.catch_up(project, 1)
    keeping.catch_up(project, 1)
    total: Counter[str] = Counter()
    for row in ItemFigures.objects.filter(project=project):
        total.update(row.counts)
    assert ProjectFigures.objects.get(project=project).counts == dict(total)
    assert total["shapes"] == Annotation.objects.filter(item__project=project, deleted=False).count() == 6


def test_only_what_changed_is_counted_again(project, items):
    keeping.catch_up(project, 1)
    assert not keeping.behind(project).exists()
    draw(items[1], "car")
    assert list(keeping.behind(project)) == [items[1]]


def test_the_page_tells_sides_only_where_somebody_chose(client, project, items, alice):
    client.force_login(alice)
    draw(items[0], "car")
    page = f"/projects/{project.pk}/statistics/"
    assert b"<dt>boxes</dt><dd>1</dd>" in client.get(page).content
    table = client.get(page).content.split(b"<thead>")[1].split(b"</thead>")[0]
    assert b"Train" in table
    Item.objects.filter(project=project).exclude(split="").delete()
    table = client.get(page).content.split(b"<thead>")[1].split(b"</thead>")[0]
    assert b"Train" not in table and b"Not chosen" not in table


def test_strangers_see_no_figures(api, project, charlie):
    assert api(charlie).get(f"/api/v1/projects/{project.pk}/statistics").status_code == 404


def test_what_an_item_adds():
    box = {"type": "box", "x": 0, "y": 0, "w": 50, "h": 50}
    counts = counting.count(Facts("image", 100, 100, "to-do", "", 255.0), [Seen("a", box, "human")] * 2)
    assert counts["area:10"] == 2 and counts["aspect:4"] == 2 and counts["heat:68"] == 2 and counts["bright:15"] == 1
    assert counts["per:2"] == 1 and counts["in:a"] == 1 and counts["side:|a"] == 2
    empty = counting.count(Facts("image", 100, 100, "to-do", "", None), [Seen("t", {"type": "tag"}, "human")])
    assert "area:0" not in empty and empty["type:tag"] == 1 and empty["labelled"] == 1
