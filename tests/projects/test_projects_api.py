"""Projects: making, reading, changing and deleting them."""

from __future__ import annotations

import pytest

from projects.models import Asset, Item, Job, Label, Membership, Project, ProjectMembership, Role

URL = "/api/v1/projects"


def one(project) -> str:
    return f"{URL}/{project.pk}"


@pytest.fixture
def item(project, alice):
    asset = Asset.objects.create(
        team=project.team, kind="image", sha256="0" * 64, size=1, width=8, height=8, original_name="a.png"
    )
    return Item.objects.create(project=project, asset=asset, path="a.png")


def test_it_works(alice, api):
    answer = api(alice).post(
        URL,
        {
            "name": "Street",
            "task": "detect",
            "labels": [
                {"name": " person ", "attributes": [{"name": "pose", "kind": "select", "values": ["sits", "walks"]}]},
                {"name": "car", "color": "#0a0b0C"},
            ],
        },
    )
    assert answer.status_code == 201, answer.content
    made = answer.data
    assert (made["role"], made["item_count"], made["task"]) == ("owner", 0, "detect")
    assert [(label["name"], label["ordinal"]) for label in made["labels"]] == [("person", 0), ("car", 1)]
    assert [label["color"] for label in made["labels"]] == ["#E69F00", "#0a0b0C"]
    assert all(label["id"] for label in made["labels"])
    assert Project.objects.get().team.personal, "without a team it goes to one's own"
    assert api(alice).get(f"{URL}/{made['id']}").json() == answer.json()


def test_a_team_can_be_named_by_its_managers_only(team, alice, bob, charlie, api):
    body = {"team": str(team.pk), "name": "Street", "task": "detect"}
    assert api(alice).post(URL, body).data["team"] == str(team.pk)
    refused = api(bob).post(URL, body)
    assert refused.status_code == 403 and "needs the role manager" in refused.data["detail"]
    assert api(charlie).post(URL, body).status_code == 404
    assert Project.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"task": "paint"}, "/task"),
        ({"team": "x"}, "/team"),
        ({"labels": "person"}, "/labels/non_field_errors"),
        ({"labels": [{"name": "a"}, {"name": "b"}, {"name": "a "}]}, "/labels/2/name"),
        ({"labels": [{"name": "a", "color": "red"}]}, "/labels/0/color"),
        ({"labels": [{"name": "a", "color": "#E69F0"}]}, "/labels/0/color"),
        ({"labels": [{"color": "#E69F00"}]}, "/labels/0/name"),
        ({"labels": [{"name": "a", "attributes": [{"name": "x", "kind": "select"}]}]}, "/labels/0/attributes/0/values"),
        ({"labels": [{"name": "a", "attributes": [{"name": "x"}, {"name": "x"}]}]}, "/labels/0/attributes"),
        ({"labels": [{"name": "a", "skeleton": {"points": ["x", "x"]}}]}, "/labels/0/skeleton/points"),
        ({"labels": [{"name": "a", "skeleton": {"points": ["x"], "edges": [[0, 1]]}}]}, "/labels/0/skeleton/edges"),
    ],
)
def test_bad_input_is_pointed_at(alice, api, change, pointer):
    answer = api(alice).post(URL, {"name": "Street", "task": "detect", **change})
    assert answer.status_code == 400
    pointers = {error["pointer"] for error in answer.data["errors"]}
    assert pointer in pointers or pointer.removesuffix("/non_field_errors") in pointers, answer.data
    assert not Project.objects.exists()


def test_it_validates_ownership(project, bob, charlie, api):
    for method in ("get", "patch", "delete"):
        assert getattr(api(charlie), method)(one(project), {}).status_code == 404
        assert getattr(api(), method)(one(project), {}).status_code == 401
    assert api(charlie).get(URL).data["results"] == []
    assert api(bob).get(one(project)).data["role"] == "annotator"
    assert api(bob).patch(one(project), {"name": "Mine"}).status_code == 403
    refused = api(bob).delete(f"{one(project)}?confirm=Street")
    assert refused.data["detail"] == "This needs the role owner; yours is annotator."


def test_a_wrong_choice_says_what_there_is_to_choose_from(alice, api):
    detail = api(alice).post(URL, {"name": "Street", "task": "paint"}).data["detail"]
    assert detail == "task: 'paint' is none of detect, segment, obb, pose, classify, anomaly."


