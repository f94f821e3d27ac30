"""What has happened in a project, in figures, and which step of the loop comes next.

Rows of the rooms further up are counted through the relations that point at a project, so that
nothing is imported from there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse

from projects.access import Act, Rank
from projects.models import Item, Job, Project
from projects.models.job import ACTIVE, Status
from projects.views.pictures import thumbnail_url

STRIP = 5
STREAMING = ("running", "passthrough", "reconnecting", "starting")


@dataclass
class Overview:
    """The figures of one project."""

    project: Project
    items: int = 0
    labelled: int = 0
    models: int = 0
    pipelines: int = 0
    live: int = 0
    watched: int = 0
    job: Job | None = None
    best: float | None = None
    thumbnails: list[str] = field(default_factory=list)

    @cached_property
    def to_label(self) -> uuid.UUID | None:
        """The oldest item without labels."""
        rows = Item.objects.filter(project=self.project, annotation_count=0).order_by("created_at")
        return rows.values_list("pk", flat=True).first()

    @cached_property
    def streaming(self) -> Any:
        """The pipeline to open: one that people want to run, else the first."""
        return self.project.pipelines.order_by("-wanted", "name").first() if self.pipelines else None

    @property
    def done(self) -> float:
        """The part of the items that carries labels, 0 to 1."""
        return self.labelled / self.items if self.items else 0.0

    @property
    def reach(self) -> int:
        """How far through the loop the project has come."""
        return sum((self.items > 0, self.labelled > 0, self.models > 0, self.best is not None, self.watched > 0))


def _count(ids: list[uuid.UUID], relation: str, **conditions: Any) -> dict[uuid.UUID, int]:
    chosen = Q(**{f"{relation}__{key}": value for key, value in conditions.items()})
    rows = Project.objects.filter(pk__in=ids).values_list("pk").annotate(n=Count(relation, filter=chosen))
    return dict(rows.order_by())


def _running(ids: list[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """The job to show of each project: the oldest running one, else the first in the queue."""
    rows = Job.objects.filter(project__in=ids, status__in=(*ACTIVE, Status.QUEUED)).order_by("-created_at")
    found: dict[uuid.UUID, Job] = {}
    for job in sorted(rows, key=lambda job: job.status != Status.QUEUED):
        found[job.project_id] = job
    return found


def _strip(project: Project) -> list[str]:
    rows = Item.objects.filter(project=project).select_related("asset").order_by("-created_at", "-pk")
    return [url for item in rows[:STRIP] if (url := thumbnail_url(item.asset))]


def _best(project: Project) -> float | None:
    """The highest mAP50 of the project's models."""
    scores = [metrics.get("map50") for metrics in project.models.values_list("metrics", flat=True)]
    return max((float(score) for score in scores if score is not None), default=None)


def overviews(projects: Iterable[Project]) -> list[Overview]:
    """The figures of several projects, in their order."""
    cards = {project.pk: Overview(project) for project in projects}
    ids = list(cards)
    figures = {
        "items": _count(ids, "items", replica_of=None),
        "labelled": _count(ids, "items", replica_of=None, annotation_count__gt=0),
        "models": _count(ids, "models"),
        "pipelines": _count(ids, "pipelines"),
        "live": _count(ids, "pipelines", state__in=STREAMING),
        "watched": _count(ids, "pipelines", state__in=STREAMING, model__isnull=False),
        "job": _running(ids),
    }
    for name, found in figures.items():
        for pk, value in found.items():
            setattr(cards[pk], name, value)
    for card in cards.values():
        card.thumbnails = _strip(card.project) if card.items else []
        card.best = _best(card.project) if card.models else None
    return list(cards.values())


@dataclass(frozen=True)
class Step:
    """One step of the guide; `state` is done, now or later."""

    name: str
    title: str
    text: str
    icon: str
    link: str = ""
    action: str = ""
    state: str = "later"
    progress: float | None = None


