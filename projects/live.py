"""The only doorbell: rooms and messages between processes, through Redis.

Postgres is the truth. A message here may be lost (Redis restarts, a subscriber is slow), so whoever
listens must be able to read what it missed.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from typing import Any

import orjson
import redis
import redis.asyncio
from django.conf import settings
from django.db import transaction

_pool: redis.ConnectionPool | None = None


def project_room(project_id: uuid.UUID | str) -> str:
    return f"project:{project_id}"


def item_room(item_id: uuid.UUID | str) -> str:
    return f"item:{item_id}"


def pipeline_room(pipeline_id: uuid.UUID | str) -> str:
    return f"pipeline:{pipeline_id}"


def person_room(user_id: uuid.UUID | str) -> str:
    """Where a person's sockets hear that a role, a session or a membership changed."""
    return f"person:{user_id}"


def client() -> redis.Redis:
    """This process's Redis client."""
    global _pool
    if _pool is None:
        _pool = redis.ConnectionPool.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)
    return redis.Redis(connection_pool=_pool)


def encode(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message, default=str)


def publish(room: str, message: dict[str, Any]) -> None:
    """Ring now. A doorbell that is out of order is no error for the one who rings."""
    try:
        client().publish(room, encode(message))
    except redis.RedisError:
        return


def publish_on_commit(room: str, message: dict[str, Any]) -> None:
    """Ring when the surrounding transaction commits; at once when there is none."""
    transaction.on_commit(lambda: publish(room, message))


def ask_again(user_id: uuid.UUID | str) -> None:
    """Have a person's open sockets look again, once this commits, whether their sign-in still holds."""
    publish_on_commit(person_room(user_id), {"type": "access", "project": None, "role": None})


def alive(name: str, seconds: int = 15) -> bool:
    """Say for `seconds` that the process `name` of this installation lives; False while Redis is away.

    Each long-running process calls this every 5 s, and /readyz reads the keys.
    """
    try:
        return bool(client().set(f"alive:{name}", f"{socket.gethostname()}:{os.getpid()}", ex=seconds))
    except redis.RedisError:
        return False


def stay_alive(name: str, every: float = 5.0) -> threading.Thread:
    """Call `alive` from a daemon thread as long as this process runs."""

    def beat() -> None:
        while True:
            alive(name)
            time.sleep(every)

    thread = threading.Thread(target=beat, name=f"alive:{name}", daemon=True)
    thread.start()
    return thread
