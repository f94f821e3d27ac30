"""Folders that are classes, as ImageNet has them: each picture lies in the folder of its tag. Pure.

A folder of a split may stand before. An export lists its pictures in `folders.csv` as well, with their paths, since
`cow/1.jpg` does not say whether `cow` belongs to the path; where there is no list, it does.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from annotations.formats import common, picture_list
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Dataset, Label, Picture, Shape

UNLABELLED = "_unlabelled"
_LABELS = (".json", ".xml", ".txt", ".csv", ".yaml", ".jsonl", ".toon")
_FEWEST = 2


class Folders:
    name = "folders"
    title = "Class folders (ImageNet)"
    help = "A folder for each class with its pictures in it, and folders of splits before: for classification."
    abilities = Abilities(frozenset(("tag",)), splits=True)
    options: tuple[Option, ...] = ()

    def detect(self, files: Files) -> float:
        if picture_list.find(files, picture_list.FOLDERS):
            return 0.95
        names = files.names()
        if any(name.lower().endswith(_LABELS) for name in names):
            return 0.0
        images = [name for name in names if common.is_image(name)]
        classes = {_class_of(name) for name in images}
        return 0.6 if len(classes - {""}) >= _FEWEST and "" not in classes else 0.0

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        if listed := picture_list.find(files, picture_list.FOLDERS):
            return Dataset(_listed_labels(files, listed), _listed(files, listed, report))
        images = [name for name in files.names() if common.is_image(name)]
        if not images:
            raise FormatError("missing", "There are no pictures in it: their folders would be the classes.")
        labels = sorted({_class_of(name) for name in images} - {"", UNLABELLED})
        return Dataset([Label(name, index=n) for n, name in enumerate(labels)], _found(files, images, report))

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        rows = picture_list.Writer()
        names = [label.name for label in dataset.labels]
        for picture in dataset:
            tags = _fitted(picture, self.abilities, report)
            rows.add(self.media_name(picture, options), picture, tags[0].label if tags else "")
            names += [tag.label for tag in tags[:1] if tag.label not in names]
        with sink.open("labels.txt") as stream:
            stream.writelines(f"{' '.join(name.split())}\n".encode() for name in names)
        with sink.open(picture_list.FOLDERS) as stream:
            rows.finish(stream)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        tag = next((shape.label for shape in picture.shapes if shape.geometry["type"] == "tag"), "")
        folder = picture_list.folder_name(tag) if tag else UNLABELLED
        return posixpath.join(picture.split, folder, picture.path)


FORMAT = Folders()


def _fitted(picture: Picture, abilities: Abilities, report: Report) -> list[Shape]:
    tags = [made for each in picture.shapes for made in fit(each, picture, abilities, report)]
    if len(tags) > 1:
        text = f"One of {len(tags)} tags is kept, {tags[0].label}: a picture lies in one folder."
        report.change("tags-lost", text, picture.path)
    return tags


def _class_of(name: str) -> str:
    """The folder below the split's, else the one in which the picture lies; "" for a picture in none."""
    folders = name.split("/")[:-1]
    below = next((n + 1 for n, part in enumerate(folders) if common.split_in(part)), None)
    if below is not None:
        return common.name_of(folders[below]) if below < len(folders) else ""
    return common.name_of(folders[-1]) if folders else ""


def _found(files: Files, images: list[str], report: Report) -> Iterator[Picture]:
    for name in images:
        with files.open(name) as stream:
            width, height = upright_size(stream)
        label = _class_of(name)
        if not label:
            report.note("no-class", "The picture lies in no folder of a class and has no tag.", name)
        shapes = [Shape(label, {"type": "tag"})] if label not in ("", UNLABELLED) else []
        split = next((found for part in name.split("/")[:-1] if (found := common.split_in(part))), "")
        yield Picture(name, width, height, shapes, split=split, media=name)


def _listed_labels(files: Files, listed: str) -> list[Label]:
    name = posixpath.join(posixpath.dirname(listed), "labels.txt")
    if name not in files.names():
        return []
    with files.open(name) as stream:
        names = [common.name_of(line.decode("utf-8", "replace")) for line in stream]
    return [Label(each, index=n) for n, each in enumerate(names) if each]


def _listed(files: Files, listed: str, report: Report) -> Iterator[Picture]:
    for each in picture_list.read(files, listed, report):
        if each.label:
            each.picture.shapes = [Shape(each.label, {"type": "tag"})]
        yield each.picture
