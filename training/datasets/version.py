"""Freezing: the labelled items of a project, or of several ones, become an immutable dataset version."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max

from annotations.exports.filters import Filters
from annotations.exports.filters import parse as parse_filters
from annotations.models import Annotation
from projects.models import Item, Project, User
from training.datasets import augment, duplicates, preprocess
from training.datasets import split as splitting
from training.datasets.classes import DRAW, LEARNED, LEARNS_FROM, Aliases, Classes, classes_of
from training.datasets.gather import Gathered, Planned, Step, gather
from training.models import Restoration, Version, VersionFrame

SIDES = splitting.SIDES
_ROWS, _BYTES = 200, 2**20
_SMALL = 20_000


class DatasetError(Exception):
    """The labels do not make a dataset yet; `detail` says what is missing and how to mend it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Recipe:
    """All that a version is made by, beside the labels themselves. The parts are JSON, checked by who reads them.

    Attributes:
        split: `{train, val, test: shares, seed, stratify, near_duplicates}`.
        filters: As of an export.
        preprocess, augment: See the modules of these names.
        sources: Further projects of the same team.
        aliases: `{class: [other names of it]}`.
    """

    split: dict[str, Any] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)
    preprocess: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)
    sources: Sequence[Project] = ()
    aliases: Aliases = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For a job's params; `recipe_of` makes the same of it."""
        return {
            "split": self.split,
            "filters": orjson.loads(orjson.dumps(self.filters.as_json())),
            "preprocess": self.preprocess,
            "augment": self.augment,
            "sources": [str(project.pk) for project in self.sources],
            "aliases": {name: list(others) for name, others in self.aliases.items()},
        }


def recipe_of(params: dict[str, Any]) -> Recipe:
    """The recipe of a job's params."""
    wanted = params.get("sources") or []
    found = {str(project.pk): project for project in Project.objects.filter(pk__in=wanted)}
    return Recipe(
        split=params.get("split") or {},
        filters=parse_filters(params.get("filters") or {}),
        preprocess=preprocess.parse(params.get("preprocess") or {}),
        augment=augment.parse(params.get("augment") or {}),
        sources=[found[pk] for pk in wanted if pk in found],
        aliases=params.get("aliases") or {},
    )


