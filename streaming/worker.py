"""The stream worker: takes wanted pipelines by a lease and keeps one process running for each."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from projects import live
from streaming.desk import set_state
from streaming.models import Pipeline, PipelineState
from streaming.pipeline import STALLED_EXIT, Backoff

LEASE = timedelta(seconds=5)
PERIOD = 0.5
GRACE = 3.0
_STEADY = 20.0
log = logging.getLogger(__name__)


class Child:
    """One pipeline's process, its restarts and their back-off."""

    def __init__(self, pipeline_id: uuid.UUID, worker: str) -> None:
        self.pipeline_id, self.worker = pipeline_id, worker
        self.backoff = Backoff()
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0

    def start(self) -> None:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "stream_pipeline", str(self.pipeline_id)]
        command += ["--worker", self.worker, "--parent", str(os.getpid())]
        # A session of its own: a Ctrl-C in the terminal is the worker's to pass on.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self.started = time.monotonic()

    def ended(self) -> int | None:
        """The exit status of a process that is no more."""
        return self.process.poll() if self.process else None

    def plan_restart(self) -> float:
        if time.monotonic() - self.started > _STEADY:
            self.backoff.reset()
        self.process = None
        wait = self.backoff.next()
        self.due = time.monotonic() + wait
        return wait

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Worker:
    """Runs pipelines until it is told to stop. Any number of workers can share the work."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.children: dict[uuid.UUID, Child] = {}
        self.stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        while not self.stopping:
            try:
                self.step()
            except DatabaseError:
                log.warning("The database cannot be asked; running pipelines go on")
                connection.close()
            live.alive("stream_worker")
            time.sleep(PERIOD)
        self.release()

    def step(self) -> None:
        """One round: keep the leases, end what is unwanted, take what is free, restart what died."""
        mine = self._keep_leases()
        for pk in set(self.children) - mine:
            self._let_go(pk)
        self._settle_stopped()
        self._claim()
        for child in self.children.values():
            self._tend(child)

    def _keep_leases(self) -> set[uuid.UUID]:
        """The pipelines that are still wanted and still this worker's."""
        rows = Pipeline.objects.filter(pk__in=list(self.children), worker=self.name)
        rows.update(heartbeat_at=timezone.now())
        return set(rows.filter(wanted=True).values_list("pk", flat=True))

    def _let_go(self, pk: uuid.UUID) -> None:
        self.children.pop(pk).stop()
        mine = Pipeline.objects.filter(pk=pk, worker=self.name)
        set_state(mine.filter(wanted=False), PipelineState.STOPPED)
        mine.update(worker="", heartbeat_at=None, metrics={})

    def _settle_stopped(self) -> None:
        """Pipelines that were stopped while no worker had them."""
        set_state(free().filter(wanted=False).exclude(state=PipelineState.STOPPED), PipelineState.STOPPED)

    def _claim(self) -> None:
        for pk in free().filter(wanted=True).values_list("pk", flat=True)[:16]:
            # The condition is part of the update, so of two workers only one gets the row.
            if free().filter(pk=pk, wanted=True).update(worker=self.name, heartbeat_at=timezone.now()):
                set_state(Pipeline.objects.filter(pk=pk), PipelineState.STARTING)
                self.children[pk] = Child(pk, self.name)

    def _tend(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.due:
                child.start()
            return
        status = child.ended()
        if status is None:
            return
        wait = child.plan_restart()
        log.warning("The process of pipeline %s ended with %d; next start in %.1f s", child.pipeline_id, status, wait)
        if status:
            rows = Pipeline.objects.filter(pk=child.pipeline_id, worker=self.name, wanted=True)
            set_state(rows, PipelineState.RECONNECTING, f"{_death(status)} It starts again in {wait:.0f} s.")

    def release(self) -> None:
        """End all processes and give the leases back, so that another worker need not wait them out."""
        for pk, child in self.children.items():
            child.stop()
            with suppress(DatabaseError):
                mine = Pipeline.objects.filter(pk=pk, worker=self.name)
                set_state(mine.filter(wanted=True), PipelineState.STARTING, "It waits for a stream worker.")
                set_state(mine.filter(wanted=False), PipelineState.STOPPED)
                mine.update(worker="", heartbeat_at=None)
        self.children.clear()


def free() -> Any:
    """Pipelines that no living worker holds."""
    return Pipeline.objects.filter(Q(worker="") | Q(heartbeat_at__lt=timezone.now() - LEASE) | Q(heartbeat_at=None))


def _death(status: int) -> str:
    if status == STALLED_EXIT:
        return "The source hung."
    if status < 0:
        return f"The pipeline's process was ended by {signal.Signals(-status).name}."
    return f"The pipeline's process failed with status {status}; the worker's log says why."
