"""One hub in a process: it holds one Redis subscription for each room and fans out to the local sockets.

A message is decoded from Redis once and handed to every member as the same `Frame`, so a room of two
hundred costs one decoding and two hundred appends. Nothing is stored here, and a message that Redis loses
is lost: whoever listens must be able to read what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import orjson
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)
_SUBSCRIBE_WAIT_S = 2.0
_LONGEST_PAUSE_S = 5.0


class Frame:
    """One message of a room: its JSON text, and the parsed message for those who look inside."""

    __slots__ = ("_message", "size", "text")

    def __init__(self, data: bytes) -> None:
        self.text = data.decode()
        self.size = len(data)
        self._message: dict[str, Any] | None = None

    @property
    def message(self) -> dict[str, Any]:
        if self._message is None:
            self._message = orjson.loads(self.text)
        return self._message


class Member(Protocol):
    """Whoever listens to a room. `deliver` is called in the event loop and may neither block nor raise."""

    def deliver(self, room: str, frame: Frame) -> None: ...


class Hub:
    """The rooms of one event loop. `Hub.here()` gives the running loop's own."""

    _all: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Hub:
        loop = asyncio.get_running_loop()
        hub = cls._all.get(loop)
        if hub is None:
            hub = cls._all[loop] = cls()
        return hub

    def __init__(self) -> None:
        self._members: dict[str, set[Member]] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._lock = asyncio.Lock()
        self._redis: redis.asyncio.Redis | None = None
        self._pubsub: Any = None
        self._listener: asyncio.Task[None] | None = None

    async def join(self, room: str, member: Member) -> None:
        """Add a member; on return the room's messages reach it.

        Where Redis does not answer the member joins all the same, and hears the room once Redis is back.
        """
        self._members.setdefault(room, set()).add(member)
        async with self._lock:
            if room not in self._ready:
                self._ready[room] = asyncio.Event()
                with suppress(RedisError, OSError):
                    await self._connect()
                    await self._pubsub.subscribe(room)
                self._listen()
            ready = self._ready[room]
        with suppress(TimeoutError):
            await asyncio.wait_for(ready.wait(), _SUBSCRIBE_WAIT_S)

    async def leave(self, room: str, member: Member) -> None:
        """Take a member out; the last one takes the subscription along, the last room the connection."""
        members = self._members.get(room)
        if members is None:
            return
        members.discard(member)
        async with self._lock:
            if self._members.get(room) or room not in self._ready:
                return
            self._members.pop(room, None)
            self._ready.pop(room, None)
            if not self._members:
                await self._disconnect()
                return
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(room)

    def members(self, room: str) -> set[Member]:
        return self._members.get(room, set())

    async def publish(self, messages: list[tuple[str, bytes]]) -> None:
        """Ring in several rooms by one round trip; a doorbell out of order is no error for the one who rings."""
        try:
            client = self._client()
            if len(messages) == 1:
                await client.publish(*messages[0])
                return
            pipeline = client.pipeline(transaction=False)
            for room, data in messages:
                pipeline.publish(room, data)
            await pipeline.execute()
        except (RedisError, OSError) as error:
            _log.warning("publishing to %d rooms failed: %s", len(messages), error)

    async def close(self) -> None:
        """Let the publisher's connection go; without members nothing else is open."""
        async with self._lock:
            if not self._members:
                await self._disconnect()

    def _client(self) -> redis.asyncio.Redis:
        if self._redis is None:
            self._redis = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
        return self._redis

    async def _connect(self) -> None:
        if self._pubsub is None:
            self._pubsub = self._client().pubsub()

    def _listen(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listening(), name="room hub")

    async def _disconnect(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        pubsub, self._pubsub = self._pubsub, None
        client, self._redis = self._redis, None
        with suppress(RedisError, OSError):
            if pubsub is not None:
                await pubsub.aclose()
            if client is not None:
                await client.aclose()

    async def _listening(self) -> None:
        pause = 0.05
        while True:
            try:
                while True:
                    self._take(await self._pubsub.get_message(timeout=None))
                    pause = 0.05
            except (RedisError, OSError, RuntimeError) as error:
                _log.warning("the room hub lost Redis, trying again: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            with suppress(RedisError, OSError):
                await self._subscribe_again()

    async def _subscribe_again(self) -> None:
        async with self._lock:
            old, self._pubsub = self._pubsub, self._client().pubsub()
            with suppress(RedisError, OSError):
                await old.aclose()
            if self._ready:
                await self._pubsub.subscribe(*self._ready)

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        room = message["channel"].decode()
        if message["type"] == "subscribe" and room in self._ready:
            self._ready[room].set()
        elif message["type"] == "message":
            self._fan_out(room, message["data"])

    def _fan_out(self, room: str, data: bytes) -> None:
        members = self._members.get(room)
        if not members:
            return
        try:
            frame = Frame(data)
        except UnicodeDecodeError:
            return
        for member in tuple(members):
            try:
                member.deliver(room, frame)
            except Exception:
                _log.exception("a member of %s failed to take a message", room)
