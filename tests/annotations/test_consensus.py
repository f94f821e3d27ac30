"""Several people label an item blind; how far they agree is shown, and what most drew can be merged and unmerged."""

from __future__ import annotations

import pytest

from annotations import journal, queries
from annotations.models import Annotation, Consensus, JournalTx, MaskBlob
from annotations.protocol import Rejected
from annotations.work import consensus
from projects import states
from projects.models import Item, Membership, Notice, Role, User
from tests.annotations.conftest import create, make_item, tx
from training.datasets import statistics


def box(x: float) -> dict:
    return {"type": "box", "x": x, "y": 20, "w": 30, "h": 40}


@pytest.fixture
def cleo(team) -> User:
    cleo = User.objects.create_user("cleo@example.org", "a long enough password", name="Cleo")
    Membership.objects.create(team=team, user=cleo, role=Role.ANNOTATOR)
    return cleo


@pytest.fixture
def dora(team) -> User:
    dora = User.objects.create_user("dora@example.org", "a long enough password", name="Dora")
    Membership.objects.create(team=team, user=dora, role=Role.ANNOTATOR)
    return dora


def begin(client, project, items, people, **more):
    body = {"items": [str(item.pk) for item in items], "people": [str(one.pk) for one in people], **more}
    return client.post(f"/api/v1/projects/{project.pk}/consensus", body, format="json")


def copy_of(item, person) -> Item:
    return Item.every.get(replica_of=item, replica_for=person)


def draw(item, person, *ops):
    copy = copy_of(item, person)
    journal.commit(copy.pk, tx(*ops), person)
    states.change(copy.pk, "in-review", person)
    return copy


@pytest.fixture
def labelled(api, project, item, labels, alice, bob, cleo, dora) -> Item:
    """Three people have submitted: all drew the first object, two the second, one a third; one label differs."""
    assert begin(api(alice), project, [item], [bob, cleo, dora]).status_code == 201
    person, car = labels
    draw(item, bob, create(person, geometry=box(10)), create(car, geometry=box(200)))
    draw(item, cleo, create(person, geometry=box(13)), create(car, geometry=box(200)))
    draw(item, dora, create(car, geometry=box(10)), create(car, geometry=box(500)))
    return item


def test_each_gets_a_copy_of_their_own(api, project, item, alice, bob, cleo, dora):
    answer = begin(api(alice), project, [item], [bob, cleo, dora], k=2)
    assert answer.status_code == 201
    assert Item.every.filter(replica_of=item).count() == 2
    assert {notice.user for notice in Notice.objects.filter(kind="assigned")} == {bob, cleo, dora}
    assert begin(api(alice), project, [item], [bob, cleo, dora], k=3).status_code == 201  # one more
    assert Item.every.filter(replica_of=item).count() == 3
    assert begin(api(alice), project, [item], [bob]).status_code == 400
    assert begin(api(bob), project, [item], [bob, cleo]).status_code == 403


def test_the_fewest_first(api, project, alice, bob, cleo, dora):
    items = [make_item(project, f"{n}.png") for n in range(6)]
    begin(api(alice), project, items, [bob, cleo, dora], k=2)
    assert {who.name: Item.every.filter(replica_for=who).count() for who in (bob, cleo, dora)} == {
        "Bob": 4, "Cleo": 4, "Dora": 4,
    }  # fmt: skip


def test_nobody_else_sees_a_copy(api, client, project, labelled, labels, alice, bob, cleo, charlie):
    copy = copy_of(labelled, cleo)
    calls = ["", "/annotations", "/history", "/state", "/frames/0"]
    for who, status in ((bob, 404), (charlie, 404)):
        assert {api(who).get(f"/api/v1/items/{copy.pk}{call}").status_code for call in calls} == {status}
        client.force_login(who)
        assert client.get(f"/items/{copy.pk}/").status_code == 404
        with pytest.raises(Rejected) as refusal:
            journal.commit(copy.pk, tx(create(labels[0]), base_rev=1), who)
        assert refusal.value.code == "NO_ITEM"
    for who in (cleo, alice):
        assert api(who).get(f"/api/v1/items/{copy.pk}/annotations").status_code == 200
        client.force_login(who)
        assert client.get(f"/items/{copy.pk}/").context["config"]["work"]["blind"] is True


