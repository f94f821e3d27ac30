"""A process that may not outlive the one that started it. Without Django: children import it first of all."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int, status: int = 1) -> None:
    """Have the kernel kill this process when `parent` ends, and end at once (with `status`) if it already has."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(status)
