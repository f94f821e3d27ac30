"""An engine that learns nothing, for tests of everything around engines. `plan.model` says how it behaves."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.engines.base import Choice, Description, EngineError, Param, Plan, Report, Trained

_BATCHES = 4
# What each model does at the end of its second epoch; "steady" does nothing of the kind.
_BEHAVIOURS = ("steady", "crash", "refuse", "hang", "deaf", "killed", "calls-out", "orphans")


class FakeEngine:
    def describe(self, weights: Path | None = None) -> Description:
        params = (
            Param("epochs", "whole", 3, "Epochs", low=1, high=1000),
            Param("imgsz", "whole", 64, "Image size", low=32, high=2048, multiple=32),
            Param("pace", "number", 0.0, "Seconds a batch", low=0, high=60),
        )
        return Description("fake", "Fake", ("detect",), tuple(Choice(name, name) for name in _BEHAVIOURS), params)

    def train(self, plan: Plan, report: Report) -> Trained:
        started = time.monotonic()
        epochs = int(plan.params["epochs"])
        first = json.loads(Path(plan.checkpoint).read_text())["epoch"] + 1 if plan.checkpoint else 1
        report.phase("train")
        report.log(f"starts at epoch {first}")
        for epoch in range(first, epochs + 1):
            self._epoch(plan, report, epoch, epochs)
        report.phase("evaluate")
        report.phase("export")
        weights = plan.path / "best.pt"
        weights.write_bytes(b"not really weights")
        onnx = self.export(weights, plan.path, int(plan.params["imgsz"]), len(plan.labels))
        metrics = {"map50": 0.9, "map50_95": 0.6, "precision": 0.8, "recall": 0.7}
        return Trained(str(weights), str(onnx), metrics, time.monotonic() - started)

    def _epoch(self, plan: Plan, report: Report, epoch: int, epochs: int) -> None:
        for batch in range(1, _BATCHES + 1):
            time.sleep(float(plan.params["pace"]))
            report.batch(epoch=epoch, epochs=epochs, batch=batch, batches=_BATCHES, loss=1 / epoch, images=8)
        report.epoch(epoch=epoch, epochs=epochs, box_loss=1 / epoch, map50=1 - 1 / (epoch + 1), lr=0.01)
        path = plan.path / "checkpoint.json"
        path.with_suffix(".new").write_text(json.dumps({"epoch": epoch}))
        path.with_suffix(".new").replace(path)
        report.checkpoint(path, epoch)
        if epoch == 2:
            self._misbehave(plan.model, plan)

    def _misbehave(self, behaviour: str, plan: Plan) -> None:
        if behaviour == "crash":
            os.abort()
        elif behaviour == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif behaviour == "refuse":
            raise EngineError("data", "The pictures cannot be read.")
        elif behaviour in ("hang", "deaf"):
            if behaviour == "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        elif behaviour == "calls-out":
            import socket

            socket.getaddrinfo("example.org", 443)
        elif behaviour == "orphans":
            import subprocess

            grandchild = subprocess.Popen(["sleep", "600"])
            (plan.path.parent / "grandchild.pid").write_text(str(grandchild.pid))
            time.sleep(600)

    def export(self, weights: Path, folder: Path, imgsz: int, classes: int = 1) -> Path:
        """A network that sees one object of each class in every picture, in a row, 0.9 down to 0.5 sure."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        side = imgsz / 4
        rows = [
            [side * (0.5 + n % 4), side * (0.5 + n // 4), side / 2, side / 2]
            + [max(0.5, 0.9 - 0.1 * n) if k == n else 0.0 for k in range(classes)]
            for n in range(classes)
        ]
        seen = np.array(rows, np.float32).T[None]
        nodes = [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
            helper.make_node("Add", ["seen", "nothing"], ["output0"]),
        ]
        graph = helper.make_graph(
            nodes,
            "fake",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, imgsz, imgsz])],
            [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(seen.shape))],
            [numpy_helper.from_array(seen, "seen"), numpy_helper.from_array(np.zeros((), np.float32), "zero")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        path = folder / "best.onnx"
        onnx.save(model, str(path))
        return path

    def predict(self, weights: Path, pictures: Sequence[NDArray[np.uint8]], imgsz: int) -> list[NDArray[np.float32]]:
        return [np.full((5, 1), math.nan, np.float32) for _ in pictures]


ENGINE = FakeEngine()
