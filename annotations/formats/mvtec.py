"""MVTec AD's folders for anomalies: `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>/*_mask.png`.

The folder is the picture's tag, and a defect's mask has its label. An export lists its pictures in `mvtec.csv` too.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from annotations.formats import common, picture_list, rle, values
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Dataset, Geometry, Label, Picture, Shape
from annotations.formats.values import Wrong

GOOD = "good"
_NORMAL = frozenset((GOOD, "normal", "ok"))
_PLACE = re.compile(r"^(?P<root>(?:.*/)?)(?P<split>train|test|validation|val)/(?P<defect>[^/]+)/(?P<rest>.+)$")
_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_AREAS = ("box", "rbox", "polygon", "mask")
_TROUBLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


class MvTec:
    name = "mvtec"
    title = "MVTec AD"
    help = "Folders for finding anomalies: good pictures to train on, defects to test on, with masks of the defects."
    abilities = Abilities(frozenset(("tag", "mask")), splits=True, empty_pictures=False)
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        if picture_list.find(files, picture_list.MVTEC):
            return 0.95
        names = [name for name in files.names() if common.is_image(name)]
        good = any(f"/{GOOD}/" in f"/{name}" and _PLACE.match(name) for name in names)
        truth = any("ground_truth/" in name for name in names)
        ours = picture_list.find(files, picture_list.FOLDERS)
        return 0.0 if not good or ours else 0.95 if truth else 0.65

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        if listed := picture_list.find(files, picture_list.MVTEC):
            return Dataset([], _listed(files, listed, report))
        places = [found for name in files.names() if common.is_image(name) and (found := _PLACE.match(name))]
        if not places:
            raise FormatError("missing", "There are no pictures in train/good or in folders of test.")
        labels = sorted({found["defect"] for found in places}, key=lambda name: (name != GOOD, name))
        known = [Label(name, index=n) for n, name in enumerate(labels)]
        return Dataset(known, _found(files, places, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        rows = picture_list.Writer()
        taken: set[str] = set()
        for picture in dataset:
            shapes = [made for each in picture.shapes for made in fit(each, picture, self.abilities, report)]
            label = _label_of(picture)
            if not label:
                text = "A picture without a tag or a mask is neither good nor a defect here."
                report.refuse("unlabelled-left-out", text, picture.path)
                continue
            masks = [each.geometry for each in shapes if each.geometry["type"] == "mask" and each.label == label]
            mask = _mask_name(picture, label, taken) if masks else ""
            if mask:
                _write_mask(masks, label, picture, mask, sink, report)
            _say_losses(shapes, label, picture, report)
            rows.add(self.media_name(picture, options), picture, label, mask)
        with sink.open(picture_list.MVTEC) as stream:
            rows.finish(stream)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        label = _label_of(picture)
        good = label.lower() in _NORMAL
        split = _SPLITS.get(picture.split, "train") if good else "test"
        return f"{split}/{_folder(label)}/{_flat(picture.path)}"


FORMAT = MvTec()


def _label_of(picture: Picture) -> str:
    """The first tag's label, else that of the first shape with an area; "" for none."""
    kinds = {shape.geometry["type"]: shape.label for shape in reversed(picture.shapes)}
    return kinds.get("tag") or next((s.label for s in picture.shapes if s.geometry["type"] in _AREAS), "")


def _folder(label: str) -> str:
    return GOOD if label.lower() in _NORMAL else picture_list.folder_name(label)


def _flat(path: str) -> str:
    """Readers of this format look into one folder only."""
    return path.replace("/", "__")


# Reading


def _found(files: Files, places: list[re.Match[str]], report: Report) -> Iterator[Picture]:
    there = set(files.names())
    for place in places:
        name = place.string
        with files.open(name) as stream:
            width, height = upright_size(stream)
        picture = Picture(name, width, height, split=common.split_in(place["split"]), media=name)
        stem = f"{place['root']}ground_truth/{place['defect']}/{posixpath.splitext(place['rest'])[0]}"
        mask = next((each for each in (f"{stem}_mask.png", f"{stem}.png") if each in there), "")
        _label(picture, common.name_of(place["defect"]), mask, files, report)
        yield picture


def _listed(files: Files, listed: str, report: Report) -> Iterator[Picture]:
    for each in picture_list.read(files, listed, report):
        _label(each.picture, each.label, each.mask, files, report)
        yield each.picture


def _label(picture: Picture, label: str, mask: str, files: Files, report: Report) -> None:
    if not label:
        return
    picture.shapes = [Shape(label, {"type": "tag"})]
    if mask:
        with values.refusing(report, "mask", mask, ""):
            geometry = _read_mask(files, mask)
            picture.width, picture.height = picture.width or geometry["size"][1], picture.height or geometry["size"][0]
            picture.shapes.append(Shape(label, geometry))


def _read_mask(files: Files, name: str) -> Geometry:
    """A picture's bright half."""
    with files.open(name) as stream:
        width, height = upright_size(stream)
    if not 0 < width * height <= rle.MOST_PIXELS // 8:
        raise Wrong(f"the mask has {width} x {height} pixels, or is no picture")
    try:
        with files.open(name) as stream, Image.open(stream) as image:
            pixels = np.asarray(image.convert("L"))
    except _TROUBLE:
        raise Wrong("the mask is no whole picture") from None
    bits = pixels > pixels.max(initial=0) // 2
    return {"type": "mask", "size": list(bits.shape), "counts": rle.encode(bits)}


# Writing


def _mask_name(picture: Picture, label: str, taken: set[str]) -> str:
    """By the picture's name without its ending; where two pictures differ only in that, with it."""
    flat = _flat(picture.path)
    folder = f"ground_truth/{_folder(label)}"
    name = f"{folder}/{posixpath.splitext(flat)[0]}_mask.png"
    name = f"{folder}/{flat}_mask.png" if name in taken else name
    taken.add(name)
    return name


def _write_mask(masks: list[Geometry], label: str, picture: Picture, name: str, sink: Sink, report: Report) -> None:
    bits = rle.decode(masks[0]["counts"], *masks[0]["size"])
    for mask in masks[1:]:
        if mask["size"] == masks[0]["size"]:
            bits = bits | rle.decode(mask["counts"], *mask["size"])
    if len(masks) > 1:
        report.change("masks-united", f"{len(masks)} masks of {label} became one.", picture.path)
    with sink.open(name) as stream:
        Image.fromarray(bits * np.uint8(255)).save(stream, "PNG")


def _say_losses(shapes: list[Shape], label: str, picture: Picture, report: Report) -> None:
    others = sorted({shape.label for shape in shapes} - {label})
    if others:
        text = f"A picture has one label here: {label} is kept, {', '.join(others)} left out."
        report.change("labels-lost", text, picture.path)
