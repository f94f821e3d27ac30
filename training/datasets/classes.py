"""The classes of a version: those of a project, and of several ones with their names made equal by aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projects.models import Label, Project
from projects.models.project import name_key

Aliases = Mapping[str, Sequence[str]]

# What each task learns from; other shapes are frozen as well, for exports and for later.
LEARNED = {
    "detect": ("box",),
    "segment": ("polygon", "mask"),
    "obb": ("rbox", "box"),
    "pose": ("keypoints",),
    "classify": ("tag",),
    "anomaly": ("tag", "polygon", "mask", "box", "rbox"),
}
LEARNS_FROM = {
    "detect": "A detector learns from boxes",
    "segment": "A segmenter learns from polygons and masks",
    "obb": "A detector of rotated objects learns from rotated boxes and boxes",
    "pose": "A pose model learns from keypoints",
    "classify": "A classifier learns from tags",
    "anomaly": "An anomaly model learns from tags, masks and boxes",
}
DRAW = {
    "detect": "draw boxes",
    "segment": "draw polygons or masks",
    "obb": "draw rotated boxes",
    "pose": "place keypoints",
    "classify": "tag",
    "anomaly": "tag",
}


@dataclass
class Classes:
    """The classes in index order, and which of them each label of the projects has become (ids as texts)."""

    labels: list[dict[str, Any]]
    of: dict[str, str] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)


def classes_of(projects: Sequence[Project], aliases: Aliases) -> Classes:
    """One table of classes.

    Those of the first project come first and keep their numbers; deleted ones before the last keep their place.
    A label of another project becomes the class of its name, of a name that the alias table gives, or of one that
    the class itself has as an alias; else it is a class of its own. Within one project only the table joins two.

    Args:
        projects: At least one; the first is the version's own.
        aliases: `{class: [other names of it]}`; case and spaces do not count.
    """
    table = {name_key(other): name_key(name) for name, others in aliases.items() for other in others}
    spelled = {name_key(name): name for name in aliases}
    found = Classes([])
    by_name: dict[str, dict[str, Any]] = {}
    for number, project in enumerate(projects):
        for label in _labels(project, keep_places=number == 0):
            key = name_key(label.name)
            if label.retired_at is not None:
                found.labels.append({**_row(label), "retired": True})
                continue
            row = by_name.get(table.get(key, key)) if number or key in table or key in spelled else None
            if row is None:
                row = _row(label) | ({"name": spelled.get(table.get(key, key), label.name)})
                found.labels.append(row)
                _name(by_name, row, table.get(key, key))
            elif row["name"] != label.name:
                found.renamed.append(f"'{label.name}' of {project.name} is counted as '{row['name']}'.")
            found.of[str(label.pk)] = row["id"]
    return found


def _name(by_name: dict[str, dict[str, Any]], row: dict[str, Any], key: str) -> None:
    by_name[key] = row
    for other in row.get("aliases", ()):
        by_name.setdefault(name_key(str(other)), row)


def _labels(project: Project, keep_places: bool) -> Iterable[Label]:
    every = list(Label.every.filter(project=project))
    if not keep_places:
        return [label for label in every if label.retired_at is None]
    while every and every[-1].retired_at is not None:
        every.pop()
    return every


def _row(label: Label) -> dict[str, Any]:
    row = {"id": str(label.pk), "name": label.name, "ordinal": label.ordinal, "color": label.color}
    for name in ("attributes", "skeleton", "aliases"):
        if getattr(label, name):
            row[name] = getattr(label, name)
    return row
