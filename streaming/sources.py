"""Where frames come from: one small class a kind, each an endless or failing iterator of RGB pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import av
import cv2
import numpy as np
from django.conf import settings

from projects.models import Item
from streaming import addresses, vault
from streaming.cameras import HttpCamera, RtspCamera, SourceError, Webcam
from streaming.encoder import Picture
from streaming.mailbox import Rest
from streaming.models import Source, SourceKind

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_LATE = 1.0

__all__ = [
    "FolderSource",
    "FrameSource",
    "SourceError",
    "SyntheticSource",
    "VideoSource",
    "folder_path",
    "make",
    "rules",
]


class FrameSource(Protocol):
    """What a pipeline reads from."""

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        """RGB pictures, shape (h, w, 3), at the pace of the source, until `stop`; about one a second at `rest`.

        Raises:
            SourceError: there is no video now; trying again later may help.
        """
        ...


class Pace:
    """Waits until a moment of the recording is due, so that a file plays in real time."""

    def __init__(self, stop: Event, rest: Rest) -> None:
        self._stop, self._rest = stop, rest
        self._origin: float | None = None

    def wait(self, seconds: float) -> bool:
        """Wait for `seconds` of the recording; False when the pipeline stops meanwhile.

        A reader more than a second late starts anew from here: catching up would play too fast. At rest
        the recording stands still between two pictures, which costs nothing.
        """
        if self._origin is not None and self._rest.doze():
            self._origin = None
        now = time.monotonic()
        if self._origin is None or now - self._origin - seconds > _LATE:
            self._origin = now - seconds
        return not self._stop.wait(max(0.0, self._origin + seconds - now))


class VideoSource:
    """A stored video, looped, in real time by the presentation times of its frames."""

    def __init__(self, open_file: Callable[[], Any], name: str) -> None:
        self.open_file, self.name = open_file, name

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        while not stop.is_set():
            count = 0
            for picture in self._once(stop, rest):
                count += 1
                yield picture
            if not count and not stop.is_set():
                raise SourceError(f"{self.name} has no frame that can be decoded.", final=True)

    def _once(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        pace = Pace(stop, rest)
        try:
            with av.open(self.open_file()) as container:
                first: float | None = None
                for frame in container.decode(video=0):
                    seconds = frame.time or 0.0
                    first = seconds if first is None else first
                    if not pace.wait(seconds - first):
                        return
                    yield _upright(frame)
                pace.wait(seconds - first + _frame_length(container) if first is not None else 0.0)
        except FileNotFoundError as error:
            raise SourceError(f"The file of {self.name} is gone.", final=True) from error
        except (av.error.FFmpegError, IndexError) as error:
            raise SourceError(f"{self.name} cannot be decoded.", final=True) from error


def _upright(frame: Any) -> Picture:
    """The frame as RGB, turned the way players show it."""
    picture = frame.to_ndarray(format="rgb24")
    quarters = round((getattr(frame, "rotation", 0) or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture


def _frame_length(container: Any) -> float:
    rate = container.streams.video[0].average_rate
    return float(1 / rate) if rate else 0.04


class FolderSource:
    """The pictures of a folder in the order of their names, over and over; new ones join the next round."""

    def __init__(self, folder: Path, fps: float = 2.0) -> None:
        self.folder, self.fps = folder, fps

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        pace, shown = Pace(stop, rest), 0
        while not stop.is_set():
            before = shown
            for path in self._paths():
                picture = cv2.imread(str(path), cv2.IMREAD_COLOR)  # turns by EXIF as well
                if picture is None:
                    continue
                if not pace.wait(shown / self.fps):
                    return
                shown += 1
                yield np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            if shown == before:
                raise SourceError(f"The folder {self.folder.name} holds no picture that can be read: put some in.")

    def _paths(self) -> list[Path]:
        if not self.folder.is_dir():
            raise SourceError(f"There is no folder named {self.folder.name}: make it, or choose another.")
        return sorted(path for path in self.folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


class SyntheticSource:
    """The built-in conveyor: shapes on a belt, some of them defective."""

    def __init__(self, seed: int = 7, width: int = 640, height: int = 360, fps: float = 25.0) -> None:
        self.seed, self.size, self.fps = seed, (width, height), fps

    def frames(self, stop: Event, rest: Rest) -> Iterator[Picture]:
        from projects.conveyor import Conveyor

        scene, pace, n = Conveyor(seed=self.seed, width=self.size[0], height=self.size[1]), Pace(stop, rest), 0
        while pace.wait(n / self.fps):
            yield scene.frame(n)[0]
            n += 1


def rules() -> addresses.Rules:
    """What this installation allows of camera addresses."""
    return addresses.Rules(private=settings.ALLOW_PRIVATE_CAMERAS, loopback=settings.ALLOW_LOOPBACK_CAMERAS)


def folder_path(name: str) -> Path:
    """The folder of that name inside the one that the operator set aside for sources.

    Raises:
        SourceError: the name leads out of it.
    """
    root = Path(settings.SOURCE_FOLDER).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise SourceError(f"{name} is outside of {root}: give the name of a folder inside it.", final=True)
    return path


def _video(source: Source) -> VideoSource:
    item = Item.objects.filter(pk=source.config["item"], project=source.project_id).select_related("asset").first()
    if item is None:
        raise SourceError("The video was deleted from the project: choose another one.", final=True)
    file = item.asset.file

    def open_file() -> Any:
        try:
            return file.path
        except NotImplementedError:  # object storage: PyAV reads it through the storage's own file
            return file.storage.open(file.name, "rb")

    return VideoSource(open_file, item.path)


def make(source: Source) -> FrameSource:
    """The reader of a source's row.

    Raises:
        SourceError: what the row points at is gone.
    """
    config = source.config
    if source.kind == SourceKind.FILE:
        return _video(source)
    if source.kind == SourceKind.FOLDER:
        return FolderSource(folder_path(config["path"]), float(config.get("fps", 2)))
    if source.kind == SourceKind.WEBCAM:
        return Webcam(config["device"])
    if source.kind == SourceKind.SYNTHETIC:
        return SyntheticSource(**config)
    try:
        credentials = vault.unlock(source.secret)
    except vault.VaultError as error:
        raise SourceError(str(error), final=True) from error
    camera = RtspCamera if source.kind == SourceKind.RTSP else HttpCamera
    return camera(config["url"], credentials, rules())
