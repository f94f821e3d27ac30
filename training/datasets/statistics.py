"""What a project's labels amount to now: counted in the database, so that a page may ask each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet

from annotations.models import Annotation, Source
from projects.models import Item, Project


@dataclass
class Outlook:
    """What a version frozen now would hold.

    Attributes:
        pictures: Images and video frames with at least one box.
        unlabelled: Items without any.
        labels: `[{name, color, boxes, share}]`, share of the most frequent one, 0 to 1.
        reason: Why it cannot be trained on yet; empty when it can.
        warnings: What to know although it can.
    """

    pictures: int = 0
    boxes: int = 0
    suggestions: int = 0
    unlabelled: int = 0
    labels: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    action: str = ""
    warnings: list[str] = field(default_factory=list)


def outlook(project: Project) -> Outlook:
    rows = _boxes(project)
    by_label = dict(rows.values_list("label").annotate(n=Count("pk")))
    most = max(by_label.values(), default=1)
    labels = [
        {"name": label.name, "color": label.color, "boxes": by_label.get(label.pk, 0)}
        | {"share": round(by_label.get(label.pk, 0) / most, 4)}
        for label in project.labels.all()
    ]
    found = Outlook(
        pictures=rows.order_by().values("item", "frame").distinct().count(),
        boxes=sum(by_label.values()),
        suggestions=Annotation.objects.filter(
            item__project=project, item__replica_of=None, deleted=False, source=Source.MODEL
        ).count(),
        unlabelled=Item.objects.filter(project=project).exclude(pk__in=rows.values("item")).count(),
        labels=labels,
    )
    found.reason, found.action = _reason(found)
    found.warnings = [f"'{label['name']}' has no examples yet." for label in labels if not label["boxes"]]
    return found


def _boxes(project: Project) -> QuerySet[Annotation]:
    drawn = Q(geometry__type="box") | Q(keyframes__isnull=False)
    return Annotation.objects.filter(drawn, item__project=project, item__replica_of=None, deleted=False).exclude(
        source=Source.MODEL
    )


def _reason(found: Outlook) -> tuple[str, str]:
    """Why training cannot start, and where to mend it: "labels" or "items"."""
    if not found.labels:
        return "The project has no labels yet. Add at least one, then draw boxes with it.", "labels"
    if not found.boxes:
        waiting = f" {found.suggestions} suggestions wait to be accepted." if found.suggestions else ""
        return f"There is nothing to learn from yet: draw boxes on at least two pictures.{waiting}", "items"
    if found.pictures < 2:
        return "One picture is labelled. A detector is proven on a picture that it did not see: label another.", "items"
    return "", ""
