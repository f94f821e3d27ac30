"""The page 'Work' and its figures, from the journal, decisions, consensus and ground truth."""

from __future__ import annotations

import pytest

from annotations import journal
from annotations.models import AnnotationSession, Consensus, Participant, Score
from annotations.templatetags.work import hours, share, tint, two
from annotations.work import consensus
from annotations.work.quality import quality
from projects import states
from projects.models import Item
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
