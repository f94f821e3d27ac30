"""An item's way through its states: to do, in progress, in review, approved or sent back.

Annotators start and submit, and take back what nobody has reviewed; reviewers decide. Each step is taken
under the item's row lock from the state that its person saw, and leaves a row that says who, when and why.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from projects import access, live
from projects.access import Act, Rank
from projects.models import Item, StateChange, User
from projects.models.item import State

DECISIONS = {State.APPROVED, State.SENT_BACK}
NAMES = dict(State.choices)

# Sent inside the transaction with `change`: other rooms tell people, score and hand on.
state_changed = Signal()


class StateConflict(Exception):
    """Somebody was faster: the item is no longer in the state that the person saw."""

    def __init__(self, state: str) -> None:
        super().__init__(f"Somebody changed it meanwhile: it is {NAMES[State(state)].lower()} now. Look at it again.")
        self.state = state


def act_for(before: str, after: str) -> Act:
    """What a step needs: decisions, and taking one back, are a reviewer's."""
    return Act.REVIEW if after in DECISIONS or before in DECISIONS - {State.SENT_BACK} else Act.ANNOTATE


def offers(state: str, rank: Rank) -> list[str]:
    """The states that a person of this rank can take an item to, the likeliest first.

    >>> offers("in-progress", Rank.ANNOTATOR)
    ['in-review']
    >>> offers("in-review", Rank.REVIEWER)
    ['approved', 'sent-back', 'in-progress']
    >>> offers("approved", Rank.ANNOTATOR)
    []
    """
    steps = {
        "to-do": ("in-review", "approved"),
        "in-progress": ("in-review", "approved"),
        "in-review": ("approved", "sent-back", "in-progress"),
        "approved": ("sent-back",),
        "sent-back": ("in-review", "approved"),
    }
    return [after for after in steps[state] if rank >= act_for(state, after)]


@transaction.atomic
def change(item_id: uuid.UUID, after: str, by: User, reason: str = "", seen: str | None = None) -> StateChange | None:
    """Take an item to another state; None where it is there already.

    Args:
        seen: the state that the person saw; None takes the step from whatever state it is in.

    Raises:
        StateConflict: the item is in another state than `seen`.
        PermissionDenied: the person's role does not allow the step.
    """
    item = Item.every.select_for_update(no_key=True).get(pk=item_id)
    if seen is not None and item.state != seen:
        raise StateConflict(item.state)
    if item.state == after:
        return None
    needed = act_for(item.state, after)
    if access.project_rank(by, item.project_id) < needed:
        raise PermissionDenied(
            f"Taking an item from {item.get_state_display().lower()} to {NAMES[State(after)].lower()} needs the role "
            f"{Rank(needed).name.lower()}."
        )
    step = StateChange.objects.create(
        item=item, before=item.state, after=after, by=by, reason=reason.strip(), rev=item.rev
    )
    item.state, item.updated_at = after, timezone.now()
    item.save(update_fields=["state", "updated_at"])
    _ring(item, step)
    state_changed.send(sender=StateChange, step=step)
    return step


def _ring(item: Item, step: StateChange) -> None:
    by = {"id": step.by.pk, "name": step.by.name} if step.by else None
    said: dict[str, Any] = {"type": "state", "state": step.after, "by": by, "reason": step.reason}
    live.publish_on_commit(live.item_room(item.pk), said)
    if item.replica_of_id is None:  # of a blind copy the others do not hear
        live.publish_on_commit(live.project_room(item.project_id), said | {"item": item.pk, "path": item.path})
