"""GET projects/{id}/items and items/{id}: what is there, who may change it, and how it goes."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import Annotation
from projects.models import Asset, Item, Label, Membership, Project, ProjectMembership, Role, Video
from projects.models.item import State
from tests.rows import video_index


@pytest.fixture
def library(project, alice):
    """A function that makes items of assets that have no file behind them."""

    def make(count: int, kind: str = "image", to: Project = project, prefix: str = "") -> list[Item]:
        assets = [
            Asset(
                team=to.team,
                kind=kind,
                sha256=f"{uuid.uuid4().hex}{n:032x}",
                size=1,
                content_type="image/png",
                original_name=f"{prefix}{n}.png",
                width=64,
                height=48,
                file="none.png",
                thumbnail="none.webp",
            )
            for n in range(count)
        ]
        Asset.objects.bulk_create(assets)
        if kind == "video":
            Video.objects.bulk_create(map(video_index, assets))
        return Item.objects.bulk_create(
            Item(project=to, asset=asset, path=f"{prefix}{n:04}.png") for n, asset in enumerate(assets)
        )

    return make


@pytest.fixture
def listing(api, project, alice):
    def get(by=alice, to: Project = project, **query):
        response = api(by).get(f"/api/v1/projects/{to.pk}/items", query)
        assert response.status_code == 200, response.json()
        return response.json()

    return get


def _shape(item: Item, label: Label, **more) -> Annotation:
    return Annotation.objects.create(
        id=uuid.uuid4(), item=item, label=label, geometry={"type": "box"}, created_rev=1, updated_rev=1, **more
    )


def _paths(page) -> list[str]:
    return [item["path"] for item in page["results"]]


def test_it_pages_without_gap_or_repeat(api, alice, library, listing):
    library(23)
    page = listing(limit=10)
    seen = _paths(page)
    while page["next"]:
        page = api(alice).get(page["next"]).json()
        seen += _paths(page)
    assert len(seen) == 23
    assert len(set(seen)) == 23


@pytest.mark.parametrize("ordering", ["path", "-path", "created_at", "-updated_at", "annotation_count"])
def test_each_ordering_pages_whole(api, alice, library, listing, ordering):
    library(23)
    page = listing(limit=10, ordering=ordering)
    rows = page["results"]
    while page["next"]:
        page = api(alice).get(page["next"]).json()
        rows += page["results"]
    name = ordering.removeprefix("-")
    values = [row[name] for row in rows]
    assert values == sorted(values, reverse=ordering.startswith("-"))
    assert len({row["id"] for row in rows}) == 23


def test_by_state_kind_and_words(library, listing):
    images, videos = library(3, prefix="street/cam "), library(2, "video", prefix="clip ")
    Item.objects.filter(pk=images[1].pk).update(state=State.APPROVED)
    assert _paths(listing(state="approved")) == [images[1].path]
    assert set(_paths(listing(kind="video"))) == {item.path for item in videos}
    assert len(listing(q="CAM street")["results"]) == 3
    assert listing(q="street clip")["results"] == []
    assert listing(q="100%_\\\0")["results"] == []
    row = listing(kind="video")["results"][0]
    assert (row["frames"], row["fps"], row["picture"]) == (100, 25.0, None)


def test_by_label(library, listing, project):
    first, second, third = library(3)
    person, car = Label.objects.filter(project=project)
    _shape(first, person)
    _shape(first, person)
    _shape(second, car)
    _shape(third, person, deleted=True)
    assert _paths(listing(label="person")) == [first.path]
    assert _paths(listing(label=str(car.pk))) == [second.path]
    assert _paths(listing(label="bicycle")) == []


@pytest.mark.parametrize("query", [{"state": "x"}, {"kind": "x"}, {"ordering": "asset__sha256"}])
def test_a_filter_that_means_nothing_is_refused(api, alice, project, query):
    response = api(alice).get(f"/api/v1/projects/{project.pk}/items", query)
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_the_number_of_queries_does_not_grow_with_the_page(library, listing):
    library(2)
    library(2, "video", prefix="v")
    with CaptureQueriesContext(
        connection,
    ) as few:
        listing()
    library(30, prefix="more")
    library(15, "video", prefix="w")
    with CaptureQueriesContext(connection) as many:
        assert len(listing()["results"]) == 49
    assert len(many) == len(few)
    assert not any("pts_bytes" in query["sql"] for query in many)


def test_a_stranger_sees_nothing(api, charlie, library, project):
    item = library(1)[0]
    assert api(charlie).get(f"/api/v1/projects/{project.pk}/items").status_code == 404
    for method in ("get", "patch", "delete"):
        assert getattr(api(charlie), method)(f"/api/v1/items/{item.pk}").status_code == 404
    assert api(charlie).get(f"/api/v1/items/{item.pk}/frames/0").status_code == 404
    assert api().get(f"/api/v1/items/{item.pk}").status_code == 401


def test_items_of_other_projects_stay_out(library, listing, team, alice):
    other = Project.objects.create(team=team, name="Other", created_by=alice)
    library(2, to=other, prefix="other")
    mine = library(1)
    assert _paths(listing()) == [mine[0].path]


def test_one_item_and_its_etag(api, alice, library):
    item = library(1)[0]
    response = api(alice).get(f"/api/v1/items/{item.pk}")
    assert response.json()["path"] == item.path
    again = api(alice).get(f"/api/v1/items/{item.pk}", HTTP_IF_NONE_MATCH=response["ETag"])
    assert again.status_code == 304


def _as_role(project, user, role):
    Membership.objects.filter(team=project.team, user=user).delete()
    ProjectMembership.objects.update_or_create(project=project, user=user, defaults={"role": role})


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        (Role.VIEWER, {"state": "in-progress"}, 403),
        (Role.ANNOTATOR, {"state": "in-review"}, 200),
        (Role.ANNOTATOR, {"state": "approved"}, 403),
        (Role.ANNOTATOR, {"split": "val"}, 403),
        (Role.REVIEWER, {"state": "approved"}, 200),
        (Role.REVIEWER, {"path": "b.png"}, 403),
        (Role.MANAGER, {"path": "b.png", "split": "val", "state": "sent-back"}, 200),
    ],
)
def test_who_may_change_what(api, bob, project, library, role, change, status):
    item = library(1)[0]
    _as_role(project, bob, role)
    response = api(bob).patch(f"/api/v1/items/{item.pk}", change)
    assert response.status_code == status
    item.refresh_from_db()
    kept = {name: getattr(item, name) for name in change}
    assert (kept == change) == (status == 200)


def test_an_annotator_cannot_take_an_approval_back(api, bob, library):
    item = library(1)[0]
    Item.objects.update(state=State.APPROVED)
    assert api(bob).patch(f"/api/v1/items/{item.pk}", {"state": "to-do"}).status_code == 403


def test_a_path_is_cleaned_and_unique(api, alice, library):
    first, second = library(2)
    url = f"/api/v1/items/{second.pk}"
    assert api(alice).patch(url, {"path": "../x//y.png"}).json()["path"] == "x/y.png"
    response = api(alice).patch(url, {"path": first.path})
    assert response.status_code in {400, 409}
    assert first.path in response.json()["detail"] or "path" in response.json()["detail"]
    assert api(alice).patch(url, {"state": "gone"}).status_code == 400


def test_rev_and_the_rest_cannot_be_written(api, alice, library):
    item = library(1)[0]
    api(alice).patch(f"/api/v1/items/{item.pk}", {"rev": 7, "annotation_count": 7, "kind": "video"})
    item.refresh_from_db()
    assert (item.rev, item.annotation_count) == (0, 0)


def test_deleting_keeps_the_file_in_the_library(api, alice, library):
    item = library(1)[0]
    assert api(alice).delete(f"/api/v1/items/{item.pk}").status_code == 204
    assert not Item.objects.exists()
    assert Asset.objects.filter(pk=item.asset_id).exists()


def test_deleting_is_for_managers(api, bob, library):
    assert api(bob).delete(f"/api/v1/items/{library(1)[0].pk}").status_code == 403
    assert Item.objects.exists()


def test_labels_are_not_deleted_by_accident(api, alice, library, project):
    item = library(1)[0]
    _shape(item, project.labels.first())
    Item.objects.update(annotation_count=1)
    refused = api(alice).delete(f"/api/v1/items/{item.pk}")
    assert refused.status_code == 409
    assert "?confirm=true" in refused.json()["detail"]
    assert api(alice).delete(f"/api/v1/items/{item.pk}?confirm=true").status_code == 204
    assert not Annotation.objects.exists()


def test_the_library_of_a_team(api, alice, bob, charlie, team, library, project):
    library(2, prefix="one ")
    library(1, "video", prefix="two ")
    url = f"/api/v1/teams/{team.pk}/assets"
    assert len(api(bob).get(url).json()["results"]) == 3
    only = api(alice).get(url, {"kind": "video"}).json()["results"]
    assert [(asset["name"], asset["frames"]) for asset in only] == [("two 0.png", 100)]
    assert len(api(alice).get(url, {"q": "ONE"}).json()["results"]) == 2
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.OWNER)
    assert api(charlie).get(url).status_code == 404
