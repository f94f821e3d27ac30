"""Files loop in real time, folders go round, and both say when there is nothing to show."""

from __future__ import annotations

import itertools
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from projects.intake import intake
from streaming import sources
from streaming.mailbox import Rest
from streaming.models import Source
from streaming.sources import FolderSource, SourceError, SyntheticSource, VideoSource


def gray(level: int) -> np.ndarray:
    return np.full((90, 160, 3), level, np.uint8)


@pytest.fixture
def video(tmp_path) -> Path:
    """Ten frames whose brightness is their number times twenty, at 50 frames a second."""
    path = tmp_path / "ten.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 50)
        for n in range(10):
            frame = av.VideoFrame.from_ndarray(gray(20 + 20 * n), format="rgb24")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def take(source, count: int) -> list[int]:
    """How bright the next pictures are, in steps of twenty."""
    stop = threading.Event()
    pictures = list(itertools.islice(source.frames(stop, Rest()), count))
    return [round((float(picture.mean()) - 20) / 20) for picture in pictures]


def test_a_video_begins_again_after_its_end(video) -> None:
    assert take(VideoSource(lambda: str(video), "ten.mp4"), 23) == [*range(10), *range(10), 0, 1, 2]


def test_a_video_plays_no_faster_than_it_was_taken(video) -> None:
    began = time.monotonic()
    take(VideoSource(lambda: str(video), "ten.mp4"), 16)
    assert time.monotonic() - began >= 0.29, "fifteen frames of 20 ms"


def test_a_video_item_is_played_until_it_is_deleted(project, alice, video) -> None:
    item = intake(project, video, "ten.mp4", alice)
    source = Source.objects.create(project=project, name="v", kind="file", config={"item": str(item.pk)})
    assert take(sources.make(source), 3) == [0, 1, 2]
    item.delete()
    with pytest.raises(SourceError, match="was deleted") as failure:
        sources.make(source)
    assert failure.value.final


def test_a_file_without_frames_is_named() -> None:
    with pytest.raises(SourceError, match="gone.mp4 is gone"):
        take(VideoSource(lambda: "/no/such/gone.mp4", "gone.mp4"), 1)


def test_a_folder_goes_round_and_takes_new_pictures_along(tmp_path) -> None:
    for n in (0, 2):
        cv2.imwrite(str(tmp_path / f"{n}.png"), gray(20 + 20 * n))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "broken.png").write_bytes(b"no picture either")
    pictures = FolderSource(tmp_path, fps=200).frames(threading.Event(), Rest())
    levels = [round((float(next(pictures).mean()) - 20) / 20) for _ in range(3)]
    assert levels == [0, 2, 0]
    cv2.imwrite(str(tmp_path / "1.png"), gray(40))
    assert {round((float(next(pictures).mean()) - 20) / 20) for _ in range(5)} == {0, 1, 2}


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_folder_says_so(tmp_path, there) -> None:
    folder = tmp_path / "belt"
    if there:
        folder.mkdir()
    with pytest.raises(SourceError, match="belt"):
        take(FolderSource(folder), 1)


@pytest.mark.parametrize("name", ["../media", "/etc", "a/../../b"])
def test_folders_stay_inside_the_one_for_sources(name) -> None:
    with pytest.raises(SourceError, match="outside"):
        sources.folder_path(name)


def test_the_conveyor_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    seen = 0
    for picture in SyntheticSource(width=320, height=180, fps=100).frames(stop, Rest()):
        assert picture.shape == (180, 320, 3)
        seen += 1
        if seen == 3:
            stop.set()
    assert seen == 3


def folder(tmp_path) -> FolderSource:
    for n in range(10):
        cv2.imwrite(str(tmp_path / f"{n}.png"), gray(20 + 20 * n))
    return FolderSource(tmp_path, fps=200)


@pytest.mark.parametrize("kind", ["conveyor", "video", "folder"])
def test_at_rest_a_source_dozes_between_pictures_and_leaves_none_out(kind, tmp_path, request) -> None:
    if kind == "conveyor":
        source = SyntheticSource(width=320, height=180, fps=100)
    elif kind == "video":
        path = request.getfixturevalue("video")
        source = VideoSource(lambda: str(path), "ten.mp4")
    else:
        source = folder(tmp_path)
    rest = Rest(pause=0.01)
    rest.allow(True)
    pictures = source.frames(threading.Event(), rest)
    at_rest = [next(pictures) for _ in range(4)]
    assert rest.dozes == 3, "the first picture comes at once, each further one after a doze"
    rest.allow(False)
    awake = [next(pictures) for _ in range(4)]
    assert rest.dozes == 3
    again = list(itertools.islice(source.frames(threading.Event(), Rest()), 8))
    assert all((one == other).all() for one, other in zip(at_rest + awake, again, strict=True))


def test_a_sleeper_is_woken_by_a_viewer_and_by_the_end(video) -> None:
    rest, stop = Rest(pause=600), threading.Event()
    rest.allow(True)
    pictures = VideoSource(lambda: str(video), "ten.mp4").frames(stop, rest)
    next(pictures)
    wake = threading.Timer(0.1, rest.allow, (False,))
    wake.start()
    assert next(pictures) is not None, "it would have slept for ten minutes"
    wake.join()
    stop.set()
    assert list(pictures) == []
