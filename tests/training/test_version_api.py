"""Asking for versions, looking at them, comparing them, and taking one up again, over the REST interface."""

from __future__ import annotations

import base64
import uuid

import cv2
import numpy as np
import pytest

from annotations import journal, queries
from annotations.models import Annotation
from annotations.protocol import Tx
from projects.models import Item, Job, Label, Membership, Project, Team
from projects.models.job import Status
from tests.rows import video_index
from tests.training.shape_makers import mask_of, picture, star
from training import tasks
from training.datasets.version import freeze
from training.models import Restoration, Version

pytestmark = pytest.mark.django_db(transaction=True)  # a job renews its lease on a connection of its own


def frozen(client, project, **body) -> Version:
    answer = client.post(f"/api/v1/projects/{project.pk}/versions", body, format="json")
    assert answer.status_code == 202, answer.data
    tasks.run_freeze_job(answer.data["id"])
    job = Job.objects.get(pk=answer.data["id"])
    assert job.status == Status.SUCCEEDED, job.error
    return Version.objects.get(pk=job.result["version"])


def test_everything_that_a_version_can_be_asked_for(fill, alice, api, team):
    belt, client = fill(6), api(alice)
    other = Project.objects.create(team=team, name="Second belt", task="detect")
    Label.objects.create(project=other, name="Bolts")
    body = {
        "name": "All of it",
        "filters": {"states": ["to-do", "in-progress"]},
        "split": {"val": 0.25, "test": 0.25, "seed": 3, "stratify": False},
        "preprocess": {"resize": {"mode": "letterbox", "width": 96}, "greyscale": True},
        "augment": {"copies": 2, "flip": {"amount": "horizontal"}, "rotate": {"amount": 10, "chance": 1}},
        "sources": [str(other.pk)],
        "aliases": {"Bolts": "bolt"},
    }
    version = frozen(client, belt, **body)
    told = client.get(f"/api/v1/versions/{version.pk}").json()
    assert told["preprocess"] == {"resize": {"mode": "letterbox", "width": 96, "height": 96}, "greyscale": True}
    assert told["augment"]["rotate"] == {"amount": 10, "chance": 1} and told["augment"]["flip"]["chance"] == 0.5
    assert told["split"]["test"] == 0.25 and told["filters"] == {"states": ["to-do", "in-progress"]}
    assert [source["name"] for source in told["sources"]] == ["Belt", "Second belt"]
    assert "Bolts" not in told["counts"]["labels"]
    train, test = told["counts"]["train"], told["counts"]["test"]
    assert told["counts"]["pictures"] == {"train": train * 3, "val": 6 - train - test, "test": test}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filters": {"state": "approved"}}, "/filters/state"),
        ({"filters": {"states": ["done"]}}, "/filters/states"),
        ({"preprocess": {"resize": {"mode": "squash"}}}, "/preprocess/resize/mode"),
        ({"augment": {"rotate": {"amount": 1000}}}, "/augment/rotate/amount"),
        ({"augment": ["flip"]}, "/augment"),
        ({"aliases": {"car": 5}}, "/aliases/car"),
        ({"split": {"vall": 0.2}}, "/split/vall"),
        ({"splits": {}}, "/splits"),
    ],
)
def test_what_is_wrong_is_named(fill, alice, api, body, pointer):
    answer = api(alice).post(f"/api/v1/projects/{fill(2).pk}/versions", body, format="json")
    assert answer.status_code == 400 and answer.data["errors"][0]["pointer"] == pointer
    assert not Job.objects.exists()


def test_only_projects_that_one_may_train_with_can_be_sources(fill, alice, bob, charlie, api, team):
    belt = fill(2)
    theirs = Team.objects.create(name="Theirs")
    Membership.objects.create(team=theirs, user=charlie, role="owner")
    Membership.objects.create(team=theirs, user=bob, role="manager")
    Membership.objects.filter(user=bob, team=team).update(role="manager")
    hidden = Project.objects.create(team=theirs, name="Hidden", task="detect")
    url = f"/api/v1/projects/{belt.pk}/versions"
    answer = api(alice).post(url, {"sources": [str(belt.pk)]}, format="json")
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, "/sources/0")
    assert api(alice).post(url, {"sources": [str(hidden.pk)]}, format="json").status_code == 404
    assert api(bob).post(url, {"sources": [str(hidden.pk)]}, format="json").status_code == 400  # of another team


