"""YOLO detectors by ultralytics: the only module that imports it, and only in a training child.

The recipe is what was measured best from scratch on few pictures and few cores: AdamW with a short
warm-up, no mosaic and little geometry. Nothing here calls out (see `training.silence`).
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.engines.base import Choice, Description, EngineError, Param, Plan, Preset, Report, Trained
from training.inference import letterbox

_TINY = Path(__file__).with_name("tiny.yaml")
_RECIPE: dict[str, Any] = {
    "optimizer": "AdamW",
    "lrf": 0.05,
    "warmup_epochs": 1,
    "mosaic": 0.0,
    "close_mosaic": 0,
    "scale": 0.2,
    "translate": 0.05,
    "amp": False,
    "cache": "ram",
    "plots": False,
    "exist_ok": True,
}
_PARITY_PICTURES = 4
_SCORE_TOLERANCE = 1e-3
_BOX_TOLERANCE = 0.5  # pixels of the network's input, of candidates that could become detections
_LIKELY = 0.05
_OPSET = 17
_SHORT_RUN_STEPS = 3000
# What the trainer says that helps nobody who watches: caches, folders, and the recipe that was chosen on purpose.
_NOISE = re.compile(
    r" |engine/trainer|Ultralytics |Overriding|Freezing|Logging results|Using 0|Optimizer stripped|WARNING .*cache="
    r"|(train|val): (Fast|New cache|Caching|Scanning)|\d+ epochs completed|Validating|Resuming training"
)
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_PARAMS = (
    Param("epochs", "whole", 60, "Epochs", "How often every picture is seen.", low=1, high=2000),
    Param("imgsz", "whole", 640, "Image size", "Longer side in pixels; 32 divides it.", low=32, high=2048, multiple=32),
    Param("batch", "whole", 8, "Batch", "Pictures a step; fewer need less memory.", low=1, high=512),
    Param("device", "text", "auto", "Device", "auto, cpu, or the number of a GPU such as 0."),
    Param("lr", "number", 0.002, "Learning rate", "At its highest, for AdamW.", low=1e-6, high=0.5),
    Param("seed", "whole", 0, "Seed", "The same seed repeats a run.", low=0, high=2**31 - 1),
)
_PRESETS = (
    Preset(
        "demo",
        "Demo",
        "For the conveyor: a tiny detector in about a minute on two cores.",
        "tiny",
        {"epochs": 18, "imgsz": 256, "batch": 8, "lr": 0.003},
    ),
    Preset(
        "quick",
        "Quick look",
        "A tiny detector in a few minutes: shows whether the labels teach anything.",
        "tiny",
        {"epochs": 40, "imgsz": 416, "batch": 8, "lr": 0.003},
    ),
    Preset(
        "balanced",
        "Balanced",
        "YOLO11n for real use: leave it alone for a while, or give it a GPU.",
        "yolo11n.yaml",
        {"epochs": 100, "imgsz": 640, "batch": 16, "lr": 0.002},
    ),
)
_MODELS = (
    Choice("tiny", "Tiny", "0.7 million parameters, from scratch: few classes, fixed camera, no GPU."),
    Choice("yolo11n.yaml", "YOLO11n", "2.6 million parameters, from scratch."),
    Choice("yolo11s.yaml", "YOLO11s", "9.4 million parameters, from scratch: wants a GPU."),
    Choice("yolo11m.yaml", "YOLO11m", "20 million parameters, from scratch: wants a GPU."),
)


class YoloEngine:
    def describe(self, weights: Path | None = None) -> Description:
        pretrained = sorted(weights.glob("*.pt")) if weights is not None and weights.is_dir() else []
        models = (
            *_MODELS,
            *(Choice(path.name, path.stem, "Pretrained, from the weights folder.") for path in pretrained),
        )
        return Description("yolo", "YOLO", ("detect",), models, _PARAMS, _PRESETS)

    def train(self, plan: Plan, report: Report) -> Trained:
        started = time.monotonic()
        _settle()
        listen = _Listener(plan, report)
        try:
            trainer = _trainer(plan, report)
            trainer.train()
        except RuntimeError as error:
            raise _explained(error) from error
        finally:
            listen.close()
        best = Path(trainer.best)
        if not best.exists():
            raise EngineError("engine", "Training wrote no weights: see its log for the reason.")
        report.phase("export")
        onnx = self.export(best, plan.path, int(plan.params["imgsz"]))
        pictures = _validation_pictures(plan)
        drift = _parity(self, best, onnx, pictures, int(plan.params["imgsz"]))
        report.log(f"exported; scores differ from torch by at most {drift:.1e} on {len(pictures)} pictures")
        facts = {"parameters": sum(p.numel() for p in trainer.model.parameters()), "parity": drift}
        return Trained(str(best), str(onnx), _figures(trainer.metrics), time.monotonic() - started, facts)

    def export(self, weights: Path, folder: Path, imgsz: int) -> Path:
        from ultralytics import YOLO

        made = YOLO(str(weights)).export(
            format="onnx", imgsz=imgsz, opset=_OPSET, dynamic=False, simplify=False, device="cpu", verbose=False
        )
        target = folder / "best.onnx"
        Path(made).replace(target)
        return target

    def predict(self, weights: Path, pictures: Sequence[NDArray[np.uint8]], imgsz: int) -> list[NDArray[np.float32]]:
        import torch
        from ultralytics import YOLO

        network = YOLO(str(weights)).model.float().eval()
        with torch.inference_mode():
            outputs = (network(torch.from_numpy(letterbox(picture, imgsz, imgsz)[0])) for picture in pictures)
            return [(out[0] if isinstance(out, list | tuple) else out)[0].numpy() for out in outputs]


def _settle() -> None:
    """Switch off what could call out. The environment has done most of it; these live in a settings file."""
    from ultralytics import settings

    quiet = {name: False for name, value in settings.items() if isinstance(value, bool)}
    settings.update(quiet)


def _trainer(plan: Plan, report: Report) -> Any:
    """A trainer that reports, set up to begin or to go on from the plan's checkpoint."""
    from ultralytics.models.yolo.detect import DetectionTrainer

    class Trainer(DetectionTrainer):
        def final_eval(self) -> None:
            report.phase("evaluate")
            callbacks.proving = True
            super().final_eval()

    overrides = _overrides(plan)
    callbacks = _Callbacks(plan, report)
    trainer = Trainer(overrides=overrides)
    for event in ("on_train_start", "on_train_batch_end", "on_fit_epoch_end", "on_model_save"):
        trainer.add_callback(event, getattr(callbacks, event))
    return trainer


