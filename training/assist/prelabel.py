"""Pre-labels: a model looks at many items and suggests what it sees. A job, which can be cancelled and taken back.

Each transaction's `client_id` is "model:<id>" and its `tx_id` "<job's id in hex>.<first frame>-<last frame>": so
an attempt that goes on after another skips what that one has written, and what a job has suggested can be found
and removed for good. What is seen on the frames of a video is joined to tracks, within one transaction.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from django.db import DatabaseError
from django.db.models import QuerySet
from numpy.typing import NDArray

from annotations import journal, protocol
from annotations.models import Annotation, JournalTx
from projects import frames, jobs
from projects.jobs import Heartbeat, Interrupted
from projects.models import Item, Job, Project, User
from projects.models.item import State
from projects.models.job import ACTIVE, Status
from projects.models.library import Kind
from training import suggestions
from training.assist import propose
from training.assist.covered import Known, covered, known_on
from training.assist.join import Chains, box_of
from training.jobs import AUTO_LABEL
from training.models import Model
from training.predictions import PredictionError, Predictor, load_predictor

_log = logging.getLogger(__name__)

STEP = 10
_MOST_OPS = 400
_MOST_SEEN = 3000  # boxes that one transaction's tracks are made of
_TELL_S = 0.5


def start(project: Project, by: User, model: Model, params: dict[str, Any]) -> Job:
    """Queue a pre-labelling.

    Args:
        params: confidence, iou, items ([ids] or None), state ("" for any), step (of a video's frames), replace.
    """
    params = {**params, "model": str(model.pk), "name": model.name}
    return jobs.start(project, AUTO_LABEL, f"Pre-label with {model.name}", params, by)


def start_removal(job: Job, by: User) -> Job:
    """Queue the removal of what a pre-labelling has suggested and nobody has accepted."""
    title = f"Remove the suggestions of {job.params['name']}"
    params = {"remove": str(job.pk), "model": job.params["model"], "name": job.params["name"]}
    return jobs.start(job.project, AUTO_LABEL, title, params, by)


def run(job_id: uuid.UUID | str, stopping: Callable[[], bool] = lambda: False) -> None:
    """Claim a queued job of this kind and carry it to its end, or to the queue again when the worker ends."""
    job = Job.claim(job_id)
    if job is None:
        return
    with Heartbeat(job) as beat:
        work = (_Removal if "remove" in job.params else _Labelling)(job, beat, stopping)
        try:
            if not job.move(Status.RUNNING, expect=(Status.STARTING,), phase=work.phase):
                raise Interrupted("cancelled")
            work.go()
        except Interrupted as interruption:
            work.interrupted(interruption.reason)
        except DatabaseError:
            raise  # nothing can be said now; the reaper will
        except PredictionError as error:
            job.move(Status.FAILED, expect=ACTIVE, error={"code": "no-export", "detail": str(error)})
        except Exception as error:
            _log.exception("job %s failed", job.pk)
            detail = f"{type(error).__name__}: {error}"[:1000]
            job.move(Status.FAILED, expect=ACTIVE, error={"code": "engine", "detail": detail})
        else:
            done = {"result": work.result, "metrics": work.result}
            job.move(Status.SUCCEEDED, expect=ACTIVE, phase="", progress=1.0, **done)


class _Work:
    """One attempt: what it has done so far, and whether it is still wanted."""

    phase = ""

    def __init__(self, job: Job, beat: Heartbeat, stopping: Callable[[], bool]) -> None:
        self.job, self._beat, self._stopping = job, beat, stopping
        self.result: dict[str, Any] = {"suggestions": 0, "items": 0, "frames": 0, "left_out": 0} | job.metrics
        self._told_at = 0.0

    def go(self) -> None:
        raise NotImplementedError

    def step(self, done: int, total: int) -> None:
        """Say how far it is, now and then.

        Raises:
            Interrupted: it is not wanted any more.
        """
        now = time.monotonic()
        if now - self._told_at < _TELL_S and done < total:
            return
        self._told_at = now
        self._check()
        progress = round(done / max(total, 1), 4)
        payload = {"phase": self.phase, "progress": progress, **self.result}
        self.job.report("progress", payload, phase=self.phase, progress=progress, metrics=self.result)

    def _check(self) -> None:
        row = Job.objects.filter(pk=self.job.pk).values("status", "attempt_token").first()
        if self._beat.lost or row is None or row["attempt_token"] != self.job.attempt_token:
            raise Interrupted("gone")
        if row["status"] not in ACTIVE or row["status"] == Status.CANCELLING:
            raise Interrupted("cancelled")
        if self._stopping():
            raise Interrupted("stopped")

    def interrupted(self, reason: str) -> None:
        if reason == "cancelled":
            self.job.move(Status.CANCELLED, expect=ACTIVE, phase="", result=self.result, metrics=self.result)
        elif reason == "stopped" and self.job.move(Status.QUEUED, expect=ACTIVE, metrics=self.result):
            jobs.dispatch(self.job)

    def commit(self, item: Item, ops: list[dict[str, Any]], name: str) -> bool:
        """Whether the journal took it; an item that was approved or deleted meanwhile is left out."""
        tx = protocol.Tx(f"{propose.MODEL}{self.job.params['model']}", name, item.rev, ops)
        try:
            item.rev = journal.commit(item.pk, tx, self.job.created_by, source="model").rev
        except journal.Rejected as refusal:
            if refusal.retryable:
                raise
            self.job.report("log", {"text": f"{item.path} was left out: {refusal.detail}"})
            return False
        return True


class _Labelling(_Work):
    phase = "look"

    def go(self) -> None:
        params = self.job.params
        model = Model.objects.filter(pk=params["model"]).first()
        if model is None:
            raise PredictionError("The model was deleted meanwhile: choose another one, and pre-label again.")
        self._predictor: Predictor = load_predictor(model)
        self._labels = suggestions.label_ids(model, self.job.project.labels.all())
        items = _scope(self.job.project, params)
        total, done = sum(_frames(item, params["step"]) for item in items), 0
        self.step(0, total)
        for item in items:
            for _ in self._item(item):
                done += 1
                self.result["frames"] += 1
                self.step(done, total)
            self.result["items"] += 1

    def _item(self, item: Item) -> Iterator[None]:
        """Once for each frame that was looked at; what was seen is committed some hundred shapes at a time."""
        first = self._resume_at(item)
        if first is None:
            return
        self._tracks, self._gone = self._old_tracks(item), set[str]()
        stale: list[str] = []
        chains, begin, last = Chains(), first, first
        for frame, picture in self._pictures(item, first):
            old, new = self._look(item, frame, picture)
            most = len(stale) + len(old) + len(chains.all) + len(new)
            if (stale or chains.all) and (most > _MOST_OPS or chains.seen + len(new) > _MOST_SEEN):
                self._write(item, stale, chains, begin, last)
                stale, chains, begin = [], Chains(), frame or 0
            stale += old[:_MOST_OPS]
            chains.add(new[: max(0, _MOST_OPS - len(old))])
            last = frame or 0
            yield
        if stale or chains.all:
            self._write(item, stale, chains, begin, last)

    def _old_tracks(self, item: Item) -> set[str]:
        """The suggested tracks that models other than this job have made: a new look may replace them."""
        if not self.job.params["replace"] or item.asset.kind != Kind.VIDEO:
            return set()
        rows = Annotation.objects.filter(item=item, deleted=False, source="model", keyframes__isnull=False)
        txs = JournalTx.objects.filter(item=item, client_id__startswith=propose.MODEL).exclude(**_of_job(self.job))
        found = rows.filter(created_rev__in=txs.values("rev")).values_list("pk", flat=True)
        return {str(pk) for pk in found}

    def _resume_at(self, item: Item) -> int | None:
        """The frame to begin with: behind what an earlier attempt has written, None when that was all."""
        names = JournalTx.objects.filter(item=item, **_of_job(self.job)).values_list("tx_id", flat=True)
        written = [int(name.rpartition("-")[2]) for name in names]
        if not written:
            return 0
        step = self.job.params["step"]
        following = max(written) + step
        return following if item.asset.kind == Kind.VIDEO and following < item.asset.frames else None

    def _pictures(self, item: Item, first: int) -> Iterator[tuple[int | None, NDArray[np.uint8]]]:
        try:
            if item.asset.kind == Kind.VIDEO:
                yield from frames.read_frames(item.asset, range(first, item.asset.frames, self.job.params["step"]))
            else:
                yield None, frames.read_frame(item.asset)
        except (frames.FrameUnreadable, OSError) as error:
            self.result["left_out"] += 1
            self.job.report("log", {"text": f"{item.path} cannot be read: {error}"})

    def _look(
        self, item: Item, frame: int | None, picture: NDArray[np.uint8]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """The ids of suggestions that go, and the ops of those that come."""
        params = self.job.params
        seen = self._predictor.predict(picture, params["confidence"], params["iou"])
        known = known_on(_shapes(item, frame), frame)
        stale = [shape for shape in known if params["replace"] and self._replaceable(shape)]
        kept = [shape for shape in known if shape not in stale]
        gone = [shape.id for shape in stale if shape.id not in self._gone]
        self._gone.update(gone)
        made = suggestions.to_ops(seen, self._labels, frame)
        return gone, [op for op in made if not covered(box_of(op), _same(kept, op["label"]))]

    def _replaceable(self, shape: Known) -> bool:
        return shape.suggested and (not shape.track or shape.id in self._tracks)

    def _write(self, item: Item, stale: list[str], chains: Chains, begin: int, last: int) -> None:
        ops = [{"op": "delete", "id": each} for each in stale]
        ops += chains.to_ops(self.job.params["step"], item.asset.frames)
        if self.commit(item, ops, f"{self.job.pk.hex}.{begin}-{last}"):
            self.result["suggestions"] += sum(op["op"] == "create" for op in ops)
        else:
            self.result["left_out"] += 1


class _Removal(_Work):
    phase = "remove"

    def go(self) -> None:
        origin = Job.objects.filter(pk=self.job.params["remove"]).first()
        rows = JournalTx.objects.filter(item__project=self.job.project, **_of_job(origin)) if origin else None
        txs = list(rows.order_by("item", "rev").values_list("item", "ops")) if rows is not None else []
        for done, (item_id, ops) in enumerate(txs):
            self.step(done, len(txs))
            made = [op["id"] for op in ops if op["op"] == "create"]
            left = Annotation.objects.filter(pk__in=made, deleted=False, source="model").values_list("pk", flat=True)
            self._remove(item_id, [{"op": "delete", "id": str(pk)} for pk in left])

    def _remove(self, item_id: uuid.UUID, ops: list[dict[str, Any]]) -> None:
        item = Item.objects.filter(pk=item_id).first()
        if not ops or item is None:
            return
        if self.commit(item, ops, f"{self.job.pk.hex}.{uuid.uuid4().hex[:12]}"):
            self.result["suggestions"] += len(ops)
            self.result["items"] += 1
        else:
            self.result["left_out"] += 1


def _of_job(job: Job) -> dict[str, str]:
    return {"client_id": f"{propose.MODEL}{job.params['model']}", "tx_id__startswith": f"{job.pk.hex}."}


def _scope(project: Project, params: dict[str, Any]) -> list[Item]:
    """The items that are looked at. Approved ones are nobody's to change without being sent back."""
    rows: QuerySet[Item] = Item.objects.filter(project=project).select_related("asset", "asset__video")
    rows = rows.exclude(state=State.APPROVED)
    if params.get("items"):
        rows = rows.filter(pk__in=params["items"])
    if params.get("state"):
        rows = rows.filter(state=params["state"])
    return list(rows.order_by("path", "id"))


def _frames(item: Item, step: int) -> int:
    return -(-item.asset.frames // step) if item.asset.kind == Kind.VIDEO else 1


def _shapes(item: Item, frame: int | None) -> QuerySet[Annotation]:
    rows = Annotation.objects.filter(item=item, deleted=False)
    return rows if frame is None else rows.filter(frame=frame) | rows.filter(keyframes__isnull=False)


def _same(shapes: list[Known], label: str) -> list[Known]:
    return [shape for shape in shapes if shape.label == label]
