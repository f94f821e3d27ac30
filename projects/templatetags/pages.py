"""Template tags of the pages: icons, initials, labels' colours, states as badges."""

from __future__ import annotations

from contextlib import suppress

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.models import Job, User
from projects.models.item import State
from projects.models.job import Status

register = template.Library()

_STATE_BADGES = {
    State.TO_DO: "",
    State.IN_PROGRESS: "badge-info",
    State.IN_REVIEW: "badge-warn",
    State.APPROVED: "badge-ok",
    State.SENT_BACK: "badge-bad",
}
_STATUS_BADGES = {
    Status.RUNNING: "badge-live",
    Status.STARTING: "badge-live",
    Status.SUCCEEDED: "badge-ok",
    Status.FAILED: "badge-bad",
    Status.LOST: "badge-bad",
    Status.CANCELLED: "badge-warn",
    Status.CANCELLING: "badge-warn",
    Status.PAUSED: "badge-warn",
    Status.PAUSING: "badge-warn",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name)


@register.filter
def initials(user: User) -> str:
    """`Ada Lovelace` -> `AL`; of one word the first two letters."""
    words = (user.name or user.email).split()
    return "".join(word[0] for word in words[:2]) if len(words) > 1 else words[0][:2]


@register.filter
def state_badge(state: str) -> str:
    return _STATE_BADGES.get(State(state), "") if state in State.values else ""


@register.filter
def status_badge(status: str) -> str:
    return _STATUS_BADGES.get(Status(status), "") if status in Status.values else ""


@register.filter
def percent(fraction: float | None) -> int:
    """0.427 -> 42: rounded down, so that 100 means done."""
    return int((fraction or 0) * 100)


@register.filter
def job_words(job: Job) -> str:
    """What a job does, in a word or two."""
    words = {"train": "Training", "freeze": "Freezing a version", "import": "Import", "export": "Export"}
    words |= {"restore": "Restoring a version", "fetch": "Fetching files", "frames": "Frames as images"}
    words |= {"auto-label": "Pre-labelling", "labels": "Changing labels", "convert": "Converting", "check": "Checks"}
    return words.get(job.kind, job.kind.capitalize())


# Where people follow a job of a kind; other rooms' pages by their names, which a page without them does not have.
_JOB_PAGES = {
    "freeze": "project-training",
    "restore": "project-training",
    "auto-label": "project-models",
    "import": "project-data",
    "export": "project-data",
    "convert": "project-data",
    "check": "project-checks",
    "labels": "project-settings",
}


@register.filter
def job_url(job: Job) -> str:
    """The page that shows a job; the project's items where none does."""
    with suppress(NoReverseMatch):
        return reverse("training-job", args=[job.pk]) if job.kind == "train" else _page_of(job)
    return reverse("project", args=[job.project_id])


def _page_of(job: Job) -> str:
    return reverse(_JOB_PAGES.get(job.kind, "project"), args=[job.project_id])