def _overrides(plan: Plan) -> dict[str, Any]:
    params, run = plan.params, plan.path / "run"
    device = _device(str(params["device"]), list(plan.extra.get("devices") or ()))
    shared = {
        "data": plan.data,
        "device": device,
        "workers": 0 if device == "cpu" else min(8, _cores()),
        "cache": _RECIPE["cache"],
        "plots": False,
        "save_dir": str(run),
    }
    if plan.checkpoint:
        best = plan.path / "best-so-far.pt"
        if best.exists():
            (run / "weights").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(best, run / "weights" / "best.pt")
        return {**shared, "model": plan.checkpoint, "resume": plan.checkpoint}
    return {
        **_RECIPE,
        **shared,
        "model": _model(plan),
        "epochs": params["epochs"],
        "patience": params["epochs"],
        "imgsz": params["imgsz"],
        "batch": params["batch"],
        "nbs": params["batch"],  # every batch is a step: gathering 64 pictures for one leaves a small set hardly any
        "lr0": params["lr"],
        "seed": params["seed"],
        "project": str(plan.path),
        "name": "run",
    }


def _model(plan: Plan) -> str:
    if plan.model == "tiny":
        return str(_TINY)
    if not plan.model.endswith(".pt"):
        return plan.model
    path = Path(plan.extra["weights"]) / plan.model
    if not path.exists():
        raise EngineError("weights", f"{plan.model} is not in the weights folder of the computer that trains.")
    return str(path)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(wish: str, allowed: list[str]) -> str:
    import torch

    present = [str(n) for n in range(torch.cuda.device_count())]
    if wish == "auto":
        usable = [name for name in present if not allowed or name in allowed]
        return usable[0] if usable else "cpu"
    if wish == "cpu" or all(part in present for part in wish.split(",")):
        return wish
    seen = f"GPU {', '.join(present)}" if present else "no GPU"
    raise EngineError("engine", f"Device '{wish}' is not there (this computer has {seen}): choose auto or cpu.")