def test_copies_are_in_no_list_count_or_training(api, client, project, labelled, alice):
    assert [row["id"] for row in api(alice).get(f"/api/v1/projects/{project.pk}/items").json()["results"]] == [
        str(labelled.pk)
    ]
    assert api(alice).get(f"/api/v1/projects/{project.pk}").json()["item_count"] == 1
    client.force_login(alice)
    assert [tile["item"].pk for tile in client.get(f"/projects/{project.pk}/").context["tiles"]] == [labelled.pk]
    assert client.get(f"/items/{labelled.pk}/").context["config"]["urls"]["next"] == ""
    assert statistics.outlook(project).boxes == 0 and statistics.outlook(project).unlabelled == 1


def test_agreement(api, project, labelled, alice, bob, cleo, dora):
    answer = api(alice).get(f"/api/v1/projects/{project.pk}/consensus").json()
    (row,) = answer["results"]
    assert row["item"] == str(labelled.pk) and row["merged_at"] is None
    assert [(person["name"], person["state"], person["shapes"]) for person in row["people"]] == [
        ("Bob", "in-review", 2), ("Cleo", "in-review", 2), ("Dora", "in-review", 2),
    ]  # fmt: skip
    names = {str(one.pk): one.name for one in (bob, cleo, dora)}
    pairs = {(names[pair["a"]], names[pair["b"]]): pair for pair in row["pairs"]}
    # Bob and Cleo: boxes 3 apart of 30 wide, IoU 27/33, and the same box.
    assert pairs["Bob", "Cleo"]["mean_iou"] == pytest.approx((27 / 33 + 1) / 2, abs=1e-4)
    assert pairs["Bob", "Cleo"]["f1"] == 1.0 and pairs["Bob", "Cleo"]["kappa"] == 1.0
    # Bob and Dora: one pair with other labels, and one each alone.
    assert pairs["Bob", "Dora"]["f1"] == 0.0 and pairs["Bob", "Dora"]["mean_iou"] == 1.0
    # person-car, car-none, none-car: p_o 0, p_e (0 + 1*2 + 0 + 1*0) / 9: car 1 x 2, none 1 x 1: 3/9.
    assert pairs["Bob", "Dora"]["kappa"] == pytest.approx(-0.5)
    assert {label["name"]: label["drawn"] for label in answer["labels"]} == {"person": 4, "car": 8}
    assert api(bob).get(f"/api/v1/projects/{project.pk}/consensus").status_code == 403


def test_merge_and_undo(api, project, labelled, labels, alice, bob):
    person, car = labels
    url = f"/api/v1/items/{labelled.pk}/consensus/merge"
    assert api(bob).post(url).status_code == 403
    assert api(alice).post(url).json()["shapes"] == 2
    shapes = sorted(queries.annotations_of(labelled), key=lambda shape: shape["geometry"]["x"])
    assert [(shape["label"], round(shape["geometry"]["x"], 6)) for shape in shapes] == [(person, 11), (car, 200)]
    labelled.refresh_from_db()
    assert labelled.state == "in-review" and labelled.rev == 1
    again = api(alice).post(url)
    assert again.status_code == 409 and "already" in again.json()["detail"]
    assert api(alice).delete(url).status_code == 204
    assert queries.annotations_of(labelled) == [] and Consensus.objects.get().merged_at is None
    labelled.refresh_from_db()
    assert labelled.rev == 2  # a new revision: nothing is rewritten
    assert api(alice).post(url).json()["shapes"] == 2


