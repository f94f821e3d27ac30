"""Database work of sockets on threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections

_T = TypeVar("_T")
_threads = ThreadPoolExecutor(8, thread_name_prefix="sockets")


async def in_thread(work: Callable[..., _T], *args: Any) -> _T:
    """Run database work on a pool of its own: one slow query does not hold up the other sockets."""

    def run() -> _T:
        try:
            return work(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, run)
