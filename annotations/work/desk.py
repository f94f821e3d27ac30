"""What the editor knows of an item's work: its state, why it was sent back, what this person can make of it."""

from __future__ import annotations

from typing import Any

from annotations.models import Claim, Consensus
from annotations.work import review
from projects import states
from projects.access import Rank
from projects.models import Item, StateChange, User

_STEPS = 50


def state_json(item: Item, rank: Rank) -> dict[str, Any]:
    """The interface's form of an item's state, with its changes, newest first."""
    steps = item.state_changes.select_related("by").order_by("-at", "-pk")[:_STEPS]
    return {**_now(item, rank), "history": [_step_json(step) for step in steps]}


def desk(item: Item, user: User, rank: Rank) -> dict[str, Any]:
    """The editor page's part: without the history. Of ground truth it does not say that it is some."""
    return {
        **_now(item, rank),
        "blind": item.replica_of_id is not None and not item.ground_truth,
        "claimed": Claim.objects.filter(item=item, user=user).exists(),
        "consensus": Consensus.objects.filter(item=item, merged_at=None).exists(),
    }


def _now(item: Item, rank: Rank) -> dict[str, Any]:
    return {"state": item.state, "sent_back": review.reason_of(item), "offers": states.offers(item.state, rank)}


def _step_json(step: StateChange) -> dict[str, Any]:
    by = {"id": str(step.by.pk), "name": step.by.name} if step.by else None
    return {
        "from": step.before,
        "to": step.after,
        "by": by,
        "at": step.at.isoformat(),
        "reason": step.reason,
        "rev": step.rev,
    }
