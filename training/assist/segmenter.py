"""Segment Anything by clicks, from the ONNX files that an operator put into the weights folder. No Django, no torch.

Two files, as the common exports of SAM and MobileSAM name and shape them:

    the encoder   `*encoder*.onnx`, run once for a frame: a picture in, `image_embeddings` (1, 256, 64, 64) out.
                  Its input is either (height, width, 3), RGB from 0 to 255 with a longer side of 1024, which the
                  graph normalises and pads itself (samexporter with --use-preprocess, Acly/MobileSAM); or
                  (1, 3, 1024, 1024), which is normalised and padded here.
    the decoder   the same name with `decoder`, or sam_mask_decoder_single.onnx / sam_mask_decoder_multi.onnx, run
                  for every click: image_embeddings, point_coords (1, n, 2) in the resized picture, point_labels
                  (1, n) with 1 object, 0 background, -1 padding, mask_input (1, 1, 256, 256), has_mask_input (1),
                  orig_im_size (2) in; masks (1, m, height, width) of logits and iou_predictions (1, m) out.

So `mobile_sam.encoder.onnx` and `mobile_sam.decoder.onnx` are a pair.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.assist.outline import Mask

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Click = tuple[float, float, bool]  # x, y in pixels of the picture, and whether the object is there

SIDE = 1024
_MEAN = np.array((123.675, 116.28, 103.53), np.float32)
_DEVIATION = np.array((58.395, 57.12, 57.375), np.float32)
_OTHER_DECODERS = ("sam_mask_decoder_single.onnx", "sam_mask_decoder_multi.onnx")
_MUST = ("image_embeddings", "point_coords", "point_labels")
MISSING = (
    "Click segmentation needs weights of SAM or MobileSAM: whoever runs this server puts mobile_sam.encoder.onnx "
    "and mobile_sam.decoder.onnx into its weights folder (WEIGHTS_DIR)."
)


class NoWeights(Exception):
    """There are none, or they are none of this kind; the text says what to do."""


@dataclass(frozen=True)
class Weights:
    """A pair of files, and a text that changes when one of them is replaced."""

    encoder: Path
    decoder: Path

    @property
    def stamp(self) -> str:
        facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in (self.encoder, self.decoder)]
        return repr(facts)


def find_weights(folder: Path) -> Weights:
    """The first complete pair in a folder, by name.

    Raises:
        NoWeights: there is none; with what is missing.
    """
    encoders = sorted(path for path in folder.glob("*.onnx") if "encoder" in path.name) if folder.is_dir() else []
    for encoder in encoders:
        for name in (encoder.name.replace("encoder", "decoder"), *_OTHER_DECODERS):
            if (folder / name).is_file():
                return Weights(encoder, folder / name)
    if encoders:
        wanted = encoders[0].name.replace("encoder", "decoder")
        raise NoWeights(f"The weights folder has {encoders[0].name} without its decoder: {wanted} belongs beside it.")
    raise NoWeights(MISSING)


class Embeddings:
    """What the encoder said of frames, in files, as many as fit into `most_bytes`; the longest unused go first."""

    def __init__(self, folder: Path, most_bytes: int = 2**30) -> None:
        self._folder, self._most = folder, most_bytes

    def get(self, key: str, make: Callable[[], Floats]) -> Floats:
        """The embedding of that key; `make` is called when there is none yet."""
        path = self._folder / (hashlib.sha256(key.encode()).hexdigest()[:40] + ".npy")
        try:
            found = np.load(path, allow_pickle=False).astype(np.float32)
            _use(path)
        except (OSError, ValueError, EOFError):  # not there, or half of it after a power cut
            found = make()
            self._put(path, found)
        return np.asarray(found, np.float32)

    def _put(self, path: Path, embedding: Floats) -> None:
        half = embedding.astype(np.float16)  # 2 MB; the logits move by less than a hundredth
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(half.nbytes)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as partial:
            np.save(partial, half)
        _use(Path(partial.name))
        Path(partial.name).replace(path)

    def _make_room(self, size: int) -> None:
        kept = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._folder.glob("*.npy"))
        total = sum(length for _, length, _ in kept) + size
        for _, length, path in kept:
            if total <= self._most:
                return
            path.unlink(missing_ok=True)
            total -= length


def _use(path: Path) -> None:
    """Note the time; the file system's own would be the same for all that happens within a few milliseconds."""
    now = time.time_ns()
    os.utime(path, ns=(now, now))


