"""A version as a folder that a YOLO trainer reads. The pictures are copies: trainers mend them in place."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from projects import frames
from projects.models import Asset
from training.datasets import augment, preprocess
from training.datasets.classes import LEARNED
from training.datasets.pictures import Look, Made, Others, Source, make
from training.datasets.warp import Pixels, Shape
from training.datasets.yolo import Labels
from training.models import Version, VersionFrame

_COPIED = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/bmp": ".bmp"}
_JPEG_QUALITY = 95
_SIDES = ("train", "val")
_AT_ONCE = 200
# What a decoded picture takes as a JPEG of quality 95, in bytes a pixel, rounded up.
_FRAME_BYTES = 0.6

Step = Callable[[int, int], None]


@dataclass(frozen=True)
class Export:
    """Where the dataset lies, and how many pictures are in it. `data` is a folder where the task is to classify."""

    data: Path
    pictures: int


def size(version: Version) -> int:
    """Bytes that the exported pictures will take, about."""
    total = 0.0
    plain = not version.preprocess and not version.augment
    for row in _rows(version).iterator(chunk_size=2000):
        asset = row.asset
        if plain:
            total += asset.size if row.frame is None else asset.width * asset.height * _FRAME_BYTES
            continue
        resize = version.preprocess.get("resize")
        parts = preprocess.tiles(version.preprocess, asset.width, asset.height)
        area = resize["width"] * resize["height"] if resize else parts[0][2] * parts[0][3]
        copies = augment.copies(version.augment) if row.split == "train" else 0
        total += len(parts) * area * (1 + copies) * _FRAME_BYTES
    return int(total)


def _rows(version: Version) -> Any:
    return version.frames.filter(split__in=_SIDES).select_related("asset").order_by("id")


def export(version: Version, folder: Path, step: Step = lambda done, total: None) -> Export:
    """Write `images/{train,val}`, `labels/{train,val}` and a data.yaml of our own making into `folder`.

    Pictures are cut, resized and toned as the version says; those to train on come with their augmented copies. One
    with shapes of which the task can learn none is left out: it would teach that nothing is there.

    Args:
        version: What to write. To classify, pictures lie in `{train,val}/{class}` instead.
        folder: Made when missing.
        step: Called after each picture of the version with the number done and the total; what it raises ends it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(version, folder)
    rows = _rows(version).iterator(chunk_size=500)
    taken = [_Place(row.pk, row.asset_id, row.frame) for row in rows if writer.takes(row)]
    for done, _ in enumerate(writer.write(taken), start=1):
        step(done, len(taken))
    return Export(writer.labels.finish(folder), writer.written)


class _Place(NamedTuple):
    """A picture to be written; its shapes are read when its turn comes."""

    pk: int
    asset: Any
    frame: int | None


_Named = tuple[_Place, str]


def _loaded(named: list[_Named]) -> Iterator[tuple[VersionFrame, str]]:
    for start in range(0, len(named), _AT_ONCE):
        part = named[start : start + _AT_ONCE]
        rows = VersionFrame.objects.select_related("asset__video").in_bulk([place.pk for place, _ in part])
        yield from ((rows[place.pk], name) for place, name in part)


class _Writer:
    def __init__(self, version: Version, folder: Path) -> None:
        self.labels = Labels(version.task, version.labels)
        self.look = Look.of(version, version.labels, version.content_hash)
        self.folder = folder
        self.written = 0
        self._learned = LEARNED[version.task]
        self._copies = augment.copies(version.augment)
        ids = version.frames.filter(split="train", shape_count__gt=0).order_by("id")
        self._mosaic = list(ids.values_list("pk", flat=True)) if "mosaic" in version.augment else []

    def takes(self, row: VersionFrame) -> bool:
        return not row.shapes or any(shape["geometry"]["type"] in self._learned for shape in row.shapes)

    def write(self, places: list[_Place]) -> Iterator[VersionFrame]:
        """Each row once it is written: images in order, then the frames of each video in order."""
        others = Others(self.look, len(self._mosaic), self._fetch) if self._mosaic else None
        images: list[_Named] = []
        videos: dict[Any, list[_Named]] = defaultdict(list)
        for number, place in enumerate(places):
            named = place, f"{number:07d}"  # two items may share a file name
            (images if place.frame is None else videos[place.asset]).append(named)
        for row, name in _loaded(images):
            if self.look.plain:
                self._copy(row, name)
            else:
                self._make(row, name, frames.read_frame(row.asset), others)
            yield row
        for named_frames in videos.values():
            named_frames.sort(key=lambda named: named[0].frame or 0)
            for start in range(0, len(named_frames), _AT_ONCE):
                rows = list(_loaded(named_frames[start : start + _AT_ONCE]))
                yield from self._write_frames(rows[0][0].asset, rows, others)

    def _fetch(self, place: int) -> Source:
        rows = VersionFrame.objects.select_related("asset__video")
        return Source.of_row(rows.get(pk=self._mosaic[place]))

    def _write_frames(
        self, asset: Asset, named: list[tuple[VersionFrame, str]], others: Others | None
    ) -> Iterator[VersionFrame]:
        wanted = {row.frame: (row, name) for row, name in named if row.frame is not None}
        for n, pixels in frames.read_frames(asset, sorted(wanted)):
            row, name = wanted[n]
            if self.look.plain:
                path = self._path(row, name, row.shapes, ".jpg")
                _encode(pixels, path)
                self._label(path, row.shapes, asset.width, asset.height)
            else:
                self._make(row, name, pixels, others)
            yield row

    def _make(self, row: VersionFrame, name: str, pixels: Pixels, others: Others | None) -> None:
        source = Source.of_row(row)
        copies = self._copies if row.split == "train" else 0
        for made in make(self.look, source, source.sample(pixels), copies, others):
            self._write_made(row, f"{name}-{made.part}-{made.copy}", made)

    def _write_made(self, row: VersionFrame, name: str, made: Made) -> None:
        path = self._path(row, name, made.sample.shapes, ".jpg")
        _encode(made.sample.pixels, path)
        self._label(path, made.sample.shapes, *made.sample.size)

    def _copy(self, row: VersionFrame, name: str) -> None:
        asset = row.asset
        suffix = "" if asset.upright else _COPIED.get(asset.content_type, "")
        path = self._path(row, name, row.shapes, suffix or ".png")
        if not suffix:  # TIFF and the like: the trainer gets the pixels that people saw
            _encode(frames.read_frame(asset), path)
        else:
            with asset.file.open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        self._label(path, row.shapes, asset.width, asset.height)

    def _path(self, row: VersionFrame, name: str, shapes: list[Shape], suffix: str) -> Path:
        path = self.folder / self.labels.folder(row.split, shapes) / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _label(self, path: Path, shapes: list[Shape], width: int, height: int) -> None:
        self.written += 1
        text = self.labels.text(shapes, width, height)
        if text is not None:
            label = self.folder / "labels" / path.parent.name / f"{path.stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(text)


def _encode(pixels: Pixels, path: Path) -> None:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    ok, content = cv2.imencode(path.suffix, bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise OSError(f"{path.name} could not be encoded.")
    path.write_bytes(content.tobytes())
