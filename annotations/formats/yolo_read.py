"""YOLO's label files read: which task they are of, which picture each belongs to, and what is wrong in them. Pure.

Rows are fractions, so a picture's size has to be known: from `pictures.csv`, from the picture itself, or from whoever
reads: `files` may have a method `picture(stem)` that gives (path, width, height) of a picture it knows, or None.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from annotations.formats.base import Files, FormatError, Report
from annotations.formats.common import Media, is_image, parsed, path_of, split_in
from annotations.formats.picture_size import upright_size
from annotations.formats.records import Label, Picture, Shape
from annotations.formats.yolo_rows import RowError, Scale, parse
from annotations.formats.yolo_yaml import Described, find, split_of

_HEAD = 1 << 15
_LARGEST = 64 << 20
_SAMPLE = 100
_NO_LABELS = {"classes.txt", "readme.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "obj.names", "losses.txt"}


def label_name(picture: str) -> str:
    """Where the rows of a picture lie: the last `images` folder becomes `labels`.

    >>> label_name("a/images/images/b.jpg"), label_name("images/b.png"), label_name("c.jpg")
    ('a/images/labels/b.txt', 'labels/b.txt', 'c.txt')
    """
    before, found, after = f"/{picture}".rpartition("/images/")
    moved = f"{before}/labels/{after}" if found else picture
    return posixpath.splitext(moved)[0].lstrip("/") + ".txt"


def label_files(files: Files) -> list[str]:
    return [
        name for name in files.names() if name.endswith(".txt") and posixpath.basename(name).lower() not in _NO_LABELS
    ]


def sure(files: Files) -> float:
    """How sure it is that this is YOLO."""
    labels = label_files(files)
    rows = any(_is_rows(files, name) for name in labels[:5])
    if find(files):
        return 0.95 if rows or not labels else 0.5
    if not rows:
        return 0.0
    listed = any(posixpath.basename(name) in ("classes.txt", "obj.names") for name in files.names())
    return 0.9 if listed else 0.6 if any("labels" in name.split("/")[:-1] for name in labels) else 0.4


def _is_rows(files: Files, name: str) -> bool:
    words = next(iter(_columns(files, name)), [])
    return len(words) >= 5 and words[0].isdigit() and all(parsed(word) is not None for word in words)


def _columns(files: Files, name: str) -> list[list[str]]:
    with files.open(name) as stream:
        text = stream.read(_HEAD).decode("utf-8", "replace")
    lines = text.splitlines()[: None if len(text) < _HEAD else -1]
    return [line.split() for line in lines if line.strip()]


def task_of(files: Files, described: Described) -> str:
    """The task that the files speak of.

    Raises:
        FormatError: all rows have nine columns: rotated boxes, or outlines of four points.
    """
    if described.keypoints[0]:
        return "pose"
    labels = label_files(files)
    if not labels and any(is_image(name) and split_in(name.split("/")[0]) for name in files.names()):
        return "classify"
    if not labels and any(name == "pictures.csv" for name in files.names()):
        return "classify"
    counts = {len(row) for name in labels[:: max(1, len(labels) // _SAMPLE)] for row in _columns(files, name)}
    if counts and counts <= {9, 10}:
        detail = "All rows have nine columns: choose the task obb (rotated boxes) or segment (outlines of four points)."
        raise FormatError("task", detail, labels[0])
    return "segment" if any(count > 6 for count in counts) else "detect"


class Reading:
    def __init__(self, files: Files, described: Described, task: str, report: Report) -> None:
        self.files, self.described, self.task, self.report = files, described, task, report
        self.names = set(files.names())
        self.labels = {label.index: label for label in described.labels()}
        self.lists = _lists(files, described)
        self.used: set[str] = set()
        self.paths: set[str] = set()

    def pictures(self) -> Iterator[Picture]:
        if "pictures.csv" in self.names:
            yield from self._listed()
        for name in sorted(name for name in self.names if is_image(name) and label_name(name) not in self.used):
            yield self._found(name)
        for name in label_files(self.files):
            if name not in self.used:
                yield from self._alone(name)

    def _listed(self) -> Iterator[Picture]:
        for row in own_list(self.files):
            name, split = row["file"], row["split"]
            label = label_name(name)
            if label in self.used or label not in self.names and name not in self.names:
                continue
            media = name if name in self.names else ""
            yield self._with_rows(Picture(row["path"], row["width"], row["height"], split=split, media=media), label)

    def _found(self, name: str) -> Picture:
        with self.files.open(name) as stream:
            width, height = upright_size(stream)
        split = self.lists.get(name) or split_of(name, self.described.folders)
        picture = Picture(self._path(name, split), width, height, split=split, media=name)
        return self._with_rows(picture, self._label_of(name))

    def _label_of(self, name: str) -> str:
        beside = posixpath.splitext(name)[0] + ".txt"
        label = label_name(name)
        return label if label in self.names or beside not in self.names else beside

    def _path(self, name: str, split: str) -> str:
        """Without the folders that only say what lies in them; with the split where two would be the same."""
        parts = [part for part in name.split("/")[:-1] if part.lower() != "images" and not split_in(part)]
        path = "/".join((*parts, posixpath.basename(name)))
        if path in self.paths and split:
            self.report.change("path", f"{path} is there twice: {split} is now in its name.", name)
            path = f"{split}/{path}"
        self.paths.add(path)
        return path

    def _alone(self, name: str) -> Iterator[Picture]:
        """Rows without a picture: whoever reads may know it."""
        known: Any = getattr(self.files, "picture", None)
        split = split_of(name, self.described.folders)
        stem = posixpath.splitext(self._path(name, split))[0].removeprefix("labels/")
        found = known(stem) if known else None
        if not found:
            self.report.refuse("image-unknown", "There is no picture for these rows, so their size is unknown.", name)
            return
        path, width, height = found
        yield self._with_rows(Picture(path, width, height, split=split), name)

    def _with_rows(self, picture: Picture, label: str) -> Picture:
        if label in self.used:
            text = f"{label} belongs to two pictures that differ only in their suffix."
            self.report.change("same-stem", text, picture.media)
        self.used.add(label)
        if label not in self.names:
            return picture
        if self.files.size(label) > _LARGEST:
            self.report.refuse("too-large", f"More than {_LARGEST >> 20} MB of rows.", label)
        elif not picture.width or not picture.height:
            self.report.refuse("size-unknown", "The picture cannot be read, so its rows have no size.", label)
        else:
            scale = Scale(picture.width, picture.height, self.described.keypoints)
            picture.shapes = list(self._shapes(label, scale))
        return picture

    def _shapes(self, file: str, scale: Scale) -> Iterator[Shape]:
        with self.files.open(file) as stream:
            for n, line in enumerate(io.TextIOWrapper(stream, "utf-8", "replace"), start=1):
                words = line.split()
                if words:
                    yield from self._row(words, scale, file, n)

    def _row(self, words: list[str], scale: Scale, file: str, n: int) -> Iterator[Shape]:
        where = f"line {n}"
        try:
            row = parse(words, self.task, scale)
            label = self._label(row.index)
        except RowError as error:
            self.report.refuse("row", f"This row cannot be taken: {error}.", file, where)
            return
        for code, text in row.remarks:
            self.report.change(code, text, file, where)
        for geometry in row.geometries:
            group = str(n) if len(row.geometries) > 1 else None
            if geometry["type"] == "keypoints" and label.skeleton:
                geometry["points"] = geometry["points"][: len(label.skeleton["points"])]
            yield Shape(label.name, geometry, confidence=row.confidence, group=group)

    def _label(self, index: int) -> Label:
        label = self.labels.get(index)
        if label is None and self.described.names:
            raise RowError(f"class {index} is not one of the {len(self.described.names)} classes")
        if label is None:
            label = self.labels[index] = Label(str(index), index=index)
        return label


def own_list(files: Files) -> Iterator[dict[str, Any]]:
    """The rows of `pictures.csv` with paths and sizes checked; nothing for a file of another kind."""
    with files.open("pictures.csv") as stream:
        rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8", "replace", newline=""))
        if not {"file", "path", "width", "height", "split"} <= set(rows.fieldnames or ()):
            return
        for row in _rows(rows):
            width, height = parsed(row["width"]), parsed(row["height"])
            path, file = path_of(row["path"]), path_of(row["file"])
            if path and file and width and height and width > 0 and height > 0:
                split = row["split"] if row["split"] in ("train", "val", "test") else ""
                yield {**row, "path": path, "file": file, "width": int(width), "height": int(height), "split": split}


def _rows(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with suppress(csv.Error):  # a field without end: the rows before it are good
        yield from rows


def _lists(files: Files, described: Described) -> dict[str, str]:
    """Pictures by the split whose list (a .txt of paths) names them."""
    found: dict[str, str] = {}
    there = set(files.names())
    media = Media(there)
    for list_, split in described.folders.items():
        if list_.endswith(".txt") and list_ in there:
            with files.open(list_) as stream:
                for line in io.TextIOWrapper(stream, "utf-8", "replace"):
                    name = _listed_picture(line.strip().replace("\\", "/").removeprefix("./"), media)
                    if name:
                        found.setdefault(name, split)
    return found


def _listed_picture(path: str, media: Media) -> str:
    """The archive's entry for a path of another machine: that which shares the longest end with it."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for start in range(len(parts)):
        name = media.find("/".join(parts[start:]))
        if name:
            return name
    return ""
