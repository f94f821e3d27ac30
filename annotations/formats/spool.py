"""Records put down in any order and taken up by key, from a temporary file. Pure.

Only two whole numbers a record stay in memory, so a million annotations take some twenty megabytes.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping
from itertools import pairwise
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, Any
from weakref import finalize

import numpy as np
import orjson

_IN_MEMORY = 16 << 20


class Spool:
    """Records by keys from 0 on, as JSON in a temporary file."""

    def __init__(self) -> None:
        self._file = TemporaryFile(buffering=1 << 20)  # noqa: SIM115 - closed when the spool goes
        finalize(self, self._file.close)
        self._keys = array("q")
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, record: Any) -> None:
        """Raises: TypeError for a whole number of more than 64 bits or a text that is not Unicode."""
        data = orjson.dumps(record)
        self._file.write(data)
        self._keys.append(key)
        self._ends.append(self._ends[-1] + len(data))

    def groups(self, same: Mapping[int, int] | None = None) -> Iterator[tuple[int, list[Any]]]:
        """(key, its records in the order they came), by ascending key; `same` says which keys mean another one."""
        self._file.flush()
        keys = np.array(self._keys, dtype=np.int64)
        if same:
            meant = np.arange(int(keys.max(initial=0)) + 1)
            meant[[key for key in same if key < len(meant)]] = [same[key] for key in same if key < len(meant)]
            keys = meant[keys]
        order = np.argsort(keys, kind="stable")
        borders = [0, *(np.flatnonzero(np.diff(keys[order])) + 1).tolist(), len(order)]
        for first, end in pairwise(borders):
            if end > first:
                yield int(keys[order[first]]), [self._load(n) for n in order[first:end].tolist()]

    def _load(self, n: int) -> Any:
        start = self._ends[n]
        return orjson.loads(os.pread(self._file.fileno(), self._ends[n + 1] - start, start))


class Pile:
    """Bytes put down one after the other and copied out once, with a comma (or `between`) between."""

    def __init__(self, between: bytes = b",\n", in_memory: int = _IN_MEMORY) -> None:
        self._between = between
        self._file: IO[bytes] = SpooledTemporaryFile(in_memory)  # noqa: SIM115 - closed when the pile goes
        self._count = 0

    def __del__(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def add(self, record: Any) -> None:
        """One record, as JSON."""
        self.add_bytes(orjson.dumps(record))

    def add_bytes(self, data: bytes) -> None:
        self._file.write(self._between + data if self._count else data)
        self._count += 1

    def copy(self, target: IO[bytes]) -> None:
        self._file.seek(0)
        while chunk := self._file.read(1 << 20):
            target.write(chunk)
