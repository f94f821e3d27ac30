"""Freezing: the labelled items of a project become an immutable dataset version."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max

from annotations import blobs
from annotations.interpolation import Track
from annotations.models import Annotation, Source
from projects.models import Asset, Item, Label, Project, User
from projects.models.item import State
from training.datasets import split as splitting
from training.models import Version, VersionFrame


class DatasetError(Exception):
    """The labels do not make a dataset yet; `detail` says what is missing and how to mend it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass
class Picture:
    """An image item, or one labelled frame of a video item, with its shapes."""

    item: Item
    asset: Asset
    frame: int | None
    shapes: list[dict[str, Any]] = field(default_factory=list)
    side: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.item.path, -1 if self.frame is None else self.frame


@dataclass
class Draft:
    """What a version would hold, before it is stored."""

    labels: list[dict[str, Any]]
    pictures: list[Picture]
    skipped: dict[str, int]
    split: dict[str, Any] = field(default_factory=dict)

    def boxes(self, side: str = "") -> Counter[str]:
        """Objects by label id, on one side or on all."""
        chosen = (picture for picture in self.pictures if not side or picture.side == side)
        return Counter(shape["label"] for picture in chosen for shape in picture.shapes)


def draft(project: Project, split: dict[str, Any] | None = None) -> Draft:
    """Read the labels of people and imports and decide the split.

    Args:
        project: Whose items to take.
        split: `{val: share, seed: number}`; 0.2 and 0 where they are missing.

    Raises:
        DatasetError: there are no labels, or one picture only.
    """
    labels = _labels(project)
    pictures, skipped = _pictures(project)
    made = Draft(labels, pictures, skipped)
    _check(made)
    made.split = _place(pictures, split or {})
    _check_sides(made)
    return made


def _labels(project: Project) -> list[dict[str, Any]]:
    """The classes in index order. Deleted ones before the last keep their place, so that no other class moves."""
    every = list(Label.every.filter(project=project))
    while every and every[-1].retired_at is not None:
        every.pop()
    return [
        {"id": str(label.pk), "name": label.name, "ordinal": label.ordinal, "color": label.color}
        | ({"retired": True} if label.retired_at is not None else {})
        for label in every
    ]


@transaction.atomic
def freeze(
    project: Project, by: User | None, name: str = "", split: dict[str, Any] | None = None, *, reuse: bool = False
) -> Version:
    """Store a new version of everything that is labelled now.

    Args:
        project: Whose items to take.
        by: Who asked for it.
        name: What to call it; "Version 3" when empty.
        split: As in `draft`.
        reuse: Give back the latest version instead when it holds exactly the same.

    Raises:
        DatasetError: as `draft`.
    """
    Project.objects.select_for_update().get(pk=project.pk)  # numbers without a race
    made = draft(project, split)
    digest = content_hash(made)
    latest = Version.objects.filter(project=project).first()
    if reuse and latest is not None and latest.content_hash == digest:
        return latest
    number = (Version.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0) + 1
    version = Version.objects.create(
        project=project,
        number=number,
        name=name,
        content_hash=digest,
        labels=made.labels,
        split=made.split,
        counts=counts(made),
        created_by=by,
    )
    VersionFrame.objects.bulk_create((_row(version, picture) for picture in made.pictures), batch_size=1000)
    return version


def content_hash(made: Draft) -> str:
    """SHA-256 over the labels, and each picture's item, asset, rev, shapes and side."""
    digest = hashlib.sha256(orjson.dumps(made.labels, option=orjson.OPT_SORT_KEYS))
    for picture in made.pictures:
        row = [picture.item.pk, picture.asset.sha256, picture.frame, picture.item.rev, picture.side, picture.shapes]
        digest.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def counts(made: Draft) -> dict[str, Any]:
    """`{images, boxes, train, val, labels: {name: n}, warnings: [...]}`."""
    sides = Counter(picture.side for picture in made.pictures)
    boxes = made.boxes()
    return {
        "images": len(made.pictures),
        "boxes": boxes.total(),
        "train": sides["train"],
        "val": sides["val"],
        "test": sides["test"],
        "labels": {label["name"]: boxes[label["id"]] for label in made.labels},
        "skipped": made.skipped,
        "warnings": list(_warnings(made)),
    }


