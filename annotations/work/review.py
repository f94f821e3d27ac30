"""What follows when an item changes its state: whose it is, who hears of it, and what is scored."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from annotations.models import Assignment, Claim, Part
from annotations.work import truth
from projects.models import Item, StateChange, User
from projects.models.item import State
from projects.notices import notify


def follow(sender: Any, step: StateChange, **kwargs: Any) -> None:
    """The receiver of `projects.states.state_changed`; it runs inside the step's transaction."""
    if step.before == State.APPROVED:  # what is mended is no truth, and its annotator has to see it again
        Item.objects.filter(pk=step.item_id).update(ground_truth=False)
        step.item.ground_truth = step.item.ground_truth and step.item.replica_of_id is not None
    if step.after == State.IN_REVIEW and step.by is not None:
        _submitted(step, step.by)
    elif step.after in (State.SENT_BACK, State.APPROVED):
        _decided(step)


def _submitted(step: StateChange, by: User) -> None:
    item = step.item
    Claim.objects.filter(item=item, part=Part.ANNOTATE).delete()
    if item.replica_of_id:
        truth.score(item)
        return
    if step.before != State.APPROVED:  # what comes back to its annotator is theirs from now on
        Assignment.objects.get_or_create(item=item, part=Part.ANNOTATE, defaults={"user": by, "by": None})
    reviewers = User.objects.filter(assignments__item=item, assignments__part=Part.REVIEW)
    notify(reviewers, item.project, "review", f"{by.name} submitted {item.path} for review.", _url(item), by)


def _decided(step: StateChange) -> None:
    item, name = step.item, step.by.name if step.by else "Somebody"
    Claim.objects.filter(item=item, part=Part.REVIEW).delete()
    said = f"{name} approved {item.path}."
    if step.after == State.SENT_BACK:
        said = f"{name} sent {item.path} back{': ' if step.reason else '.'}{step.reason}"
    notify(annotators_of(item), item.project, step.after, said, _url(item), step.by)


def annotators_of(item: Item) -> QuerySet[User]:
    """Whose work an item is: the person it is assigned to, and those who submitted it."""
    submitted = StateChange.objects.filter(item=item, after=State.IN_REVIEW).values("by")
    assigned = Assignment.objects.filter(item=item, part=Part.ANNOTATE).values("user")
    return User.objects.filter(Q(pk__in=submitted) | Q(pk__in=assigned))


def reason_of(item: Item) -> dict[str, Any] | None:
    """Why an item was sent back, and by whom, while it is; None otherwise."""
    if item.state != State.SENT_BACK:
        return None
    step = item.state_changes.select_related("by").filter(after=State.SENT_BACK).last()
    if step is None:
        return None
    return {"by": step.by.name if step.by else "", "at": step.at.isoformat(), "reason": step.reason}


def _url(item: Item) -> str:
    return reverse("editor", args=[item.pk])
