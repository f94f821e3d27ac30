"""Shapes as annotations of a COCO file. Pure."""

from __future__ import annotations

from typing import Any

from annotations.formats import convert, rle
from annotations.formats.base import Report
from annotations.formats.common import plain
from annotations.formats.losses import objects
from annotations.formats.records import Label, Picture, Shape

RESERVED = ("rotation", "track_id", "iscrowd")


def category(label: Label, number: int) -> dict[str, Any]:
    """A category; skeleton edges count from 1 in COCO."""
    made: dict[str, Any] = {"id": number, "name": label.name, "supercategory": ""}
    if label.skeleton:
        made["keypoints"] = list(label.skeleton["points"])
        made["skeleton"] = [[a + 1, b + 1] for a, b in label.skeleton.get("edges", [])]
    if len(label.color) == 7:
        made["color"] = [int(label.color[n : n + 2], 16) for n in (1, 3, 5)]
    return made


def rows_of(
    shapes: list[Shape], numbers: dict[str, int], uncompressed: bool, picture: Picture, report: Report
) -> list[dict[str, Any]]:
    """The annotations of a picture's shapes, without their ids; an object's keypoints and outline are one."""
    made = []
    for shape, outline in objects(shapes, ("polygon", "mask")):
        row = {"category_id": numbers[shape.label], **_geometry(shape, uncompressed)}
        if outline:
            drawn = _geometry(outline, uncompressed)
            row |= {name: drawn[name] for name in ("segmentation", "area", "bbox")}
        attributes = _attributes(shape, picture, report)
        row["iscrowd"] = 1 if shape.attributes.get("iscrowd") is True else 0
        if attributes:
            row["attributes"] = attributes
        if shape.number is not None:
            row["track_id"] = shape.number
        if shape.confidence is not None:
            row["score"] = shape.confidence
        made.append(row)
    return made


def _geometry(shape: Shape, uncompressed: bool) -> dict[str, Any]:
    geometry = shape.geometry
    kind = geometry["type"]
    row: dict[str, Any] = {"segmentation": [], "area": convert.area(geometry), "bbox": _bbox(geometry)}
    if kind == "polygon":
        row["segmentation"] = [[plain(value) for point in geometry["rings"][0] for value in point]]
    elif kind == "mask":
        counts = geometry["counts"]
        row["segmentation"] = {
            "size": geometry["size"],
            "counts": rle.runs(counts).tolist() if uncompressed else counts,
        }
    elif kind == "keypoints":
        row["keypoints"] = [value for x, y, v in geometry["points"] for value in (plain(x), plain(y), v)]
        row["num_keypoints"] = sum(1 for point in geometry["points"] if point[2])
        row["area"] = row["bbox"][2] * row["bbox"][3]
    return row


def _bbox(geometry: dict[str, Any]) -> list[float]:
    if geometry["type"] == "box":
        return [plain(geometry[name]) for name in "xywh"]
    if geometry["type"] == "rbox":
        w, h = geometry["w"], geometry["h"]
        return [geometry["cx"] - w / 2, geometry["cy"] - h / 2, w, h]
    x0, y0, x1, y1 = convert.bounds(geometry) or (0, 0, 0, 0)
    return [plain(x0), plain(y0), plain(x1 - x0), plain(y1 - y0)]


def _attributes(shape: Shape, picture: Picture, report: Report) -> dict[str, Any]:
    attributes = {name: value for name, value in shape.attributes.items() if name not in RESERVED}
    lost = [name for name in shape.attributes if name in ("rotation", "track_id")]
    if lost:
        report.change("attribute-name", f"COCO keeps the name {lost[0]} for itself.", picture.path, shape.label)
    if shape.geometry["type"] == "rbox":
        attributes["rotation"] = shape.geometry["angle"]
    if shape.number is not None:
        attributes["track_id"] = shape.number
    return attributes
