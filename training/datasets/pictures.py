"""The pictures of a version as they are learned from: prepared, augmented, and the same ones each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from projects import frames
from projects.models import Asset
from training.datasets import augment, preprocess
from training.datasets.warp import Pixels, Sample, Shape
from training.models import VersionFrame

_KEPT = 12  # decoded pictures, for mosaics

Place = tuple[int, int, int, int]


@dataclass(frozen=True)
class Look:
    """How pictures are made: the recipes, what the random numbers are drawn by, and how labels are mirrored."""

    preprocess: dict[str, Any]
    augment: dict[str, Any]
    seed: str
    mirrors: dict[str, list[int]]

    @classmethod
    def of(cls, recipe: Any, labels: Sequence[dict[str, Any]], seed: str) -> Look:
        """Of anything with `preprocess` and `augment`: a version, a recipe."""
        mirrors = {label["id"]: augment.mirror_order(label["skeleton"]) for label in labels if label.get("skeleton")}
        return cls(recipe.preprocess, recipe.augment, seed, mirrors)

    @property
    def plain(self) -> bool:
        """Whether pictures are taken as they are."""
        return not self.preprocess and not self.augment


@dataclass(frozen=True)
class Source:
    """A picture before anything is done to it; `key` names it in all versions alike."""

    asset: Asset
    frame: int | None
    shapes: list[Shape]

    @classmethod
    def of_row(cls, row: VersionFrame) -> Source:
        return cls(row.asset, row.frame, row.shapes)

    @property
    def key(self) -> str:
        return f"{self.asset.sha256}/{self.frame}"

    def sample(self, pixels: Pixels | None = None) -> Sample:
        """Decoded, unless somebody has done so.

        Raises:
            FrameUnreadable: the stored file does not give the picture any more.
        """
        return Sample(frames.read_frame(self.asset, self.frame or 0) if pixels is None else pixels, self.shapes)


@dataclass(frozen=True)
class Made:
    """A picture to learn from: which part of its source it shows, and which copy it is (0: none, it is itself)."""

    sample: Sample
    place: Place
    part: int
    copy: int


class Others:
    """What a mosaic is made of: other pictures, prepared, the latest ones kept."""

    def __init__(self, look: Look, count: int, fetch: Callable[[int], Source]) -> None:
        self._look, self._count, self._fetch = look, count, fetch
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    def __call__(self, share: float) -> Sample:
        """The picture at a share from 0 to 1 of the list; of one in tiles, the part that the share falls on."""
        place = min(int(share * self._count), self._count - 1)
        if place not in self._kept:
            self._kept[place] = self._fetch(place).sample()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        whole = self._kept[place]
        tiles = preprocess.tiles(self._look.preprocess, *whole.size)
        wanted = tiles[int(share * self._count * len(tiles)) % len(tiles)]
        return next(part for at, part in preprocess.run(self._look.preprocess, whole) if at == wanted)


def make(look: Look, source: Source, sample: Sample, copies: int, others: Others | None = None) -> Iterator[Made]:
    """Each part of a picture, followed by its augmented copies."""
    for number, (place, part) in enumerate(preprocess.run(look.preprocess, sample)):
        yield Made(part, place, number, 0)
        for copy in range(1, copies + 1):
            seed = augment.key(look.seed, f"{source.key}/{number}", copy)
            yield Made(augment.run(look.augment, part, seed, others, look.mirrors), place, number, copy)
