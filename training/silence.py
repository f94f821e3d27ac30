"""What keeps deep-learning libraries from calling out: their environment, a home of its own, and a guard.

Pure, and used on both sides: the supervisor gives the environment, the child raises the guard.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Only these pass into a child: it needs no database, no secret key and no proxy.
_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")
_PASSED_PREFIXES = ("CUDA_", "NVIDIA_", "OMP_", "MKL_", "COVERAGE_")
_FONT = "DejaVuSans.ttf"
_LOOK_UPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.connect", "socket.sendto"}
)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "", None})


def environment(home: Path) -> dict[str, str]:
    """The whole environment of a training child, whose libraries keep their settings under `home`."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)}
    return passed | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "YOLO_CONFIG_DIR": str(home / "yolo"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "MPLBACKEND": "Agg",
        "TORCH_HOME": str(home / "torch"),
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_VERBOSE": "1",
        "ULTRALYTICS_SAFE_LOAD": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "WANDB_MODE": "disabled",
        "DO_NOT_TRACK": "1",
        # Threads that spin while they wait starve on a machine that also serves pages and streams.
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONWARNINGS": "ignore",
    }


def furnish(home: Path) -> None:
    """Put into `home` what the libraries would otherwise ask the network for."""
    telemetry = home / "intel" / "openvino_telemetry"
    fonts = home / "yolo" / "Ultralytics"
    for folder in (telemetry.parent, fonts, home / "matplotlib"):
        folder.mkdir(parents=True, exist_ok=True)
    telemetry.write_text("0")
    font = fonts / "Arial.ttf"
    source = _font()
    if source is not None and not font.exists():
        shutil.copyfile(source, font)


def _font() -> Path | None:
    """DejaVu Sans as Matplotlib carries it, found without importing Matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FONT
    return path if path.exists() else None


def guard(heard: Callable[[str], None]) -> None:
    """Refuse every look-up and connection of this process that leaves the machine, and say so to `heard`."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _LOOK_UPS:
            host = _host(event, arguments)
            if host is not None:
                heard(f"{event} {host}")
                raise PermissionError(f"A training process has no business with the network: {event} {host}.")

    sys.addaudithook(hook)


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host that an audit event is about; None when it stays on this machine."""
    target = arguments[0]
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return None  # a Unix socket
        target = address[0]
    if isinstance(target, bytes):
        target = target.decode(errors="replace")
    return None if target in _LOCAL else str(target)
