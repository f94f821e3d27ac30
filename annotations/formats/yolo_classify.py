"""YOLO's classification: a folder a split, in it a folder a class, in that the pictures. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from annotations.formats.base import Files, FormatError, Report
from annotations.formats.common import is_image, name_of, split_in
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.yolo_read import own_list
from annotations.formats.yolo_yaml import Described

_ALL, _NONE = "all", "_unlabelled"


def media_name(picture: Picture) -> str:
    """`train/car/a.jpg`; a class that is no folder's name is written with underscores."""
    tag = next((shape.label for shape in sorted(picture.shapes, key=lambda shape: shape.label) if _tags(shape)), _NONE)
    folder = "".join(letter if letter.isalnum() or letter in " -_.,;+" else "_" for letter in tag).strip(". ") or "_"
    return posixpath.join(picture.split or _ALL, folder, picture.path)


def say_losses(tags: list[Shape], picture: Picture, report: Report) -> None:
    """A picture has one class here, or is left out."""
    if not tags:
        report.refuse("unlabelled", "A picture without a tag has no folder.", picture.path)
    if len(tags) > 1:
        report.change("tags-lost", f"One of {len(tags)} tags is kept: a picture lies in one folder.", picture.path)


def read(files: Files, described: Described, report: Report) -> Dataset:
    """Raises: FormatError when there is no picture in a folder of a class."""
    names = [name for name in files.names() if is_image(name) and name.count("/") >= 1]
    if "pictures.csv" in files.names():
        return Dataset(described.labels(), _listed(own_list(files), set(files.names())))
    if not names:
        raise FormatError("no-folders", "There is no picture in a folder that could be its class.")
    labels = {name: Label(name, index=n) for n, name in described.names.items()}
    for name in names:
        label = _class(name)
        if label != _NONE:
            labels.setdefault(label, Label(label))
    return Dataset(list(labels.values()), _found(files, names))


def _listed(rows: Iterable[dict[str, Any]], there: set[str]) -> Iterator[Picture]:
    for row in rows:
        shapes = [Shape(row["label"], {"type": "tag"})] if row.get("label") else []
        media = row["file"] if row["file"] in there else ""
        yield Picture(row["path"], int(row["width"]), int(row["height"]), shapes, split=row["split"], media=media)


def _found(files: Files, names: list[str]) -> Iterator[Picture]:
    for name in names:
        with files.open(name) as stream:
            width, height = upright_size(stream)
        parts = name.split("/")
        split = next((found for part in parts[:-2] if (found := split_in(part))), "")
        label = _class(name)
        shapes = [Shape(label, {"type": "tag"})] if label != _NONE else []
        yield Picture(name, width, height, shapes, split=split, media=name)


def _class(name: str) -> str:
    """The folder below the split's, else the one that the picture lies in."""
    folders = name.split("/")[:-1]
    at = next((n + 1 for n, part in enumerate(folders[:-1]) if split_in(part)), len(folders) - 1)
    return name_of(folders[at])


def _tags(shape: Shape) -> bool:
    return bool(shape.geometry["type"] == "tag")
