"""The frame that is named is the frame that comes: read back from a number drawn into the pixels."""

from __future__ import annotations

import random
import shutil
import threading
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from projects import frames
from projects.intake import intake
from projects.models import Video
from projects.readers import FrameReader, Readers, Source
from projects.videos import index_frames
from tests.projects.files import HEIGHT, WIDTH, number_in, numbered, video

X264 = {"g": "12", "bf": "3", "preset": "ultrafast", "sc_threshold": "0"}
NTSC = Fraction(30000, 1001)
MILLI = Fraction(1, 1000)


def _varying(count: int, seed: int) -> list[int]:
    """Rising times in ms with gaps from 7 to 200."""
    pick = random.Random(seed)
    return list(accumulate(pick.randint(7, 200) for _ in range(count)))


CASES = {
    "h264-b-frames.mp4": {"options": X264},
    "h264-one-key-frame.mp4": {"options": X264 | {"g": "1000"}, "frames": 120},
    "h264-open-gop.mp4": {"options": X264 | {"x264-params": "open-gop=1:bframes=3:keyint=12"}, "frames": 120},
    "h264-long.mp4": {"options": X264, "frames": 700},
    "ntsc.mov": {"options": X264, "rate": NTSC},
    "variable.mp4": {"options": X264, "times": _varying(90, 1), "time_base": MILLI, "frames": 90},
    "variable.mkv": {"options": X264, "times": _varying(90, 2), "time_base": MILLI, "frames": 90},
    "late-start.mp4": {"options": X264, "times": [500 + n for n in range(60)]},
    "late-start.mkv": {"options": X264, "times": [500 + n for n in range(60)]},
    "h264.avi": {"options": X264},
    "h264.ts": {"options": X264},
    "mpeg4-b-frames.avi": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "vp8-hidden-frames.webm": {"codec": "libvpx", "options": {"g": "15", "auto-alt-ref": "1", "lag-in-frames": "16"}},
    "vp9-hidden-frames.webm": {
        "codec": "libvpx-vp9",
        "options": {"g": "15", "auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"},
    },
    "vp9-long.webm": {"codec": "libvpx-vp9", "options": {"g": "30", "cpu-used": "8"}, "frames": 450},
    "hevc.mkv": {
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "keyint=12:bframes=3:log-level=none"},
    },
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that gives the file of a case, made once."""
    folder = tmp_path_factory.mktemp("videos")

    def make(name: str) -> Path:
        path = folder / name
        return path if path.exists() else video(path, **CASES[name])

    return make


@pytest.fixture
def taken(project, alice):
    def take(path: Path):
        return intake(project, path, path.name, alice).asset

    return take


@pytest.mark.parametrize("name", CASES)
def test_every_access_is_exact(taken, made, name):
    count = CASES[name].get("frames", 60)
    asset = taken(made(name))
    assert (asset.frames, asset.width, asset.height) == (count, WIDTH, HEIGHT)
    pick = random.Random(name)
    wanted = [pick.randrange(count) for _ in range(150)]  # anywhere
    wanted += range(count // 2, min(count, count // 2 + 40))  # on and on
    wanted += range(count - 1, max(-1, count - 40), -1)  # back and back
    wrong = [(n, got) for n in wanted if (got := number_in(frames.read_frame(asset, n))) != n]
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
def test_one_pass_gives_what_was_asked_for(taken, made, name):
    count = CASES[name].get("frames", 60)
    wanted = sorted(random.Random(name).sample(range(count), 20))
    got = [(n, number_in(pixels)) for n, pixels in frames.read_frames(taken(made(name)), wanted)]
    assert got == [(n, n) for n in wanted]


@pytest.mark.parametrize("name", ["variable.mp4", "variable.mkv"])
def test_the_index_has_the_exact_times(taken, made, name):
    stored = Video.objects.get(asset=taken(made(name)))
    base = Fraction(stored.time_base_numerator, stored.time_base_denominator)
    times = [round((pts - int(stored.pts[0])) * base * 1000) for pts in stored.pts.tolist()]
    given = CASES[name]["times"]
    assert times == [time - given[0] for time in given]


def test_a_shifted_start_keeps_its_shift(taken, made):
    stored = Video.objects.get(asset=taken(made("late-start.mkv")))
    assert stored.pts[0] * Fraction(stored.time_base_numerator, stored.time_base_denominator) == 20


@pytest.mark.parametrize("name", CASES)
def test_the_index_is_what_decoding_yields(made, name):
    path = made(name)
    decoder = {"mp4": "mov", "mov": "mov", "mkv": "matroska", "webm": "matroska", "avi": "avi", "ts": "mpegts"}
    index, _first = index_frames(path, decoder[path.suffix[1:]], 10**8)
    with av.open(str(path)) as container:
        decoded = [number_in(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert decoded == list(range(len(index)))
    assert all(later > earlier for earlier, later in pairwise(index.pts.tolist()))
    assert index.keys[0] == 0
    assert len(set(index.keys.tolist())) == len(index.keys)


def test_frames_that_an_edit_list_cuts_away_are_no_frames(taken, tmp_path):
    shown_from = {"times": [n - 20 for n in range(60)], "container_options": {"avoid_negative_ts": "disabled"}}
    asset = taken(video(tmp_path / "cut.mp4", options=X264, **shown_from))
    assert asset.frames == 40
    assert int(asset.video.pts[0]) == 0
    for n in random.Random(3).sample(range(40), 40):
        assert number_in(frames.read_frame(asset, n)) == n + 20


def test_average_rate_of_ntsc(taken, made):
    assert taken(made("ntsc.mov")).video.fps == pytest.approx(30000 / 1001, rel=1e-4)


def _with_rotation(source: Path, target: Path, degrees: int) -> Path:
    """The same file with a turn in the display matrix of its track header, in place."""
    matrix = {
        90: [0, 1, 0, -1, 0, 0, 0, 0, 16384],
        180: [-1, 0, 0, 0, -1, 0, 0, 0, 16384],
        270: [0, -1, 0, 1, 0, 0, 0, 0, 16384],
    }
    data = bytearray(source.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version 0: the matrix stands 40 bytes into the box
    values = [value * 65536 for value in matrix[degrees]]
    for n, value in enumerate(values):
        data[place + 4 * n : place + 4 * n + 4] = (value if n < 8 else 0x40000000).to_bytes(4, "big", signed=n < 8)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_is_upright(taken, made, tmp_path, degrees):
    asset = taken(_with_rotation(made("h264-b-frames.mp4"), tmp_path / "turned.mp4", degrees))
    assert (asset.width, asset.height) == ((WIDTH, HEIGHT) if degrees == 180 else (HEIGHT, WIDTH))
    pixels = frames.read_frame(asset, 5)
    assert pixels.shape == (asset.height, asset.width, 3)
    clockwise = np.rot90(numbered(5), -degrees // 90)
    assert np.abs(pixels.astype(int) - clockwise).mean() < 20


def test_beyond_either_end(taken, made):
    asset = taken(made("h264-b-frames.mp4"))
    for n in (60, -1, 10**9):
        with pytest.raises(frames.FrameOutOfRange):
            frames.read_frame(asset, n)
    with pytest.raises(frames.FrameOutOfRange):
        list(frames.read_frames(asset, [5, 60]))


def test_many_threads_read_one_video(taken, made, transactional_db):
    asset = taken(made("h264-long.mp4"))
    wrong: list[tuple[int, int]] = []

    def read(seed: int) -> None:
        from django.db import connection

        pick = random.Random(seed)
        try:
            for n in [pick.randrange(700) for _ in range(40)]:
                got = number_in(frames.read_frame(asset, n))
                if got != n:
                    wrong.append((n, got))
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(frames.readers) <= 6


def _source(path: Path, decoder: str = "mov") -> Source:
    index, _first = index_frames(path, decoder, 10**8)
    return Source(path, decoder, index.marks, index.keys, index.mark)


def test_stepping_on_decodes_each_frame_once(made):
    reader = FrameReader(_source(made("h264-long.mp4")))
    try:
        reader.read(100)
        decoded = []
        remember = reader._remember
        reader._remember = lambda n, frame: (decoded.append(n), remember(n, frame))
        for n in range(101, 200):
            reader.read(n)
        assert decoded == list(range(101, 200))
        for n in range(198, 100, -1):
            reader.read(n)
        assert len(decoded) == 99  # stepping back is answered from what was kept
    finally:
        reader.close()


def test_the_pool_stays_small_and_closes_when_idle(made, tmp_path):
    pool = Readers(most=2)
    source = _source(made("h264-b-frames.mp4"))
    for key in "abcd":
        with pool.lend(key, 3, lambda: source) as reader:
            assert number_in(reader.read(3).to_ndarray(format="rgb24")) == 3
    assert len(pool) == 2
    pool.close_idle(older_than=-1)
    assert len(pool) == 0


def test_the_pool_stays_small_under_many_threads(made):
    pool = Readers(most=3)
    source = _source(made("h264-b-frames.mp4"))
    sizes: list[int] = []

    def read(seed: int) -> None:
        pick = random.Random(seed)
        for _ in range(30):
            with pool.lend(f"video {pick.randrange(5)}", 3, lambda: source):
                sizes.append(len(pool))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(sizes) <= 3
    pool.close_idle(older_than=-1)
    assert len(pool) == 0


def test_two_people_at_two_places_have_a_reader_each(made):
    pool = Readers(most=4)
    source = _source(made("h264-long.mp4"))
    lent = []
    for step in range(20):
        for start in (100, 500):
            with pool.lend("a", start + step, lambda: source) as reader:
                assert number_in(reader.read(start + step).to_ndarray(format="rgb24")) == start + step
                lent.append((start, id(reader)))
    assert len(set(lent)) == 2
    pool.close_idle(older_than=-1)


def test_a_reader_that_failed_is_not_lent_again(made, tmp_path):
    pool = Readers(most=1)
    path = tmp_path / "a.mp4"
    shutil.copy(made("h264-b-frames.mp4"), path)
    source = _source(path)
    with pytest.raises(RuntimeError, match="mine"), pool.lend("a", 0, lambda: source):
        raise RuntimeError("mine")
    assert len(pool) == 0
    with pool.lend("a", 0, lambda: source) as reader:
        assert number_in(reader.read(7).to_ndarray(format="rgb24")) == 7
    pool.close_idle(older_than=-1)


def test_a_file_damaged_midway_still_has_exact_frames(taken, made, tmp_path):
    data = bytearray(made("mpeg4-b-frames.avi").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path = tmp_path / "damaged.avi"
    path.write_bytes(data)
    asset = taken(path)
    assert 40 <= asset.frames <= 60
    one_by_one = [number_in(frames.read_frame(asset, n)) for n in range(10)]
    assert one_by_one == list(range(10))


def test_the_street_video(taken, vtest):
    asset = taken(vtest)
    assert (asset.frames, asset.width, asset.height) == (795, 768, 576)
    assert asset.video.fps == pytest.approx(10)
    with av.open(str(vtest)) as container:
        truth = {
            n: frame.to_ndarray(format="rgb24") for n, frame in enumerate(container.decode(video=0)) if n % 53 == 0
        }
    for n in random.Random(5).sample(sorted(truth), len(truth)):
        assert np.array_equal(frames.read_frame(asset, n), truth[n])
