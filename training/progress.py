"""A child's events become the job's story: stored, published, and summed up in the row."""

from __future__ import annotations

import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from projects.models import Job
from training.supervisor import Event

PHASES = ("prepare", "train", "evaluate", "export")
# Where each phase begins on the bar from 0 to 1.
_BEGINS = {"prepare": 0.0, "train": 0.03, "evaluate": 0.92, "export": 0.95}
_ENDS = {"prepare": 0.03, "train": 0.92, "evaluate": 0.95, "export": 1.0}
_LIVE_S = 0.25
_SLOW_AFTER_S = 600.0
_SLOW_S = 1.0
_MOST_LOG_LINES = 5000
_KEPT_FIGURES = ("map50", "map50_95", "precision", "recall")


def overall(phase: str, part: float) -> float:
    """Progress of the whole job when `part` (0 to 1) of a phase is done.

    >>> overall("train", 1.0), overall("nonsense", 0.5)
    (0.92, 0.0)
    """
    begin, end = _BEGINS.get(phase, 0.0), _ENDS.get(phase, 0.0)
    return round(begin + (end - begin) * min(max(part, 0.0), 1.0), 4)


@dataclass
class Clock:
    """Estimates how long training still takes: by whole epochs when there are some, by batches before.

    The first epoch is slower than the rest (caches fill), hence the median of the last few.
    """

    started: float
    first: float | None = None
    epochs: deque[float] = field(default_factory=lambda: deque(maxlen=5))
    epoch_began: float | None = None

    def batch(self, now: float, done: float, total: float) -> float | None:
        """Seconds left when `done` of `total` epochs (a fraction too) are done at `now`; None when unknown."""
        if self.first is None:
            self.first, self.started, self.epoch_began = done, now, now
            return None
        if self.epochs:
            return max(0.0, (total - done) * statistics.median(self.epochs))
        gone = done - self.first
        return (now - self.started) / gone * (total - done) if gone > 0 else None

    def epoch(self, now: float) -> float | None:
        """Note the end of an epoch; gives its seconds."""
        began, self.epoch_began = self.epoch_began, now
        if began is None:
            return None
        self.epochs.append(now - began)
        return now - began


class Recorder:
    """Called with each event of a job's child. Batches come many times a second and are thinned out."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.phase = "prepare"
        self.metrics: dict[str, Any] = dict(job.metrics)
        self._began = time.monotonic()
        self._clock = Clock(self._began)
        self._batch_at = 0.0
        self._images = 0.0
        self._images_since = self._began
        self._lines = 0

    def __call__(self, event: Event) -> None:
        handle = getattr(self, f"_on_{event['kind']}", None)
        if handle is not None:
            handle({name: value for name, value in event.items() if name not in ("kind", "at")})

    def log(self, text: str) -> None:
        self._on_log({"text": text})

    def enter(self, phase: str, part: float = 0.0) -> None:
        """Say that a phase has begun, or how much of it is done."""
        self.phase = phase
        progress = max(overall(phase, part), self.job.progress)  # a resumed job does not begin again
        self.job.report("progress", {"phase": phase, "progress": progress}, phase=phase, progress=progress)

    def _on_phase(self, event: Event) -> None:
        self.enter(event["phase"])

    def _on_log(self, event: Event) -> None:
        self._lines += 1
        if self._lines <= _MOST_LOG_LINES:
            self.job.report("log", {"text": str(event["text"])})

    def _on_checkpoint(self, event: Event) -> None:
        self.metrics["checkpoint_epoch"] = event["epoch"]

    def _on_batch(self, event: Event) -> None:
        now = time.monotonic()
        self._images += event.get("images", 0)
        done = event["epoch"] - 1 + event["batch"] / max(event["batches"], 1)
        eta = self._clock.batch(now, done, event["epochs"])
        pause = _LIVE_S if now - self._began < _SLOW_AFTER_S else _SLOW_S
        if now - self._batch_at < pause:
            return
        self._batch_at = now
        progress = overall("train", done / max(event["epochs"], 1))
        figures = {"progress": progress, "eta_s": eta, "images_per_s": self._throughput(now)}
        payload = {**event, **{name: round(value, 4) for name, value in figures.items() if value is not None}}
        self.metrics |= {
            name: payload[name] for name in ("epoch", "epochs", "eta_s", "images_per_s") if name in payload
        }
        self.job.report("batch", payload, progress=progress, metrics=self.metrics)

    def _throughput(self, now: float) -> float | None:
        """Pictures a second since the epoch began."""
        return self._images / (now - self._images_since) if self._images and now > self._images_since else None

    def _on_metrics(self, event: Event) -> None:
        now = time.monotonic()
        seconds = self._clock.epoch(now)
        if seconds is not None:
            event = {**event, "seconds": round(seconds, 3)}
        left = self._clock.batch(now, event["epoch"], event["epochs"])
        if left is not None:
            event = {**event, "eta_s": round(left, 1)}
        self._images, self._images_since = 0.0, now
        self.metrics |= event
        best = self.metrics.get("best") or {}
        if event.get("map50_95", event.get("map50", -1)) >= best.get("map50_95", best.get("map50", -1)):
            kept = {name: event[name] for name in _KEPT_FIGURES if name in event}
            self.metrics["best"] = {**kept, "epoch": event["epoch"]} if kept else best
        progress = overall("train", event["epoch"] / max(event["epochs"], 1))
        self.job.report("metrics", {**event, "progress": progress}, progress=progress, metrics=self.metrics)