class Segmenter:
    """A loaded pair. May be used from several threads at once."""

    def __init__(self, weights: Weights) -> None:
        self._encoder, self._decoder = _session(weights.encoder), _session(weights.decoder)
        self._inputs = {put.name for put in self._decoder.get_inputs()}
        self._lock = threading.Lock()
        missing = [name for name in _MUST if name not in self._inputs]
        if missing:
            raise NoWeights(f"{weights.decoder.name} is no decoder of SAM: it has no input {missing[0]}.")

    def embed(self, rgb: Picture) -> Floats:
        """What the decoder needs to know of an RGB picture, uint8 (h, w, 3)."""
        width, height = resized(rgb.shape[1], rgb.shape[0])
        small: Any = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA if width < rgb.shape[1] else 1)
        put = self._encoder.get_inputs()[0]
        blob = np.asarray(small, np.float32)
        if len(put.shape) == 4:
            blob = (blob - _MEAN) / _DEVIATION
            blob = np.pad(blob, ((0, SIDE - height), (0, SIDE - width), (0, 0))).transpose(2, 0, 1)[None]
        with self._lock:
            return np.asarray(
                self._encoder.run(None, {put.name: np.ascontiguousarray(blob, np.float32)})[0], np.float32
            )

    def segment(self, embedding: Floats, size: tuple[int, int], clicks: Sequence[Click]) -> tuple[Mask, float]:
        """The object under the clicks.

        Args:
            embedding: Of the picture.
            size: Its width and height.
            clicks: In its pixels; at least one on the object.

        Returns:
            A mask (h, w) of the picture scaled to a longer side of 1024, and how good the network thinks it is,
            from 0 to 1.
        """
        width, height = resized(*size)
        masks, qualities = self._run(embedding, clicks, width / size[0], (height, width))
        best = _choose(qualities, len(clicks))
        return _fitted(masks[best], width, height) > 0, float(np.clip(qualities[best], 0, 1))

    def _run(self, embedding: Floats, clicks: Sequence[Click], scale: float, size: tuple[int, int]) -> Any:
        points = [(x * scale, y * scale) for x, y, _ in clicks] + [(0.0, 0.0)]
        marks = [float(on) for _, _, on in clicks] + [-1.0]  # the padding stands for 'there is no box'
        everything = {
            "image_embeddings": embedding,
            "point_coords": np.array([points], np.float32),
            "point_labels": np.array([marks], np.float32),
            "mask_input": np.zeros((1, 1, 256, 256), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
            # Asked for at the resized size, the graph does no more than cut its padding off: bounded for any picture.
            "orig_im_size": np.array(size, np.float32),
        }
        given = {name: value for name, value in everything.items() if name in self._inputs}
        masks, qualities = self._decoder.run(None, given)[:2]
        return np.asarray(masks, np.float32)[0], np.asarray(qualities, np.float32)[0]


def resized(width: int, height: int) -> tuple[int, int]:
    """The size of a picture whose longer side is made 1024 pixels.

    >>> resized(2048, 1000), resized(100, 200)
    ((1024, 500), (512, 1024))
    """
    scale = SIDE / max(width, height)
    return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))


def _choose(qualities: Floats, clicks: int) -> int:
    """Which of several masks: after one click the best of part, object and whole; after more the first, made for it."""
    if len(qualities) == 1 or clicks > 1:
        return 0
    return 1 + int(qualities[1:].argmax())


def _fitted(logits: Floats, width: int, height: int) -> Floats:
    """Some exports give the padded square at low resolution instead of what was asked for."""
    if logits.shape == (height, width):
        return logits
    square: Any = cv2.resize(logits, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(square[:height, :width], np.float32)


def _session(path: Path) -> Any:
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has many kinds, none of them public
        raise NoWeights(f"{path.name} cannot be loaded: {str(error)[:300]}") from error


class Shelf:
    """The segmenter of this process: loaded at the first click, and again when its files are replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Segmenter] = {}

    def get(self, weights: Weights) -> Segmenter:
        stamp = f"{weights.encoder.parent} {weights.stamp}"
        with self._lock:
            if stamp not in self._kept:
                self._kept = {stamp: Segmenter(weights)}
            return self._kept[stamp]


shelf = Shelf()
