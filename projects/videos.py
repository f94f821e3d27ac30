"""Which frames a video has, exactly. Knows no Django.

A frame is known by its *mark*: the timestamp of the packet that carries it. Where a container keeps true
presentation times (MP4, MKV) the mark is the pts; where it does not (AVI) it is the dts, which there is a
packet counter; where neither tells packets apart, frames are counted from the start. Decoders hand a packet's
pts through to its frame whatever it means, so a mark set as pts names the frame on the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from projects.pictures import Refused

PTS, DTS, ORDER = "pts", "dts", "order"

# One packet is one shown frame in these; elsewhere (VP8's hidden frames, MPEG-4's packed ones) only decoding tells.
_PLAIN_CODECS = {"h264", "hevc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "mpeg4", "ffv1", "png", "rawvideo"}
_PLAIN_CONTAINERS = {"mov", "matroska"}
_DECODE_ALL_BELOW = 400  # packets; so short that decoding them all costs little
_FEWEST_TO_COMPARE = 48
_REENCODE = "Convert it with: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4"


@dataclass(frozen=True)
class FrameIndex:
    """Every frame in display order.

    pts and marks: int64, shape (frames,), in units of `time_base` seconds (counts, where `mark` is ORDER).
    keys: int32, ascending display indices of frames that decoding can start at.
    """

    pts: NDArray[np.int64]
    marks: NDArray[np.int64]
    keys: NDArray[np.int32]
    mark: str
    time_base: Fraction
    fps: float
    codec: str

    def __len__(self) -> int:
        return len(self.marks)


@contextmanager
def open_video(source: Path | str, decoder: str) -> Iterator[tuple[Any, Any]]:
    """The container and its first real video stream, closed on leaving.

    The demuxer is named and only local files may be read: a playlist that poses as a video opens nothing.

    Raises:
        Refused: the container cannot be read, or has no video in it.
    """
    try:
        container = av.open(
            str(source), format=decoder, metadata_errors="ignore", options={"protocol_whitelist": "file"}
        )
    except (FFmpegError, ValueError) as error:
        raise Refused(
            "broken", "The video's container cannot be read: the file is cut off or damaged. Copy it again."
        ) from error
    with container:
        stream = next((s for s in container.streams.video if not _cover(s)), None)
        if stream is None:
            raise Refused("no-video", "The file has no video track in it, only sound or data.")
        if stream.codec_context is None:
            raise Refused("no-decoder", f"There is no decoder for this video's codec. {_REENCODE}")
        stream.thread_type = "SLICE"  # frame threads would delay every random access by their number
        yield container, stream


def _cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def packets(container: Any, stream: Any) -> Iterator[Any]:
    """The stream's packets; an empty one would tell the decoder to drain, so those are left out."""
    with suppress(EOFError):
        for packet in container.demux(stream):
            if packet.size:
                yield packet


