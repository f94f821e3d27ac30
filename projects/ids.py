"""UUIDs of version 7 (RFC 9562, section 5.7): ordered by time, so that indexes grow at one end."""

from __future__ import annotations

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """A new UUID: 48 bits of milliseconds since 1970, then 74 random bits.

    >>> uuid7().version
    7
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
