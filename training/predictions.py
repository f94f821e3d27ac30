"""Predictions of a stored model, by OpenVINO or ONNX Runtime; torch is never imported.

A loaded network is shared by all threads of the process. It is asked at a low confidence under its own
lock, and each caller filters its own answer: settings of one request never reach another.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from projects.files import local_path
from training.inference import Detection, Detections, Floats, Picture, decode, letterbox
from training.models import Model

__all__ = ["Detection", "Detections", "PredictionError", "Predictor", "Predictors", "load_predictor"]

MOST_LOADED = 6  # 10 to 55 MB each


class PredictionError(Exception):
    """The model cannot predict; the message says why."""


class Network(Protocol):
    """A loaded network: float32 (1, 3, height, width) in, the raw output (4 + classes, candidates) out."""

    width: int
    height: int

    def __call__(self, blob: Floats) -> Floats: ...


class OpenVinoNetwork:
    """On Intel's and AMD's CPUs the fastest. The hint keeps it from bf16, which shifts scores."""

    def __init__(self, path: Path) -> None:
        import openvino

        core = openvino.Core()
        hints = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        compiled = core.compile_model(core.read_model(str(path)), "CPU", hints)
        self.height, self.width = (int(side) for side in compiled.input(0).shape[2:])
        self._request = compiled.create_infer_request()

    def __call__(self, blob: Floats) -> Floats:
        self._request.infer([blob])
        return np.array(self._request.get_output_tensor(0).data[0], np.float32)  # a copy: the buffer is used again


class OnnxNetwork:
    def __init__(self, path: Path) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._name = self._session.get_inputs()[0].name
        self.height, self.width = (int(side) for side in self._session.get_inputs()[0].shape[2:])

    def __call__(self, blob: Floats) -> Floats:
        return np.asarray(self._session.run(None, {self._name: blob})[0][0], np.float32)


class Predictor:
    """A loaded model. May be used from several threads at once."""

    def __init__(self, network: Network, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._network = network
        self._lock = threading.Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the network's input."""
        return self._network.width, self._network.height

    def predict(self, rgb: Picture, confidence: float = 0.25, iou: float = 0.5) -> Detections:
        """What is in an RGB picture, uint8 (h, w, 3); boxes in its pixels, best first.

        Args:
            rgb: The picture.
            confidence: Below it nothing is returned, 0 to 1.
            iou: Of two boxes of one class that overlap more, the weaker is dropped.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
            raise ValueError(f"Expected an RGB picture of shape (h, w, 3), not {rgb.shape}.")
        blob, fit = letterbox(rgb, *self.size)
        with self._lock:
            raw = self._network(blob)
        return decode(raw, fit, (rgb.shape[1], rgb.shape[0]), self.labels, confidence, iou)


class Predictors:
    """The predictors of this process, at most `most`; the one that was not used for longest goes first."""

    def __init__(self, load: Callable[[Model], Predictor], most: int = MOST_LOADED) -> None:
        self._load, self._most = load, most
        self._kept: OrderedDict[uuid.UUID, Predictor] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, model: Model) -> Predictor:
        with self._lock:
            if model.pk not in self._kept:
                self._kept[model.pk] = self._load(model)
            self._kept.move_to_end(model.pk)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return self._kept[model.pk]

    def __len__(self) -> int:
        return len(self._kept)


def open_predictor(model: Model) -> Predictor:
    """A fresh predictor of a model.

    Raises:
        PredictionError: the model has no export, or its file is gone or broken.
    """
    if not model.onnx:
        raise PredictionError(f"{model.name} has no ONNX export to predict with: train it again.")
    try:
        path = local_path(model.onnx)
        return Predictor(_network(path), tuple(label["name"] for label in model.labels))
    except Exception as error:
        raise PredictionError(f"{model.name} cannot be loaded: {type(error).__name__}: {error}"[:500]) from error


def _network(path: Path) -> Any:
    if not path.exists():
        raise FileNotFoundError("its file is not in the storage")
    with suppress(ImportError):
        return OpenVinoNetwork(path)
    return OnnxNetwork(path)


_predictors = Predictors(open_predictor)


def load_predictor(model: Model) -> Predictor:
    """The model's predictor, loaded once in a process and kept while it is used.

    Raises:
        PredictionError: as `open_predictor`.
    """
    return _predictors.get(model)
