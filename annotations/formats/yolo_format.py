"""YOLO datasets in five tasks: detect, segment, obb, pose, and classify by folders.

Pictures lie in `images/<split>`, their rows in `labels/<split>`, classes in data.yaml. A `pictures.csv` of our own
beside them keeps sizes, splits and paths, so that an export without pictures can be read again. Pure.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from annotations.formats import yolo, yolo_classify, yolo_read, yolo_yaml
from annotations.formats.base import Abilities, Files, FormatError, Option, Report, Sink
from annotations.formats.losses import fit, objects
from annotations.formats.records import Dataset, Label, Picture, Shape
from annotations.formats.spool import Pile
from annotations.formats.yolo_rows import Scale, row_of

ALL = "all"
TASKS = {
    "detect": Abilities(frozenset(("box",)), splits=True),
    "segment": Abilities(frozenset(("polygon",)), splits=True),
    "obb": Abilities(frozenset(("rbox",)), splits=True),
    "pose": Abilities(frozenset(("keypoints", "box")), splits=True, skeletons=True),
    "classify": Abilities(frozenset(("tag",)), splits=True, empty_pictures=False),
}


class Yolo:
    name = "yolo"
    title = "YOLO"
    help = "One text file a picture and a data.yaml: what Ultralytics trains on. One task an archive."
    abilities = Abilities(frozenset(("box", "rbox", "polygon", "keypoints", "tag")), splits=True, skeletons=True)
    options = (
        Option(
            "task",
            "Task",
            "auto",
            (
                ("auto", "as the files say; detect when writing"),
                ("detect", "detect: boxes"),
                ("segment", "segment: outlines"),
                ("obb", "obb: rotated boxes"),
                ("pose", "pose: keypoints"),
                ("classify", "classify: folders of classes"),
            ),
            help="Rows of nine columns are rotated boxes or outlines of four points: only you can tell.",
        ),
        Option(
            "suffixes",
            "Keep the suffix in file names: a.png becomes a_png.png",
            False,
            help="Choose this when pictures differ in nothing but their suffix: they would share one label file.",
            use="write",
        ),
    )

    def detect(self, files: Files) -> float:
        return yolo_read.sure(files)

    def read(self, files: Files, options: Mapping[str, Any], report: Report) -> Dataset:
        """Raises: FormatError for a data.yaml that is none, and where the task cannot be told."""
        described = yolo_yaml.describe(files, report)
        task = str(options.get("task", "auto"))
        if task == "auto":
            task = described.task or yolo_read.task_of(files, described)
        if task == "classify":
            return yolo_classify.read(files, described, report)
        if task == "pose" and not described.keypoints[0]:
            raise FormatError("kpt_shape", "Keypoints need kpt_shape: [number, 2 or 3] in data.yaml.", described.file)
        return Dataset(described.labels(), yolo_read.Reading(files, described, task, report).pictures())

    def write(self, dataset: Dataset, sink: Sink, options: Mapping[str, Any], report: Report) -> None:
        task = _task(options)
        writing = _Writing(self, dataset.labels, task, options, report)
        for picture in dataset:
            writing.add(picture, sink)
        writing.finish(sink)

    def media_name(self, picture: Picture, options: Mapping[str, Any]) -> str:
        if _task(options) == "classify":
            return yolo_classify.media_name(picture)
        path = picture.path
        if options.get("suffixes"):
            stem, suffix = posixpath.splitext(path)
            path = f"{stem}_{suffix[1:]}{suffix}"
        return posixpath.join("images", picture.split or ALL, path)


def _task(options: Mapping[str, Any]) -> str:
    task = str(options.get("task", "auto"))
    return "detect" if task == "auto" else task


class _Writing:
    def __init__(self, form: Yolo, labels: list[Label], task: str, options: Mapping[str, Any], report: Report) -> None:
        self.form, self.task, self.options, self.report = form, task, options, report
        self.able = TASKS[task]
        self.labels = {label.name: label for label in labels}
        self.numbers = {name: n for n, name in enumerate(self.labels)}
        self.skeletons = {label.name: label.skeleton for label in labels if label.skeleton}
        self.count = max((len(skeleton["points"]) for skeleton in self.skeletons.values()), default=0)
        self.pictures = Pile(b"")
        self.splits: set[str] = set()
        self.taken: set[int] = set()

    def add(self, picture: Picture, sink: Sink) -> None:
        report = self.report
        if picture.frames is not None:
            report.refuse("video-left-out", "YOLO has no videos: export their frames as images.", picture.path)
            return
        if not picture.width or not picture.height:
            report.refuse("size-unknown", "Rows are fractions of the size, which is not known.", picture.path)
            return
        media = self.form.media_name(picture, self.options)
        name = media if self.task == "classify" else yolo_read.label_name(media)
        if hash(name) in self.taken:
            text = f"{name} belongs to a picture that differs only in its suffix: export with suffixes in the names."
            report.refuse("same-stem", text, picture.path)
            return
        self.taken.add(hash(name))
        rows = "".join(self._rows(picture))
        if self.task != "classify":
            with sink.open(name) as file:
                file.write(rows.encode())
        self._note(picture, media)

    def _note(self, picture: Picture, media: str) -> None:
        self.splits.add(picture.split)
        line = io.StringIO()
        tags = {shape.label for shape in picture.shapes if shape.geometry["type"] == "tag"}
        label = next(iter(sorted(tags)), "") if self.task == "classify" else ""
        row = [media, picture.path, picture.width, picture.height, picture.split, label]
        csv.writer(line, lineterminator="\n").writerow(row)
        self.pictures.add_bytes(line.getvalue().encode())

    def _rows(self, picture: Picture) -> Iterator[str]:
        shapes = [each for shape in self._known(picture.shapes) for each in fit(shape, picture, self.able, self.report)]
        if self.task == "classify":
            yolo_classify.say_losses(shapes, picture, self.report)
            return
        for shape, box in objects(shapes, ("box",)) if self.task == "pose" else ((shape, None) for shape in shapes):
            found = self._row(shape, box, picture)
            if found:
                yield found + "\n"

    def _row(self, shape: Shape, box: Shape | None, picture: Picture) -> str:
        geometry, around = shape.geometry, box.geometry if box else None
        if self.task == "pose" and geometry["type"] == "box":  # an object without one labelled keypoint
            geometry, around = {"type": "keypoints", "points": []}, geometry
        if geometry["type"] == "keypoints" and not self._fits(shape, geometry, picture):
            return ""
        found = row_of(
            self.numbers[shape.label], geometry, around, Scale(picture.width, picture.height, (self.count, 3))
        )
        if found is None:
            self.report.refuse("outside", "The shape lies outside of the picture.", picture.path, shape.label)
            return ""
        if found[1]:
            self.report.change("clipped", "The shape is cut at the picture's border.", picture.path, shape.label)
        return found[0]

    def _fits(self, shape: Shape, keypoints: dict[str, Any], picture: Picture) -> bool:
        self.count = self.count or len(keypoints["points"])
        if len(keypoints["points"]) <= self.count:
            return True
        text = f"{len(keypoints['points'])} keypoints, but the archive has {self.count} for each object."
        self.report.refuse("keypoints", text, picture.path, shape.label)
        return False

    def _known(self, shapes: list[Shape]) -> list[Shape]:
        for shape in shapes:
            if shape.label not in self.numbers:
                self.labels[shape.label] = Label(shape.label)
                self.numbers[shape.label] = len(self.numbers)
        return shapes

    def finish(self, sink: Sink) -> None:
        with sink.open("pictures.csv") as file:
            file.write(b"file,path,width,height,split,label\n")
            self.pictures.copy(file)
        with sink.open("data.yaml") as file:
            more = {"task": self.task, **self._keypoints()}
            file.write(yolo.data_yaml(list(self.labels), self._folders(), more=more).encode())

    def _folders(self) -> dict[str, str | list[str]]:
        """A trainer wants both train and val, whatever the project has."""
        root = "" if self.task == "classify" else "images/"
        named: dict[str, str | list[str]] = {
            split: f"{root}{split}" for split in ("train", "val", "test") if split in self.splits
        }
        if "" in self.splits:
            named["train"] = [f"{root}train", f"{root}{ALL}"] if "train" in self.splits else f"{root}{ALL}"
        named.setdefault("train", f"{root}train")
        named.setdefault("val", named["train"])
        return named

    def _keypoints(self) -> dict[str, Any]:
        if self.task != "pose":
            return {}
        points: list[list[str]] = [skeleton["points"] for skeleton in self.skeletons.values()]
        names = {self.numbers[name]: list(skeleton["points"]) for name, skeleton in self.skeletons.items()}
        edges = {self.numbers[name]: skeleton.get("edges", []) for name, skeleton in self.skeletons.items()}
        flipped = flip_idx(max(points, key=len, default=[])) or list(range(self.count))
        return {"kpt_shape": [self.count or 1, 3], "flip_idx": flipped, "kpt_names": names, "skeleton": edges}


def flip_idx(points: list[str]) -> list[int]:
    """For each keypoint the one that it is in a mirror: left and right change places.

    >>> flip_idx(["nose", "left_eye", "right_eye", "left_ear"])
    [0, 2, 1, 3]
    """
    at = {point.lower(): n for n, point in enumerate(points)}
    flipped = []
    for n, point in enumerate(points):
        low = point.lower()
        other = low.replace("left", "right") if "left" in low else low.replace("right", "left")
        flipped.append(at.get(other, n))
    return flipped


FORMAT = Yolo()
