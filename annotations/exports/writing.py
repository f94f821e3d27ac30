"""Write an archive in a format: labels first, as of one moment, then the pictures' files, then what was lost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from annotations.exports.archive import Archive
from annotations.exports.fit import Fitted, Fitter
from annotations.exports.sources import Content, Wanted
from annotations.formats.base import Format, Report
from annotations.formats.records import Dataset, Picture

_LABELS_SHARE = 0.5  # of the progress, where media follow
Step = Callable[[float, str, int], None]


@dataclass
class Order:
    """What to write.

    Attributes:
        content: Opens the data; called inside `moment`.
        options: All options of the format, as `base.chosen` gives them.
        step: Is told the share that is done (0 to 1), what is being done, and how many pictures are; may raise.
    """

    format: Format
    options: Mapping[str, Any]
    content: Callable[[], Content]
    moment: Callable[[], AbstractContextManager[None]]
    media: bool
    frames: str
    step: Step


def write(order: Order, path: Path, report: Report) -> dict[str, Any]:
    """Write the zip at `path`; what it could not carry goes into the report. Gives `Fitter.counts`.

    Memory does not grow with the number of pictures: which files to bring is kept in a temporary file.
    """
    with tempfile.TemporaryFile() as later, Archive(path) as archive:
        with order.moment():
            content = order.content()
            writing = _Writing(order, content, report, later if order.media else None)
            dataset = Dataset(content.labels, writing.pictures(), content.name)
            order.format.write(dataset, archive, order.options, report)
        if order.media:
            writing.bring(archive)
        _tell(archive, report, order.format.title)
        return writing.fitter.counts()


class _Writing:
    def __init__(self, order: Order, content: Content, report: Report, later: IO[bytes] | None) -> None:
        self.order, self.content, self.report, self.later = order, content, report, later
        self.fitter = Fitter(order.format.abilities, order.format.title, report, order.frames)
        self.files = 0

    def pictures(self) -> Iterator[Picture]:
        """For the format; what each needs of media is put down for afterwards."""
        for fitted in self.fitter.entries(self._counted()):
            name = self.order.format.media_name(fitted.picture, self.order.options)
            if self.later is not None and fitted.token:
                self._put_down(self.later, name, fitted)
            yield fitted.picture

    def _counted(self) -> Iterator[tuple[Picture, str]]:
        share = _LABELS_SHARE if self.order.media else 1.0
        for done, entry in enumerate(self.content.entries):
            read = self.content.done() if self.content.done else done / max(self.content.total, 1)
            self.order.step(share * min(1.0, read), "write", done)
            yield entry.picture, entry.token

    def _put_down(self, later: IO[bytes], name: str, fitted: Fitted) -> None:
        fitted.picture.media = name
        later.write(orjson.dumps([name, fitted.token, fitted.frame]) + b"\n")
        self.files += 1

    def bring(self, archive: Archive) -> None:
        done = 0

        def one_more() -> None:
            nonlocal done
            done += 1
            share = _LABELS_SHARE + (1 - _LABELS_SHARE) * done / max(self.files, 1)
            self.order.step(share, "media", done)

        self.content.media(self._wanted(archive), archive, self.report, one_more)

    def _wanted(self, archive: Archive) -> Iterator[Wanted]:
        """Two pictures whose files would lie in one place: the second is left out, and said."""
        assert self.later is not None
        self.later.seek(0)
        taken: set[str] = set()
        for line in self.later:
            name, token, frame = orjson.loads(line)
            if name in archive or name in taken:
                self.report.refuse("media-same-name", "Another file of the archive has this name already.", name)
                continue
            taken.add(name)
            yield Wanted(name, token, frame)


def _tell(archive: Archive, report: Report, title: str) -> None:
    """The report, where there is anything to say. As text: a JSON file more would look like labels to many a reader."""
    if not report.counts:
        return
    with archive.open("losses.txt") as entry:
        entry.write("\n".join(_lines(report, title)).encode())


def _lines(report: Report, title: str) -> Iterator[str]:
    yield f"What {title} could not carry"
    yield ""
    for (severity, code), count in sorted(report.counts.items()):
        yield f"{count} x {code} ({severity})"
    yield ""
    for remark in report.remarks:
        place = ", ".join(part for part in (remark.file, remark.where) if part)
        yield f"{place}: {remark.text}" if place else remark.text
    more = report.as_json()["more"]
    if more:
        yield f"... and {more} more"
    yield ""
