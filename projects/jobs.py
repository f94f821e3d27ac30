"""Long work: asking for it, carrying it out, and finding it again when its worker is gone.

Whoever has a kind of long work registers it and starts jobs of it; a thin Celery task hands the job to `carry`:

    jobs.register("import", "annotations.tasks.run_import_job")
    job = jobs.start(project, "import", "Import labels.zip", {"format": "coco"}, by)

    @shared_task(name="annotations.tasks.run_import_job")
    def run_import_job(job_id: str) -> None:
        jobs.carry(job_id, imports.work)

    def work(held: jobs.Held) -> dict[str, Any]:
        for n, entry in enumerate(entries):
            held.step(n, len(entries), "read")  # says how far it is; raises when nobody wants the job any more
        with transaction.atomic():
            write(...)
            held.finish({"items": n})  # the work and the job's end in one transaction

The row is the truth and the queue a doorbell: `reap` (run by beat) rings again, and queues anew what was lost. A job
may therefore begin more than once: what it writes stands in one transaction with its end, or can be written again.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import redis
from celery import current_app
from django.db import DatabaseError, connection, transaction

from projects import live, worker
from projects.models import Job, Project, User
from projects.models.job import ACTIVE, Status

_log = logging.getLogger(__name__)

BEAT_S = 2.0
SILENT_S = 30.0
_LOOK_S = 0.5
_MOST_LOSSES = 2
_MOST_DETAIL = 1000


Shown = Callable[[Job, User | None], Any]


class _Kind(NamedTuple):
    task: str
    queue: str
    shown: Shown | None


_kinds: dict[str, _Kind] = {}


class JobError(Exception):
    """The job cannot be done; `code` and `detail` (what, where, and how to mend it) go into the row."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Interrupted(Exception):
    """This attempt has to end: "cancelled", "stopped" (its worker ends) or "gone" (somebody else has the job)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def register(kind: str, task: str, queue: str = "default", shown: Shown | None = None) -> None:
    """Say which Celery task carries jobs of a kind, and on which queue.

    Args:
        shown: The result as this person, who asks now, should see it, such as with a link that is good again.
    """
    _kinds[kind] = _Kind(task, queue, shown)


def result_of(job: Job, to: User | None = None) -> Any:
    """A job's result as it is to be shown now."""
    kind = _kinds.get(job.kind)
    shown = kind.shown if kind is not None else None
    return shown(job, to) if shown is not None and job.result is not None else job.result


@transaction.atomic
def start(project: Project, kind: str, title: str, params: Mapping[str, Any], by: User | None, **fields: Any) -> Job:
    """Store a queued job and ring its queue on commit.

    Args:
        params: JSON; all that the work needs to know.
        fields: Other columns of the row, such as `metrics`.
    """
    job = Job.objects.create(
        project=project, kind=kind, title=title[:200], params=dict(params), created_by=by, **fields
    )
    job.record("status", {"status": Status.QUEUED})
    dispatch(job)
    return job


def dispatch(job: Job) -> None:
    """Ring the queue when the surrounding transaction commits. A bell that is lost is rung again by `reap`."""
    kind, pk = _kinds[job.kind], str(job.pk)
    transaction.on_commit(lambda: current_app.send_task(kind.task, (pk,), queue=kind.queue), robust=True)


def reap() -> None:
    """Queue again, at most twice, the jobs whose holder has fallen silent, and ring for those nobody heard of."""
    for job in Job.objects.filter(kind__in=_kinds, status__in=ACTIVE):
        wanted = job.status != Status.CANCELLING
        if job.lose(SILENT_S):
            _queue_again(job, wanted)
    for kind, told in _kinds.items():
        waiting = Job.objects.filter(kind=kind, status=Status.QUEUED)
        if waiting.exists() and _empty(told.queue):
            for job in waiting.order_by("created_at"):
                dispatch(job)


def _queue_again(job: Job, wanted: bool) -> None:
    _log.warning("job %s was lost", job.pk)
    if not wanted:
        job.move(Status.CANCELLED, expect=(Status.LOST,))
    elif job.times_lost <= _MOST_LOSSES:
        job.move(Status.QUEUED, expect=(Status.LOST,))
        dispatch(job)
    else:
        detail = (
            f"The worker of this job disappeared {job.times_lost} times: see its log, "
            "and whether the computer runs out of memory."
        )
        job.move(Status.FAILED, expect=(Status.LOST,), error={"code": "lost", "detail": detail})


def _empty(queue: str) -> bool:
    try:
        return live.client().llen(queue) == 0
    except redis.RedisError:
        return False


class Heartbeat:
    """Says that the job is held, from a thread of its own, whatever the main one is doing."""

    every_s = BEAT_S

    def __init__(self, job: Job) -> None:
        self.job = job
        self.lost = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._done.wait(self.every_s) and not self.lost:
                try:
                    self.beat()
                except DatabaseError:
                    _log.warning("no heartbeat for job %s", self.job.pk, exc_info=True)
                    connection.close()
        finally:
            connection.close()

    def beat(self) -> None:
        """In the thread, on its own connection."""
        self.lost = not self.job.beat()


