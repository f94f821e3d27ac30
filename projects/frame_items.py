"""The job that makes pictures of a video's frames: every n-th, a range, or the first of each scene.

Each becomes a JPEG of the library and an item at `<the video's path>/frame_000123.jpg` that knows its video, so that a
version keeps both on one side. All of them become items together with the job's end; a frame that has its item already
is left alone, so that the same wish twice adds nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from projects import frames, intake, jobs, scenes
from projects.models import Asset, Item, Job, User
from projects.uploads import staging

KIND = "frames"
TASK = "projects.tasks.run_frames_job"
QUALITY = 95
MOST = 20_000
jobs.register(KIND, TASK)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which frames: every `step`-th from `first` to `last` (both included), or of these the first of each scene."""

    first: int
    last: int
    step: int = 1
    scenes: bool = False

    def numbers(self) -> range:
        return range(self.first, self.last + 1, self.step)


def start(item: Item, wish: Wish, by: User) -> Job:
    """Queue the making of pictures of a video's frames."""
    params = {"item": str(item.pk), "first": wish.first, "last": wish.last, "step": wish.step, "scenes": wish.scenes}
    return jobs.start(item.project, KIND, f"Frames of {item.path}", params, by)


def path_of(item: Item, frame: int) -> str:
    """The path of the item that a frame becomes.

    >>> path_of(Item(path="street/a.mp4"), 12)
    'street/a.mp4/frame_000012.jpg'
    """
    name = f"/frame_{frame:06d}.jpg"
    return item.path[: 500 - len(name)] + name


def work(held: jobs.Held) -> None:
    params = held.job.params
    item = Item.objects.with_asset().filter(pk=params["item"], project=held.job.project_id).first()
    if item is None:
        raise jobs.JobError("no-item", "The video was deleted meanwhile.")
    wish = Wish(params["first"], params["last"], params["step"], params["scenes"])
    taken = set(Item.objects.filter(source=item).values_list("source_frame", flat=True))
    made: list[tuple[int, Asset, bool]] = []
    already = 0
    try:
        for frame, pixels in _chosen(held, item.asset, wish):
            if frame in taken:
                already += 1
            else:
                made.append((frame, *_store(held, item, frame, pixels)))
        held.step(1, 1, "add")
        _add(held, item, made, already)
    except BaseException as error:
        for _frame, asset, new in made:
            if new:
                staging.forget_asset(asset)
        if isinstance(error, frames.FrameUnreadable | FileNotFoundError):
            raise jobs.JobError("frame-unreadable", f"{item.path} cannot be read to its end: {error}") from error
        raise


def _chosen(held: jobs.Held, asset: Asset, wish: Wish) -> Iterator[tuple[int, Any]]:
    numbers = wish.numbers()
    if not wish.scenes:
        for n, (frame, pixels) in enumerate(frames.read_frames(asset, numbers)):
            held.step(n, len(numbers), "read", frames=n)
            yield frame, pixels
        return
    begins = list(scenes.changes(_told(held, asset, numbers)))  # of two passes none keeps a video in memory
    for n, (frame, pixels) in enumerate(frames.read_frames(asset, begins)):
        held.step(n, len(begins), "read", frames=n)
        yield frame, pixels


def _told(held: jobs.Held, asset: Asset, numbers: range) -> Iterator[tuple[int, Any]]:
    for n, (frame, pixels) in enumerate(frames.read_frames(asset, numbers)):
        held.step(n, len(numbers), "look")
        yield frame, pixels


def _store(held: jobs.Held, item: Item, frame: int, pixels: Any) -> tuple[Asset, bool]:
    name = f"{Path(item.path).stem}_{frame:06d}.jpg"
    with tempfile.NamedTemporaryFile(prefix="frame-", suffix=".jpg", dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        file.write(frames.encode_picture(pixels, "jpeg", QUALITY))
        file.flush()
        try:
            return intake.store_file(item.project.team, Path(file.name), name, held.job.created_by)
        except intake.IntakeError as error:
            raise jobs.JobError(error.code, f"Frame {frame} of {item.path}: {error.detail}") from error


@transaction.atomic
def _add(held: jobs.Held, item: Item, made: list[tuple[int, Asset, bool]], already: int) -> None:
    Item.objects.select_for_update().get(pk=item.pk)  # two jobs of one video do not add a frame twice
    taken = set(Item.objects.filter(source=item).values_list("source_frame", flat=True))
    added = 0
    for frame, asset, _new in made:
        if frame in taken:
            already += 1
            continue
        new = intake.add_item(item.project, asset, path_of(item, frame), held.job.created_by)
        Item.objects.filter(pk=new.pk).update(source=item, source_frame=frame, split=item.split)
        added += 1
    held.finish({"items": added, "already": already, "frames": [frame for frame, _, _ in made][:1000]})
