"""The pictures' own files: an asset's as it is stored, a frame of a video decoded, an entry of another archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import IO

from annotations.exports.archive import Archive
from annotations.exports.sources import Media, Wanted
from annotations.formats.base import Files, Report
from projects import frames, pictures
from projects.files import local_path
from projects.models import Asset

_AT_ONCE = 500
_CHUNK = 2**20
Done = Callable[[], None]


def of_assets(wanted: Iterator[Wanted], archive: Archive, report: Report, done: Done) -> None:
    """Tokens are ids of assets. A video's frames are decoded once, in order."""
    while part := list(islice(wanted, _AT_ONCE)):
        found = {str(row.pk): row for row in Asset.objects.filter(pk__in={each.token for each in part})}
        for token, group in groupby(part, key=lambda each: each.token):
            asset = found.get(token)
            if asset is None:
                for each in group:
                    _gone(report, each.name)
            else:
                _of_asset(asset, list(group), archive, report, done)


def _of_asset(asset: Asset, wanted: list[Wanted], archive: Archive, report: Report, done: Done) -> None:
    numbered = {each.frame: each.name for each in wanted if each.frame is not None}
    for each in wanted:
        if each.frame is None:
            _copy(asset, each.name, archive, report)
            done()
    try:
        for n, pixels in frames.read_frames(asset, numbered) if numbered else ():
            with archive.store(numbered[n]) as entry:
                entry.write(pictures.encode(pixels, "jpeg", quality=95))
            done()
    except (frames.FrameUnreadable, frames.FrameOutOfRange, OSError) as error:
        report.refuse("frames-unreadable", f"Not all frames of {asset.original_name} are there: {error}")


def _copy(asset: Asset, name: str, archive: Archive, report: Report) -> None:
    try:
        source = local_path(asset.picture).open("rb")
    except OSError:
        return _gone(report, name)
    if asset.upright:
        report.note("upright", "Written as people saw it: turned upright, 8 bits deep; not the uploaded file.", name)
    with source, archive.store(name) as entry:
        shutil.copyfileobj(source, entry, _CHUNK)
    return None


def _gone(report: Report, name: str) -> None:
    report.refuse("media-missing", "The stored file is not there any more.", name)


def of_files(files: Files) -> Media:
    """Tokens are names of another archive's entries."""

    def copy(wanted: Iterator[Wanted], archive: Archive, report: Report, done: Done) -> None:
        for each in wanted:
            if each.frame is not None:
                words = "Frames of a video in an archive are not decoded: import it, then export the project."
                report.refuse("frames-left-out", words, each.name)
            else:
                _pass_on(files.open(each.token), each.name, archive)
            done()

    return copy


def _pass_on(source: IO[bytes], name: str, archive: Archive) -> None:
    with source, archive.store(name) as entry:
        shutil.copyfileobj(source, entry, _CHUNK)
