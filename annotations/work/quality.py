"""How well people and labels do: from the journal, the reviewers' decisions, consensus and ground truth.

A shape counts as corrected when a reviewer who is not its author was the last to write one of its properties,
or deleted it. The sent-back rate is the share of decisions on somebody's submissions that sent them back.

In a period count the shapes that were drawn in it, the edits and decisions made, the scores given, the sessions joined
and the consensus begun; what is open, in review and approved is always as of now.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, Q, Sum

from annotations.models import Assignment, Part, Participant, Score
from annotations.work import agreement, assigning, consensus
from annotations.work.agreement import Agreement
from annotations.work.period import Period
from projects.access import Act, Rank
from projects.models import Item, Project, User
from projects.models.item import State

ALWAYS = Period()
OPEN = (State.TO_DO, State.IN_PROGRESS, State.SENT_BACK)

# Shapes that people drew, by author and label; `reviewers` are ids as text.
_SHAPES = """
SELECT a.author_id, a.label_id, count(*) FILTER (WHERE NOT a.deleted),
       count(*) FILTER (WHERE EXISTS (
         SELECT 1 FROM jsonb_each(a.touched) t
         WHERE t.value ->> 1 = ANY(%(reviewers)s) AND t.value ->> 1 <> a.author_id::text)),
       count(*)
FROM annotations_annotation a JOIN projects_item i ON i.id = a.item_id
WHERE i.project_id = %(project)s AND NOT i.ground_truth AND a.author_id IS NOT NULL AND a.source <> 'model'
  AND (NOT %(bounded)s OR EXISTS (
    SELECT 1 FROM annotations_journaltx c WHERE c.item_id = a.item_id AND c.rev = a.created_rev
      AND c.at >= %(since)s AND c.at < %(until)s))
GROUP BY 1, 2"""

_EDITS = """
SELECT j.actor_id, sum(jsonb_array_length(jsonb_path_query_array(j.ops, '$[*] ? (@.op != "create")')))
FROM annotations_journaltx j JOIN projects_item i ON i.id = j.item_id
WHERE i.project_id = %(project)s AND j.actor_id IS NOT NULL AND j.at >= %(since)s AND j.at < %(until)s
GROUP BY 1"""

# Each decision goes to the account of whoever submitted last before it.
_DECISIONS = """
SELECT by, count(*) FILTER (WHERE after = 'approved'), count(*) FILTER (WHERE after = 'sent-back')
FROM (
  SELECT s.at, s.after, lag(s.after) OVER steps AS submitted, lag(s.by_id) OVER steps AS by
  FROM projects_statechange s JOIN projects_item i ON i.id = s.item_id
  WHERE i.project_id = %(project)s AND s.after IN ('in-review', 'approved', 'sent-back')
  WINDOW steps AS (PARTITION BY s.item_id ORDER BY s.at, s.id)
) d
WHERE submitted = 'in-review' AND after <> 'in-review' AND by IS NOT NULL AND at >= %(since)s AND at < %(until)s
GROUP BY 1"""


@dataclass
class Person:
    """One person's figures; None where there is nothing to tell from."""

    user: User
    rank: Rank
    open: int = 0
    in_review: int = 0
    approved_items: int = 0
    to_review: int = 0
    shapes: int = 0
    ever_drawn: int = 0
    edits: int = 0
    corrected: int = 0
    approved: int = 0
    sent_back: int = 0
    active_s: float = 0.0
    agreement: Agreement | None = None
    scored: int = 0
    precision: float | None = None
    recall: float | None = None
    score_iou: float | None = None

    @property
    def corrected_share(self) -> float | None:
        return self.corrected / self.ever_drawn if self.ever_drawn else None

    @property
    def sent_back_rate(self) -> float | None:
        decided = self.approved + self.sent_back
        return self.sent_back / decided if decided else None

    @property
    def truth_f1(self) -> float | None:
        """The harmonic mean of precision and recall on ground truth."""
        if self.precision is None or self.recall is None:
            return None
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass
class LabelQuality:
    """One label's figures."""

    label: Any
    shapes: int = 0
    ever_drawn: int = 0
    corrected: int = 0
    f1: float | None = None
    hits: int = 0
    false: int = 0
    misses: int = 0

    @property
    def corrected_share(self) -> float | None:
        return self.corrected / self.ever_drawn if self.ever_drawn else None

    @property
    def precision(self) -> float | None:
        found = self.hits + self.false
        return self.hits / found if found else None

    @property
    def recall(self) -> float | None:
        there = self.hits + self.misses
        return self.hits / there if there else None


