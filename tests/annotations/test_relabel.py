"""Labels merge, go and come back while people label: nobody's work is lost, and class indices stay."""

from __future__ import annotations

import pytest
from celery import current_app

from annotations import journal, relabel
from annotations.models import Annotation
from annotations.protocol import Rejected
from annotations.queries import annotations_of
from projects.models import Job, Label
from tests.annotations.conftest import create, make_item, new_id, tx, update
from tests.annotations.test_commit import assert_journal_is_truth
from training.datasets.version import draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked(monkeypatch, django_capture_on_commit_callbacks) -> list[str]:
    """The jobs that were rung for; the tests run them when they want."""
    rung: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **how: rung.append(args[0]))
    return rung


@pytest.fixture
def two(project) -> tuple[Label, Label]:
    person, car = project.labels.order_by("ordinal")
    return person, car


def labels_of(item) -> list[str]:
    return [shape["label"] for shape in annotations_of(item)]


def done(job: Job) -> Job:
    relabel.run(job.pk)
    job.refresh_from_db()
    assert job.status == "succeeded", job.error
    return job


def test_shapes_follow_a_merge_by_transactions_of_their_own(project, two, alice, bob):
    person, car = two
    items = [make_item(project, f"{n}.png") for n in range(3)]
    for item in items[:2]:
        journal.commit(item.pk, tx(create(str(person.pk)), create(str(car.pk)), create(str(person.pk))), bob)
    job = done(relabel.start_merge(person, car, alice))
    assert job.result == {"shapes": 4}
    for item in items[:2]:
        assert set(labels_of(item)) == {str(car.pk)}
        item.refresh_from_db()
        assert item.rev == 2
        assert_journal_is_truth(item)
    items[2].refresh_from_db()
    assert items[2].rev == 0, "an item without the label is left alone"
    car.refresh_from_db()
    assert "person" in car.aliases and [label.name for label in project.labels.all()] == ["car"]


def test_work_that_arrives_late_with_the_old_label_gets_the_new_one(item, two, alice, bob):
    person, car = two
    shape, deleted = new_id(), new_id()
    journal.commit(item.pk, tx(create(str(person.pk), deleted)), bob)
    journal.commit(item.pk, tx({"op": "delete", "id": deleted}, base_rev=1), bob)
    done(relabel.start_merge(person, car, alice))
    journal.commit(item.pk, tx(create(str(person.pk), shape), base_rev=2), bob)
    journal.commit(item.pk, tx({"op": "restore", "id": deleted}, base_rev=3), bob)
    journal.commit(item.pk, tx(update(shape, label=str(person.pk)), base_rev=4), bob)
    assert labels_of(item) == [str(car.pk)] * 2
    assert_journal_is_truth(item)


def test_an_undo_does_not_bring_a_merged_label_back(item, two, alice, bob):
    person, car = two
    shape = new_id()
    journal.commit(item.pk, tx(create(str(person.pk), shape)), alice)
    journal.commit(item.pk, tx(update(shape, label=str(car.pk)), base_rev=1, tx_id="t2"), alice)
    done(relabel.start_merge(person, car, alice))
    journal.commit(item.pk, tx(base_rev=2, undo_of="t2"), alice)
    assert labels_of(item) == [str(car.pk)]
    assert_journal_is_truth(item)


def test_merges_of_merges_lead_to_the_last(project, item, two, alice, bob):
    person, car = two
    bus = project.add_label("bus")
    done(relabel.start_merge(person, car, alice))
    done(relabel.start_merge(car, bus, alice))
    journal.commit(item.pk, tx(create(str(person.pk)), create(str(car.pk))), bob)
    assert labels_of(item) == [str(bus.pk)] * 2
    bus.refresh_from_db()
    assert set(bus.aliases) == {"person", "car"}


def test_a_merge_can_be_taken_back_where_nobody_went_on(item, two, alice, bob):
    person, car = two
    mine, changed = new_id(), new_id()
    journal.commit(item.pk, tx(create(str(person.pk), mine), create(str(person.pk), changed)), bob)
    done(relabel.start_merge(person, car, alice))
    journal.commit(item.pk, tx({"op": "delete", "id": changed}, base_rev=2), bob)
    person.refresh_from_db()
    job = relabel.start_restoring(person, alice)
    assert job is not None
    done(job)
    person.refresh_from_db()
    assert person.retired_at is None and person.merged_into is None
    assert {shape["id"]: shape["label"] for shape in annotations_of(item)} == {mine: str(person.pk)}
    assert_journal_is_truth(item)


