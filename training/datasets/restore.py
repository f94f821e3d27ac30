"""A version as a project of its own: its items, sides and labels as they were, to be worked on apart."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from annotations import blobs, history, journal, queries
from annotations.checks import MAX_SHAPE_BYTES
from annotations.models import JournalTx
from annotations.protocol import Tx
from projects.models import Item, Job, Label, Project
from projects.models.library import Kind
from training.datasets.gather import Step
from training.models import Restoration, Version, VersionFrame

_CLIENT = "restore"
_KEPT = ("attributes", "confidence", "group", "z", "keyframes")


@transaction.atomic
def restore(version: Version, job: Job, name: str, step: Step) -> Project:
    """A new project of the version's team with all that the version holds.

    A video item whose journal is still there comes back with its tracks, as they were at the version's revision; one
    that was deleted since, with the shapes of each labelled frame.

    Args:
        name: Of the new project.
        step: Told how many pictures are done, of how many; what it raises takes all back.
    """
    team = version.project.team
    project = Project.objects.create(team=team, name=name, task=version.task, created_by=job.created_by)
    labels = _labels(version, project)
    total = version.frames.count()
    done = 0
    for _, rows in groupby(_rows(version), key=lambda row: (row.path, row.asset_id)):
        frames = list(rows)
        _restore_item(project, frames, labels, job)
        done += len(frames)
        step(done, total)
    Restoration.objects.create(project=project, version=version, created_by=job.created_by)
    return project


def _labels(version: Version, project: Project) -> dict[str, Label]:
    """By the id that the version has them under. Deleted ones keep their place in the numbering."""
    made = {}
    for ordinal, row in enumerate(version.labels):
        fields = {name: row[name] for name in ("color", "attributes", "skeleton", "aliases") if row.get(name)}
        label = Label(project=project, name=row["name"], ordinal=ordinal, **fields)
        label.retired_at = timezone.now() if row.get("retired") else None
        label.save()
        made[row["id"]] = label
    return made


def _rows(version: Version) -> Iterator[VersionFrame]:
    rows = version.frames.select_related("asset__video").order_by("path", "asset_id", "frame", "id")
    return rows.iterator(chunk_size=100)


def _restore_item(project: Project, frames: list[VersionFrame], labels: dict[str, Label], job: Job) -> None:
    sides = {row.split for row in frames}
    side = sides.pop() if len(sides) == 1 else ""  # a video that was cut by time is cut again
    first = frames[0]
    item = Item.objects.create(project=project, asset=first.asset, path=first.path[:500], split=side)
    made: list[dict[str, Any]] = []
    for shape in _shapes(frames, labels):
        made.append({"op": "create", **shape, "id": str(uuid.uuid5(item.pk, shape["id"]))})
        _store_large(item, made[-1], job)
    rev = 0
    for number, ops in enumerate(history.parts_of(made)):
        tx = Tx(_CLIENT, f"{job.pk}.{number}", rev, ops)
        rev = journal.commit(item.pk, tx, job.created_by, source="import").rev


def _shapes(frames: list[VersionFrame], labels: dict[str, Label]) -> Iterator[dict[str, Any]]:
    """What to create: label, geometry, frame and the rest, with ids that are only told apart by the item."""
    tracks = _tracks(frames) if frames[0].asset.kind == Kind.VIDEO else {}
    for track in tracks.values():
        kept = {name: track[name] for name in _KEPT if track.get(name) is not None}
        label = labels[_label_in(frames, track["id"])]
        yield {
            "id": track["id"],
            "label": str(label.pk),
            "geometry": track["geometry"],
            "frame": track["frame"],
            **kept,
        }
    for row in frames:
        for shape in row.shapes:
            if shape["id"] in tracks:
                continue
            made = {name: shape[name] for name in ("geometry", "attributes")}
            name = shape["id"] if row.frame is None else f"{shape['id']}/{row.frame}"
            yield {"id": name, "label": str(labels[shape["label"]].pk), "frame": row.frame, **made}


def _label_in(frames: Iterable[VersionFrame], shape: str) -> str:
    return next(found["label"] for row in frames for found in row.shapes if found["id"] == shape)


def _tracks(frames: list[VersionFrame]) -> dict[str, dict[str, Any]]:
    """The tracks of the version's shapes, as the item's journal has them at the version's revision."""
    first = frames[0]
    if first.item_id is None or not JournalTx.objects.filter(item=first.item_id, rev=first.rev).exists():
        return {}
    document = orjson.loads(queries.past_document_json(first.item_id, first.rev))
    wanted = {shape["id"] for row in frames for shape in row.shapes}
    tracks = {shape["id"]: shape for shape in document["results"] if shape["keyframes"] and shape["id"] in wanted}
    return {name: blobs.inlined_shape(first.item_id, shape) for name, shape in tracks.items()}


def _store_large(item: Item, op: dict[str, Any], job: Job) -> None:
    """Masks that are too long for an op go beside the journal, as they were."""
    geometries = [op, *(keyframe for keyframe in (op.get("keyframes") or {}).values() if "geometry" in keyframe)]
    for holder in geometries:
        geometry = holder["geometry"]
        if geometry["type"] == "mask" and len(geometry["counts"]) > MAX_SHAPE_BYTES // 4:
            blob = blobs.store(item, geometry["counts"], job.created_by)
            holder["geometry"] = {"type": "mask", "size": geometry["size"], "blob": blob.digest}
