"""Makes, one video after the other, what browsers need to decode its frames by themselves, and says how far that is.

The rows are the queue; a message only wakes a worker. Nothing waits for it: until it is ready, and where it fails, the
server decodes (`projects.frames`).
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from celery import current_app
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from projects import frames
from projects.models import Video
from projects.models.library import Mark, PlaybackState
from projects.readers import FrameUnreadable
from projects.sandbox import surroundings

SILENT = timedelta(minutes=2)  # a maker that has not been heard of for so long is gone
MOST_ATTEMPTS = 3
_ROOT = Path(__file__).resolve().parent.parent
_UNSAID = "Decoding the video broke the decoder, or took too long."


def ask(pk: uuid.UUID) -> None:
    """Queue a video whose playback was never asked for, once this transaction is committed."""
    asked = Video.objects.filter(pk=pk, playback_state=PlaybackState.NONE)
    asked.update(playback_state=PlaybackState.QUEUED, playback_touched=timezone.now())
    wake()


def wake() -> None:
    """Have a worker look for videos that wait. A message that is lost is sent again when somebody opens one."""
    transaction.on_commit(lambda: current_app.send_task("projects.tasks.make_playback"), robust=True)


def is_stuck(video: Video) -> bool:
    """Whether a video waits or is being made, and nothing was heard of it for long."""
    waits = video.playback_state in (PlaybackState.QUEUED, PlaybackState.MAKING)
    return waits and (video.playback_touched is None or video.playback_touched < timezone.now() - SILENT)


def times(video: Video) -> dict[str, Any]:
    """When each frame is shown, exactly: {base: [numerator, denominator] of a tick in seconds, start, steps: [[ticks,
    frames], ...]}. Frame 0 is shown at `start` ticks, and each step leads on by so many ticks, so many times.
    """
    if video.mark == Mark.ORDER:  # the container knows no times: the rate it claims is all there is
        base, start, pts = [1000, round(video.fps * 1000)], 0, np.arange(video.frames, dtype=np.int64)
    else:
        base, pts = [video.time_base_numerator, video.time_base_denominator], video.pts
        start = int(pts[0])
    steps = np.diff(pts)
    changes = np.flatnonzero(np.diff(steps)) + 1
    runs = np.diff([0, *changes, len(steps)])
    each = steps[np.concatenate(([0], changes)).astype(int)] if len(steps) else steps
    return {
        "base": base,
        "start": start,
        "steps": [list(pair) for pair in zip(each.tolist(), runs.tolist(), strict=False)],
    }


def drain() -> int:
    """Make what waits, one after the other, unless another worker is at it. Returns how many were made."""
    made = 0
    while (video := _claim()) is not None:
        made += _make(video)
    return made


def _claim() -> Video | None:
    """The video that waits for longest. One at a time: encoding takes every core, and labelling comes first."""
    waiting = Video.objects.select_related("asset").filter(
        playback_state__in=(PlaybackState.QUEUED, PlaybackState.MAKING)
    )
    with transaction.atomic():
        lively = waiting.filter(playback_state=PlaybackState.MAKING, playback_touched__gt=timezone.now() - SILENT)
        if lively.exists():
            return None
        rows = waiting.select_for_update(of=("self",), skip_locked=True)
        video = rows.order_by("playback_touched").first()
        if video is None:
            return None
        video.playback_attempts += 1
        video.playback_state = PlaybackState.MAKING
        video.playback_touched = timezone.now()
        video.save(update_fields=["playback_attempts", "playback_state", "playback_touched"])
    return video


def _make(video: Video) -> bool:
    if video.playback_attempts > MOST_ATTEMPTS:  # its maker was killed each time
        _fail(video, _UNSAID)
        return False
    with tempfile.TemporaryDirectory(prefix="playback-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        try:
            facts = _run(video, Path(folder))
        except (FrameUnreadable, OSError) as error:
            _fail(video, str(error))
            return False
        return facts is not None and _keep(video, Path(folder), facts)


def _run(video: Video, folder: Path) -> dict[str, Any] | None:
    """The facts that the child found; None when the video was deleted meanwhile.

    Raises:
        FrameUnreadable: the child failed; the text says why.
    """
    source = frames.source_of(video.asset)
    np.save(folder / "marks.npy", source.marks)
    np.save(folder / "keys.npy", source.keys)
    request = {
        "path": str(source.path.resolve()),
        "decoder": source.decoder,
        "mark": source.mark,
        "size": [video.asset.width, video.asset.height],
        "fps": video.fps,
        "folder": str(folder),
    }
    for message in _messages(request):
        if "made" in message:
            made: dict[str, Any] = message["made"]
            return made
        if "failed" in message:
            raise FrameUnreadable(message["failed"])
        if not _touch(video, message["progress"]):
            return None
    raise FrameUnreadable(_UNSAID)


def _messages(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "projects.proxies"],
        cwd=_ROOT,
        env=surroundings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with child:
        assert child.stdin and child.stdout
        try:
            child.stdin.write(orjson.dumps(request))
            child.stdin.close()
            yield from (orjson.loads(line) for line in child.stdout if line.endswith(b"\n"))
        finally:
            child.kill()


def _mine(video: Video) -> Any:
    """The row, as long as it is there and nobody else has claimed it since."""
    return Video.objects.filter(
        pk=video.pk, playback_state=PlaybackState.MAKING, playback_attempts=video.playback_attempts
    )


def _touch(video: Video, progress: float) -> bool:
    return bool(_mine(video).update(playback_progress=progress, playback_touched=timezone.now()))


def _fail(video: Video, why: str) -> None:
    _mine(video).update(playback_state=PlaybackState.FAILED, playback_error=why[:300])


def _keep(video: Video, folder: Path, facts: dict[str, Any]) -> bool:
    """Store the files, then the row; the files go again when the row has gone, or somebody else was quicker."""
    saved = {"packets": _save(video, folder / "packets", ".packets")}
    if not facts["direct"]:
        saved["proxy"] = _save(video, folder / "copy.h264", ".h264")
    kept = _mine(video).update(
        **saved, proxy_index=facts, playback_state=PlaybackState.READY, playback_progress=1.0, playback_error=""
    )
    if not kept:
        for name in saved.values():
            default_storage.delete(name)
    return bool(kept)


def _save(video: Video, path: Path, extension: str) -> str:
    """Beside the original, under a name that tells nothing and cannot be guessed."""
    folder = video.asset.file.name.rpartition("/")[0]
    with path.open("rb") as file:
        return str(default_storage.save(f"{folder}/{secrets.token_hex(16)}{extension}", File(file)))