def test_a_label_goes_with_its_shapes_and_both_come_back(project, item, two, alice, bob):
    person, car = two
    journal.commit(item.pk, tx(create(str(person.pk)), create(str(car.pk))), bob)
    done(relabel.start_removal(person, alice))
    assert labels_of(item) == [str(car.pk)]
    with pytest.raises(Rejected, match="UNKNOWN_LABEL"):
        journal.commit(item.pk, tx(create(str(person.pk)), base_rev=2), bob)
    gone = Annotation.objects.get(item=item, deleted=True)
    with pytest.raises(Rejected, match="UNKNOWN_LABEL"):
        journal.commit(item.pk, tx({"op": "restore", "id": str(gone.pk)}, base_rev=2), bob)

    project.add_label("Person")  # somebody took its name meanwhile
    person.refresh_from_db()
    job = relabel.start_restoring(person, alice)
    assert job is not None
    done(job)
    person.refresh_from_db()
    assert person.name == "person (2)" and sorted(labels_of(item)) == sorted([str(person.pk), str(car.pk)])
    assert_journal_is_truth(item)


def test_a_cancelled_merge_leaves_everything_as_it_was(project, two, alice, bob, monkeypatch):
    person, car = two
    items = [make_item(project, f"{n}.png") for n in range(3)]
    for item in items:
        journal.commit(item.pk, tx(create(str(person.pk))), bob)
    job = relabel.start_merge(person, car, alice)
    follow = relabel._follow_in

    def then_cancel(*args):
        Job.objects.get(pk=job.pk).request_cancel()
        return follow(*args)

    monkeypatch.setattr(relabel, "_follow_in", then_cancel)
    relabel.run(job.pk)
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert [labels_of(item) for item in items] == [[str(person.pk)]] * 3
    assert Label.objects.filter(pk=person.pk).exists()


def test_class_indices_are_never_given_away(project, two, alice, bob):
    person, car = two
    bus = project.add_label("bus")
    for n, label in enumerate((person, car, bus)):
        item = make_item(project, f"{n}.png")
        journal.commit(item.pk, tx(create(str(label.pk))), bob)
    before = {entry["name"]: n for n, entry in enumerate(draft(project).labels)}
    done(relabel.start_removal(car, alice))
    done(relabel.start_removal(bus, alice))
    assert project.add_label("van").ordinal == 3
    item = make_item(project, "van.png")
    journal.commit(item.pk, tx(create(str(project.labels.get(name="van").pk))), bob)
    after = {entry["name"]: n for n, entry in enumerate(draft(project).labels) if not entry.get("retired")}
    assert before == {"person": 0, "car": 1, "bus": 2} and after == {"person": 0, "van": 3}


def test_what_makes_no_sense_is_refused(project, two, alice, team):
    from projects.models import Project

    person, car = two
    with pytest.raises(relabel.RelabelError, match="into itself"):
        relabel.start_merge(person, person, alice)
    other = Project.objects.create(team=team, name="Other").add_label("x")
    with pytest.raises(relabel.RelabelError, match="another project"):
        relabel.start_merge(person, other, alice)
    relabel.start_merge(person, car, alice)
    with pytest.raises(relabel.RelabelError, match="deleted already"):
        relabel.start_merge(Label.every.get(pk=person.pk), car, alice)


class TestInterface:
    def test_managers_merge_and_restore(self, api, alice, project, two, asked, django_capture_on_commit_callbacks):
        person, car = two
        url = f"/api/v1/projects/{project.pk}/labels/{person.pk}"
        with django_capture_on_commit_callbacks(execute=True):
            answer = api(alice).post(f"{url}/merge", {"into": str(car.pk)}, format="json")
        assert answer.status_code == 202 and asked == [answer.json()["id"]]
        relabel.run(asked[0])
        assert api(alice).get(url).status_code == 404
        assert api(alice).post(f"{url}/restore").status_code == 202
        assert api(alice).post(f"/api/v1/projects/{project.pk}/labels/{car.pk}/restore").status_code == 409

    def test_others_may_not(self, api, bob, charlie, project, two):
        person, car = two
        url = f"/api/v1/projects/{project.pk}/labels/{person.pk}/merge"
        assert api(bob).post(url, {"into": str(car.pk)}, format="json").status_code == 403
        assert api(charlie).post(url, {"into": str(car.pk)}, format="json").status_code == 404

    def test_an_unused_label_is_deleted_at_once_and_comes_back(self, api, alice, project, two):
        person, _ = two
        url = f"/api/v1/projects/{project.pk}/labels/{person.pk}"
        assert api(alice).delete(url).status_code == 204
        answer = api(alice).post(f"{url}/restore")
        assert answer.status_code == 200 and answer.json()["ordinal"] == 0
        assert api(alice).get(url).status_code == 200