def test_a_preview_shows_pictures_with_shapes_and_stores_nothing(fill, alice, bob, charlie, api):
    belt = fill(5)
    url = f"/api/v1/projects/{belt.pk}/versions/preview"
    body = {
        "augment": {"copies": 3, "rotate": {"amount": 20, "chance": 1}},
        "samples": 2,
        "preprocess": {"greyscale": True},
    }
    told = api(alice).post(url, body, format="json").json()
    assert told["counts"]["images"] == 5 and told["partial"] is False and told["split"]["val"] == 0.2
    assert [sample["copy"] for sample in told["samples"]] == [0, 1, 2, 0, 1, 2]
    original, copy = told["samples"][:2]
    assert (original["width"], original["height"]) == (128, 72) and original["shapes"][0]["path"].startswith("M")
    assert [shape["path"] for shape in copy["shapes"]] != [shape["path"] for shape in original["shapes"]]
    data = base64.b64decode(copy["image"].removeprefix("data:image/jpeg;base64,"))
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (72, 128, 3) and np.abs(pixels[..., 0].astype(int) - pixels[..., 2]).max() < 12
    assert api(alice).post(url, body, format="json").json() == told
    assert api(bob).post(url, body, format="json").status_code == 403
    assert api(charlie).post(url, body, format="json").status_code == 404
    assert not Version.objects.exists() and not Job.objects.exists()


def test_the_pictures_of_a_version_are_listed_and_can_be_made_again(fill, alice, bob, charlie, api):
    recipe = {"copies": 2, "rotate": {"amount": 20, "chance": 1}, "mosaic": {"chance": 1}, "noise": {"chance": 1}}
    tile = {"tile": {"width": 64, "height": 72, "overlap": 0}}
    version = frozen(api(alice), fill(5), augment=recipe, preprocess=tile)
    client, url = api(bob), f"/api/v1/versions/{version.pk}/frames"
    first = client.get(url, {"limit": 3}).json()
    rest = client.get(first["next"]).json()
    rows = [*first["results"], *rest["results"]]
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows) and len(rows) == 5
    assert all(row["width"] == 128 and row["shape_count"] == len(row["shapes"]) for row in rows)
    assert {row["split"] for row in client.get(url, {"split": "val"}).json()["results"]} == {"val"}
    label = version.labels[0]["id"]
    with_label = [row for row in rows if any(shape["label"] == label for shape in row["shapes"])]
    assert len(client.get(url, {"label": label}).json()["results"]) == len(with_label)

    one = f"{url}/{rows[0]['id']}/picture"
    plain, copy = client.get(one), client.get(one, {"part": 1, "copy": 2})
    assert plain.status_code == copy.status_code == 200 and plain.content != copy.content
    assert cv2.imdecode(np.frombuffer(copy.content, np.uint8), 1).shape == (72, 64, 3)
    assert client.get(one, {"part": 1, "copy": 2}).content == copy.content
    for wrong, status in (({"copy": 3}, 404), ({"part": 9}, 404), ({"copy": "x"}, 400)):
        assert client.get(one, wrong).status_code == status
    assert api(charlie).get(one).status_code == api(charlie).get(url).status_code == 404


def test_a_diff_says_what_came_went_and_changed(project, alice, bob, charlie, api, add_image, draw):
    items = [add_image(project, f"{n}.jpg", picture(n)) for n in range(5)]
    drawn = [draw(item, "car", 10, 10, 40, 40) for item in items]
    before = freeze(project, alice)
    Annotation.objects.filter(pk=drawn[1].pk).update(geometry={"type": "box", "x": 12, "y": 10, "w": 40, "h": 40})
    Annotation.objects.filter(pk=drawn[2].pk).update(label=project.labels.get(name="person"))
    drawn[3].delete()
    draw(items[3], "car", 11, 10, 40, 40)  # drawn anew where it was: the same object, a little moved
    draw(items[3], "person", 100, 80, 9, 9)
    drawn[4].delete()
    draw(add_image(project, "new.jpg", picture(9)), "car", 1, 1, 5, 5)
    Item.objects.filter(pk=items[0].pk).update(split="test")
    after = freeze(project, alice)

    told = api(bob).get(f"/api/v1/versions/{after.pk}/diff", {"other": str(before.pk)}).json()
    assert told["recipe"] == []
    moved = told["items"].pop("moved")
    assert told["items"] == {"same": 1, "changed": 3, "added": 1, "removed": 1} and moved >= 1
    assert told["shapes"] == {"same": 1, "moved": 2, "relabelled": 1, "added": 2, "removed": 1}
    assert told["labels"] == {"car": {"added": 1, "removed": 2}, "person": {"added": 2, "removed": 0}}
    changes = {row["path"]: row["change"] for row in told["pictures"]}
    assert changes["new.jpg"] == "added" and changes["4.jpg"] == "removed" and changes["0.jpg"] == "same"
    assert next(row for row in told["pictures"] if row["path"] == "0.jpg")["split"][1] == "test"
    url = f"/api/v1/versions/{after.pk}/diff"
    assert api(bob).get(url).status_code == 400
    assert api(charlie).get(url, {"other": str(before.pk)}).status_code == 404


