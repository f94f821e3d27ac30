"""Which pictures a detector learns from and which it is proven on: seeded, stable, and without leaks.

Frames of one video resemble each other, so a video is a group that stays on one side. Groups go by the
hash of their key: adding pictures later moves few of the others across.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

VAL_SHARE = 0.2
# One video with more than this share of all frames is cut by time: no choice of whole groups comes near 80/20.
DOMINANT = 0.7


@dataclass(frozen=True)
class Picture:
    """A picture to be placed: its `group` (an asset's id), its frame on a video, and a side fixed by hand."""

    group: str
    frame: int | None = None
    fixed: str = ""


@dataclass
class Split:
    """`sides[i]` is the side of the i-th picture; `notes` say in words what to know about the split."""

    sides: list[str]
    method: str
    notes: list[str] = field(default_factory=list)
    gap_frames: int | None = None


def split(pictures: Sequence[Picture], share: float = VAL_SHARE, seed: int = 0) -> Split:
    """Place every picture in "train" or "val" (or "test", when fixed by hand).

    Args:
        pictures: At least two.
        share: The part that goes to "val", above 0 and below 1.
        seed: Another seed gives another split; the same one always the same.
    """
    sides = [picture.fixed for picture in pictures]
    free: dict[str, list[int]] = defaultdict(list)
    for index, picture in enumerate(pictures):
        if not picture.fixed:
            free[picture.group].append(index)
    if not free:
        return Split(sides, "by hand")
    wanted = _wanted(sides, share)
    total = sum(map(len, free.values()))
    largest = max(free, key=lambda key: (len(free[key]), key))
    if len(free[largest]) > DOMINANT * total and len(free[largest]) > 1:
        return _by_time(pictures, sides, free, largest, wanted)
    _by_groups(sides, free, wanted, seed)
    return Split(sides, "by groups")


def _wanted(sides: Sequence[str], share: float) -> int:
    """How many of the free pictures should go to "val"."""
    usable = sum(side != "test" for side in sides)
    wanted = round(usable * share) - sum(side == "val" for side in sides)
    return max(wanted, 0 if "val" in sides else 1)


def _rank(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _by_groups(sides: list[str], free: dict[str, list[int]], wanted: int, seed: int) -> None:
    taken, chosen = 0, set()
    keys = sorted(free, key=lambda key: _rank(seed, key))
    for key in keys:
        if taken + len(free[key]) <= wanted:
            taken += len(free[key])
            chosen.add(key)
    if not chosen and wanted and (len(keys) > 1 or "train" in sides):
        chosen.add(min(keys, key=lambda key: (len(free[key]), _rank(seed, key))))
    for key, indices in free.items():
        for index in indices:
            sides[index] = "val" if key in chosen else "train"


def _by_time(
    pictures: Sequence[Picture], sides: list[str], free: dict[str, list[int]], largest: str, wanted: int
) -> Split:
    """The last frames of the dominant video prove what was learned from the earlier ones."""
    ordered = sorted(free[largest], key=lambda index: pictures[index].frame or 0)
    cut = len(ordered) - min(max(wanted, 1), len(ordered) - 1)
    for indices in free.values():
        for index in indices:
            sides[index] = "train"
    for index in ordered[cut:]:
        sides[index] = "val"
    last, first = pictures[ordered[cut - 1]].frame or 0, pictures[ordered[cut]].frame or 0
    gap = first - last
    note = (
        f"Most frames come from one video, so its frames up to {last} train and those from {first} on validate: "
        f"{gap} frame{'s' if gap != 1 else ''} lie between the two. Label a second video for an independent proof."
    )
    return Split(sides, "by time", [note], gap)
