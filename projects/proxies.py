"""What a browser needs to decode exactly frame n of a video by itself: packets that it can decode, and where they lie.

The packets are H.264 in closed groups of at most `GROUP` frames, in display order, one for each frame of the frame
index. Where a stored file is made of such packets they are used as they lie; otherwise a copy is encoded. Runs as a
child process, `python -m projects.proxies`, with limits and no secrets in its environment. Knows no Django.
"""

from __future__ import annotations

import base64
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
import orjson
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from projects import videos
from projects.pictures import Refused
from projects.readers import FrameReader, FrameUnreadable, Source

GROUP = 12
LONGEST_EDGE = 1920
LARGEST_GROUP = 15  # of a file that is used as it is: a random frame costs the decoding of half a group
RECORD = np.dtype([("offset", "<u8"), ("size_key", "<u4")])
KEY_BIT = 1 << 31

_MEMORY_BYTES = 6 * 2**30
_FILE_BYTES = 32 * 2**30
_CPU_SECONDS = 8 * 3600
_NICE = 10
_REPORT_S = 1.0
_SEQUENCE, _IDR = 7, 5  # kinds of NAL units, ITU-T H.264 table 7-1
_BT601, _BT709 = 6, 1  # matrix coefficients, ITU-T H.273 table 4


@dataclass(frozen=True)
class Packets:
    """Where the packet of each frame lies.

    records: RECORD, shape (frames,), in display order: the offset in the file, the size with KEY_BIT for key frames.
    codec: as WebCodecs names it (RFC 6381). description: the avcC box, base64; empty where packets are Annex B.
    """

    records: NDArray[Any]
    codec: str
    description: str
    width: int
    height: int
    direct: bool

    def facts(self) -> dict[str, Any]:
        return {
            "codec": self.codec,
            "description": self.description,
            "width": self.width,
            "height": self.height,
            "direct": self.direct,
            "group": largest_group(self.records),
        }


def largest_group(records: NDArray[Any]) -> int:
    """The most frames from one key frame up to the next.

    >>> largest_group(np.array([(0, 9 | KEY_BIT), (9, 4), (13, 4), (17, 9 | KEY_BIT)], RECORD))
    3
    """
    keys = np.flatnonzero(records["size_key"] & KEY_BIT)
    return int(np.diff([*keys, len(records)]).max())


def proxy_size(width: int, height: int) -> tuple[int, int]:
    """The size of the copy: even, as 4:2:0 needs it, and at most LONGEST_EDGE on its longer edge.

    >>> proxy_size(768, 576), proxy_size(3840, 2160), proxy_size(641, 1)
    ((768, 576), (1920, 1080), (640, 2))
    """
    scale = min(1.0, LONGEST_EDGE / max(width, height))
    even = [max(2, 2 * round(edge * scale / 2)) for edge in (width, height)]
    return even[0], even[1]


def as_it_is(source: Source, size: tuple[int, int]) -> Packets | None:
    """The packets of the file itself, where a browser can decode them; None where a copy is needed.

    size: (width, height) of the upright picture.
    """
    if source.decoder != "mov" or source.mark != videos.PTS or max(size) > LONGEST_EDGE or _turned(source):
        return None
    with videos.open_video(source.path, source.decoder) as (container, stream):
        context = stream.codec_context
        header = context.extradata or b""
        plain = context.name == "h264" and context.pix_fmt == "yuv420p" and header[:1] == b"\x01"
        if not plain or (context.width, context.height) != size:
            return None
        records = _lying(source, videos.packets(container, stream), (header[4] & 3) + 1)
    if records is None or largest_group(records) > LARGEST_GROUP:
        return None
    description = base64.b64encode(header).decode()
    return Packets(records, f"avc1.{header[1:4].hex()}", description, *size, direct=True)


def _turned(source: Source) -> bool:
    reader = FrameReader(source)
    try:
        return bool(reader.read(0).rotation)
    finally:
        reader.close()


def _lying(source: Source, packets: Iterator[Any], length_bytes: int) -> NDArray[Any] | None:
    """Where each frame's packet lies; None unless they are in display order, and the file has their very bytes."""
    records = np.zeros(len(source.marks), RECORD)
    count = 0
    with source.path.open("rb") as file:
        for packet in packets:
            expected = source.marks[count] if count < len(records) else None
            if packet.pts != expected or packet.pos is None or any(True for _ in packet.iter_sidedata()):
                return None
            file.seek(packet.pos)
            data = file.read(packet.size)
            if data != bytes(packet) or packet.is_keyframe != (_IDR in _kinds(data, length_bytes)):
                return None
            records[count] = (packet.pos, packet.size | (KEY_BIT if packet.is_keyframe else 0))
            count += 1
    return records if count == len(records) and records["size_key"][0] & KEY_BIT else None


def _kinds(data: bytes, length_bytes: int) -> set[int]:
    """The kinds of a packet's NAL units, each of which begins with its length."""
    kinds, at = set(), 0
    while at + length_bytes < len(data):
        kinds.add(data[at + length_bytes] & 31)
        at += length_bytes + int.from_bytes(data[at : at + length_bytes], "big")
    return kinds


