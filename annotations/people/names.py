"""A person as every message and answer names one."""

from __future__ import annotations

from projects.models import User


def person_json(user: User | None) -> dict[str, str] | None:
    return {"id": str(user.pk), "name": user.name} if user else None