class Held(Heartbeat):
    """A job in the hands of the one worker that claimed it. `job.params` says what to do.

    Progress is written by the heartbeat's thread on a connection of its own, so that everybody sees it while the work
    itself stands in one long transaction.
    """

    every_s = _LOOK_S

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.finished = False
        self._unwanted = ""
        self._beaten_at = time.monotonic()
        self._said: dict[str, Any] = {}
        self._wrote: dict[str, Any] = {}
        self._ending = threading.Lock()  # nothing is said of a job after its end

    def step(self, done: float = 0, total: float = 0, phase: str = "", **figures: Any) -> None:
        """Say how far the work is; cheap enough to be called for every row.

        Args:
            done: Out of `total`; without a total the progress stays where it is.
            phase: What is being done, in a word: "read", "write".
            figures: Counts for the page, such as `items=3`; they add up in `job.metrics`.

        Raises:
            Interrupted: the job is not wanted here any more: let it pass.
        """
        said = dict(self._said)
        if total:
            said["progress"] = round(min(1.0, done / total), 4)
        if phase:
            said["phase"] = phase
        if figures:
            said["figures"] = {**said.get("figures", {}), **figures}
        self._said = said
        self.check()

    def check(self) -> None:
        """Raises `Interrupted` when the job is not wanted here any more."""
        reason = self._unwanted or ("gone" if self.lost else "stopped" if worker.stopping() else "")
        if reason:
            raise Interrupted(reason)

    def log(self, text: str) -> None:
        """A line for the job's log."""
        self.job.report("log", {"text": text})

    def finish(self, result: Mapping[str, Any]) -> None:
        """End the job as succeeded within the caller's transaction.

        Raises:
            Interrupted: the job was cancelled or belongs to somebody else by now; the transaction must not commit.
        """
        fields: dict[str, Any] = {"phase": "", "progress": 1.0, "result": dict(result)}
        with self._ending:
            if not self.job.move(Status.SUCCEEDED, expect=(Status.RUNNING,), **fields):
                row = Job.objects.filter(pk=self.job.pk).values_list("status", flat=True).first()
                raise Interrupted("cancelled" if row == Status.CANCELLING else "gone")
            self.finished = True

    def beat(self) -> None:
        with self._ending:
            if self.finished:
                return
            self._tell()
        if time.monotonic() - self._beaten_at >= BEAT_S:
            self._beaten_at = time.monotonic()
            super().beat()
        row = Job.objects.filter(pk=self.job.pk).values("status", "attempt_token").first()
        if row is None or row["attempt_token"] != self.job.attempt_token:
            self.lost = True
        elif row["status"] == Status.CANCELLING:
            self._unwanted = "cancelled"

    def _tell(self) -> None:
        said = self._said
        if said == self._wrote:
            return
        self._wrote = said
        fields = {name: said[name] for name in ("phase", "progress") if name in said}
        figures = said.get("figures", {})
        if figures:
            fields["metrics"] = {**self.job.metrics, **figures}
        payload = {"phase": said.get("phase", ""), "progress": said.get("progress", 0.0), **figures}
        job = self.job  # reported by a row object of its own: the main thread's may be moving at this moment
        row = Job(pk=job.pk, project_id=job.project_id, kind=job.kind, attempt_token=job.attempt_token)
        row.report("progress", payload, **fields)


def carry(job_id: uuid.UUID | str, work: Callable[[Held], Mapping[str, Any] | None]) -> None:
    """Claim a queued job and carry it to its end; nothing happens when somebody else has it.

    Args:
        work: Does it; gives the result, unless it called `finish` itself. It may raise `JobError`.
    """
    job = Job.claim(job_id)
    if job is None:
        return
    with worker.put_back_when_told():
        if not job.move(Status.RUNNING, expect=(Status.STARTING,)):
            job.move(Status.CANCELLED, expect=ACTIVE)
            return
        with Held(job) as held:
            error = _attempt(held, work)
        if error is not None:
            job.move(Status.FAILED, expect=ACTIVE, phase="", error=error)


def _attempt(held: Held, work: Callable[[Held], Mapping[str, Any] | None]) -> dict[str, str] | None:
    """Why the job failed; None when it has ended otherwise."""
    try:
        result = work(held)
        if not held.finished:
            held.finish(result or {})
    except Interrupted as interruption:
        _give_up(held.job, interruption.reason)
    except JobError as refused:
        return {"code": refused.code, "detail": refused.detail}
    except DatabaseError:
        raise  # nothing can be said now; the reaper will
    except Exception as error:
        _log.exception("job %s failed", held.job.pk)
        return {"code": "internal", "detail": f"{type(error).__name__}: {error}"[:_MOST_DETAIL]}
    return None


def _give_up(job: Job, reason: str) -> None:
    if reason == "cancelled":
        job.move(Status.CANCELLED, expect=ACTIVE, phase="")
    elif reason == "stopped" and job.move(Status.QUEUED, expect=ACTIVE):
        dispatch(job)
