"""The labels of pictures as YOLO trainers read them, for each task. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from annotations.formats import convert, yolo
from annotations.formats.yolo_rows import Scale, row_of
from training.datasets import augment
from training.datasets.warp import Geometry, Shape

_SIDES = ("train", "val")
_NONE = "_none"  # where pictures without a class lie, when the task is to classify


class Labels:
    """What one version's pictures are labelled by.

    Args:
        task: Of the version; a task without a trainer gets boxes.
        classes: Of the version, in index order.
    """

    def __init__(self, task: str, classes: Sequence[dict[str, Any]]) -> None:
        self.task, self.classes = task, classes
        self.index = {label["id"]: n for n, label in enumerate(classes)}
        self.points = max((len((label.get("skeleton") or {}).get("points", ())) for label in classes), default=0)

    def folder(self, side: str, shapes: Sequence[Shape]) -> str:
        """Where a picture belongs, relative to the dataset's folder."""
        if self.task != "classify":
            return f"images/{side}"
        tags = (shape["label"] for shape in shapes if shape["geometry"]["type"] == "tag")
        index = next((self.index[label] for label in tags if label in self.index), None)
        return f"{side}/{_NONE if index is None else f'{index:04d}'}"

    def text(self, shapes: Sequence[Shape], width: int, height: int) -> str | None:
        """A picture's label file; None where folders say it."""
        if self.task == "classify":
            return None
        if self.task not in _ROWS:
            return yolo.write(self._boxes(shapes), width, height)
        scale = Scale(width, height, (self.points, 3))
        rows = (row for shape in shapes if shape["label"] in self.index for row in self._rows(shape, scale))
        return "".join(f"{row}\n" for row in rows)

    def _boxes(self, shapes: Sequence[Shape]) -> Iterator[yolo.Box]:
        for shape in shapes:
            box = shape["geometry"]
            if box["type"] == "box" and shape["label"] in self.index:
                yield yolo.Box(self.index[shape["label"]], box["x"], box["y"], box["w"], box["h"])

    def _rows(self, shape: Shape, scale: Scale) -> Iterator[str]:
        for geometry in _ROWS[self.task](shape["geometry"], self.points):
            row = row_of(self.index[shape["label"]], geometry, None, scale)
            if row is not None:
                yield row[0]

    def finish(self, folder: Path) -> Path:
        """Write the dataset's description, where the task has one; what to give the trainer."""
        if self.task == "classify":
            return folder
        for side in _SIDES:
            for kind in ("images", "labels"):
                (folder / kind / side).mkdir(parents=True, exist_ok=True)
        data = folder / "data.yaml"
        names = [label["name"] for label in self.classes]
        more = self._keypoints() if self.task == "pose" else {}
        data.write_text(yolo.data_yaml(names, {side: f"images/{side}" for side in _SIDES}, str(folder), more))
        return data

    def _keypoints(self) -> dict[str, Any]:
        """The skeleton with the most points; where its points go in a mirror."""
        skeletons = [label.get("skeleton") or {} for label in self.classes]
        longest = max(skeletons, key=lambda skeleton: len(skeleton.get("points", ())), default={})
        return {"kpt_shape": [self.points, 3], "flip_idx": augment.mirror_order(longest)}


def _outlines(geometry: Geometry, points: int) -> Iterator[Geometry]:
    """The outer ring of a polygon, and of each part of a mask: these labels have no holes."""
    if geometry["type"] == "polygon":
        yield convert.polygon_of([vertex[1:] for vertex in geometry["rings"][0]])
    elif geometry["type"] == "mask":
        for rings in convert.mask_parts(geometry):
            yield convert.polygon_of(rings[0])


def _rotated(geometry: Geometry, points: int) -> Iterator[Geometry]:
    if geometry["type"] == "box":
        x, y, w, h = (geometry[name] for name in "xywh")
        yield convert.polygon_of([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    elif geometry["type"] == "rbox":
        yield convert.polygon_of(convert.corners(geometry))


def _skeletons(geometry: Geometry, points: int) -> Iterator[Geometry]:
    if geometry["type"] == "keypoints" and any(point[2] for point in geometry["points"]):
        missing = [[0.0, 0.0, 0]] * (points - len(geometry["points"]))
        yield {"type": "keypoints", "points": [*geometry["points"], *missing]}


_ROWS = {"segment": _outlines, "obb": _rotated, "pose": _skeletons}
