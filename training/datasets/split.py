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
    """A picture to be placed.

    Attributes:
        group: What it may not be parted from, such as its video.
        frame: On a video.
        fixed: A side chosen by hand.
        blank: Nothing is in it: it can be learned from, but proves little.
    """

    group: str
    frame: int | None = None
    fixed: str = ""
    blank: bool = False


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
    free, blank = _groups(pictures)
    _by_groups(sides, blank, round(sum(map(len, blank.values())) * share), seed)
    if not free:
        return Split(sides, "by hand")
    wanted = _wanted(pictures, share)
    total = sum(map(len, free.values()))
    largest = max(free, key=lambda key: (len(free[key]), key))
    if len(free[largest]) > DOMINANT * total and len(free[largest]) > 1:
        return _by_time(pictures, sides, free, largest, wanted)
    fixed = {picture.fixed for picture in pictures if not picture.blank}
    _by_groups(sides, free, wanted, seed, least_val="val" not in fixed, other_train="train" in fixed)
    return Split(sides, "by groups")


def _groups(pictures: Sequence[Picture]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """The indices of pictures that are to be placed, by group: groups with something in them, and blank ones."""
    free: dict[str, list[int]] = defaultdict(list)
    for index, picture in enumerate(pictures):
        if not picture.fixed:
            free[picture.group].append(index)
    blank = {key: free[key] for key in free if all(pictures[index].blank for index in free[key])}
    return {key: indices for key, indices in free.items() if key not in blank}, blank


def _wanted(pictures: Sequence[Picture], share: float) -> int:
    """How many of the free pictures with something in them should go to "val"."""
    usable = [picture for picture in pictures if not picture.blank and picture.fixed != "test"]
    already = sum(picture.fixed == "val" for picture in usable)
    return max(round(len(usable) * share) - already, 0 if already else 1)


def _rank(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _by_groups(
    sides: list[str],
    free: dict[str, list[int]],
    wanted: int,
    seed: int,
    *,
    least_val: bool = False,
    other_train: bool = False,
) -> None:
    """Whole groups in the order of their hash go to "val" while they fit, the rest to "train".

    With `least_val` the smallest group goes when none fits, unless nothing would be left to train on.
    """
    taken, chosen = 0, set()
    keys = sorted(free, key=lambda key: _rank(seed, key))
    for key in keys:
        if taken + len(free[key]) <= wanted:
            taken += len(free[key])
            chosen.add(key)
    if not chosen and least_val and (len(keys) > 1 or other_train):
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
