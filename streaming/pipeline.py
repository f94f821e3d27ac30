"""One running pipeline: threads that grab, infer, draw and encode, joined by mailboxes of one slot.

It lives in a process of its own (`manage.py stream_pipeline`), so that a decoder that crashes or hangs
takes nothing else with it. The viewers' connections are the gateway's: they outlive a restart.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from projects.models.project import PALETTE
from streaming import overlay, sources, wire
from streaming.desk import Desk
from streaming.encoder import Encoder, Picture, fit, jpeg
from streaming.link import Link
from streaming.mailbox import Mailbox, Meter, Rest, Spread
from streaming.models import Pipeline, PipelineState

FIRST_RETRY, LAST_RETRY = 0.5, 30.0
STALLED_EXIT = 75
_LOOK_EVERY = 1.0
_METRICS_EVERY, _STORE_EVERY = 1.0, 2
_SNAPSHOT_EVERY, _SNAPSHOT_SIZE = 2.0, (480, 480)
_STILLS_EVERY = 0.1
_STEADY = 5.0
_BUSY = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture on its way: RGB, shape (h, w, 3); `at` is the monotonic moment it was grabbed."""

    picture: Picture
    number: int
    at: float
    detections: list[dict[str, Any]] = field(default_factory=list)
    slate: bool = False


def describe(found: Any, colors: dict[str, str]) -> list[dict[str, Any]]:
    """A prediction as `{label, color, confidence, geometry}`, boxes in pixels of the source picture."""
    shapes = []
    for (left, top, right, bottom), confidence, index in zip(
        found.boxes.tolist(), found.confidence.tolist(), found.class_index.tolist(), strict=True
    ):
        label = found.labels[int(index)]
        box = {"x": round(left, 1), "y": round(top, 1), "w": round(right - left, 1), "h": round(bottom - top, 1)}
        color = colors.get(label) or PALETTE[int(index) % len(PALETTE)]
        geometry = {"type": "box", **box}
        shapes.append({"label": label, "color": color, "confidence": round(confidence, 3), "geometry": geometry})
    return shapes


class Backoff:
    """Waits that double from 0.5 to 30 s, with jitter so that many cameras do not return in step."""

    def __init__(self) -> None:
        self._next = FIRST_RETRY

    def reset(self) -> None:
        self._next = FIRST_RETRY

    def next(self) -> float:
        """Seconds to wait now.

        >>> backoff = Backoff()
        >>> waits = [backoff.next() for _ in range(9)]
        >>> 0.37 < waits[0] < 0.63, 22 < waits[-1] < 38
        (True, True)
        """
        wait, self._next = self._next, min(LAST_RETRY, self._next * 2)
        return wait * random.uniform(0.75, 1.25)


