"""Which pictures a model learns from and which it is proven on: seeded, stable, stratified, and without leaks.

Frames of one video resemble each other, and so do near-duplicates: each such group stays on one side. Groups go by
the hash of their key, within the stratum of their rarest class: adding pictures later moves few of the others across.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

VAL_SHARE = 0.2
SIDES = ("train", "val", "test")
# One group with more than this share of all pictures is cut by time: no choice of whole groups comes near 80/20.
DOMINANT = 0.7
_FEW = 3  # groups of a class, from which on one of them proves it

Groups = dict[str, list[int]]


@dataclass(frozen=True)
class Picture:
    """A picture to be placed.

    Attributes:
        group: What it may not be parted from, such as its video.
        frame: On a video.
        fixed: A side chosen by hand.
        blank: Nothing is in it: it can be learned from, but proves little.
        labels: The classes in it, once each.
    """

    group: str
    frame: int | None = None
    fixed: str = ""
    blank: bool = False
    labels: tuple[str, ...] = ()


@dataclass
class Split:
    """`sides[i]` is the side of the i-th picture; `notes` say in words what to know about the split."""

    sides: list[str]
    method: str
    notes: list[str] = field(default_factory=list)
    gap_frames: int | None = None


@dataclass(frozen=True)
class _Wish:
    """What one side should get: `wanted` pictures; `least`, at least a group even where none fits."""

    side: str
    share: float
    wanted: int
    least: bool


def split(pictures: Sequence[Picture], share: float = VAL_SHARE, seed: int = 0, test: float = 0.0) -> Split:
    """Place every picture in "train", "val" or "test".

    Args:
        pictures: At least two.
        share: The part that goes to "val", above 0.
        seed: Another seed gives another split; the same one always the same.
        test: The part that goes to "test", which nothing of the training sees; `share + test` is below 1.
    """
    sides = [picture.fixed for picture in pictures]
    notes = _follow(pictures, sides)
    free, blank = _groups(pictures, sides)
    _share_out_blank(sides, blank, share, test, seed)
    if not free:
        return Split(sides, "by hand", notes)
    largest = max(free, key=lambda key: (len(free[key]), key))
    if len(free[largest]) > DOMINANT * sum(map(len, free.values())) and len(free[largest]) > 1:
        return _by_time(pictures, sides, free, largest, share, test, notes)
    strata = _strata(pictures, free)
    for wish in _wishes(pictures, sides, share, test):
        chosen = _choose(free, strata, wish, seed, "train" in sides)
        _give(sides, {key: free.pop(key) for key in chosen}, wish.side)
        if not free:
            break
    _give(sides, free, "train")
    return Split(sides, "by groups", notes)


def _give(sides: list[str], groups: Groups, side: str) -> None:
    for indices in groups.values():
        for index in indices:
            sides[index] = side


def _follow(pictures: Sequence[Picture], sides: list[str]) -> list[str]:
    """What belongs to a group of which somebody has placed a picture by hand goes to that picture's side."""
    placed: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        if picture.fixed:
            placed[picture.group].add(picture.fixed)
    for index, picture in enumerate(pictures):
        if not picture.fixed and picture.group in placed:
            sides[index] = min(placed[picture.group], key=SIDES.index)
    parted = sum(len(found) > 1 for found in placed.values())
    if not parted:
        return []
    what = "group of pictures that resemble" if parted == 1 else "groups of pictures that resemble"
    return [f"{parted} {what} one another lie on two sides, where somebody put them by hand: the proof leaks there."]


def _groups(pictures: Sequence[Picture], sides: list[str]) -> tuple[Groups, Groups]:
    """The indices of pictures that are to be placed, by group: groups with something in them, and blank ones."""
    free: Groups = defaultdict(list)
    for index, picture in enumerate(pictures):
        if not sides[index]:
            free[picture.group].append(index)
    blank = {key: free[key] for key in free if all(pictures[index].blank for index in free[key])}
    return {key: indices for key, indices in free.items() if key not in blank}, blank


def _wishes(pictures: Sequence[Picture], sides: Sequence[str], share: float, test: float) -> list[_Wish]:
    """What "test" and "val" should still get, "test" first: it is the one that must not change."""
    usable = [side for picture, side in zip(pictures, sides, strict=True) if not picture.blank]
    placed = Counter(usable)
    proven = len(usable) if test else len(usable) - placed["test"]
    wishes = []
    if test:
        wishes.append(_Wish("test", test, max(round(len(usable) * test) - placed["test"], 0), False))
    least = 0 if placed["val"] else 1
    wishes.append(_Wish("val", share, max(round(proven * share) - placed["val"], least), not placed["val"]))
    return wishes


