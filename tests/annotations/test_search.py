"""GET projects/{id}/items by what was drawn, said and set: as counted before, and where the count is behind."""

from __future__ import annotations

import uuid

import pytest

from annotations import journal
from annotations.figures import keeping
from annotations.models import Annotation, Assignment, Comment, Thread
from annotations.protocol import Tx
from annotations.search import shapes
from projects.ids import uuid7
from projects.models import Asset, Item, Label, Project
from tests.rows import asset_row

pytestmark = pytest.mark.django_db
BOX = {"type": "box", "x": 10, "y": 10, "w": 64, "h": 48}  # a hundredth of the picture
LINE = {"type": "polyline", "points": [[0, 0, 0], [1, 320, 240]]}  # a quarter of it


@pytest.fixture
def items(project: Project) -> list[Item]:
    return [
        Item.objects.create(project=project, asset=asset_row(project.team, n), path=f"{n}.jpg", split=split)
        for n, split in enumerate(["", "train", "val", "test"])
    ]


@pytest.fixture
def seek(api, alice, project):
    def get(**query) -> list[str]:
        response = api(alice).get(f"/api/v1/projects/{project.pk}/items", {"ordering": "path", **query})
        assert response.status_code == 200, response.json()
        return [row["path"].removesuffix(".jpg") for row in response.json()["results"]]

    return get


def draw(item: Item, label: str, geometry=BOX, by=None, source: str = "human", **fields) -> None:
    item.refresh_from_db()
    pk = str(Label.objects.get(project=item.project, name=label).pk)
    op = {"op": "create", "id": str(uuid7()), "label": pk, "geometry": geometry, **fields}
    if source == "model":
        op |= {"source": "model", "confidence": 0.5}
    journal.commit(item.pk, Tx("tab", f"{item.rev + 1}", item.rev, [op]), by, source=source)


@pytest.fixture(params=["counted", "half counted", "too many behind"])
def drawn(request, monkeypatch, items, project, alice, bob) -> list[Item]:
    """0: car and person; 1: a car drawn by Bob, red; 2: a line of a person; 3: a car that a model suggests."""
    draw(items[0], "car")
    draw(items[0], "person", by=alice)
    if request.param == "half counted":
        keeping.catch_up(project, 1)
    draw(items[1], "car", by=bob)
    Annotation.objects.filter(item=items[1]).update(attributes={"colour": "red", "lanes": 2, "tags": ["wet", "dark"]})
    draw(items[2], "person", LINE)
    draw(items[3], "car", source="model")
    if request.param == "too many behind":
        monkeypatch.setattr(shapes, "_MOST_LATE", 0)
    if request.param == "counted":
        monkeypatch.setattr(shapes, "_COMMON", 1)  # few items: each label would be a common one
        keeping.catch_up(project, 1)
    return items


def test_labels_any_all_and_none(seek, drawn):
    assert seek(label="car") == ["0", "1"]
    assert seek(label="car,person") == ["0", "1", "2"]
    assert seek(label_all="car,person") == ["0"]
    assert seek(label_none="person") == ["1", "3"]
    assert seek(label="car", label_none="person") == ["1"]
    assert seek(label="car", source="model") == ["3"], "suggestions are found where they are asked for"
    assert seek(label="bicycle") == seek(label_all="car,bicycle") == []
    assert seek(label_none="bicycle") == ["0", "1", "2", "3"]


def test_conditions_hold_of_one_and_the_same_shape(seek, drawn, bob):
    assert seek(author=str(bob.pk)) == ["1"] and seek(author="me") == ["0"]
    assert seek(label="car", author="me") == [], "Alice drew the person of item 0, not its car"
    assert seek(label="person", author="me", type="box") == ["0"]
    assert seek(type="polyline") == ["2"] and seek(type="polyline,box") == ["0", "1", "2"]
    assert seek(source="human") == ["0", "1", "2"] and seek(source="import") == []


def test_attributes_as_text_number_and_one_of_several(seek, drawn):
    for value in ("colour=red", "lanes=2", "lanes=2.0", "tags=wet"):
        assert seek(attribute=value) == ["1"], value
    assert seek(attribute="colour=blue") == seek(attribute="lanes=nan") == []


def test_sizes_are_shares_of_the_picture(seek, drawn):
    assert seek(size_min=0.2) == ["2"]
    assert seek(size_max=0.02) == ["0", "1"]
    assert seek(size_min=0.009, size_max=0.011, label="person") == ["0"]
    assert seek(size_min=0.3) == []