class _Callbacks:
    """What the trainer calls; the report raises through it when the job is to end."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.folder, self.report = plan.path, report
        self.epochs = int(plan.params["epochs"])
        self.batch, self.epoch = 0, 0
        self.proving = False
        self._told = 0

    def on_train_start(self, trainer: Any) -> None:
        import torch

        _hasten_statistics(trainer, self.epochs)
        if trainer.device.type == "cpu":  # the library leaves a core unused, which costs a third of the time on two
            torch.set_num_threads(_cores())
        self.report.phase("train")

    def on_train_batch_end(self, trainer: Any) -> None:
        if trainer.epoch != self.epoch:
            self.epoch, self.batch = trainer.epoch, 0
        self.batch += 1
        losses = {name: float(value) for name, value in trainer.loss_items.items()}
        self.report.batch(
            epoch=self._number(trainer),
            epochs=self.epochs,
            batch=self.batch,
            batches=len(trainer.train_loader),
            images=trainer.batch_size,
            loss=sum(losses.values()),
            **losses,
        )

    def on_fit_epoch_end(self, trainer: Any) -> None:
        if not self.proving:  # fires once more after the best weights were validated
            self._tell_epoch(trainer)

    def _tell_epoch(self, trainer: Any) -> None:
        if self._told == self._number(trainer):
            return
        self._told = self._number(trainer)
        losses = {name.removeprefix("train/"): value for name, value in trainer.label_loss_items(trainer.tloss).items()}
        proven = {
            "val_" + name.removeprefix("val/"): float(value)
            for name, value in trainer.metrics.items()
            if name.startswith("val/")
        }
        rate = float(next(iter(trainer.lr.values())))
        self.report.epoch(
            epoch=self._told, epochs=self.epochs, lr=rate, **losses, **proven, **_figures(trainer.metrics)
        )

    def on_model_save(self, trainer: Any) -> None:
        """Copies that are whole at every moment: the trainer writes its own in place.

        The epoch is told first: a training that goes on from this checkpoint will not come by it again.
        """
        self._tell_epoch(trainer)
        if trainer.best_fitness == trainer.fitness:
            _copy(trainer.best, self.folder / "best-so-far.pt")
        checkpoint = self.folder / "checkpoint.pt"
        _copy(trainer.last, checkpoint)
        self.report.checkpoint(checkpoint, self._number(trainer))

    def _number(self, trainer: Any) -> int:
        return min(int(trainer.epoch) + 1, self.epochs)


def _hasten_statistics(trainer: Any, epochs: int) -> None:
    """Let batch normalisation follow faster in short runs.

    At the library's momentum of 0.03 its running statistics need some hundred steps, and until then the
    validation scores nothing at all although the network has learned: a third of a short run is lost.
    """
    from torch.nn import BatchNorm2d

    if epochs * len(trainer.train_loader) < _SHORT_RUN_STEPS:
        for module in trainer.model.modules():
            if isinstance(module, BatchNorm2d):
                module.momentum = 0.1


def _copy(source: Path, target: Path) -> None:
    new = target.with_suffix(".new")
    shutil.copyfile(source, new)
    new.replace(target)


class _Listener(logging.Handler):
    """Passes on what the trainer logs and people can use: no tables, colours, pictographs or folder names."""

    def __init__(self, plan: Plan, report: Report) -> None:
        super().__init__(logging.INFO)
        from ultralytics.utils import LOGGER

        self._report, self._logger, self._folder = report, LOGGER, f"{plan.folder}/"
        LOGGER.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        for line in _COLORS.sub("", record.getMessage()).splitlines():
            if line.strip() and not _NOISE.match(line):
                text = line.replace(self._folder, "").encode("ascii", "ignore").decode()
                self._report.log(" ".join(text.split()))

    def close(self) -> None:
        self._logger.removeHandler(self)
        super().close()


def _figures(metrics: dict[str, Any]) -> dict[str, float]:
    names = {
        "map50": "metrics/mAP50(B)",
        "map50_95": "metrics/mAP50-95(B)",
        "precision": "metrics/precision(B)",
        "recall": "metrics/recall(B)",
    }
    return {ours: round(float(metrics[theirs]), 5) for ours, theirs in names.items() if theirs in metrics}


def _explained(error: RuntimeError) -> Exception:
    """Out of memory said in plain words; anything else as it is."""
    if "out of memory" in str(error).lower() or "can't allocate memory" in str(error).lower():
        return EngineError("oom", "The device ran out of memory: choose a smaller batch or image size.")
    return error


def _validation_pictures(plan: Plan) -> list[NDArray[np.uint8]]:
    import cv2

    paths = sorted((Path(plan.data).parent / "images" / "val").iterdir())[:_PARITY_PICTURES]
    pictures = (cv2.imread(str(path)) for path in paths)
    return [cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures if picture is not None]


def _parity(engine: YoloEngine, best: Path, onnx: Path, pictures: list[NDArray[np.uint8]], imgsz: int) -> float:
    """The largest difference of a score between torch and the export, over real pictures.

    Raises:
        EngineError: it is too large, or a likely box lies elsewhere: such an export must not be deployed.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    name, drift = session.get_inputs()[0].name, 0.0
    for picture, ours in zip(pictures, engine.predict(best, pictures, imgsz), strict=True):
        theirs = session.run(None, {name: letterbox(picture, imgsz, imgsz)[0]})[0][0]
        drift = max(drift, float(np.abs(ours[4:] - theirs[4:]).max()))
        likely = ours[4:].max(0) > _LIKELY
        moved = float(np.abs(ours[:4, likely] - theirs[:4, likely]).max(initial=0.0))
        if drift > _SCORE_TOLERANCE or moved > _BOX_TOLERANCE:
            raise EngineError(
                "parity",
                f"The exported model differs from the trained one (scores by {drift:.4f}, boxes by {moved:.2f} px), "
                "so it was not registered.",
            )
    return drift


ENGINE = YoloEngine()
