"""Label Studio's run lengths of brush strokes: bytes of a bit stream over red, green, blue and alpha. Pure.

The stream is that of @thi.ng/rle-pack: 32 bits for the number of words, 5 for a word's bits less one, four times 4
for the bits of the four classes of lengths less one. Then blocks until all words are there: 1 bit (a run, or single
words), 2 bits (the class of length), the length less one in as many bits, and one word or each of them. Most
significant bit first. Label Studio packs four words of 8 bits a pixel, row by row; alpha says what is painted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.formats.rle import RleError

Bits = NDArray[np.uint8]
MOST_PIXELS = 1 << 26
_CLASSES = (3, 4, 8, 16)
_WORD = 8
_CHANNELS = 4


def decode(data: object, height: int, width: int) -> Bits:
    """[height, width] of 0 and 1.

    Raises:
        RleError: it is no such stream, has another size, or too many pixels.
    """
    if height * width > MOST_PIXELS:
        raise RleError(f"a brush stroke over {width} x {height} pixels is too large")
    words = _Stream(data).words(height * width * _CHANNELS)
    return (words.reshape(height, width, _CHANNELS)[:, :, 3] > 0).astype(np.uint8)


def encode(bits: NDArray[Any]) -> list[int]:
    """The stream of an array [height, width]: what is not 0 is painted, in all four channels.

    >>> encode(np.array([[1]]))[:4]
    [0, 0, 0, 4]
    """
    flat = (np.asarray(bits).reshape(-1) != 0).astype(np.uint8)
    head = [_digits(len(flat) * _CHANNELS, 32), _digits(_WORD - 1, 5), *(_digits(c - 1, 4) for c in _CLASSES)]
    edges = np.concatenate(([0], np.flatnonzero(np.diff(flat)) + 1, [len(flat)]))
    body = [_run((end - start) * _CHANNELS, 255 * int(flat[start])) for start, end in _pairs(edges)]
    stream = "".join([*head, *body])
    stream += "0" * (-len(stream) % 8)
    return list(int(stream, 2).to_bytes(len(stream) // 8, "big"))


def _pairs(edges: NDArray[np.int64]) -> list[tuple[int, int]]:
    places = edges.tolist()
    return [(start, end) for start, end in zip(places, places[1:], strict=False) if end > start]


def _digits(value: int, count: int) -> str:
    return format(value, f"0{count}b")


def _run(length: int, word: int) -> str:
    longest = 1 << _CLASSES[-1]
    whole, rest = divmod(length, longest)
    return "".join(_block(each, word) for each in [longest] * whole + [rest] * (rest > 0))


def _block(length: int, word: int) -> str:
    kind = next(n for n, size in enumerate(_CLASSES) if length <= 1 << size)
    return f"1{_digits(kind, 2)}{_digits(length - 1, _CLASSES[kind])}{_digits(word, _WORD)}"


class _Stream:
    def __init__(self, data: object) -> None:
        if not isinstance(data, list) or not all(type(each) is int and 0 <= each < 256 for each in data):
            raise RleError("the brush stroke's rle is not a list of bytes")
        self.bits = np.unpackbits(np.array(data, np.uint8))
        self.at = 0

    def words(self, wanted: int) -> Bits:
        count = self.number(32)
        if count != wanted:
            raise RleError(f"the brush stroke's rle has {count} words, {wanted} are needed: four a pixel")
        size, classes = self.number(5) + 1, [self.number(4) + 1 for _ in range(4)]
        if size > _WORD:
            raise RleError(f"the brush stroke's rle has words of {size} bits")
        found = np.zeros(count, np.uint8)
        done = 0
        while done < count:
            single = self.number(1) == 0
            length = min(self.number(classes[self.number(2)]) + 1, count - done)
            found[done : done + length] = self.many(length, size) if single else self.number(size)
            done += length
        return found

    def number(self, size: int) -> int:
        return int("".join(map(str, self._take(size).tolist())), 2)

    def many(self, length: int, size: int) -> Bits:
        rows = self._take(length * size).reshape(length, size)
        return (rows @ (1 << np.arange(size - 1, -1, -1))).astype(np.uint8)

    def _take(self, size: int) -> Bits:
        if self.at + size > len(self.bits):
            raise RleError("the brush stroke's rle ends too early")
        taken = self.bits[self.at : self.at + size]
        self.at += size
        return taken