def _link(name: str, *arguments: Any) -> str:
    """The address of a page that may not be installed."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _plural(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n:,} {word}s"


def guide(card: Overview | None, rank: Rank) -> list[Step]:
    """The five steps of the loop, with what is done in this project and where to go on."""
    if card is None:
        return _before_the_first()
    makers = (_stream, _label, _train, _evaluate, _watch)
    found = [maker(card, rank) for maker in makers]
    now = next((n for n, (done, _) in enumerate(found) if not done), len(found))
    states = ["done" if done else "now" if n == now else "later" for n, (done, _) in enumerate(found)]
    return [Step(**fields, state=state) for (_, fields), state in zip(found, states, strict=True)]


def _before_the_first() -> list[Step]:
    """The steps before there is a project."""
    steps = [maker(Overview(Project(name="")), Rank.NONE)[1] for maker in (_stream, _label, _train, _evaluate, _watch)]
    return [Step(**(fields | {"link": "", "action": ""})) for fields in steps]


def _stream(card: Overview, rank: Rank) -> tuple[bool, dict[str, Any]]:
    text = f"{_plural(card.items, 'item')} collected." if card.items else "Keep frames from a camera, or drop in files."
    name = "project-pipelines" if card.pipelines else "project"
    link = _link(name, card.project.pk) or _link("project", card.project.pk)
    return card.items > 0, {
        "name": "stream", "title": "Collect", "text": text, "icon": "camera", "link": link,
        "action": "Add more" if card.items else "Add images or video",
    }  # fmt: skip


def _label(card: Overview, rank: Rank) -> tuple[bool, dict[str, Any]]:
    text = "Draw boxes together, on the same frame at the same time."
    if card.labelled:
        text = f"{card.labelled:,} of {_plural(card.items, 'item')} labelled."
    editor = _link("editor", card.to_label) if card.items and card.to_label else ""
    link = editor or _link("project", card.project.pk)
    return card.labelled > 0, {
        "name": "label", "title": "Label", "text": text, "icon": "label", "link": link,
        "action": "Label the next one" if card.items and card.to_label else "Open the items",
    }  # fmt: skip


def _train(card: Overview, rank: Rank) -> tuple[bool, dict[str, Any]]:
    text, action = "Freeze a version and train a detector on it.", "Train a model"
    if card.models:
        text, action = f"{_plural(card.models, 'model')} trained.", "Train again"
    if card.job is not None and card.job.kind == "train":
        percent = f"Training: {int(card.job.progress * 100)} %."
        text, action = "Queued." if card.job.status == Status.QUEUED else percent, "Watch the curves"
    elif rank < Act.TRAIN:
        action = "See the training"
    training = card.job if card.job and card.job.kind == "train" else None
    link = _link("training-job", training.pk) if training else ""
    return card.models > 0, {
        "name": "train", "title": "Train", "text": text, "icon": "train",
        "link": link or _link("project-training", card.project.pk), "action": action,
        "progress": training.progress if training else None,
    }  # fmt: skip


def _evaluate(card: Overview, rank: Rank) -> tuple[bool, dict[str, Any]]:
    text = "Prove the model on pictures that it never saw."
    if card.best is not None:
        text = f"The best model reaches mAP50 {card.best:.2f}."
    return card.best is not None, {
        "name": "evaluate", "title": "Evaluate", "text": text, "icon": "chart",
        "link": _link("project-models", card.project.pk), "action": "See the models",
    }  # fmt: skip


def _watch(card: Overview, rank: Rank) -> tuple[bool, dict[str, Any]]:
    text, action = "Run it on live video, and send its misses back to labelling.", "Set up a pipeline"
    if card.streaming:
        text, action = f"'{card.streaming.name}' is ready to start.", "Open the pipeline"
    if card.live:
        text, action = f"{_plural(card.live, 'pipeline')} live.", "Watch it live"
    link = _link("pipeline", card.streaming.pk) if card.streaming else _link("project-pipelines", card.project.pk)
    return card.watched > 0, {
        "name": "watch", "title": "Watch", "text": text, "icon": "stream", "link": link, "action": action,
    }  # fmt: skip
