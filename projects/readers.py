"""Exact access to the frames of videos: one open decoder, and a bounded pool of them. Knows no Django."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projects import videos

_RECENT_BYTES = 48 * 2**20  # decoded frames that one reader keeps, so that stepping back does not start over
_FOLLOWED_S = 2.0  # who steps through a video asks for the next frame within this
_MOST_OF_ONE = 3  # readers of one video, so that people at different places do not send one to and fro
_AHEAD = 12  # frames that are cheaper to decode than to seek over


class FrameUnreadable(RuntimeError):
    """A frame of the index could not be decoded: the stored file changed or is damaged."""


@dataclass(frozen=True)
class Source:
    """What a reader needs to know of a video: its file and the index that `videos.index_frames` made."""

    path: Path
    decoder: str
    marks: NDArray[np.int64]
    keys: NDArray[np.int32]
    mark: str


class FrameReader:
    """One open decoder. Not safe for threads: `Readers` lends it to one at a time."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.position = 0  # of the next frame that the decoder will give
        self._stack = ExitStack()
        self._container, self._stream = self._stack.enter_context(videos.open_video(source.path, source.decoder))
        self._sorted = np.argsort(source.marks, kind="stable")
        self._run: Iterator[tuple[int, Any]] | None = None
        self._recent: OrderedDict[int, Any] = OrderedDict()

    def close(self) -> None:
        self._recent.clear()
        self._run = None
        self._stack.close()

    def read(self, number: int) -> Any:
        """The av.VideoFrame with display index `number`.

        Raises:
            FrameUnreadable: the file does not give it.
        """
        if number in self._recent:
            self._recent.move_to_end(number)
            return self._recent[number]
        if self._run is not None and self._ahead(number):
            frame = self._advance(number)
            if frame is not None:
                return frame
        for start in self._starts(number):
            self._seek(start)
            frame = self._advance(number)
            if frame is not None:
                return frame
        raise FrameUnreadable(f"Frame {number} of {self.source.path.name} cannot be decoded.")

    def cost(self, number: int) -> int:
        """About how many frames have to be decoded to give frame `number` from here."""
        if number in self._recent:
            return 0
        if self._run is not None and self._ahead(number):
            return number - self.position + 1
        return number - self._key_before(number) + _AHEAD

    def _ahead(self, number: int) -> bool:
        """Whether decoding on is no dearer than starting at the key frame before `number`."""
        step = number - self.position
        return step >= 0 and (step <= _AHEAD or self._key_before(number) <= self.position)

    def _key_before(self, number: int) -> int:
        place = int(np.searchsorted(self.source.keys, number, side="right")) - 1
        return int(self.source.keys[place]) if place >= 0 else 0

    def _starts(self, number: int) -> Iterator[int]:
        """Where to start decoding: the key frame before, an earlier one where that fails, at last the beginning."""
        if self.source.mark != videos.ORDER:
            place = int(np.searchsorted(self.source.keys, number, side="right")) - 1
            for back in (0, 1, 4):
                if place - back > 0:
                    yield int(self.source.keys[place - back])
        yield 0

    def _seek(self, start: int) -> None:
        self._run = None
        if start == 0:  # some demuxers cannot seek to before the first timestamp; a fresh start always works
            self._stack.close()
            self._container, self._stream = self._stack.enter_context(
                videos.open_video(self.source.path, self.source.decoder)
            )
        else:
            self._container.seek(int(self.source.marks[start]), stream=self._stream)
        self._run = self._frames(start)
        self.position = start

    def _frames(self, start: int) -> Iterator[tuple[int, Any]]:
        """(display index, frame) from `start` on; leading pictures that lack their references are passed over."""
        packets = videos.packets(self._container, self._stream)
        if self.source.mark == videos.ORDER:
            yield from enumerate(frame for _mark, frame in videos.decode(self._stream, enumerate(packets)))
            return
        marked = ((getattr(packet, self.source.mark), packet) for packet in packets)
        for mark, frame in videos.decode(self._stream, marked):
            number = self._number(mark)
            if number is not None and number >= start:
                yield number, frame

    def _number(self, mark: int | None) -> int | None:
        """The display index of the frame that a packet with this mark carries."""
        if mark is None:
            return None
        place = int(np.searchsorted(self.source.marks, mark, sorter=self._sorted))
        if place < len(self._sorted) and self.source.marks[self._sorted[place]] == mark:
            return int(self._sorted[place])
        return None

    def _advance(self, number: int) -> Any | None:
        """Decode on up to `number`; None where the decoder passes it by."""
        assert self._run is not None
        for found, frame in self._run:
            self.position = found + 1
            self._remember(found, frame)
            if found == number:
                return frame
            if found > number:
                return None
        self._run = None
        return None

    def _remember(self, number: int, frame: Any) -> None:
        self._recent[number] = frame
        most = max(2, _RECENT_BYTES // max(1, frame.width * frame.height * 2))
        while len(self._recent) > most:
            self._recent.popitem(last=False)


@dataclass
class _Entry:
    reader: FrameReader
    busy: bool = True
    used: float = field(default_factory=time.monotonic)


class Readers:
    """Open readers, at most `most` of them; the longest idle one makes room, and all close after `idle_s`."""

    def __init__(self, most: int = 6, idle_s: float = 30.0) -> None:
        self._most, self._idle = most, idle_s
        self._entries: list[tuple[str, _Entry]] = []
        self._opening = 0
        self._changed = threading.Condition()
        self._timer: threading.Timer | None = None

    @contextmanager
    def lend(self, key: str, number: int, load: Callable[[], Source]) -> Iterator[FrameReader]:
        """The reader of `key` that is nearest before frame `number`, for this thread alone."""
        entry = self._take(key, number)
        try:
            if entry is None:
                entry = self._open(key, load)
            yield entry.reader
        except BaseException:
            self._give_back(entry, broken=True)
            raise
        self._give_back(entry)

    def _take(self, key: str, number: int) -> _Entry | None:
        """A free reader made busy; None when a new one may be opened (its place is then taken)."""
        with self._changed:
            while True:
                free = [e for k, e in self._entries if k == key and not e.busy]
                best = min(free, key=lambda e: e.reader.cost(number), default=None)
                if best and not (self._followed(best, number) and self._may_open_another(key)):
                    best.busy = True
                    return best
                if self._make_room():
                    return None
                self._changed.wait()

    def _followed(self, entry: _Entry, number: int) -> bool:
        """Whether somebody else seems to step along with this reader, far from frame `number`."""
        return entry.reader.cost(number) > _AHEAD and time.monotonic() - entry.used < _FOLLOWED_S

    def _may_open_another(self, key: str) -> bool:
        same = sum(k == key for k, _entry in self._entries)
        return same < _MOST_OF_ONE and len(self._entries) + self._opening < self._most

    def _make_room(self) -> bool:
        if len(self._entries) + self._opening >= self._most:
            idle = [(k, e) for k, e in self._entries if not e.busy]
            if not idle:
                return False
            oldest = min(idle, key=lambda pair: pair[1].used)
            self._entries.remove(oldest)
            oldest[1].reader.close()
        self._opening += 1
        return True

    def _open(self, key: str, load: Callable[[], Source]) -> _Entry:
        entry = None
        try:
            entry = _Entry(FrameReader(load()))
            return entry
        finally:
            with self._changed:  # in one step: the place that was kept free is given up as it is taken
                self._opening -= 1
                if entry is not None:
                    self._entries.append((key, entry))
                self._changed.notify()

    def _give_back(self, entry: _Entry | None, broken: bool = False) -> None:
        with self._changed:
            if entry is not None:
                entry.busy, entry.used = False, time.monotonic()
                if broken:
                    self._entries = [pair for pair in self._entries if pair[1] is not entry]
                    entry.reader.close()
            self._changed.notify()
            self._wind_up()

    def _wind_up(self) -> None:
        if self._timer is None and self._entries:
            self._timer = threading.Timer(self._idle, self.close_idle)
            self._timer.daemon = True
            self._timer.start()

    def close_idle(self, older_than: float | None = None) -> None:
        """Close the readers that nobody used for `older_than` seconds (by default, the pool's idle time)."""
        limit = time.monotonic() - (self._idle if older_than is None else older_than)
        with self._changed:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            stale = [pair for pair in self._entries if not pair[1].busy and pair[1].used <= limit]
            self._entries = [pair for pair in self._entries if pair not in stale]
            for _key, entry in stale:
                entry.reader.close()
            self._changed.notify_all()
            self._wind_up()

    def __len__(self) -> int:
        with self._changed:
            return len(self._entries)