class Runner:
    """The threads of one pipeline and what they share. `run` returns when the pipeline is to end."""

    def __init__(self, pipeline_id: str, worker: str, gateway_socket: str) -> None:
        self.desk = Desk(pipeline_id, worker)
        self.stop = threading.Event()
        self.link = Link(gateway_socket, pipeline_id, self.stop, heard=self._settle)
        self.rest = Rest()
        self.to_infer, self.to_draw, self.to_encode = Mailbox[Shot](), Mailbox[Shot](), Mailbox[Shot]()
        self.meters = {stage: Meter() for stage in ("grab", "infer", "draw", "encode")}
        self.latency, self.inference = Spread(), Spread()
        self.row: Pipeline
        self.colors: dict[str, str] = {}
        self.predictor: Any = None
        self.last: Shot | None = None
        self.encoder: Encoder | None = None
        self.encoders = self.reconnects = self.errors = 0
        self._turn = threading.Event()
        self._model_id: Any = None
        self._model_note = ""
        self._detections: list[dict[str, Any]] = []
        self._outage: tuple[str, str] | None = (PipelineState.STARTING, "")
        self._grabbed_at = time.monotonic()
        self._grabbing = False
        self._busy_until = 0.0

    # The main thread: the row, commands, metrics.

    def run(self) -> None:
        row = self.desk.look()
        if row is None:
            return
        self._take(row)
        work = (self.link.run, self._grab, self._infer, self._draw, self._encode)
        threads = [threading.Thread(target=one, name=one.__name__.strip("_"), daemon=True) for one in work]
        for thread in threads:
            thread.start()
        try:
            self._attend()
        finally:
            self.stop.set()
            self._end_source()
            self.link.close()
        deadline = time.monotonic() + 1.0
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _attend(self) -> None:
        looked = told = time.monotonic()
        tellings = 0
        while not self.stop.is_set():
            looked = 0.0 if self._obey() else looked
            self._settle()
            self.desk.tell_state(*self._state())
            now = time.monotonic()
            if now - looked >= _LOOK_EVERY:
                looked = now
                self._look()
            if now - told >= _METRICS_EVERY:
                told, tellings = now, tellings + 1
                self.desk.tell_metrics(self.metrics(), store=tellings % _STORE_EVERY == 0)
                self._show_slate()
            self._watch_for_stall(now)

    def _obey(self) -> bool:
        """Carry out one command; True when it says that the row has changed."""
        try:
            command = self.desk.next_command(0.25)
            if command and command["do"] == "capture":
                self._capture(command)
            return command is not None and command["do"] == "look"
        except redis.RedisError:
            self.stop.wait(0.25)
            return False

    def _settle(self) -> None:
        """Without viewers, without a model and a while after the last capture, a picture a second is enough."""
        needed = self.link.watched or self.predictor is not None or time.monotonic() < self._busy_until
        self.rest.allow(not needed and not self.stop.is_set())

    def _end_source(self) -> None:
        self._turn.set()
        self.rest.allow(False)

    def _capture(self, command: dict[str, Any]) -> None:
        shot = self.last
        if shot is None or command["until"] < time.time():
            return
        height, width = shot.picture.shape[:2]
        taken = timezone.now().timestamp() - (time.monotonic() - shot.at)
        header = {"at": taken, "frame": shot.number, "width": width, "height": height, "detections": shot.detections}
        self._busy_until = time.monotonic() + _BUSY
        header["model"] = str(self._model_id) if self.predictor else None
        self.desk.reply(command["to"], header, jpeg(shot.picture, 95))

    def _look(self) -> None:
        try:
            row = self.desk.look()
            if row is None:
                self.stop.set()
            else:
                self._take(row)
        except DatabaseError:
            log.warning("The database cannot be asked; the pipeline goes on as it is")

    def _take(self, row: Pipeline) -> None:
        """Follow what people changed in the row."""
        before = getattr(self, "row", None)
        self.row = row
        if before and _origin(before.source) != _origin(row.source):
            self._end_source()
        if row.model_id != self._model_id:
            self._model_id = row.model_id
            self.colors = self.desk.colors(row)
            if row.model is None:
                self._install(None, None, "")
            else:
                self._model_note = "The model is being loaded."
                threading.Thread(target=self._load, args=(row.model,), daemon=True).start()

    def _load(self, model: Any) -> None:
        from training.predictions import load_predictor  # OpenVINO is not loaded by pipelines without a model

        try:
            predictor, note = load_predictor(model), ""
        except Exception as error:
            log.exception("The model %s cannot be loaded", model.pk)
            predictor, note = None, f"{error} The video goes on without it."
        finally:
            connection.close()
        self._install(model.pk, predictor, note)

    def _install(self, model_id: Any, predictor: Any, note: str) -> None:
        if model_id == self._model_id:  # otherwise another model was chosen meanwhile
            self.predictor, self._model_note, self._detections = predictor, note, []

    def _state(self) -> tuple[str, str]:
        if self._outage:
            return self._outage
        if self.predictor:
            return PipelineState.RUNNING, ""
        return PipelineState.PASSTHROUGH, self._model_note

    def _watch_for_stall(self, now: float) -> None:
        """A decoder that hangs in C hears no event: only the end of the process ends it."""
        limit = settings.STREAM_STALL
        if self._grabbing and now - self._grabbed_at > limit:
            self.desk.tell_state(PipelineState.RECONNECTING, f"No picture came for {limit} s: starting anew.")
            os._exit(STALLED_EXIT)

    def metrics(self) -> dict[str, Any]:
        return {
            "at": timezone.now().isoformat(),
            "fps": {stage: meter.rate() for stage, meter in self.meters.items()},
            "frames": {stage: meter.total for stage, meter in self.meters.items()},
            "dropped": {"infer": self.to_infer.dropped, "draw": self.to_draw.dropped, "encode": self.to_encode.dropped},
            "latency_ms": {"p50": self.latency.milliseconds(50), "p95": self.latency.milliseconds(95)},
            "inference_ms": {"p50": self.inference.milliseconds(50), "p95": self.inference.milliseconds(95)},
            "viewers": self.link.viewers + self.link.readers,
            "encoders": self.encoders,
            "reconnects": self.reconnects,
            "errors": self.errors,
            "size": list(self.last.picture.shape[1::-1]) if self.last else None,
        }

    def _show_slate(self) -> None:
        if self._outage and self.link.watched:
            state, reason = self._outage
            title = {PipelineState.FAILED: "No video", PipelineState.STARTING: "Starting"}.get(state, "Reconnecting")
            size = self.encoder.size if self.encoder else (640, 360)
            self.to_draw.put(Shot(overlay.slate(title, reason, size), 0, time.monotonic(), slate=True))

    # The grabbing thread.

    def _grab(self) -> None:
        backoff = Backoff()
        while not self.stop.is_set():
            self._turn.clear()
            began = self._grabbed_at = time.monotonic()
            try:
                self._grabbing = True
                self._read(sources.make(self.row.source))
                backoff.reset()
            except sources.SourceError as error:
                self._pause(error, backoff, time.monotonic() - began)
            except Exception as error:
                log.exception("The source failed in a way that nobody foresaw")
                self._pause(sources.SourceError(f"The source failed: {error}"), backoff, time.monotonic() - began)

    def _read(self, source: sources.FrameSource) -> None:
        connection.close()
        for picture in source.frames(self._turn, self.rest):
            if self._turn.is_set():
                return
            self._grabbed_at = time.monotonic()
            self.meters["grab"].tick()
            self._outage = None
            self._route(Shot(picture, self.meters["grab"].total, self._grabbed_at))

    def _route(self, shot: Shot) -> None:
        """With a model and boxes drawn where they were found, pictures pass through it; else they go on at once."""
        if self.predictor:
            self.to_infer.put(shot)
            if self._mode() != "live":
                return
        self.last = shot if not self.predictor else self.last
        self.to_draw.put(replace(shot, detections=self._detections) if self.predictor else shot)

    def _pause(self, error: sources.SourceError, backoff: Backoff, lasted: float) -> None:
        self._grabbing = False
        if lasted > _STEADY and not self._outage:
            backoff.reset()
        self.reconnects += 1
        self._outage = (PipelineState.FAILED if error.final else PipelineState.RECONNECTING, str(error))
        self._turn.wait(LAST_RETRY if error.final else backoff.next())

    def _mode(self) -> str:
        return str(self.row.overlay.get("mode", "synced"))

    # The inferring thread.

    def _infer(self) -> None:
        while not self.stop.is_set():
            shot, predictor = self.to_infer.get(0.25), self.predictor
            if shot is None or predictor is None:
                continue
            began = time.monotonic()
            try:
                found = predictor.predict(shot.picture, confidence=float(self.row.overlay.get("confidence", 0.25)))
                detections = describe(found, self.colors)
            except Exception:
                self.errors += 1
                log.exception("The model failed on frame %d", shot.number)
                detections = []
            self.inference.add(time.monotonic() - began)
            self.meters["infer"].tick()
            self._found(replace(shot, detections=detections))

    def _found(self, shot: Shot) -> None:
        self.last, self._detections = shot, shot.detections
        if self._mode() != "live":
            self.to_draw.put(shot)
        height, width = shot.picture.shape[:2]
        message = {"type": "detections", "at": timezone.now().isoformat(), "frame": shot.number}
        self.desk.tell(message | {"width": width, "height": height, "detections": shot.detections})

    # The drawing and the encoding thread. Both rest while nobody watches, but for a snapshot now and then.

    def _draw(self) -> None:
        snapshot = 0.0
        while not self.stop.is_set():
            shot = self.to_draw.get(0.25)
            if shot is None and self.link.key_wanted and self.last and not self._outage:
                shot = replace(self.last, at=time.monotonic())  # a slow source: whoever joins sees its last picture
            due = time.monotonic() - snapshot > _SNAPSHOT_EVERY
            if shot is None or not (self.link.watched or due):
                continue
            picture = fit(shot.picture)
            if shot.detections and self._mode() != "none":
                picture = overlay.draw(picture, shot.detections, picture.shape[1] / shot.picture.shape[1])
            self.meters["draw"].tick()
            if due and not shot.slate:
                snapshot = time.monotonic()
                self.desk.keep_snapshot(jpeg(fit(picture, _SNAPSHOT_SIZE)))
            self.to_encode.put(replace(shot, picture=picture))

    def _encode(self) -> None:
        still = 0.0
        pts = 0
        while not self.stop.is_set():
            shot = self.to_encode.get(0.25)
            if shot is None:
                continue
            if self.link.viewers:
                pts = max(pts + 1, int(shot.at * wire.CLOCK_RATE))
                self._send(shot, pts)
            if self.link.readers and time.monotonic() - still >= _STILLS_EVERY:
                still = time.monotonic()
                self.link.send(wire.frame(wire.PICTURE, jpeg(shot.picture)))

    def _send(self, shot: Shot, pts: int) -> None:
        height, width = shot.picture.shape[:2]
        if self.encoder is None or self.encoder.size != (width, height):
            self.encoder = Encoder(width, height)
            self.encoders += 1
        for unit in self.encoder.encode(shot.picture, pts, self.link.take_key_wish()):
            self.link.send(unit.pack())
        self.meters["encode"].tick()
        if not shot.slate:
            self.latency.add(time.monotonic() - shot.at)


def _origin(source: Any) -> tuple[Any, ...]:
    return source.pk, source.kind, source.config, source.secret
