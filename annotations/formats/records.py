"""What a file of labels holds, whatever its format: labels, pictures, shapes. Pure.

A reader turns a file into these, a writer these into a file. Coordinates are pixels of the upright picture, floats,
with the origin at the top-left corner of the top-left pixel; angles are degrees, clockwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Geometry = dict[str, Any]


@dataclass(slots=True)
class Label:
    """A class as a file declares it.

    Attributes:
        attributes: As of the project's schema: `[{name, kind, values?, default?, mutable?}]`.
        skeleton: As of the project's schema; None where the class has no keypoints.
        index: The class number, where the format has numbers.
        retired: Of Frameloop's own format only: deleted, but its class number is never given away.
    """

    name: str
    color: str = ""
    attributes: list[dict[str, Any]] = field(default_factory=list)
    skeleton: dict[str, Any] | None = None
    aliases: list[str] = field(default_factory=list)
    index: int | None = None
    retired: bool = False


@dataclass(slots=True)
class Shape:
    """One object of a picture.

    Attributes:
        label: The class by its name, as the file has it.
        geometry: As in the interface, by `type`: `box {x, y, w, h}`; `rbox {cx, cy, w, h, angle}`;
            `polygon {rings: [[[x, y], ...], ...]}` (the first ring outer, the others holes);
            `polyline {points: [[x, y], ...]}`; `keypoints {points: [[x, y, visibility], ...]}`;
            `mask {size: [h, w], counts}` (COCO's compressed string); `tag {}`. Vertices have no ids here: an import
            gives them, an export takes them away (but for Frameloop's own format).
        frame: Of a video; None on an image, and where there are `keyframes`.
        keyframes: Of a track: `{frame: {geometry, outside?, occluded?, attributes?}}`; `geometry` is then the first's.
        source: "human", "model" or "import", where the file says so.
        number: The detection id or track id.
        group: Shapes of one picture with the same one belong together.
        author: Email or name, where the file says so.
        id: Of Frameloop's own format only.
    """

    label: str
    geometry: Geometry
    attributes: dict[str, Any] = field(default_factory=dict)
    frame: int | None = None
    keyframes: dict[int, dict[str, Any]] | None = None
    confidence: float | None = None
    source: str = "import"
    number: int | None = None
    group: str | None = None
    z: int = 0
    author: str = ""
    id: str = ""


@dataclass(slots=True)
class Picture:
    """An image or a video with its shapes, or (for formats of images) one frame of a video as an image.

    Attributes:
        path: Relative, with `/`, in Unicode's NFC: the key by which an item is found.
        width, height: 0 where the file does not say.
        split: "train", "val", "test" or "".
        frames: How many, of a video; None of an image.
        of_video, frame: Where this image is frame `frame` of the item `of_video`.
        media: The archive's entry with the pixels; "" where there is none.
        state: An item's state, of Frameloop's own format only.
    """

    path: str
    width: int = 0
    height: int = 0
    shapes: list[Shape] = field(default_factory=list)
    split: str = ""
    frames: int | None = None
    fps: float | None = None
    of_video: str = ""
    frame: int | None = None
    media: str = ""
    state: str = ""


@dataclass
class Dataset:
    """A stream of pictures under declared labels; shapes may name others, which come to light as one reads.

    `pictures` is read once, in any order of paths, a picture at a time: nobody holds them all.
    """

    labels: list[Label]
    pictures: Iterable[Picture]
    name: str = ""

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)
