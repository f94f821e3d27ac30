"""A version as a folder that a YOLO trainer reads. The pictures are copies: trainers mend them in place."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from annotations.formats import yolo
from projects import frames
from projects.models import Asset
from training.models import Version, VersionFrame

_COPIED = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/bmp": ".bmp"}
_JPEG_QUALITY = 95
_SIDES = ("train", "val")
# What a decoded video frame takes as a JPEG of quality 95, in bytes a pixel, rounded up.
_FRAME_BYTES = 0.6


@dataclass(frozen=True)
class Export:
    """Where the dataset lies, and how many pictures are in it."""

    data: Path
    pictures: int


def size(version: Version) -> int:
    """Bytes that the exported pictures will take, about."""
    total = 0.0
    for row in version.frames.filter(split__in=_SIDES).select_related("asset").iterator(chunk_size=2000):
        asset = row.asset
        total += asset.size if row.frame is None else asset.width * asset.height * _FRAME_BYTES
    return int(total)


def export(version: Version, folder: Path, step: Callable[[int, int], None] = lambda done, total: None) -> Export:
    """Write `images/{train,val}`, `labels/{train,val}` and a data.yaml of our own making into `folder`.

    Args:
        version: What to write.
        folder: Made when missing.
        step: Called after each picture with the number done and the total; what it raises ends the export.
    """
    rows = list(version.frames.filter(split__in=_SIDES).select_related("asset__video").order_by("id"))
    index = {label["id"]: n for n, label in enumerate(version.labels)}
    for side in _SIDES:
        (folder / "images" / side).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / side).mkdir(parents=True, exist_ok=True)
    for done, (row, name) in enumerate(_pictures(rows, folder), start=1):
        text = yolo.write(_boxes(row, index), row.asset.width, row.asset.height)
        (folder / "labels" / row.split / f"{name}.txt").write_text(text)
        step(done, len(rows))
    data = folder / "data.yaml"
    names = [label["name"] for label in version.labels]
    data.write_text(yolo.data_yaml(names, {side: f"images/{side}" for side in _SIDES}, str(folder)))
    return Export(data, len(rows))


def _boxes(row: VersionFrame, index: dict[str, int]) -> Iterator[yolo.Box]:
    for shape in row.shapes:
        box = shape["geometry"]
        if box["type"] == "box" and shape["label"] in index:
            yield yolo.Box(index[shape["label"]], box["x"], box["y"], box["w"], box["h"])


def _pictures(rows: list[VersionFrame], folder: Path) -> Iterator[tuple[VersionFrame, str]]:
    """Write each row's picture under a number (two items may share a file name); gives the row and the number."""
    videos: dict[Asset, list[tuple[VersionFrame, str]]] = defaultdict(list)
    for number, row in enumerate(rows):
        name = f"{number:07d}"
        if row.frame is not None:
            videos[row.asset].append((row, name))
            continue
        _write_image(row, folder / "images" / row.split / name)
        yield row, name
    for asset, named in videos.items():
        yield from _write_frames(asset, named, folder)


def _write_image(row: VersionFrame, stem: Path) -> None:
    asset = row.asset
    suffix = "" if asset.upright else _COPIED.get(asset.content_type, "")
    if not suffix:  # TIFF and the like: the trainer gets the pixels that people saw
        _encode(frames.read_frame(asset), stem.with_suffix(".png"))
        return
    with asset.file.open("rb") as source, stem.with_suffix(suffix).open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _write_frames(
    asset: Asset, named: list[tuple[VersionFrame, str]], folder: Path
) -> Iterator[tuple[VersionFrame, str]]:
    """The labelled frames of one video, decoded in one pass."""
    wanted = {row.frame: (row, name) for row, name in named if row.frame is not None}
    for n, picture in frames.read_frames(asset, sorted(wanted)):
        row, name = wanted[n]
        _encode(picture, (folder / "images" / row.split / name).with_suffix(".jpg"))
        yield row, name


def _encode(picture: object, path: Path) -> None:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)  # type: ignore[call-overload]
    ok, content = cv2.imencode(path.suffix, bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise OSError(f"{path.name} could not be encoded.")
    path.write_bytes(content.tobytes())
