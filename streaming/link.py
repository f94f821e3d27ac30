"""A pipeline's end of the gateway's socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from streaming import wire

_RETRY = 0.5
_SEND_TIMEOUT = 2.0


class Link:
    """Sends what was encoded and hears who watches. While the gateway is away nobody does."""

    def __init__(
        self, path: str, pipeline: str, stop: threading.Event, heard: Callable[[], None] = lambda: None
    ) -> None:
        self.path, self.pipeline, self.stop, self._heard = path, pipeline, stop, heard
        self.viewers = 0
        self.readers = 0
        self._key_wanted = threading.Event()
        self._connection: socket.socket | None = None
        self._sending = threading.Lock()

    @property
    def watched(self) -> bool:
        return bool(self.viewers or self.readers)

    @property
    def key_wanted(self) -> bool:
        return self._key_wanted.is_set()

    def take_key_wish(self) -> bool:
        wanted = self._key_wanted.is_set()
        self._key_wanted.clear()
        return wanted

    def run(self) -> None:
        """Stay connected until the pipeline stops; to be run in a thread."""
        while not self.stop.is_set():
            with suppress(OSError, ValueError):
                self._listen()
            self.viewers = self.readers = 0
            self.stop.wait(_RETRY)

    def _listen(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(self.path)
            # The kernel's limit for sending alone: reading waits for as long as nobody comes or goes.
            seconds = int(_SEND_TIMEOUT)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds.to_bytes(8, "little") + bytes(8))
            connection.sendall(wire.message(role="pipeline", pipeline=self.pipeline))
            self._connection = connection
            try:
                while True:
                    self._hear(json.loads(wire.receive(connection)[1]))
            finally:
                self._connection = None

    def _hear(self, told: dict[str, int]) -> None:
        self.viewers = told.get("viewers", self.viewers)
        self.readers = told.get("readers", self.readers)
        if told.get("keyframe"):
            self._key_wanted.set()
        self._heard()

    def send(self, data: bytes) -> None:
        """Send one message; a gateway that takes none for two seconds is left, and found again later."""
        connection = self._connection
        if connection is None:
            return
        try:
            with self._sending:
                connection.sendall(data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Wake the listening thread by ending the connection."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