@dataclass
class Draft:
    """What a version would hold, before it is stored. Its shapes lie in a file: close it, or use it in a `with`."""

    project: Project
    recipe: Recipe
    classes: Classes
    gathered: Gathered
    split: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.gathered.close()

    @property
    def pictures(self) -> list[Planned]:
        return self.gathered.pictures

    @property
    def labels(self) -> list[dict[str, Any]]:
        return self.classes.labels

    def objects(self, side: str = "") -> Counter[str]:
        """Objects to learn from by class, on one side or on all."""
        total: Counter[str] = Counter()
        for picture in self.pictures:
            if not side or picture.side == side:
                total.update(picture.labels)
        return total

    def kinds(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for picture in self.pictures:
            total.update(picture.kinds)
        return total

    def skipped(self) -> dict[str, int]:
        """Shapes that the project's task cannot learn from, by type."""
        return {kind: n for kind, n in sorted(self.kinds().items()) if kind not in LEARNED[self.project.task]}

    def usable(self, picture: Planned) -> bool:
        """Whether something can be learned from it: of anomalies, a good picture says most."""
        return bool(picture.labels) or (self.project.task == "anomaly" and not picture.kinds)


def _quiet(done: int, total: int) -> None:
    """For who does not ask how far it is."""


def draft(
    project: Project, split: dict[str, Any] | None = None, *, recipe: Recipe | None = None, step: Step = _quiet
) -> Draft:
    """Read the labels of people and imports and decide the split.

    Args:
        project: Whose items to take.
        split: Instead of the recipe's.
        recipe: Everything else; all that is labelled when None.
        step: Told how far the reading is; what it raises ends it.

    Raises:
        DatasetError: there are no labels, or one picture only.
    """
    recipe = recipe or Recipe(split=split or {})
    projects = [project, *recipe.sources]
    classes = classes_of(projects, recipe.aliases)
    if not classes.labels:
        raise DatasetError("no_classes", "The project has no labels yet: add at least one in its settings.")
    shares = shares_of(recipe.split)
    made = Draft(project, recipe, classes, gather(projects, classes, recipe.filters, LEARNED[project.task], step))
    try:
        _check(made)
        made.split = _place(made, shares, step)
        _check_sides(made)
    except BaseException:
        made.gathered.close()
        raise
    return made


def is_small(project: Project, recipe: Recipe) -> bool:
    """Whether a draft takes no longer than somebody waits for an answer."""
    pks = [project.pk, *(source.pk for source in recipe.sources)]
    return Annotation.objects.filter(item__project__in=pks)[:_SMALL].count() < _SMALL


@transaction.atomic
def freeze(
    project: Project,
    by: User | None,
    name: str = "",
    split: dict[str, Any] | None = None,
    *,
    recipe: Recipe | None = None,
    reuse: bool = False,
    step: Step = _quiet,
) -> Version:
    """Store a new version of everything that is labelled now.

    Args:
        project, split, recipe, step: As in `draft`.
        by: Who asked for it.
        name: What to call it; "Version 3" when empty.
        reuse: Give back the latest version instead when it holds exactly the same.

    Raises:
        DatasetError: as `draft`.
    """
    with draft(project, split, recipe=recipe, step=step) as made:
        digest = content_hash(made)
        Project.objects.select_for_update().get(pk=project.pk)  # numbers without a race
        latest = Version.objects.filter(project=project).first()
        if reuse and latest is not None and latest.content_hash == digest:
            return latest
        version = _stored(made, by, name, digest, latest)
        done = 0
        for batch in _batches(made.pictures):  # bulk_create alone would hold them all
            VersionFrame.objects.bulk_create([_row(version, made, picture) for picture in batch])
            done += len(batch)
            step(done, len(made.pictures))
        return version


def _stored(made: Draft, by: User | None, name: str, digest: str, latest: Version | None) -> Version:
    project, recipe = made.project, made.recipe
    number = (Version.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0) + 1
    restored = Restoration.objects.filter(project=project).select_related("version").first()
    several = [project, *recipe.sources] if recipe.sources else []
    return Version.objects.create(
        project=project,
        number=number,
        name=name,
        task=project.task,
        content_hash=digest,
        labels=made.labels,
        split=made.split,
        filters=recipe.as_json()["filters"],
        preprocess=recipe.preprocess,
        augment=recipe.augment,
        sources=[{"project": str(each.pk), "name": each.name} for each in several],
        aliases=recipe.as_json()["aliases"],
        counts=counts(made),
        parent=latest or (restored.version if restored else None),
        created_by=by,
    )


def _batches(pictures: list[Planned]) -> Iterator[list[Planned]]:
    """At most a megabyte of shapes as text, which is several as objects."""
    batch: list[Planned] = []
    size = 0
    for picture in pictures:
        if batch and (len(batch) >= _ROWS or size + picture.size > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(picture)
        size += picture.size
    if batch:
        yield batch


def _row(version: Version, made: Draft, picture: Planned) -> VersionFrame:
    return VersionFrame(
        version=version,
        item_id=picture.item,
        asset_id=picture.asset,
        source=[made.project, *made.recipe.sources][picture.source],
        path=picture.path,
        frame=picture.frame,
        rev=picture.rev,
        split=picture.side,
        group=picture.group,
        digest=picture_hash(made, picture),
        shape_count=picture.shapes,
        shapes=made.gathered.shapes_of(picture),
    )


def picture_hash(made: Draft, picture: Planned) -> str:
    """SHA-256 of a picture's file, frame and shapes: two with the same one are the same."""
    row = [made.gathered.assets[picture.asset].sha256, picture.frame, picture.digest]
    return hashlib.sha256(orjson.dumps(row)).hexdigest()


def content_hash(made: Draft) -> str:
    """SHA-256 over the classes, each picture's item, asset, rev, shapes and side, and how pictures are made."""
    frame = [made.labels, made.recipe.preprocess, made.recipe.augment, made.project.task]
    digest = hashlib.sha256(orjson.dumps(frame, option=orjson.OPT_SORT_KEYS))
    for picture in made.pictures:
        digest.update(orjson.dumps([picture.item, picture.rev, picture.side, picture_hash(made, picture)]))
    return digest.hexdigest()


def counts(made: Draft) -> dict[str, Any]:
    """`{images, shapes, geometries, boxes, train, val, test, labels: {name: n}, sides: {name: [n, n, n]}, ...}`.

    `labels` and `sides` count what the task learns from; `pictures` says what a training gets, tiles and augmented
    copies included, by side.
    """
    sides = Counter(picture.side for picture in made.pictures)
    objects = {side: made.objects(side) for side in SIDES}
    kinds = made.kinds()
    every = made.objects()
    return {
        "images": len(made.pictures),
        "shapes": kinds.total(),
        "boxes": kinds["box"],
        "objects": every.total(),
        "geometries": dict(sorted(kinds.items())),
        **{side: sides[side] for side in SIDES},
        "labels": {label["name"]: every[label["id"]] for label in made.labels},
        "sides": {label["name"]: [objects[side][label["id"]] for side in SIDES] for label in made.labels},
        "groups": len({picture.group for picture in made.pictures}),
        "pictures": _made(made),
        "skipped": made.skipped(),
        "warnings": list(_warnings(made, objects)),
    }


def _made(made: Draft) -> dict[str, int]:
    """How many pictures a training gets, by side."""
    total = dict.fromkeys(SIDES, 0)
    recipe, copies = made.recipe, augment.copies(made.recipe.augment)
    for picture in made.pictures:
        asset = made.gathered.assets[picture.asset]
        parts = preprocess.parts(recipe.preprocess, asset.width, asset.height)
        total[picture.side] += parts * (1 + copies if picture.side == "train" else 1)
    return total


def _check(made: Draft) -> None:
    task = made.project.task
    if not any(picture.labels for picture in made.pictures) and task != "anomaly":
        detail = f"There is nothing to learn from yet: {DRAW[task]} on at least two pictures."
        skipped = made.skipped()
        if skipped:
            kinds = ", ".join(f"{n} {kind}" for kind, n in skipped.items())
            detail = f"{LEARNS_FROM[task]}, and there are none (only {kinds}): {DRAW[task]} on two pictures."
        raise DatasetError("no_labels", detail)
    if not made.pictures:
        raise DatasetError("no_labels", "There is nothing to learn from yet: approve pictures that are as they should.")
    if len(made.pictures) < 2:
        raise DatasetError(
            "one_image",
            "Only one picture is labelled, and a model must be proven on one that it did not see: label another.",
        )


def _check_sides(made: Draft) -> None:
    sides = {picture.side for picture in made.pictures if made.usable(picture)}
    if "train" not in sides:
        raise DatasetError("no_train", "No labelled picture is left to train on: move some out of validation or test.")
    if "val" not in sides:
        raise DatasetError("no_val", "No labelled picture is left to validate on: label another, or move one there.")


def shares_of(wish: dict[str, Any]) -> dict[str, float]:
    """`{train, val, test}` of a wish; 80/20 where it says nothing.

    Raises:
        DatasetError: they are not shares of one whole.
    """
    test = float(wish.get("test", 0.0))
    val = float(wish["val"]) if "val" in wish else splitting.VAL_SHARE
    if "train" in wish and "val" not in wish:
        val = 1 - float(wish["train"]) - test
    train = float(wish.get("train", 1 - val - test))
    if not (0 < val < 1 and 0 <= test < 1 and train > 0 and abs(train + val + test - 1) < 0.005):
        detail = f"Shares of {train:g}, {val:g} and {test:g} to train, validate and test are no parts of a whole: "
        raise DatasetError("bad_split", detail + "a validation share between 0 and 1 is needed, such as 0.2.")
    return {"train": round(train, 6), "val": val, "test": test}


def _place(made: Draft, shares: dict[str, float], step: Step) -> dict[str, Any]:
    wish = made.recipe.split
    seed, stratify = int(wish.get("seed", 0)), bool(wish.get("stratify", True))
    near = bool(wish.get("near_duplicates", True))
    assets = made.gathered.assets
    groups = duplicates.near_duplicates(assets.values(), step) if near else {pk: str(pk) for pk in assets}
    of_videos = Item.objects.filter(pk__in={picture.item for picture in made.pictures}, source__isnull=False)
    groups = duplicates.beside_their_videos(groups, of_videos.values_list("asset", "source__asset"))
    for picture in made.pictures:
        picture.group = groups[picture.asset]
    result = splitting.split(
        [
            splitting.Picture(
                p.group, p.frame, p.fixed, not made.usable(p), tuple(sorted(p.labels)) if stratify else ()
            )
            for p in made.pictures
        ],
        shares["val"],
        seed,
        shares["test"],
    )
    for picture, side in zip(made.pictures, result.sides, strict=True):
        picture.side = side
    placed = {**shares, "seed": seed, "stratify": stratify, "near_duplicates": near}
    placed |= {"method": result.method, "notes": result.notes}
    return placed if result.gap_frames is None else placed | {"gap_frames": result.gap_frames}


def _warnings(made: Draft, objects: dict[str, Counter[str]]) -> Iterator[str]:
    for label in made.labels:
        if label.get("retired"):
            continue
        train, val, test = (objects[side][label["id"]] for side in SIDES)
        if not train + val + test:
            yield f"'{label['name']}' has no examples: the model cannot learn it."
        elif not train:
            yield f"'{label['name']}' has no examples to train on: they all fell into validation."
        elif not val:
            yield f"'{label['name']}' has no examples to validate on: its accuracy will not be known."
    for kind, n in made.skipped().items():
        what = f"{n} shape{'s' if n > 1 else ''} of kind {kind} left out"
        yield f"{what}: {LEARNS_FROM[made.project.task][0].lower()}{LEARNS_FROM[made.project.task][1:]}."
    yield from _about_pictures(made)


def _about_pictures(made: Draft) -> Iterator[str]:
    unlearned = sum(1 for picture in made.pictures if picture.kinds and not picture.labels)
    if unlearned:
        yield f"{unlearned} picture{'s have' if unlearned > 1 else ' has'} only shapes of other kinds: not trained on."
    where: dict[tuple[Any, int | None], set[int]] = defaultdict(set)
    for picture in made.pictures:
        where[picture.asset, picture.frame].add(picture.source)
    twice = sum(len(sources) > 1 for sources in where.values())
    if twice:
        yield f"{twice} picture{'s are' if twice > 1 else ' is'} in several of the projects: all are taken."
    yield from made.classes.renamed
