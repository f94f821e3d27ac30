"""Ground truth comes to annotators as blind copies that look like any other item, and scores them."""

from __future__ import annotations

import pytest

from annotations import journal
from annotations.exports import exporting
from annotations.exports.project import content
from annotations.models import Score, WorkRules
from annotations.work import truth
from projects import states
from projects.models import Item
from tests.annotations.conftest import create, make_item, tx


def box(x: float) -> dict:
    return {"type": "box", "x": x, "y": 20, "w": 30, "h": 40}


@pytest.fixture
def known(project, labels, alice) -> Item:
    """An approved item with two persons and a car, made ground truth by Alice."""
    item = make_item(project, "known.png")
    person, car = labels
    shapes = (create(person, geometry=box(10)), create(person, geometry=box(100)), create(car, geometry=box(300)))
    journal.commit(item.pk, tx(*shapes), alice)
    states.change(item.pk, "approved", alice)
    truth.mark([Item.objects.get(pk=item.pk)], True)
    return item


def ask(client, project, **body):
    return client.post(f"/api/v1/projects/{project.pk}/next-item", body, format="json").json()["item"]


def always(project) -> None:
    WorkRules.objects.create(project=project, ground_truth_rate=1.0)


def test_a_copy_comes_by_next_item_and_is_scored(api, client, project, known, labels, bob):
    plain = make_item(project, "plain.png")
    always(project)
    given = ask(api(bob), project)
    assert given["path"] == "known.png" and given["id"] != str(known.pk) and given["annotation_count"] == 0
    client.force_login(bob)
    shown = client.get(f"/items/{given['id']}/")
    assert shown.context["config"]["work"]["blind"] is False, "nothing may tell that it is ground truth"
    assert b"ground" not in shown.content.lower()

    person, car = labels
    drawn = (create(person, geometry=box(10)), create(person, geometry=box(300)), create(car, geometry=box(500)))
    journal.commit(given["id"], tx(*drawn), bob)
    assert not Score.objects.exists()
    answer = api(bob).post(f"/api/v1/items/{given['id']}/state", {"state": "in-review"}, format="json")
    assert answer.status_code == 200 and "score" not in str(answer.json())
    score = Score.objects.get()
    # Two of three are where something is, one of them with the right label; one of the truth was not found.
    assert (score.user, score.precision, score.recall) == (bob, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert score.label_accuracy == pytest.approx(0.5) and score.mean_iou == pytest.approx(1.0)
    assert score.by_label == {person: [1, 1, 1], car: [0, 1, 1]}
    assert ask(api(bob), project)["id"] == str(plain.pk)  # each only once


def test_the_truth_is_hidden_from_those_who_are_scored_by_it(api, client, project, known, labels, alice, bob):
    before, after = make_item(project, "a.png"), make_item(project, "z.png")
    parts = ("", "/annotations", "/history", "/frames/0", "/threads", "/state")
    for part in parts:
        assert api(bob).get(f"/api/v1/items/{known.pk}{part}").status_code == 404, part
    journal_call = {"client_id": "tab", "tx_id": "1", "base_rev": 0, "ops": [create(labels[0])]}
    assert api(bob).post(f"/api/v1/items/{known.pk}/tx", journal_call, format="json").status_code == 404
    with pytest.raises(journal.Rejected) as refused:
        journal.commit(known.pk, tx(create(labels[0])), bob)
    assert refused.value.code == "NO_ITEM"
    paths = [row["path"] for row in api(bob).get(f"/api/v1/projects/{project.pk}/items").json()["results"]]
    assert sorted(paths) == ["a.png", "z.png"]
    client.force_login(bob)
    assert client.get(f"/items/{known.pk}/").status_code == 404
    page = client.get(f"/projects/{project.pk}/")
    assert b"known.png" not in page.content and page.context["counts"]["total"] == 2
    urls = client.get(f"/items/{before.pk}/").context["config"]["urls"]
    assert urls["next"] == f"/items/{after.pk}/", "not the one in between"

    client.force_login(alice)
    assert client.get(f"/items/{known.pk}/").status_code == 200
    assert b"known.png" in client.get(f"/projects/{project.pk}/").content


def test_an_export_of_who_is_scored_is_without_the_truth(project, known, labels, alice, bob):
    make_item(project, "z.png")
    for person, wanted in ((bob, ["z.png"]), (alice, ["known.png", "z.png"])):
        job = exporting.start(project, {"format": "coco"}, person)
        assert [entry.picture.path for entry in content(project, job.params).entries] == wanted


def test_what_is_sent_back_is_no_truth_any_more_and_a_copy_of_it_keeps_its_score(
    api, project, known, labels, bob, alice
):
    always(project)
    copy = ask(api(bob), project)["id"]
    states.change(known.pk, "sent-back", alice, reason="The third one is a bus.")
    assert api(bob).get(f"/api/v1/items/{known.pk}").status_code == 200, "somebody has to mend it"
    assert not Item.objects.filter(ground_truth=True).exists()
    journal.commit(copy, tx(create(labels[0], geometry=box(10))), bob)
    states.change(copy, "in-review", bob)
    states.change(copy, "sent-back", alice, reason="Two are missing.")
    assert Item.every.get(pk=copy).ground_truth and Score.objects.get().precision == 1.0


def test_nobody_is_scored_by_what_they_drew(api, project, known, alice):
    plain = make_item(project, "plain.png")
    always(project)
    assert ask(api(alice), project)["id"] == str(plain.pk)


def test_without_a_rate_there_is_none(api, project, known, bob):
    assert ask(api(bob), project) is None
    assert not Item.every.filter(replica_of=known).exists()


def test_a_copy_is_no_work_for_reviewers_and_in_no_count(api, project, known, labels, alice, bob):
    always(project)
    given = ask(api(bob), project)
    states.change(given["id"], "in-review", bob)
    assert ask(api(alice), project, role="review") is None
    assert api(alice).get(f"/api/v1/projects/{project.pk}").json()["item_count"] == 1


def test_only_what_is_approved_can_be_the_truth(api, project, item, alice, bob):
    url, body = f"/api/v1/projects/{project.pk}/ground-truth", {"items": [str(item.pk)]}
    assert api(bob).post(url, body, format="json").status_code == 403
    refused = api(alice).post(url, body, format="json").json()
    assert refused["refused"] == [str(item.pk)] and "approve them first" in refused["detail"]
    states.change(item.pk, "approved", alice)
    assert api(alice).post(url, body, format="json").json()["changed"] == [str(item.pk)]
    assert api(alice).post(url, body | {"on": False}, format="json").json()["changed"] == [str(item.pk)]
    assert not Item.objects.filter(ground_truth=True).exists()


def test_the_rate_is_the_managers(api, project, alice, bob, charlie):
    url = f"/api/v1/projects/{project.pk}/work-rules"
    assert api(alice).patch(url, {"ground_truth_rate": 0.1}, format="json").json() == {"ground_truth_rate": 0.1}
    assert api(alice).get(url).json() == {"ground_truth_rate": 0.1}
    assert api(alice).patch(url, {"ground_truth_rate": 0.9}, format="json").status_code == 400
    assert api(bob).patch(url, {"ground_truth_rate": 0.2}, format="json").status_code == 403
    assert api(charlie).get(url).status_code == 404