def test_the_list_is_cut_into_pages(alice, team, api, django_assert_max_num_queries):
    for n in range(7):
        project = Project.objects.create(team=team, name=f"P{n}")
        project.add_label("thing")
    seen, url = [], f"{URL}?limit=3"
    while url:
        with django_assert_max_num_queries(5):
            page = api(alice).get(url).data
        assert len(page["results"]) <= 3
        seen += [(project["name"], project["role"]) for project in page["results"]]
        url = page["next"]
    assert seen == [(f"P{n}", "owner") for n in reversed(range(7))]
    assert [p["name"] for p in api(alice).get(f"{URL}?task=segment").data["results"]] == []
    assert api(alice).get(f"{URL}?task=paint").status_code == 400
    assert api(alice).get(f"{URL}?cursor=x").status_code == 404


def test_filtering_by_team_does_not_tell_which_teams_exist(team, project, alice, charlie, api):
    assert len(api(alice).get(f"{URL}?team={team.pk}").data["results"]) == 1
    known, unknown = (api(charlie).get(f"{URL}?team={pk}") for pk in (team.pk, project.pk))
    assert known.status_code == unknown.status_code == 200
    assert known.data == unknown.data == {"results": [], "next": None}
    assert api(charlie).get(f"{URL}?team=x").status_code == 400


def test_changing_it(project, alice, api):
    etag = api(alice).get(one(project)).headers["ETag"]
    changed = api(alice).patch(one(project), {"name": "Road", "description": "Day and night"}, HTTP_IF_MATCH=etag)
    assert changed.status_code == 200
    assert (changed.data["name"], changed.data["description"]) == ("Road", "Day and night")
    assert api(alice).patch(one(project), {"name": "x"}, HTTP_IF_MATCH=etag).status_code == 412
    assert api(alice).get(one(project), HTTP_IF_NONE_MATCH=changed.headers["ETag"]).status_code == 304
    fixed = api(alice).patch(one(project), {"task": "segment"})
    assert fixed.status_code == 400 and fixed.data["errors"][0]["pointer"] == "/task"
    assert api(alice).patch(one(project), []).status_code == 400


def test_deleting_needs_the_name_and_an_owner(project, item, alice, bob, charlie, api):
    Membership.objects.filter(team=project.team, user=bob).update(role=Role.MANAGER)
    assert api(bob).delete(f"{one(project)}?confirm=Street").status_code == 403
    unsure = api(alice).delete(one(project))
    assert unsure.status_code == 400 and "deletes 1 items" in unsure.data["detail"]
    assert api(alice).delete(f"{one(project)}?confirm=street").status_code == 400
    assert api(alice).delete(f"{one(project)}?confirm=Street").status_code == 204
    assert not Item.objects.exists() and not Label.objects.exists()
    assert Asset.objects.exists(), "the library keeps its files"
    assert api(alice).get(one(project)).status_code == 404


def test_a_project_that_went_through_the_loop_can_be_deleted_as_a_whole(project, item, alice, api):
    from annotations.models import Annotation, JournalTx
    from streaming.models import Capture, Pipeline, Source
    from training.models import Model, Version, VersionFrame

    Annotation.objects.create(
        id="018f0000-0000-7000-8000-000000000000",
        item=item,
        label=project.labels.first(),
        geometry={"type": "box"},
        created_rev=1,
        updated_rev=1,
    )
    JournalTx.objects.create(item=item, rev=1, client_id="c", tx_id="t", payload_hash=bytes(32), ops=[])
    job = Job.objects.create(project=project, kind="train", status="succeeded")
    job.record("log", {"line": "done"})
    version = Version.objects.create(project=project, number=1, content_hash="0", labels=[])
    VersionFrame.objects.create(version=version, item=item, asset=item.asset, path="a.png", rev=1, shapes=[])
    model = Model.objects.create(project=project, name="First", engine="yolo", version=version, job=job, labels=[])
    source = Source.objects.create(project=project, name="Gate", kind="synthetic")
    pipeline = Pipeline.objects.create(project=project, name="Gate", source=source, model=model)
    Capture.objects.create(pipeline=pipeline, item=item, model=model)
    assert api(alice).delete(f"{one(project)}?confirm=Street").status_code == 204
    left = (Annotation, JournalTx, Job, Version, VersionFrame, Model, Source, Pipeline, Capture, Item, Label)
    assert [rows.__name__ for rows in left if rows.objects.exists()] == []


def test_a_project_with_running_jobs_stays(project, alice, api):
    Job.objects.create(project=project, kind="train", status="running")
    answer = api(alice).delete(f"{one(project)}?confirm=Street")
    assert answer.status_code == 409 and answer.data["code"] == "jobs-running"


def test_a_named_owner_of_the_project_may_delete_it(project, charlie, api):
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.OWNER)
    assert api(charlie).delete(f"{one(project)}?confirm=Street").status_code == 204