def _pictures(project: Project) -> tuple[list[Picture], dict[str, int]]:
    found: dict[tuple[str, int | None], Picture] = {}
    skipped: Counter[str] = Counter()
    # One statement is one snapshot: revs and shapes belong together although people go on labelling.
    rows = (
        Annotation.objects.filter(item__project=project, item__replica_of=None, deleted=False)
        .exclude(source=Source.MODEL)
        .select_related("item__asset")
        .order_by("id")
    )
    tracks: list[tuple[Annotation, Track]] = []
    labelled: defaultdict[Any, set[int]] = defaultdict(set)
    for annotation in rows.iterator(chunk_size=5000):
        if annotation.keyframes:
            track = Track(_whole(annotation))
            tracks.append((annotation, track))
            labelled[annotation.item_id].update(n for n in track.numbers if track.state(n))
        else:
            if annotation.frame is not None:
                labelled[annotation.item_id].add(annotation.frame)
            _put(found, skipped, annotation, annotation.frame, _whole(annotation))
    for annotation, track in tracks:
        # Where one object was drawn, the others are to be seen too: one left out would be learned as background.
        for frame in sorted(labelled[annotation.item_id]):
            state = track.state(frame)
            if state is not None:
                _put(found, skipped, annotation, frame, state)
    for picture in found.values():
        picture.shapes.sort(key=lambda shape: shape["id"])
    taken = {picture.item.pk for picture in found.values()}
    empty = Item.objects.filter(project=project, state=State.APPROVED, asset__kind="image").select_related("asset")
    for item in empty.exclude(pk__in=taken):  # a person said that there is nothing in it: worth learning from
        found[str(item.pk), None] = Picture(item, item.asset, None)
    return sorted(found.values(), key=lambda picture: picture.key), dict(skipped)


def _whole(annotation: Annotation) -> dict[str, Any]:
    whole = {
        "geometry": annotation.geometry,
        "attributes": annotation.attributes,
        "frame": annotation.frame,
        "keyframes": annotation.keyframes,
    }
    return blobs.inlined_shape(annotation.item_id, whole)


def _put(
    found: dict[tuple[str, int | None], Picture],
    skipped: Counter[str],
    annotation: Annotation,
    frame: int | None,
    state: dict[str, Any],
) -> None:
    """What of a shape is to be seen on a frame, as a shape of the frame's picture."""
    geometry = state["geometry"]
    if geometry.get("type") != "box":
        skipped[str(geometry.get("type"))] += 1
        return
    picture = found.setdefault((str(annotation.item_id), frame), Picture(annotation.item, annotation.item.asset, frame))
    picture.shapes.append(
        {
            "id": str(annotation.pk),
            "label": str(annotation.label_id),
            "geometry": geometry,
            "attributes": state["attributes"],
        }
    )


def _check(made: Draft) -> None:
    if not made.labels:
        raise DatasetError("no_classes", "The project has no labels yet: add at least one in its settings.")
    if not made.boxes():
        detail = "There is nothing to learn from yet: draw boxes on at least two pictures."
        if made.skipped:
            kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(made.skipped.items()))
            detail = f"A detector learns from boxes, and there are none (only {kinds}): draw boxes on two pictures."
        raise DatasetError("no_labels", detail)
    if len(made.pictures) < 2:
        raise DatasetError(
            "one_image",
            "Only one picture is labelled, and a detector must be proven on one that it did not see: label another.",
        )


def _check_sides(made: Draft) -> None:
    sides = {picture.side for picture in made.pictures if picture.shapes}
    if "train" not in sides:
        raise DatasetError("no_train", "No labelled picture is left to train on: move some out of validation or test.")
    if "val" not in sides:
        raise DatasetError("no_val", "No labelled picture is left to validate on: label another, or move one there.")


def _place(pictures: list[Picture], wish: dict[str, Any]) -> dict[str, Any]:
    share, seed = float(wish.get("val", splitting.VAL_SHARE)), int(wish.get("seed", 0))
    if not 0 < share < 1:
        raise DatasetError("bad_split", f"A validation share of {share:g} is not between 0 and 1, such as 0.2.")
    result = splitting.split(
        [splitting.Picture(str(p.asset.pk), p.frame, p.item.split, not p.shapes) for p in pictures], share, seed
    )
    for picture, side in zip(pictures, result.sides, strict=True):
        picture.side = side
    placed: dict[str, Any] = {"val": share, "seed": seed, "method": result.method, "notes": result.notes}
    return placed if result.gap_frames is None else placed | {"gap_frames": result.gap_frames}


def _warnings(made: Draft) -> Iterator[str]:
    boxes, train, val = made.boxes(), made.boxes("train"), made.boxes("val")
    for label in made.labels:
        if label.get("retired"):
            continue
        if not boxes[label["id"]]:
            yield f"'{label['name']}' has no examples: the model cannot learn it."
        elif not train[label["id"]]:
            yield f"'{label['name']}' has no examples to train on: they all fell into validation."
        elif not val[label["id"]]:
            yield f"'{label['name']}' has no examples to validate on: its accuracy will not be known."
    for kind, n in sorted(made.skipped.items()):
        yield f"{n} shape{'s' if n > 1 else ''} of kind {kind} left out: a detector learns from boxes."


def _row(version: Version, picture: Picture) -> VersionFrame:
    return VersionFrame(
        version=version,
        item=picture.item,
        asset=picture.asset,
        path=picture.item.path,
        frame=picture.frame,
        rev=picture.item.rev,
        split=picture.side,
        shapes=picture.shapes,
    )
