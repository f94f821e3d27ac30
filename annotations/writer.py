"""The group writer: one in a process, for everything that arrives by sockets.

Whatever queued while the last commit ran goes into the next one, at most 500 transactions, with no timer:
alone a transaction waits for nobody, and under load hundreds share one flush to disk. Nobody is answered
before the commit that holds their transaction. An item that somebody else has locked does not hold up the
others: it gets a lane of its own until it is free.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections

from annotations import batch
from annotations.batch import Answers, Work
from annotations.journal import messages_of
from annotations.protocol import Receipt, Rejected
from projects.hub import Hub

_log = logging.getLogger(__name__)
MOST = 500
LOCK_WAIT = "5s"
_UNAVAILABLE = "The database does not answer: the change is kept in your browser and sent again."

Waiting = tuple[Work, "asyncio.Future[Receipt]"]


class Writer:
    """`await Writer.here().submit(work)`; one a running event loop."""

    _all: WeakKeyDictionary[asyncio.AbstractEventLoop, Writer] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Writer:
        return cls._all.setdefault(asyncio.get_running_loop(), cls())

    def __init__(self) -> None:
        self._queue: deque[Waiting] = deque()
        self._lanes: dict[str, list[Waiting]] = {}
        self._lane_tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None

    def submit(self, work: Work) -> asyncio.Future[Receipt]:
        """Queue a work; the future gives its receipt once it is on disk, or raises Rejected."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(work.item_id)
        if lane is not None:
            lane.append((work, future))
            return future
        self._queue.append((work, future))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="group writer")
        return future

    async def close(self) -> None:
        """Finish what is queued and let the connection go."""
        while self._task is not None or self._lane_tasks:
            await asyncio.gather(*filter(None, (self._task, *self._lane_tasks)), return_exceptions=True)
        await self._drop()

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._next()
        finally:
            self._task = None

    async def _next(self) -> None:
        group = [self._queue.popleft() for _ in range(min(MOST, len(self._queue)))]
        works = [work for work, _ in group]
        try:
            answers = await self._commit(works)
        except Exception as error:
            await self._drop()
            _log.warning("a batch of %d transactions failed and is tried one by one: %s", len(group), error)
            await self._one_by_one(group, self._commit)
            return
        self._answer(group, answers)
        self._open_lanes([group[n] for n in answers.locked_out])
        await Hub.here().publish(messages_of(answers))

    async def _one_by_one(self, group: list[Waiting], commit: Callable[[list[Work]], Awaitable[Answers]]) -> None:
        """One bad transaction, or a database that went away, must not decide over its neighbours."""
        for waiting in group:
            try:
                answers = await commit([waiting[0]])
            except Exception as error:
                await self._drop_broken()
                _log.warning("transaction %s failed: %s", waiting[0].tx.tx_id, error)
                _settle(waiting, Rejected("INTERNAL", _UNAVAILABLE, retryable=True))
                continue
            self._answer([waiting], answers)
            self._open_lanes([waiting] if answers.locked_out else [])
            await Hub.here().publish(messages_of(answers))

    @staticmethod
    def _answer(group: list[Waiting], answers: Answers) -> None:
        for waiting, answer in zip(group, answers.of, strict=True):
            if answer is not None:
                _settle(waiting, answer)

    async def _commit(self, works: list[Work]) -> Answers:
        if self._connection is None or self._connection.closed:
            self._connection = await _connect()
        return await _in_one_transaction(self._connection, works, wait=False)

    async def _drop_broken(self) -> None:
        if self._connection is not None and self._connection.broken:
            await self._drop()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    # Lanes: items that another transaction holds

    def _open_lanes(self, group: list[Waiting]) -> None:
        for waiting in group:
            item = waiting[0].item_id
            if item in self._lanes:
                self._lanes[item].append(waiting)
                continue
            self._lanes[item] = [waiting]
            task = asyncio.get_running_loop().create_task(self._walk_lane(item), name="writer's lane")
            self._lane_tasks.add(task)
            task.add_done_callback(self._lane_tasks.discard)

    async def _walk_lane(self, item: str) -> None:
        connection: psycopg.AsyncConnection[Any] | None = None
        try:
            connection = await _connect()
            await connection.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
            while self._lanes[item]:
                group = self._lanes[item][:MOST]
                del self._lanes[item][:MOST]
                await self._commit_in_lane(connection, group)
        except Exception as error:
            _log.warning("the lane of item %s failed: %s", item, error)
        finally:
            for waiting in self._lanes.pop(item):
                _settle(waiting, Rejected("INTERNAL", _UNAVAILABLE, retryable=True))
            if connection is not None:
                await connection.close()

    async def _commit_in_lane(self, connection: psycopg.AsyncConnection[Any], group: list[Waiting]) -> None:
        try:
            answers = await _in_one_transaction(connection, [work for work, _ in group], wait=True)
        except psycopg.errors.LockNotAvailable:
            for waiting in group:
                _settle(waiting, Rejected("BUSY", "The item is being changed in bulk: try again.", retryable=True))
        except psycopg.Error:
            if connection.broken:
                raise
            await self._one_by_one(group, lambda works: _in_one_transaction(connection, works, wait=True))
        else:
            self._answer(group, answers)
            await Hub.here().publish(messages_of(answers))


def _settle(waiting: Waiting, answer: Receipt | Rejected) -> None:
    _, future = waiting
    if future.done():
        return
    if isinstance(answer, Rejected):
        future.set_exception(answer)
    else:
        future.set_result(answer)


async def _connect() -> psycopg.AsyncConnection[Any]:
    settings = connections["default"].settings_dict
    return await psycopg.AsyncConnection.connect(
        dbname=settings["NAME"],
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        options="-c plan_cache_mode=force_generic_plan",
        autocommit=True,
        connect_timeout=5,
    )


async def _in_one_transaction(connection: psycopg.AsyncConnection[Any], works: list[Work], wait: bool) -> Answers:
    running = batch.steps(works, wait)
    async with connection.transaction(), connection.cursor() as cursor:
        rows: Any = None
        while True:
            try:
                queries = running.send(rows)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            rows = []
            for sql, parameters in queries:
                await cursor.execute(sql, parameters, prepare=True)
                rows.append(await cursor.fetchall())
