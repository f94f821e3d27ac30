"""H.264 that a browser decodes from any point where it asks for a key frame. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from streaming.wire import CLOCK_RATE, Unit

# Level 3.1 ends at 1280 x 720 at 30 frames a second; every browser's decoder takes it.
LARGEST_SIZE = (1280, 720)
FASTEST = 30
_FULL_BITRATE = 2_000_000
_LEAST_BITRATE = 500_000

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def fitted(width: int, height: int, largest: tuple[int, int] = LARGEST_SIZE) -> tuple[int, int]:
    """The largest even size of the same shape within `largest`; never an enlargement.

    >>> fitted(1920, 1080), fitted(321, 181), fitted(768, 576)
    ((1280, 720), (320, 180), (768, 576))
    """
    scale = min(1.0, largest[0] / width, largest[1] / height)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def fit(picture: Picture, largest: tuple[int, int] = LARGEST_SIZE) -> Picture:
    """An RGB picture of shape (h, w, 3), scaled down to an even size within `largest`."""
    height, width = picture.shape[:2]
    size = fitted(width, height, largest)
    return picture if size == (width, height) else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def bitrate_for(width: int, height: int) -> int:
    """Bits a second at most: 2 Mbit/s at 720p, in proportion to the area, not below 0.5 Mbit/s."""
    return max(_LEAST_BITRATE, int(_FULL_BITRATE * width * height / (1280 * 720)))


class Encoder:
    """One H.264 stream of one picture size.

    Constant quality under a rate limit: the pictures come as fast as the model is, which a constant
    rate could not follow. `forced-idr` and `repeat-headers` make each requested key frame a point
    where a new viewer can begin; without B-frames and look-ahead a picture leaves at once.
    """

    def __init__(self, width: int, height: int, bitrate: int | None = None) -> None:
        self.size = (width, height)
        self.bitrate = bitrate or bitrate_for(width, height)
        self._context = av.CodecContext.create("libx264", "w")
        context: Any = self._context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = Fraction(1, CLOCK_RATE), Fraction(FASTEST, 1)
        context.gop_size, context.max_b_frames, context.thread_count = 10 * FASTEST, 0, 1
        context.profile = "Baseline"
        context.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "level": "31",
            "crf": "24",
            "maxrate": str(self.bitrate),
            "bufsize": str(self.bitrate // 2),
            "forced-idr": "1",
            "x264-params": "repeat-headers=1:scenecut=0",
        }

    def encode(self, picture: Picture, pts: int, key: bool = False) -> list[Unit]:
        """Access units of an RGB picture, shape (height, width, 3); `pts` counts 1/90000 s."""
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = pts, Fraction(1, CLOCK_RATE)
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        context: Any = self._context
        return [Unit(bytes(packet), packet.pts, packet.is_keyframe) for packet in context.encode(frame)]


def jpeg(picture: Picture, quality: int = 80) -> bytes:
    """An RGB picture as JPEG."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"A picture of shape {picture.shape} could not be encoded as JPEG.")
    return data.tobytes()