def _rank(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _strata(pictures: Sequence[Picture], free: Groups) -> dict[str, str]:
    """The rarest class of each group. Classes whose frequencies share a power of two are equally rare: one more
    picture seldom changes which is the rarer, and so moves nothing across."""
    within = {key: set().union(*(pictures[index].labels for index in indices)) for key, indices in free.items()}
    frequency = Counter(label for labels in within.values() for label in labels)
    return {
        key: min(labels, key=lambda label: (frequency[label].bit_length(), label), default="")
        for key, labels in within.items()
    }


def _choose(free: Groups, strata: Mapping[str, str], wish: _Wish, seed: int, trained: bool = True) -> set[str]:
    """Groups in the order of their hash, stratum by stratum, and then more or fewer to come near the wish."""
    salt = "" if wish.side == "val" else f"{wish.side}:"
    keys = sorted(free, key=lambda key: _rank(seed, salt + key))
    by_stratum: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_stratum[strata[key]].append(key)
    chosen: set[str] = set()
    if len(by_stratum) > 1:
        for name in sorted(by_stratum):
            chosen |= _of_stratum(free, name, by_stratum[name], wish.share, seed)
    keep = _spared(by_stratum, chosen)
    _fewer(free, chosen, [key for key in reversed(keys) if key not in keep], wish.wanted)
    _more(free, chosen, keys, wish.wanted)
    if not chosen and wish.least and (len(keys) > 1 or trained):
        chosen.add(min(keys, key=lambda key: (len(free[key]), _rank(seed, salt + key))))
    return chosen


def _of_stratum(free: Groups, name: str, keys: Sequence[str], share: float, seed: int) -> set[str]:
    """The stratum's share, rounded by the hash of its name: fair over many small strata, and fixed for each."""
    size = sum(len(free[key]) for key in keys)
    fair = int(_rank(seed, f"stratum {name}")[:8], 16) / 2**32
    wanted = max(math.floor(size * share + fair), int(len(keys) >= _FEW))
    chosen: set[str] = set()
    _more(free, chosen, keys, wanted)
    return chosen


def _spared(by_stratum: Mapping[str, Sequence[str]], chosen: set[str]) -> set[str]:
    """The first chosen group of each class that has a few: without it the class would not be proven."""
    firsts = (next((key for key in keys if key in chosen), None) for keys in by_stratum.values() if len(keys) >= _FEW)
    return {key for key in firsts if key is not None}


def _more(free: Groups, chosen: set[str], keys: Iterable[str], wanted: int) -> None:
    taken = sum(len(free[key]) for key in chosen)
    for key in keys:
        if key not in chosen and taken + len(free[key]) <= wanted:
            taken += len(free[key])
            chosen.add(key)


def _fewer(free: Groups, chosen: set[str], keys: Iterable[str], wanted: int) -> None:
    taken = sum(len(free[key]) for key in chosen)
    for key in keys:
        if taken <= wanted:
            return
        if key in chosen:
            taken -= len(free[key])
            chosen.discard(key)


def _share_out_blank(sides: list[str], blank: Groups, share: float, test: float, seed: int) -> None:
    total = sum(map(len, blank.values()))
    strata = dict.fromkeys(blank, "")
    for side, part in (("test", test), ("val", share)):
        wish = _Wish(side, part, round(total * part), False)
        _give(sides, {key: blank.pop(key) for key in _choose(blank, strata, wish, seed)} if part else {}, side)
    _give(sides, blank, "train")


def _by_time(
    pictures: Sequence[Picture],
    sides: list[str],
    free: Groups,
    largest: str,
    share: float,
    test: float,
    notes: list[str],
) -> Split:
    """The last frames of the dominant group prove what was learned from the earlier ones."""
    wanted = {wish.side: wish.wanted for wish in _wishes(pictures, sides, share, test)}
    ordered = sorted(free[largest], key=lambda index: (pictures[index].frame or 0, index))
    val = min(max(wanted["val"], 1), len(ordered) - 1)
    last = min(wanted.get("test", 0), len(ordered) - 1 - val)
    cut = len(ordered) - val - last
    _give(sides, free, "train")
    _give(sides, {"val": ordered[cut : cut + val]}, "val")
    _give(sides, {"test": ordered[cut + val :]}, "test")
    before, after = pictures[ordered[cut - 1]].frame, pictures[ordered[cut]].frame
    if before is None or after is None:
        return Split(sides, "by order", [*notes, _RESEMBLE])
    gap = after - before
    note = (
        f"Most frames come from one video, so its frames up to {before} train and those from {after} on validate: "
        f"{gap} frame{'s' if gap != 1 else ''} lie between the two. Label a second video for an independent proof."
    )
    return Split(sides, "by time", [*notes, note], gap)


_RESEMBLE = (
    "Most pictures resemble one another, so the first ones by name train and the last ones validate. "
    "Add pictures of another place or day for an independent proof."
)
