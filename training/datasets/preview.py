"""What a version would be, before anybody freezes it: counts, sides, warnings, and some pictures as it makes them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from annotations.models import Annotation, Source
from projects import pictures
from projects.frames import FrameUnreadable
from projects.models import Asset, Project
from training.datasets import augment, outlines, version
from training.datasets.gather import Planned
from training.datasets.pictures import Look, Made, Others, make
from training.datasets.pictures import Source as Picture
from training.datasets.version import Draft, Recipe
from training.datasets.warp import Sample

_SHOWN_WIDTH = 480
_LOOKED_AT = 400
_MOST_COPIES = 2


def preview(project: Project, recipe: Recipe, samples: int = 4, first: int = 0) -> dict[str, Any]:
    """`{counts, split, labels, partial, samples: [{path, frame, split, copy, place, width, height, image, shapes}]}`.

    Of a large project only some hundred items are looked at, and `partial` says so. `image` is a data address of a
    small JPEG; `shapes` are paths in pixels of the made picture.

    Args:
        samples: How many pictures to show, each with its first copies.
        first: Which ones: another number shows others.

    Raises:
        DatasetError: the labels do not make a dataset yet.
    """
    partial = not version.is_small(project, recipe)
    looked = (
        replace(recipe, filters=replace(recipe.filters, items=_some(project, recipe)), sources=())
        if partial
        else recipe
    )
    with version.draft(project, recipe=looked) as made:
        shown = list(_samples(made, samples, first))
        return {
            "counts": version.counts(made),
            "split": made.split,
            "labels": made.labels,
            "partial": partial,
            "samples": shown,
        }


def _some(project: Project, recipe: Recipe) -> tuple[str, ...]:
    """Some items with labels, the same ones each time."""
    rows = Annotation.objects.filter(item__project=project, item__replica_of=None, deleted=False)
    rows = rows.exclude(source=Source.MODEL)
    if recipe.filters.items:
        rows = rows.filter(item__in=recipe.filters.items)
    found = dict.fromkeys(rows.order_by("item_id").values_list("item_id", flat=True)[: _LOOKED_AT * 50].iterator())
    return tuple(str(pk) for pk in list(found)[:_LOOKED_AT])


def _samples(made: Draft, samples: int, first: int) -> Iterator[dict[str, Any]]:
    """Pictures to train on, from all over the dataset; those with shapes before those without."""
    train = [picture for picture in made.pictures if picture.side == "train"]
    train.sort(key=lambda picture: not picture.kinds)
    busy = [picture for picture in train if picture.kinds] or train
    look = Look.of(made.recipe, made.labels, f"preview {made.project.pk}")
    others = Others(look, len(busy), lambda n: _picture(made, busy[n]))
    labels = {label["id"]: label for label in made.labels}
    step = max(1, len(busy) // max(samples, 1))
    for n in range(min(samples, len(busy))):
        picture = busy[(n * step + first * 7) % len(busy)]
        yield from _of_one(made, picture, look, others, labels)


def _picture(made: Draft, picture: Planned) -> Picture:
    asset = Asset.objects.select_related("video").get(pk=picture.asset)
    return Picture(asset, picture.frame, made.gathered.shapes_of(picture))


def _of_one(
    made: Draft, picture: Planned, look: Look, others: Others, labels: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    source = _picture(made, picture)
    copies = min(augment.copies(look.augment), _MOST_COPIES)
    try:
        found = _fullest(list(make(look, source, source.sample(), copies, others)))
    except (FrameUnreadable, OSError):
        return
    for one in found:
        yield {
            "path": picture.path,
            "frame": picture.frame,
            "split": picture.side,
            "copy": one.copy,
            "place": one.place,
            **shown(one.sample, labels),
        }


def _fullest(found: list[Made]) -> list[Made]:
    """Of a picture in tiles the one with the most shapes, and its copies."""
    if not found:
        return []
    best = max((one for one in found if not one.copy), key=lambda one: len(one.sample.shapes))
    return [one for one in found if one.part == best.part]


def shown(sample: Sample, labels: dict[str, Any]) -> dict[str, Any]:
    """`{width, height, image, shapes}` of a made picture."""
    width, height = sample.size
    small = pictures.encode(pictures.shrink(sample.pixels, _SHOWN_WIDTH), "jpeg", quality=80)
    image = f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
    paths = outlines.drawn(sample.shapes, labels, width, height)
    return {"width": width, "height": height, "image": image, "shapes": paths}
