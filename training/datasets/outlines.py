"""Shapes as a browser draws them over a picture: SVG paths in pixels of the picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from annotations.formats import rle
from training.datasets import warp
from training.datasets.warp import Geometry, Shape

_DOT = 0.012  # of the picture's longer side


def drawn(
    shapes: Iterable[Shape], labels: Mapping[str, dict[str, Any]], width: int, height: int
) -> list[dict[str, Any]]:
    """`{label, color, kind, path, open}` of each shape; a tag has no path, an `open` one is not filled.

    Args:
        labels: `{id: {name, color}}` of the version.
        width, height: Of the picture.
    """
    found = []
    for shape in shapes:
        label = labels.get(shape["label"], {})
        kind = shape["geometry"]["type"]
        row = {"label": label.get("name", ""), "color": label.get("color") or "#999999", "kind": kind}
        path = _PATHS[kind](shape["geometry"], max(width, height) * _DOT)
        found.append({**row, "path": path, "open": kind == "polyline"})
    return found


def _closed(rings: Iterable[Sequence[Sequence[float]]]) -> str:
    return "".join(f"{_line(ring)}Z" for ring in rings)


def _line(points: Sequence[Sequence[float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _corners(g: Geometry, dot: float) -> str:
    return _closed([warp.corners_of(g).tolist()])


def _polygon(g: Geometry, dot: float) -> str:
    return _closed([(x, y) for _, x, y in ring] for ring in g["rings"])


def _polyline(g: Geometry, dot: float) -> str:
    return _line([(x, y) for _, x, y in g["points"]])


def _keypoints(g: Geometry, dot: float) -> str:
    half = dot / 2
    return _closed(
        [(x - half, y), (x, y - half), (x + half, y), (x, y + half)] for x, y, visibility in g["points"] if visibility
    )


def _mask(g: Geometry, dot: float) -> str:
    """The outline of a mask, holes included, along the edges of its pixels as far as a page shows."""
    height, width = g["size"]
    bits = rle.decode(g["counts"], height, width)
    contours, _ = cv2.findContours(np.ascontiguousarray(bits), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)
    return _closed((contour[:, 0] + 0.5).tolist() for contour in contours if len(contour) > 2)


def _nothing(g: Geometry, dot: float) -> str:
    return ""


_PATHS = {
    "box": _corners,
    "rbox": _corners,
    "polygon": _polygon,
    "polyline": _polyline,
    "keypoints": _keypoints,
    "mask": _mask,
    "tag": _nothing,
}
