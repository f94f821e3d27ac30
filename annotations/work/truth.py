"""Ground truth: blind copies of items whose labels are known, and how people do on them."""

from __future__ import annotations

from projects.models import Item, Project, User


def score(copy: Item) -> None:
    """Compare a submitted blind copy of a ground-truth item with the truth."""


def copy_for(project: Project, user: User) -> Item | None:
    """A blind copy of a ground-truth item that this person has not had yet; None when there is none left."""
    return None
