"""Pictures and videos whose frames say which ones they are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

BITS = 10
_CELL = 32


def picture(width: int = 640, height: int = 480) -> bytes:
    """A JPEG with a gradient."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [columns * 255 / width, rows * 255 / height, np.full((height, width), 90.0)]
    return cv2.imencode(".jpg", np.stack(planes, axis=2).astype(np.uint8))[1].tobytes()


def numbered_frame(n: int, width: int = 384, height: int = 256) -> np.ndarray:
    """RGB, uint8, shape (height, width, 3): the bits of `n` as bright and dark cells along the top, lowest first."""
    frame = np.full((height, width, 3), 110, np.uint8)
    for bit in range(BITS):
        frame[:_CELL, bit * _CELL : (bit + 1) * _CELL] = 235 if n >> bit & 1 else 20
    cv2.putText(frame, str(n), (110, 180), cv2.FONT_HERSHEY_SIMPLEX, 3, (240, 240, 240), 6)
    return frame


def numbered_video(
    path: Path,
    frames: int = 60,
    rate: Fraction | int = 25,
    times: list[int] | None = None,
    width: int = 384,
    **options: str,
) -> Path:
    """A video with B-frames and few key frames, so that a careless seek shows a neighbour.

    times: of the frames, in ms; by default they follow each other at `rate`. options: of the encoder.
    """
    base = Fraction(1, 1000) if times else 1 / Fraction(rate)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, 256, "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        stream.options = {"preset": "ultrafast", "g": "25", "bf": "2", **options}
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered_frame(n, width), "rgb24")
            frame.pts, frame.time_base = (times[n] if times else n), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


# Reads the number back from the pixels of the picture on screen.
READ_NUMBER = f"""() => {{
  const image = document.querySelector(".ed-picture > *");
  const canvas = document.createElement("canvas");
  canvas.width = image.offsetWidth; // laid out in the video's own pixels, whatever the picture has
  canvas.height = image.offsetHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  let number = 0;
  for (let bit = 0; bit < {BITS}; bit++) {{
    if (context.getImageData(bit * {_CELL} + {_CELL // 2}, {_CELL // 2}, 1, 1).data[0] > 128) number += 2 ** bit;
  }}
  return number;
}}"""
