"""What the frame around every page shows: one's projects, teams and running jobs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from projects import access
from projects.models import Job, Project, Team, User
from projects.models.job import ACTIVE, Status
from projects.notices import unread

SWITCHER_LENGTH = 50
JOBS_SHOWN = 6


class Shell:
    """Each part is read from the database only when a template asks for it."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def projects(self) -> list[Project]:
        rows = access.visible(Project.objects.all(), self.user).select_related("team")
        return list(rows.order_by("-created_at")[:SWITCHER_LENGTH])

    @cached_property
    def teams(self) -> list[Team]:
        return list(access.teams(self.user).order_by("-personal", "name"))

    @cached_property
    def running(self) -> list[Job]:
        rows = access.visible(Job.objects.filter(status__in=(*ACTIVE, Status.QUEUED)), self.user)
        return list(rows.select_related("project").order_by("-created_at")[: JOBS_SHOWN + 1])

    @cached_property
    def unread(self) -> int:
        return unread(self.user)

    @property
    def running_shown(self) -> list[Job]:
        return self.running[:JOBS_SHOWN]

    @property
    def running_count(self) -> str:
        return f"{JOBS_SHOWN}+" if len(self.running) > JOBS_SHOWN else str(len(self.running))


def shell(request: HttpRequest) -> dict[str, Any]:
    """The template context processor."""
    context: dict[str, Any] = {"open_sign_up": settings.OPEN_SIGN_UP}
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        context["shell"] = Shell(user)
    return context
