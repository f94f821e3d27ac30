"""Repeated wrong passwords for one email from one address lock that pair out for a while.

By the pair, not by the email alone: otherwise anybody could lock anybody out.
"""

from __future__ import annotations

import hashlib
import math
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

ATTEMPTS = 5
WINDOW_S = 15 * 60


def address(request: HttpRequest) -> str:
    """The client's address: the one that the nearest trusted proxy saw, the peer's when there is none."""
    peer: str = request.META.get("REMOTE_ADDR") or ""
    proxies = settings.REST_FRAMEWORK.get("NUM_PROXIES") or 0
    forwarded: list[str] = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not proxies or not forwarded[0]:
        return peer
    return forwarded[-min(proxies, len(forwarded))].strip()


def _key(request: HttpRequest, email: str) -> str:
    pair = f"{email.strip().lower()}|{address(request)}"
    return f"lockout:{hashlib.sha256(pair.encode()).hexdigest()}"


def wait_s(request: HttpRequest, email: str) -> int:
    """Seconds until this email may be tried again from this address; 0 when it may be now."""
    until = cache.get(f"{_key(request, email)}:until")
    return max(0, math.ceil(until - time.time())) if until else 0


def failed(request: HttpRequest, email: str) -> None:
    """Count a wrong password; the fifth within a quarter of an hour locks for as long."""
    key = _key(request, email)
    cache.add(key, 0, WINDOW_S)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired between the two calls
        return
    if count >= ATTEMPTS:
        cache.set(f"{key}:until", time.time() + WINDOW_S, WINDOW_S)
        cache.delete(key)


def clear(request: HttpRequest, email: str) -> None:
    cache.delete(_key(request, email))


def sentence(wait: int) -> str:
    """What to tell whoever is locked out."""
    minutes = -(-wait // 60)
    return f"Too many wrong passwords: try again in {minutes} minute{'' if minutes == 1 else 's'}."