def test_a_manager_takes_back_what_another_has_merged(api, client, project, team, labelled, labels, alice, bob, cleo):
    url = f"/api/v1/items/{labelled.pk}/consensus/merge"
    project.team.memberships.filter(user=cleo).update(role="reviewer")
    assert api(cleo).post(url).json()["shapes"] == 2
    changed, plain = queries.annotations_of(labelled)
    labelled.refresh_from_db()
    move = {"op": "update", "id": changed["id"], "set": {"label": labels[0]}}
    journal.commit(labelled.pk, tx(move, base_rev=labelled.rev), bob)
    project.team.memberships.filter(user=bob).update(role="reviewer")
    client.force_login(bob)
    page = f"/projects/{project.pk}/work/{labelled.pk}/"
    assert b"data-unmerge" not in client.get(page).content
    refused = api(bob).delete(url)
    assert refused.status_code == 409 and "Cleo: they or a manager" in refused.json()["detail"]
    client.force_login(alice)
    assert b"data-unmerge" in client.get(page).content
    assert api(alice).delete(url).status_code == 204
    assert [shape["id"] for shape in queries.annotations_of(labelled)] == [changed["id"]], "what Bob changed stays"
    assert (
        Annotation.objects.get(pk=plain["id"]).deleted
        and JournalTx.objects.filter(item=labelled).latest("rev").actor == alice
    )
    assert Consensus.objects.get().merged_at is None


def test_long_masks_are_merged_as_well(api, monkeypatch, project, item, labels, alice, bob, cleo):
    monkeypatch.setattr(consensus, "INLINE_BYTES", 4)
    begin(api(alice), project, [item], [bob, cleo])
    # Rows 0 to 99 of the first column of 640 x 480.
    mask = {"type": "mask", "size": [480, 640], "counts": counts_of([0, 100, 480 * 640 - 100])}
    for person in (bob, cleo):
        draw(item, person, create(labels[0], geometry=mask))
    assert api(alice).post(f"/api/v1/items/{item.pk}/consensus/merge").json()["shapes"] == 1
    (shape,) = queries.annotations_of(item)
    assert shape["geometry"] == mask and MaskBlob.objects.filter(item=item).exists()


def counts_of(runs: list[int]) -> str:
    """COCO's compressed text of a few runs (the third on as the difference to the one two before)."""
    text = ""
    for n, run in enumerate(runs):
        value = run - runs[n - 2] if n > 2 else run
        while True:
            code, value = value & 31, value >> 5
            more = value != (-1 if code & 16 else 0)
            text += chr((code | 32 if more else code) + 48)
            if not more:
                break
    return text


def test_a_merge_waits_for_two(api, project, item, labels, alice, bob, cleo):
    begin(api(alice), project, [item], [bob, cleo])
    draw(item, bob, create(labels[0]))
    early = api(alice).post(f"/api/v1/items/{item.pk}/consensus/merge")
    assert early.status_code == 409 and "Fewer than two" in early.json()["detail"]


def test_next_item_gives_the_copy_and_not_the_original(api, project, item, alice, bob, cleo):
    begin(api(alice), project, [item], [bob, cleo])
    given = api(bob).post(f"/api/v1/projects/{project.pk}/next-item", {}, format="json").json()["item"]
    assert given["id"] == str(copy_of(item, bob).pk) and given["path"] == item.path
    nothing = api(alice).post(f"/api/v1/projects/{project.pk}/next-item", {}, format="json").json()
    assert nothing["item"] is None


def test_stopping(api, project, labelled, alice):
    assert api(alice).delete(f"/api/v1/items/{labelled.pk}/consensus").status_code == 204
    assert not Item.every.filter(replica_of=labelled).exists() and not Consensus.objects.exists()
    assert Item.objects.filter(pk=labelled.pk).exists()


def test_what_only_one_drew_is_named(labelled, bob, dora):
    found = consensus.report(Consensus.objects.get())
    assert found.waiting == [] and found.whole.matched == 4