def test_a_version_comes_back_as_a_project_of_its_own(project, alice, bob, api, add_image):
    Label.objects.create(project=project, name="gone", ordinal=2)
    Label.objects.create(project=project, name="tree", ordinal=3, attributes=[{"name": "tall", "type": "checkbox"}])
    project.labels.get(name="gone").retire()
    tree, car = (str(project.labels.get(name=name).pk) for name in ("tree", "car"))
    video = add_image(project, "v.mp4", picture(5))
    type(video.asset).objects.filter(pk=video.asset_id).update(kind="video")
    video_index(video.asset).save()
    box = {"type": "box", "x": 1.0, "y": 1.0, "w": 20.0, "h": 20.0}
    keyframes = {"0": {"geometry": box}, "10": {"geometry": {**box, "x": 50.0}}, "20": {"outside": True}}
    for item in (add_image(project, "a.jpg", picture(1)), add_image(project, "b.jpg", picture(2))):
        shapes = [star(100, 70, 40, True), mask_of(star(60, 60, 20, False)), {**box, "x": 90.0}]
        ops = [{"op": "create", "id": str(uuid.uuid4()), "label": tree, "geometry": shape} for shape in shapes]
        journal.commit(item.pk, Tx("test", uuid.uuid4().hex, 0, ops), alice)
    track = {"op": "create", "id": str(uuid.uuid4()), "label": car, "geometry": box, "frame": 0, "keyframes": keyframes}
    single = {"op": "create", "id": str(uuid.uuid4()), "label": car, "geometry": box, "frame": 5}
    journal.commit(video.pk, Tx("test", "v", 0, [track, single]), alice)
    version = freeze(project, alice, "Good one")
    later = Item.objects.get(pk=video.pk).rev
    journal.commit(video.pk, Tx("test", "w", later, [{"op": "delete", "id": track["id"]}]), alice)
    Item.objects.get(path="b.jpg").delete()

    url = f"/api/v1/versions/{version.pk}/restore"
    assert api(bob).post(url, {}, format="json").status_code == 403
    answer = api(alice).post(url, {"name": "Branch"}, format="json")
    tasks.run_restore_job(answer.data["id"])
    job = Job.objects.get(pk=answer.data["id"])
    assert job.status == Status.SUCCEEDED, job.error
    branch = Project.objects.get(pk=job.result["project"])

    assert (branch.name, branch.team, branch.task) == ("Branch", project.team, project.task)
    assert list(Label.every.filter(project=branch).values_list("name", "ordinal")) == [
        ("person", 0), ("car", 1), ("gone", 2), ("tree", 3),
    ]  # fmt: skip
    assert branch.labels.get(name="tree").attributes and not branch.labels.filter(name="gone").exists()
    assert set(branch.items.values_list("path", flat=True)) == {"a.jpg", "b.jpg", "v.mp4"}
    again = freeze(branch, alice)
    assert again.parent == version and Restoration.objects.get(project=branch).version == version
    (tracked,) = [one for one in queries.annotations_of(branch.items.get(path="v.mp4")) if one["keyframes"]]
    assert tracked["keyframes"].keys() == keyframes.keys()
    told = api(alice).get(f"/api/v1/versions/{again.pk}/diff", {"other": str(version.pk)}).json()
    assert told["items"] == {"same": 5, "changed": 0, "added": 0, "removed": 0, "moved": 0}, told
    assert told["shapes"]["same"] == version.counts["shapes"]
