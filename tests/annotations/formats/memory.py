"""Files and a sink in memory, as the formats see an archive."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from annotations.formats import base
from annotations.formats.base import Format, Report
from annotations.formats.records import Dataset, Picture


class MemoryFiles:
    """An archive of `{name: bytes or text}`."""

    def __init__(self, content: Mapping[str, bytes | str]) -> None:
        self.content = {n: c.encode() if isinstance(c, str) else c for n, c in content.items()}

    def names(self) -> list[str]:
        return sorted(self.content)

    def size(self, name: str) -> int:
        return len(self.content[name])

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self.content[name])


class MemorySink:
    """Keeps to the rules of a sink: one entry at a time, no name twice."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self._open = False

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        assert not self._open and name not in self.content, name
        self._open, stream = True, io.BytesIO()
        yield stream
        self._open = False
        self.content[name] = stream.getvalue()


def written(format_: Format, dataset: Dataset, **options: Any) -> tuple[dict[str, bytes], Report]:
    """The files that a format writes, and its report."""
    sink, report = MemorySink(), Report()
    format_.write(dataset, sink, base.chosen(format_, options), report)
    return sink.content, report


def read(format_: Format, content: Mapping[str, bytes | str], **options: Any) -> tuple[Dataset, Report]:
    """What a format reads, with all pictures at hand, and its report."""
    report = Report()
    dataset = format_.read(MemoryFiles(content), base.chosen(format_, options), report)
    return Dataset(dataset.labels, list(dataset), dataset.name), report


def there_and_back(format_: Format, dataset: Dataset, **options: Any) -> tuple[Dataset, Report]:
    """What comes back of what was written; the report is the writer's with the reader's remarks after it."""
    content, report = written(format_, dataset, **options)
    back = format_.read(MemoryFiles(content), base.chosen(format_, options), report)
    return Dataset(back.labels, list(back), back.name), report


def pictures(dataset: Dataset) -> list[Picture]:
    return list(dataset.pictures)


def codes(report: Report) -> dict[str, int]:
    """How often each code of a remark came up."""
    found: dict[str, int] = {}
    for (_severity, code), count in report.counts.items():
        found[code] = found.get(code, 0) + count
    return found