def test_figures_and_shapes_never_disagree_after_a_change(seek, drawn, project):
    Annotation.objects.filter(item=drawn[0]).update(deleted=True)
    Item.objects.filter(pk=drawn[0].pk).update(rev=99)  # as a transaction does it
    assert seek(label="car") == ["1"] and seek(label_none="car") == ["0", "2", "3"]


def test_what_is_set_and_said(seek, items, alice, bob):
    Item.objects.filter(pk=items[1].pk).update(annotation_count=7, created_at="2026-01-31T23:30Z", state="approved")
    Asset.objects.filter(pk=items[2].asset_id).update(brightness=10)
    for item, resolved in ((items[0], None), (items[2], "2026-01-01T00:00Z")):
        thread = Thread.objects.create(item=item, created_by=alice, resolved_at=resolved)
        Comment.objects.create(thread=thread, author=alice, text="Is this a Zebra?")
    Comment.objects.create(thread=thread, author=bob, text="gnu", deleted_at="2026-01-01T00:00Z")
    Assignment.objects.create(item=items[3], user=bob, part="annotate", by=alice)
    assert seek(split="none,val") == ["0", "2"]
    assert seek(state="approved,in-review") == ["1"]
    assert seek(shapes_min=1) == seek(shapes_min=7, shapes_max=7) == ["1"]
    assert seek(created_from="2026-01-31", created_to="2026-01-31") == ["1"]
    assert seek(brightness_max=50) == ["2"]
    assert seek(q="zebra") == ["0", "2"] and seek(q="zebra 2.jpg") == ["2"] and seek(q="gnu") == []
    assert seek(comments="open") == ["0"] and seek(comments="any") == ["0", "2"] and seek(comments="none") == ["1", "3"]
    assert seek(assignee=str(bob.pk)) == ["3"] and seek(assignee="nobody") == ["0", "1", "2"]


def test_near_duplicates_differ_in_a_few_bits(api, seek, items, alice, charlie, project):
    for item, phash in zip(items, (-1, -1 ^ 0b111111, -1 ^ 0b1111111, None), strict=True):
        Asset.objects.filter(pk=item.asset_id).update(phash=phash)
    assert seek(near=str(items[0].pk)) == ["0", "1"]
    for item in (items[3].pk, uuid.uuid4()):
        response = api(alice).get(f"/api/v1/projects/{project.pk}/items", {"near": str(item)})
        assert response.status_code == 400 and response.json()["errors"][0]["pointer"] == "/near"


def test_pages_of_a_search_follow_each_other(api, alice, drawn, project):
    url, seen = f"/api/v1/projects/{project.pk}/items?label=car,person&ordering=-updated_at&limit=1", []
    while url:
        page = api(alice).get(url).json()
        seen += [row["path"] for row in page["results"]]
        url = page["next"]
    assert sorted(seen) == ["0.jpg", "1.jpg", "2.jpg"]


def test_the_page_takes_the_same_address(client, alice, drawn, project):
    client.force_login(alice)
    car = Label.objects.get(name="car")
    page = client.get(f"/projects/{project.pk}/?label={car.pk}&size_max=0.02&shapes_max=1&state=nonsense")
    text = " ".join(page.content.decode().split())
    assert "1 item matches" in text and 'title="1.jpg"' in text and 'title="0.jpg"' not in text
    assert "shapes to 1" in text and "is none of to-do" in text
    assert f'href="?label={car.pk}&amp;size_max=0.02" data-chip="shapes_max"' in text


def test_what_a_search_finds_is_assigned(api, alice, bob, drawn, project):
    car = Label.objects.get(name="car")
    url, people = f"/api/v1/projects/{project.pk}/assignments", {"people": [str(bob.pk)], "how": "evenly"}
    wrong = api(alice).post(url, {"filter": {"search": "size_max=9"}, **people})
    assert wrong.status_code == 400 and not Assignment.objects.exists(), "no more than was meant"
    api(alice).post(url, {"filter": {"search": f"label={car.pk}&author=me&ordering=-path"}, **people})
    assert not Assignment.objects.exists()
    assert (
        api(alice).post(url, {"filter": {"search": "label_none=person&source=human&q=1"}, **people}).status_code == 201
    )
    assert [row.item for row in Assignment.objects.all()] == [drawn[1]]
