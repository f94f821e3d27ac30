"""JSON files of any size, a batch of list elements at a time. Pure.

A file is cut where a list element seems to end, and the cut parsed by a fast parser; only what does not parse so
is taken element by element. A cut is right when `[` + cut + `]` is valid: a JSON text has no two readings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any, NoReturn

import orjson

from annotations.formats.base import FormatError

_CHUNK = 1 << 20
_LONGEST = 1 << 29
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_NOT_BLANK_TEXT = re.compile(r"[^ \t\r\n]")
_MAY_GO_ON = re.compile(r"[-+.0-9eE]*")  # the rest of a number that ends with the buffer
_SEAM = re.compile(rb"\s*,\s*\{")
_DECODER = json.JSONDecoder()
_TRIES = 3


class Elements:
    """The elements of one list, in batches; `first` is the number of a batch's first element."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self.first = 0
        self.done = False

    def batches(self) -> Iterator[list[Any]]:
        """Lists of elements; the file is read on as one takes them."""
        while not self.done:
            batch, self.done = self._reader.batch()
            if batch:
                yield batch
            self.first += len(batch)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """(number, element) one by one."""
        for batch in self.batches():
            yield from enumerate(batch, start=self.first)

    def skip(self) -> None:
        for _ in self.batches():
            pass


def sections(stream: IO[bytes], file: str) -> Iterator[tuple[str, Any]]:
    """(key, value) of a JSON object's members; a value that is a list comes as `Elements`, to be read at once.

    A file that is a list gives one section with the key "".

    Raises:
        FormatError: it is no JSON; the line is named.
    """
    reader = _Reader(stream, file)
    opening = reader.peek()
    if opening == b"[":
        yield from _list(reader, "")
    elif opening == b"{":
        yield from _members(reader)
    else:
        reader.fail("it begins with neither { nor [")
    if reader.peek():
        reader.fail("something follows the closing bracket")


def _members(reader: _Reader) -> Iterator[tuple[str, Any]]:
    reader.skip(1)
    while reader.peek() != b"}":
        key = reader.value()
        if not isinstance(key, str) or reader.peek() != b":":
            reader.fail('a name and ":" were expected')
        reader.skip(1)
        if reader.peek() == b"[":
            yield from _list(reader, key)
        else:
            yield key, reader.value()
        if reader.peek() == b",":
            reader.skip(1)
        elif reader.peek() != b"}":
            reader.fail('"," or "}" was expected')
    reader.skip(1)


def _list(reader: _Reader, key: str) -> Iterator[tuple[str, Elements]]:
    reader.skip(1)
    elements = Elements(reader)
    yield key, elements
    elements.skip()


class _Reader:
    def __init__(self, stream: IO[bytes], file: str) -> None:
        self.stream, self.file = stream, file
        self.buffer = stream.read(_CHUNK).removeprefix(b"\xef\xbb\xbf")
        self.at = 0
        self.line = 1
        self.ended = len(self.buffer) == 0

    def fail(self, why: str) -> NoReturn:
        line = self.line + self.buffer.count(b"\n", 0, self.at)
        raise FormatError("json", f"This is no valid JSON: {why}.", self.file, f"line {line}")

    def more(self) -> bool:
        """Read on, at least as much again as there is; False at the end of the file."""
        self.line += self.buffer.count(b"\n", 0, self.at)
        rest = self.buffer[self.at :]
        if len(rest) > _LONGEST:
            self.fail(f"one value has more than {_LONGEST >> 20} MB")
        chunk = self.stream.read(max(_CHUNK, len(rest)))
        self.buffer, self.at = rest + chunk, 0
        self.ended = not chunk
        return not self.ended

    def peek(self) -> bytes:
        """The next byte that is not blank, b"" at the end."""
        while True:
            match = _NOT_BLANK.search(self.buffer, self.at)
            if match:
                self.at = match.start()
                return match.group()
            self.at = len(self.buffer)
            if not self.more():
                return b""

    def skip(self, count: int) -> None:
        self.at += count

    def value(self) -> Any:
        """One value, whatever it is."""
        self.peek()
        while True:
            text = self._text()
            try:
                found, end = _decode(text)
            except RecursionError:
                self.fail("it is nested too deeply")
            except ValueError as error:
                if self.more():
                    continue
                self.fail(str(error).split(":")[0].lower())
            if _MAY_GO_ON.fullmatch(text, end) and isinstance(found, int | float) and self.more():
                continue
            self.at += len(text[:end].encode("utf-8", "surrogateescape"))
            return found

    def batch(self) -> tuple[list[Any], bool]:
        """The next elements, and whether the list has ended (and was left behind)."""
        if self.peek() == b"]":
            self.skip(1)
            return [], True
        if not self.ended and len(self.buffer) - self.at < _CHUNK // 2:
            self.more()
        quick = self._quick()
        return (quick, False) if quick else self._slow()

    def _quick(self) -> list[Any]:
        """The objects up to the last seam in the buffer, if a cut there is right."""
        if self.buffer[self.at : self.at + 1] != b"{":
            return []
        end = len(self.buffer)
        for _ in range(_TRIES):
            end = self._seam(end)
            if end < 0:
                return []
            try:
                found = orjson.loads(b"[" + self.buffer[self.at : end + 1] + b"]")
            except orjson.JSONDecodeError:
                continue
            self.at = end + 1
            self._after_comma()
            return list(found)
        return []

    def _seam(self, before: int) -> int:
        """Where the last `}` is that a comma and a new object follow; -1 for nowhere."""
        found = self.buffer.rfind(b"}", self.at, before)
        while found >= 0 and not _SEAM.match(self.buffer, found + 1):
            found = self.buffer.rfind(b"}", self.at, found)
        return found

    def _after_comma(self) -> None:
        self.peek()
        self.skip(1)

    def _slow(self) -> tuple[list[Any], bool]:
        """Elements one by one, as far as they lie whole in the buffer with the comma or bracket behind them."""
        text = self._text()
        found: list[Any] = []
        at, ended = 0, False
        while not ended:
            try:
                value, end = _decode(text, _next(text, at))
            except RecursionError:
                self.fail("it is nested too deeply")
            except ValueError:
                break
            behind = _next(text, end)
            if behind == len(text) or text[behind] not in ",]":
                break
            found.append(value)
            at, ended = behind + 1, text[behind] == "]"
        if found:
            self.at += len(text[:at].encode("utf-8", "surrogateescape"))
            return found, ended
        return self._after_more()

    def _after_more(self) -> tuple[list[Any], bool]:
        if not self.more():
            self.value()  # says what is wrong with the element, if it is that
            self.fail('"," or "]" was expected')
        return self.batch()

    def _text(self) -> str:
        return self.buffer[self.at :].decode("utf-8", "surrogateescape")


def _next(text: str, at: int) -> int:
    """The next character that is not blank."""
    found = _NOT_BLANK_TEXT.search(text, at)
    return found.start() if found else len(text)


def _decode(text: str, at: int = 0) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, at)
