"""Run lengths of masks: COCO's compressed text, COCO's list, CVAT's rows in a frame, and arrays. Pure.

COCO counts column by column, CVAT row by row; both begin with the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as coco
from numpy.typing import NDArray

MOST_PIXELS = 1 << 30
Bits = NDArray[np.uint8]
Runs = NDArray[np.int64]


class RleError(ValueError):
    """The run lengths are none, or do not fit their size."""


@lru_cache(maxsize=8)
def runs(counts: str) -> Runs:
    """The runs of COCO's compressed text, not to be written to: a mask is asked about several times in a row.

    Five bits a character, offset 48, bit 5 for 'more follows', signed; from the fourth on each is stored as the
    difference to the one two before (cocoapi, `rleFrString`).

    Raises:
        RleError: the text is no such code.

    >>> runs("04").tolist()
    [0, 4]
    """
    try:
        codes = np.frombuffer(counts.encode("ascii"), dtype=np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise RleError("the counts are not a compressed run-length text") from None
    if not len(codes):
        codes.flags.writeable = False
        return codes
    if codes.min() < 0 or codes.max() > 63:
        raise RleError("the counts are not a compressed run-length text")
    ends = np.flatnonzero((codes & 32) == 0)
    if not len(ends) or ends[-1] != len(codes) - 1:
        raise RleError("the counts end in the middle of a run")
    lengths = _undo_differences(_values(codes, ends))
    lengths.flags.writeable = False
    return lengths


def _values(codes: Runs, ends: Runs) -> Runs:
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > 10:
        raise RleError("a run is too long")
    place = np.arange(len(codes)) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 31) << (5 * place), starts)
    negative = (codes[ends] & 16) != 0
    values[negative] -= np.int64(1) << (5 * lengths[negative])
    return values


def _undo_differences(values: Runs) -> Runs:
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def text(lengths: Sequence[int] | Runs) -> str:
    """COCO's compressed text of runs.

    >>> text([0, 4]), runs(text([5, 1, 900, 2, 7])).tolist()
    ('04', [5, 1, 900, 2, 7])
    """
    values = np.asarray(lengths, dtype=np.int64)
    differences = values.copy()
    differences[3:] -= values[1:-2]
    digits: list[str] = []
    for value in differences.tolist():
        while True:
            code = value & 31
            value >>= 5
            more = value != (-1 if code & 16 else 0)
            digits.append(chr((code | 32 if more else code) + 48))
            if not more:
                break
    return "".join(digits)


def checked(counts: object, height: int, width: int) -> str:
    """The compressed text of counts from outside, a text or a list, that cover height x width pixels.

    Raises:
        RleError: they do not.
    """
    lengths = runs(counts) if isinstance(counts, str) else _listed(counts)
    covered = int(lengths.sum())
    if len(lengths) and lengths.min() < 0:
        raise RleError("a run is negative")
    if covered != height * width:
        raise RleError(f"the counts cover {covered} pixels, the size {width} x {height} has {height * width}")
    return counts if isinstance(counts, str) else text(lengths)


def _listed(counts: object) -> Runs:
    if not isinstance(counts, list) or not all(type(run) is int and 0 <= run < 2**40 for run in counts):
        raise RleError("the counts are neither a text nor a list of whole numbers from 0")
    return np.array(counts, dtype=np.int64)


def decode(counts: str, height: int, width: int) -> Bits:
    """[height, width] of 0 and 1.

    Raises:
        RleError: it does not fit, or has more than a thousand million pixels.
    """
    if height * width > MOST_PIXELS:
        raise RleError(f"a mask of {width} x {height} pixels is too large")
    checked(counts, height, width)
    lengths = runs(counts)
    return _fill(lengths, height * width).reshape(width, height).T


def _fill(lengths: Runs, size: int) -> Bits:
    values = np.zeros(len(lengths), dtype=np.uint8)
    values[1::2] = 1
    filled: Bits = np.repeat(values, lengths)
    return filled if len(filled) == size else np.zeros(size, dtype=np.uint8)


def encode(bits: NDArray[Any]) -> str:
    """COCO's compressed text of an array [height, width]; anything but 0 is foreground."""
    return text(_runs_of(np.asarray(bits).T.reshape(-1)))


def _runs_of(flat: NDArray[Any]) -> Runs:
    on = (flat != 0).astype(np.int8)
    edges = np.flatnonzero(np.diff(on, prepend=0))
    ends: Runs = np.concatenate((edges, [len(on)])) - np.concatenate(([0], edges))
    return ends


def rows(counts: str, height: int, width: int) -> tuple[int, int, int, int, list[int]]:
    """(left, top, width, height, runs) of CVAT: row by row within the mask's bounds."""
    found = bounds(counts, height, width)
    if found is None:
        return 0, 0, 1, 1, [1]
    left, top, right, bottom = found
    inner = decode(counts, height, width)[top:bottom, left:right]
    return left, top, right - left, bottom - top, [int(run) for run in _runs_of(inner.reshape(-1))]


def from_rows(frame: tuple[int, int, int, int], lengths: Sequence[int], height: int, width: int) -> tuple[str, bool]:
    """COCO's text of a CVAT mask, and whether some of it lay outside of the picture and was cut.

    Args:
        frame: left, top, width, height of what the runs cover.
        lengths: Runs row by row, background first.
        height, width: The picture's.

    Raises:
        RleError: the runs do not cover the frame.
    """
    left, top, across, down = frame
    if across < 1 or down < 1 or across * down > MOST_PIXELS or height * width > MOST_PIXELS:
        raise RleError(f"a mask of {across} x {down} pixels in a picture of {width} x {height} cannot be")
    listed = _listed(list(lengths))
    if listed.sum() != across * down:
        raise RleError(f"the runs cover {listed.sum()} pixels, the mask's frame {across * down}")
    part = _fill(listed, across * down).reshape(down, across)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + across, width), min(top + down, height)
    bits = np.zeros((height, width), dtype=np.uint8)
    if x1 > x0 and y1 > y0:
        bits[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
    return encode(bits), (x0, y0, x1, y1) != (left, top, left + across, top + down)


def area(counts: str) -> int:
    """Foreground pixels."""
    return int(runs(counts)[1::2].sum())


def bounds(counts: str, height: int, width: int) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) around the foreground, x1 and y1 exclusive; None where there is none."""
    lengths = runs(counts)
    ends = np.cumsum(lengths)[1::2]
    on = lengths[1::2] > 0
    last = ends[on] - 1
    if not len(last):
        return None
    first = last - lengths[1::2][on] + 1
    left, right = int(first[0] // height), int(last[-1] // height) + 1
    if (first // height != last // height).any():
        return left, 0, right, height  # a run over a column's end touches the bottom and the top
    return left, int((first % height).min()), right, int((last % height).max()) + 1


def union(polygons: Sequence[Sequence[float]], height: int, width: int) -> str:
    """COCO's text of everything that one of the flat rings `[x, y, x, y, ...]` covers, as cocoapi draws it.

    Raises:
        RleError: the picture has more than a thousand million pixels.
    """
    if height * width > MOST_PIXELS:
        raise RleError(f"a mask of {width} x {height} pixels is too large")
    parts = coco.frPyObjects([list(ring) for ring in polygons], height, width)
    counts = coco.merge(parts)["counts"]
    return counts.decode() if isinstance(counts, bytes) else str(counts)