def decode(stream: Any, marked: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """(mark, frame) in display order, of (mark, packet) in file order; what cannot be decoded is left out."""
    context = stream.codec_context
    for mark, packet in marked:
        packet.pts, packet.dts = mark, None
        with suppress(FFmpegError):
            yield from [(frame.pts, frame) for frame in context.decode(packet)]
    with suppress(FFmpegError):
        yield from [(frame.pts, frame) for frame in context.decode(None)]


@dataclass
class _Table:
    """What the container says of each packet, in file order."""

    pts: list[int | None]
    dts: list[int | None]
    key: list[bool]
    shown: list[bool]

    def __len__(self) -> int:
        return len(self.key)


def index_frames(source: Path, decoder: str, max_pixels: int) -> tuple[FrameIndex, Any]:
    """The frame index of a video and its first frame (an av.VideoFrame).

    The container's word is enough where it is plain and three samples of decoding agree with it;
    otherwise every frame is decoded once.

    Raises:
        Refused: no video, no key frame, nothing that decodes, too many pixels.
    """
    with open_video(source, decoder) as (container, stream):
        _check_size(stream.codec_context, max_pixels)
        table = _table(container, stream)
        codec, base = stream.codec_context.name, stream.time_base or Fraction(1, 1000)
        rate = float(stream.average_rate or stream.guessed_rate or 25)
    if not any(table.key):
        raise Refused("no-key-frames", f"The video has no key frame, so no picture of it can be decoded. {_REENCODE}")
    found = None
    if decoder in _PLAIN_CONTAINERS and codec in _PLAIN_CODECS and len(table) >= _DECODE_ALL_BELOW:
        found = _by_table(table)
        if found and not _samples_agree(source, decoder, *found):
            found = None
    if found:
        marks, keys = found
        pts, mark = marks, PTS
    else:
        pts, marks, keys, mark = _by_decoding(source, decoder, table)
    if not len(marks) or not len(keys):
        raise Refused("no-frames", f"No frame of the video could be decoded. {_REENCODE}")
    index = FrameIndex(pts, marks, keys, mark, base, _fps(pts, base, rate, mark), codec)
    return index, _first(source, decoder)


def _check_size(context: Any, max_pixels: int) -> None:
    if context.width * context.height > max_pixels:
        raise Refused(
            "too-many-pixels",
            f"The video's frames are {context.width} x {context.height} pixels; "
            f"at most {max_pixels / 1e6:g} million are taken. Scale it down.",
        )


def _table(container: Any, stream: Any) -> _Table:
    table = _Table([], [], [], [])
    with suppress(FFmpegError):
        for packet in packets(container, stream):
            table.pts.append(packet.pts)
            table.dts.append(packet.dts)
            table.key.append(packet.is_keyframe)
            table.shown.append(not packet.is_discard)
    return table


def _by_table(table: _Table) -> tuple[NDArray[np.int64], NDArray[np.int32]] | None:
    """Marks and key frames from pts alone; None where they cannot be trusted."""
    if not table.key[0] or None in table.pts:
        return None
    times = np.array(table.pts, np.int64)
    shown = np.array(table.shown)
    marks = np.unique(times[shown])
    if len(marks) != shown.sum():
        return None
    keys = np.searchsorted(marks, np.sort(times[shown & np.array(table.key)])).astype(np.int32)
    return (marks, keys) if len(keys) and keys[0] == 0 else None


def _samples_agree(source: Path, decoder: str, marks: NDArray[np.int64], keys: NDArray[np.int32]) -> bool:
    """Whether decoding yields the very frames that the table foretells: at the start, midway and at the end."""
    last = keys[keys <= max(0, len(marks) - _FEWEST_TO_COMPARE)][-1]
    with open_video(source, decoder) as (container, stream):
        for start, stop in ((0, _FEWEST_TO_COMPARE), (int(keys[len(keys) // 2]), 0), (int(last), len(marks))):
            stop = stop or min(start + _FEWEST_TO_COMPARE, len(marks))
            if not _runs(container, stream, marks, start, stop):
                return False
    return True


def _runs(container: Any, stream: Any, marks: NDArray[np.int64], start: int, stop: int) -> bool:
    container.seek(int(marks[start]), stream=stream)
    marked = ((packet.pts, packet) for packet in packets(container, stream))
    wanted = iter(marks[start:stop].tolist())
    expected = next(wanted)
    for mark, _frame in decode(stream, marked):
        if mark < marks[start]:
            continue  # a leading picture of an open group belongs to the group before
        if mark != expected:
            return False
        following = next(wanted, None)
        if following is None:
            return True
        expected = following
    return False


def _by_decoding(
    source: Path, decoder: str, table: _Table
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], str]:
    """pts, marks, key frames and the kind of mark, from decoding every packet by its place in the file."""
    with open_video(source, decoder) as (container, stream):
        out = [mark for mark, _frame in decode(stream, enumerate(packets(container, stream)))]
    places = [place for place in out if place is not None and place < len(table)]
    keys = np.array([n for n, place in enumerate(places) if table.key[place]], np.int32)
    times, counters = [table.pts[p] for p in places], [table.dts[p] for p in places]
    if decoder != "avi" and _tells_apart(times, table.pts):
        pts = np.array(times, np.int64)
        if (np.diff(pts) > 0).all():
            return pts, pts, keys, PTS
    if len(set(places)) == len(places) and _tells_apart(counters, table.dts):
        marks = np.array(counters, np.int64)
        return np.sort(marks), marks, keys, DTS
    order = np.arange(len(places), dtype=np.int64)
    return order, order, np.zeros(min(1, len(places)), np.int32), ORDER


def _tells_apart(mine: list[int | None], everyone: list[int | None]) -> bool:
    """Whether each of my timestamps is there and belongs to one packet alone."""
    if None in mine:
        return False
    given = [value for value in everyone if value is not None]
    return len(set(given)) == len(given) and len(set(mine)) == len(mine)


def _fps(pts: NDArray[np.int64], base: Fraction, rate: float, mark: str) -> float:
    span = int(pts[-1] - pts[0])
    if mark == ORDER or span <= 0:
        return rate
    return float((len(pts) - 1) / (span * base))


def _first(source: Path, decoder: str) -> Any:
    with open_video(source, decoder) as (container, stream):
        for _mark, frame in decode(stream, enumerate(packets(container, stream))):
            return frame
    raise Refused("no-frames", f"No frame of the video could be decoded. {_REENCODE}")


def to_pixels(frame: Any, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """The frame upright (its display matrix applied) as uint8 RGB, shape (height, width, 3).

    size: (width, height) that the result must have; a stream that changes its size midway is scaled to it.
    """
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4
    if turns:
        pixels = np.rot90(pixels, turns)
    if size and (pixels.shape[1], pixels.shape[0]) != size:
        from PIL import Image

        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size))
    return np.ascontiguousarray(pixels)