def quality(
    project: Project, reports: Iterable[consensus.Report], period: Period = ALWAYS
) -> tuple[list[Person], list[LabelQuality]]:
    """The figures of a project's people, by name, and of its labels, in the schema's order.

    Args:
        reports: Of the consensus that was begun in the period.
    """
    people = {user.pk: Person(user, rank) for user, rank in assigning.members(project)}
    labels = {label.pk: LabelQuality(label) for label in project.labels.all()}
    _add_shapes(project, people, labels, period)
    for pk, edits in _rows(_EDITS, project, period):
        if pk in people:
            people[pk].edits = int(edits or 0)
    for pk, approved, sent_back in _rows(_DECISIONS, project, period):
        if pk in people:
            people[pk].approved, people[pk].sent_back = approved, sent_back
    _add_assignments(project, people)
    _add_scores(project, people, labels, period)
    _add_agreement(list(reports), people, labels)
    joined = Participant.objects.filter(session__item__project=project, **period.lookups("joined_at"))
    for pk, seconds in joined.values_list("user").annotate(seconds=Sum("active_s")).order_by():
        if pk in people:
            people[pk].active_s = seconds
    return list(people.values()), list(labels.values())


def _rows(sql: str, project: Project, period: Period, **values: Any) -> list[Any]:
    ends = {"since": period.since or "-infinity", "until": period.until or "infinity", "bounded": bool(period)}
    with connection.cursor() as cursor:
        cursor.execute(sql, {"project": project.pk, **ends, **values})
        return cursor.fetchall()


def _add_shapes(
    project: Project, people: dict[uuid.UUID, Person], labels: dict[uuid.UUID, LabelQuality], period: Period
) -> None:
    reviewers = [str(pk) for pk, person in people.items() if person.rank >= Act.REVIEW]
    for author, label, there, corrected, ever in _rows(_SHAPES, project, period, reviewers=reviewers):
        for figures in (people.get(author), labels.get(label)):
            if figures is not None:
                figures.shapes += there
                figures.corrected += corrected
                figures.ever_drawn += ever


def _add_assignments(project: Project, people: dict[uuid.UUID, Person]) -> None:
    rows = Assignment.objects.filter(item__project=project, part=Part.ANNOTATE).order_by().values_list("user")
    counts = rows.annotate(
        open=Count("pk", filter=Q(item__state__in=OPEN)),
        in_review=Count("pk", filter=Q(item__state=State.IN_REVIEW)),
        approved=Count("pk", filter=Q(item__state=State.APPROVED)),
    )
    for pk, still_open, in_review, approved in counts:
        if pk in people:
            people[pk].open, people[pk].in_review, people[pk].approved_items = still_open, in_review, approved
    blind = Item.every.filter(project=project, replica_for__isnull=False, state__in=OPEN).order_by()
    for pk, n in blind.values_list("replica_for").annotate(n=Count("pk")):
        if pk in people:
            people[pk].open += n
    reviews = Assignment.objects.filter(item__project=project, part=Part.REVIEW, item__state=State.IN_REVIEW)
    for pk, n in reviews.order_by().values_list("user").annotate(n=Count("pk")):
        if pk in people:
            people[pk].to_review = n


def _add_scores(
    project: Project, people: dict[uuid.UUID, Person], labels: dict[uuid.UUID, LabelQuality], period: Period
) -> None:
    rows = Score.objects.filter(item__project=project, **period.lookups("at"))
    means = (
        rows.order_by()
        .values_list("user")
        .annotate(n=Count("pk"), p=Avg("precision"), r=Avg("recall"), overlap=Avg("mean_iou"))
    )
    for pk, n, precision, recall, overlap in means:
        if pk in people:
            person = people[pk]
            person.scored, person.precision, person.recall, person.score_iou = n, precision, recall, overlap
    for by_label in rows.values_list("by_label", flat=True):
        for name, (hits, false, misses) in by_label.items():
            label = labels.get(uuid.UUID(name))
            if label is not None:
                label.hits, label.false, label.misses = label.hits + hits, label.false + false, label.misses + misses


def _add_agreement(
    reports: list[consensus.Report], people: dict[uuid.UUID, Person], labels: dict[uuid.UUID, LabelQuality]
) -> None:
    pairs = [(pair, found) for report in reports for pair, found in report.pairs.items()]
    for pk, person in people.items():
        mine = [found for pair, found in pairs if pk in pair]
        person.agreement = agreement.pooled(mine) if mine else None
    for name, part in agreement.pooled([found for _, found in pairs]).by_label.items():
        label = labels.get(uuid.UUID(name))
        if label is not None:
            label.f1 = part.f1
