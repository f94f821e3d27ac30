"""The page 'Work' and its figures, from the journal, decisions, consensus and ground truth."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from annotations import journal
from annotations.models import AnnotationSession, Consensus, JournalTx, Participant, Score
from annotations.templatetags.work import hours, share, tint, two
from annotations.work import consensus
from annotations.work.quality import quality
from projects import states
from projects.models import Item, StateChange
from tests.annotations.conftest import create, make_item, new_id, tx, update

BOX = {"type": "box", "x": 10, "y": 20, "w": 30, "h": 40}


@pytest.fixture
def worked(project, labels, alice, bob) -> list[Item]:
    """Bob drew four shapes on three items and edited one; Alice corrected one, deleted one, sent one item back."""
    items = [make_item(project, f"{n}.png") for n in range(3)]
    ids = [new_id() for _ in range(4)]
    person, car = labels
    journal.commit(items[0].pk, tx(create(person, ids[0]), create(car, ids[1])), bob)
    journal.commit(items[0].pk, tx(update(ids[0], geometry=BOX | {"w": 50}), base_rev=1), bob)
    journal.commit(items[1].pk, tx(create(car, ids[2])), bob)
    journal.commit(items[2].pk, tx(create(car, ids[3])), bob)
    for item in items:
        states.change(item.pk, "in-review", bob)
    journal.commit(items[0].pk, tx(update(ids[0], geometry=BOX | {"w": 44}), base_rev=2), alice)
    journal.commit(items[0].pk, tx({"op": "delete", "id": ids[1]}, base_rev=3), alice)
    states.change(items[0].pk, "sent-back", alice, "Tighter.")
    states.change(items[1].pk, "approved", alice)
    return items


def figures(project):
    people, labels = quality(project, [consensus.report(row) for row in Consensus.objects.all()])
    return {person.user.name: person for person in people}, {row.label.name: row for row in labels}


def test_figures_of_a_person(project, worked, bob):
    session = AnnotationSession.objects.create(item=worked[0], started_by=bob)
    Participant.objects.create(session=session, user=bob, active_s=90.0)
    people, labels = figures(project)
    bob_ = people["Bob"]
    assert (bob_.shapes, bob_.ever_drawn, bob_.edits, bob_.corrected) == (3, 4, 1, 2)
    assert bob_.corrected_share == pytest.approx(0.5)
    assert (bob_.approved, bob_.sent_back) == (1, 1) and bob_.sent_back_rate == pytest.approx(0.5)
    assert (bob_.open, bob_.in_review, bob_.approved_items) == (1, 1, 1)
    assert bob_.active_s == 90.0
    alice_ = people["Alice"]
    assert (alice_.shapes, alice_.edits, alice_.corrected_share, alice_.sent_back_rate) == (0, 2, None, None)
    assert (labels["person"].shapes, labels["person"].corrected_share) == (1, pytest.approx(1.0))
    assert (labels["car"].shapes, labels["car"].corrected_share) == (2, pytest.approx(1 / 3))


def test_figures_of_a_period(api, client, project, worked, labels, alice, bob, charlie):
    """Everything of the first item happened in March, the rest today."""
    march = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    for rows in (JournalTx.objects.filter(item=worked[0]), StateChange.objects.filter(item=worked[0])):
        rows.update(at=march)
    for item, joined, seconds in ((worked[0], march, 60.0), (worked[1], timezone.now(), 30.0)):
        session = AnnotationSession.objects.create(item=item, started_by=bob)
        Participant.objects.create(session=session, user=bob, active_s=seconds, joined_at=joined)
        Score.objects.create(item=item, user=bob, precision=seconds / 60, recall=1.0, by_label={}, at=joined)

    def ask(**period: str):
        answer = api(bob).get(f"/api/v1/projects/{project.pk}/quality", period).json()
        found = next(row for row in answer["people"] if row["name"] == "Bob")
        names = ("shapes", "edits", "corrected_share", "sent_back_rate", "active_s", "truth_items", "truth_precision")
        return [found[name] for name in names], [row["shapes"] for row in answer["labels"]]

    assert ask() == ([3, 1, 0.5, 0.5, 90.0, 2, 0.75], [1, 2])
    early, late = ([1, 1, 1.0, 1.0, 60.0, 1, 1.0], [1, 0]), ([2, 0, 0.0, 0.0, 30.0, 1, 0.5], [0, 2])
    assert ask(**{"from": "2026-03-01", "to": "2026-03-31"}) == early, "the last day is in it"
    assert ask(to="2026-03-31") == early and ask(**{"from": "2026-04-01"}) == late
    assert ask(**{"from": "2026-03-31T23:30:00+00:00", "to": "2026-03-31T23:31:00Z"}) == early
    assert ask(to="2026-03-30")[0][:5] == [0, 0, None, None, 0.0]
    for wrong, pointer in (({"from": "soon"}, "/from"), ({"from": "2026-02-01", "to": "2026-01-01"}, "/to")):
        refused = api(alice).get(f"/api/v1/projects/{project.pk}/quality", wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    assert api(charlie).get(f"/api/v1/projects/{project.pk}/quality").status_code == 404

    client.force_login(bob)
    page = client.get(f"/projects/{project.pk}/work/", {"to": "2026-03-31"})
    assert {row.user.name: row.shapes for row in page.context["people"]}["Bob"] == 1
    assert b'value="2026-03-31"' in page.content and b"All time" in page.content
    assert b"This is no day" in client.get(f"/projects/{project.pk}/work/?from=soon").content


def test_agreement_and_scores(project, item, labels, alice, bob):
    consensus.start(project, [item], [alice, bob], 2, alice)
    for person in (alice, bob):
        copy = Item.every.get(replica_of=item, replica_for=person)
        journal.commit(copy.pk, tx(create(labels[0])), person)
        states.change(copy.pk, "in-review", person)
    blind = Item.every.get(replica_of=item, replica_for=bob)
    Score.objects.create(
        item=blind,
        user=bob,
        precision=0.5,
        recall=1.0,
        mean_iou=0.8,
        by_label={labels[0]: [3, 1, 0], labels[1]: [0, 0, 2]},
    )
    people, by_label = figures(project)
    assert people["Bob"].agreement.f1 == 1.0 and people["Alice"].agreement.kappa == 1.0
    assert people["Bob"].truth_f1 == pytest.approx(2 / 3) and people["Alice"].truth_f1 is None
    assert by_label["person"].f1 == 1.0 and by_label["person"].precision == pytest.approx(0.75)
    assert by_label["car"].recall == 0.0 and by_label["car"].precision is None


def test_the_page(client, project, worked, alice, bob, charlie):
    url = f"/projects/{project.pk}/work/"
    client.force_login(bob)
    page = client.get(url)
    text = page.content.decode()
    assert "Tighter." in text and "0.png" in text, "what was sent back to me, and why"
    assert [(state["name"], state["n"]) for state in page.context["states"]] == [
        ("Approved", 1), ("In review", 1), ("Sent back", 1), ("In progress", 0), ("To do", 0),
    ]  # fmt: skip
    assert "consensus-title" not in text and "Review the next" not in text
    client.force_login(alice)
    text = client.get(url).content.decode()
    assert "consensus-title" in text and "Review the next" in text and "Nothing is assigned to you" in text
    client.force_login(charlie)
    assert client.get(url).status_code == 404


def test_an_empty_project_has_a_page(client, project, alice):
    client.force_login(alice)
    text = client.get(f"/projects/{project.pk}/work/").content.decode()
    assert "There are no items yet." in text and "there is neither yet" in text


def test_the_page_of_a_consensus(client, project, item, labels, alice, bob):
    consensus.start(project, [item], [alice, bob], 2, alice)
    url = f"/projects/{project.pk}/work/{item.pk}/"
    client.force_login(alice)
    assert "Nothing to compare yet" in client.get(url).content.decode()
    for person, x in ((alice, 10), (bob, 200)):
        copy = Item.every.get(replica_of=item, replica_for=person)
        journal.commit(copy.pk, tx(create(labels[0], geometry=BOX | {"x": x})), person)
        states.change(copy.pk, "in-review", person)
    page = client.get(url)
    assert [row["kind"] for row in page.context["differences"]] == ["missing", "missing"]
    assert "Only one drew it" in page.content.decode()
    client.force_login(bob)
    assert client.get(url).status_code == 403


def test_figures_as_people_read_them():
    assert [share(0.834), share(None), two(0.4), two(None)] == ["83 %", "–", "0.40", "–"]
    assert [tint(0.96), tint(-0.3), tint(None)] == ["10", "0", ""]
    assert [hours(0), hours(95), hours(7260)] == ["–", "2 min", "2.0 h"]
