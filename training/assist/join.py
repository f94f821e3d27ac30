"""What a model sees on one frame after the other, joined to tracks: boxes of a class that overlap. Pure.

Greedy by overlap, as SORT does without its filter (Bewley et al., "Simple online and realtime tracking", 2016): boxes
of neighbouring frames belong together from an IoU of `ALIKE` on, the most alike first, each to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from training.assist import carry
from training.assist.motion import Box

ALIKE = 0.3

Op = dict[str, Any]


@dataclass
class Chain:
    """One object on frames that follow each other: the op that would suggest it, for each."""

    ops: list[Op]

    @property
    def label(self) -> str:
        return str(self.ops[0]["label"])

    @property
    def box(self) -> Box:
        """Where it was last."""
        return box_of(self.ops[-1])


class Chains:
    """The objects of some frames of a video, seen in order."""

    def __init__(self) -> None:
        self.all: list[Chain] = []
        self.seen = 0
        self._open: list[Chain] = []

    def add(self, ops: Sequence[Op]) -> None:
        """What was seen on the next frame: `create` ops of boxes, all of that frame."""
        self.seen += len(ops)
        left, following = list(ops), []
        for chain, op in _pairs(self._open, ops):
            chain.ops.append(op)
            following.append(chain)
            left = [other for other in left if other is not op]
        new = [Chain([op]) for op in left]
        self.all += new
        self._open = following + new

    def to_ops(self, step: int, frames: int) -> list[Op]:
        """A `create` op for each object: a track with as few key frames as it takes, a single box where it was once.

        Args:
            step: From one frame that was looked at to the next.
            frames: Of the video: an object that is there to the last look is there to the end.
        """
        return [chain.ops[0] if len(chain.ops) == 1 else _track(chain, step, frames) for chain in self.all]


def box_of(op: Op) -> Box:
    geometry = op["geometry"]
    return Box(geometry["x"], geometry["y"], geometry["w"], geometry["h"])


def _pairs(chains: Sequence[Chain], ops: Sequence[Op]) -> Iterable[tuple[Chain, Op]]:
    found = [
        (overlap, n, m)
        for n, chain in enumerate(chains)
        for m, op in enumerate(ops)
        if op["label"] == chain.label and (overlap := carry.iou(chain.box, box_of(op))) >= ALIKE
    ]
    taken: set[int] = set()
    given: set[int] = set()
    for _, n, m in sorted(found, reverse=True):
        if n not in taken and m not in given:
            taken.add(n)
            given.add(m)
            yield chains[n], ops[m]


def _track(chain: Chain, step: int, frames: int) -> Op:
    by_frame = {op["frame"]: op for op in chain.ops}
    chosen = carry.keyframes([(frame, box_of(op)) for frame, op in by_frame.items()])
    keyframes: dict[str, Any] = {str(n): {"geometry": by_frame[n]["geometry"]} for n in chosen}
    last = chosen[-1]
    if last + step < frames:
        keyframes[str(last + 1)] = {"outside": True}
    confidence = sum(op["confidence"] for op in chain.ops) / len(chain.ops)
    return {**chain.ops[0], "confidence": round(confidence, 4), "keyframes": keyframes}
