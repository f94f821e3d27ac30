"""Processes that must not outlive the one that started them."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(sent: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send `sent` to the child when the starting *thread* ends, even by SIGKILL.

    None where the kernel has no such thing; the next start then ends what was left over. The library is loaded
    before the fork, because loading it between fork and exec could take a lock that another thread holds.
    """
    libc = _libc
    if libc is None:
        return None

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)

    return ask_the_kernel