def encode(
    source: Source, size: tuple[int, int], fps: float, file: IO[bytes], report: Callable[[float], None]
) -> Packets:
    """Write a copy of every frame to `file`, and tell where each lies. `report` gets the share that is done.

    Raises:
        FrameUnreadable: a frame of the index is not in the file any more.
    """
    width, height = proxy_size(*size)
    records = np.zeros(len(source.marks), RECORD)
    encoder, written, first = None, 0, b""
    for number, picture in enumerate(_pictures(source, size, (width, height))):
        encoder = encoder or _encoder(picture, fps)
        picture.pts, picture.time_base = number, encoder.time_base
        for packet in encoder.encode(picture):
            first = first or bytes(packet)
            written += _write(file, packet, records, written)
        report((number + 1) / len(records))
    assert encoder is not None
    for packet in encoder.encode(None):
        first = first or bytes(packet)
        written += _write(file, packet, records, written)
    if not records["size_key"].all():
        raise FrameUnreadable("The encoder left frames out.")
    return Packets(records, _codec_of(first), "", width, height, direct=False)


def _write(file: IO[bytes], packet: Any, records: NDArray[Any], at: int) -> int:
    data = bytes(packet)
    file.write(data)
    records[packet.pts] = (at, len(data) | (KEY_BIT if packet.is_keyframe else 0))
    return len(data)


def _pictures(source: Source, size: tuple[int, int], wanted: tuple[int, int]) -> Iterator[Any]:
    """Every frame, upright, in the size of the copy, as limited-range 4:2:0."""
    reader = FrameReader(source)
    try:
        for number in range(len(source.marks)):
            frame = reader.read(number)
            if frame.rotation:
                frame = av.VideoFrame.from_ndarray(videos.to_pixels(frame, size), "rgb24")
            matrix = Colorspace.ITU709 if frame.colorspace == _BT709 else Colorspace.ITU601
            picture = frame.reformat(
                *wanted,
                format="yuv420p",
                src_colorspace=matrix,
                dst_colorspace=matrix,
                dst_color_range=ColorRange.MPEG,
            )
            picture.colorspace = _BT709 if matrix is Colorspace.ITU709 else _BT601
            picture.pict_type = PictureType.NONE  # or the encoder would set key frames where the original has them
            yield picture
    finally:
        reader.close()


def _encoder(picture: Any, fps: float) -> Any:
    """Closed groups, no frame that refers to a later one, parameter sets before each key frame."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    rate = Fraction(min(max(fps, 1.0), 240.0)).limit_denominator(1001)
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuv420p"
    encoder.framerate, encoder.time_base = rate, 1 / rate
    encoder.colorspace, encoder.color_range = picture.colorspace, ColorRange.MPEG
    encoder.options = {
        "preset": "superfast",
        "crf": "20",
        "maxrate": "16M",
        "bufsize": "16M",
        "x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0:open-gop=0:force-cfr=1",
    }
    return encoder


def _codec_of(first: bytes) -> str:
    """The profile and level, from the sequence parameter set in the first packet.

    >>> _codec_of(bytes.fromhex("0000000109f00000000167640028acd9"))
    'avc1.640028'
    """
    at = first.find(b"\x00\x00\x01")
    while at >= 0:
        if first[at + 3] & 31 == _SEQUENCE:
            return f"avc1.{first[at + 4 : at + 7].hex()}"
        at = first.find(b"\x00\x00\x01", at + 3)
    raise FrameUnreadable("The encoder wrote no parameters.")


def make(request: dict[str, Any], report: Callable[[float], None]) -> dict[str, Any]:
    """What `request` {path, decoder, mark, size, fps, folder} asks for; the index of frames lies in the folder.

    Writes `packets` (RECORD) into the folder, and `copy.h264` where the file itself cannot be used; gives the facts.
    """
    folder = Path(request["folder"])
    marks, keys = np.load(folder / "marks.npy"), np.load(folder / "keys.npy")
    source = Source(Path(request["path"]), request["decoder"], marks, keys, request["mark"])
    size = (request["size"][0], request["size"][1])
    packets = as_it_is(source, size)
    if packets is None:
        with (folder / "copy.h264").open("wb") as file:
            packets = encode(source, size, request["fps"], file, report)
    packets.records.tofile(folder / "packets")
    return packets.facts()


class _Reporter:
    """Writes the share that is done as a line, at most once a second. Whoever waited for it and is gone ends this."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output, self._last = output, 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._last >= _REPORT_S:
            self._last = now
            self.say({"progress": round(share, 4)})

    def say(self, message: dict[str, Any]) -> None:
        self._output.write(orjson.dumps(message) + b"\n")
        self._output.flush()


def main() -> None:
    os.nice(_NICE)
    for limit, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    av.logging.set_level(av.logging.PANIC)
    reporter = _Reporter(sys.stdout.buffer)
    try:
        reporter.say({"made": make(orjson.loads(sys.stdin.buffer.read()), reporter)})
    except (Refused, FrameUnreadable) as error:
        reporter.say({"failed": str(error)})
    except BrokenPipeError:
        os._exit(1)
    except MemoryError:
        reporter.say({"failed": "Decoding the video takes more memory than it may use."})


if __name__ == "__main__":
    main()
