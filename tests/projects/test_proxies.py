"""What browsers decode is made of exactly the frames of the index, and nothing breaks where it cannot be made."""

from __future__ import annotations

import base64
from datetime import timedelta
from fractions import Fraction
from itertools import accumulate, chain, repeat
from pathlib import Path

import av
import numpy as np
import orjson
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from config.celery import app
from projects import playback
from projects.intake import intake
from projects.models import Video
from projects.models.library import PlaybackState
from projects.proxies import GROUP, KEY_BIT, RECORD, largest_group
from projects.tasks import sweep_orphans
from tests.projects.files import HEIGHT, WIDTH, encoded, number_in, pattern, stored, video
from tests.projects.test_frames import CASES, _with_rotation

pytestmark = pytest.mark.django_db
DIRECT = {"options": {"preset": "ultrafast", "g": "12", "bf": "0", "sc_threshold": "0"}}
COPIED = [
    "h264-b-frames.mp4",
    "h264-open-gop.mp4",
    "ntsc.mov",
    "variable.mkv",
    "late-start.mkv",
    "mpeg4-b-frames.avi",
    "mjpeg.mov",
    "vp8-hidden-frames.webm",
    "hevc.mkv",
]


@pytest.fixture
def item_of(project, alice, tmp_path):
    """A function that takes in a generated video and gives its item."""

    def take(name: str, **options):
        path = options.pop("path", None) or video(tmp_path / name, **options)
        return intake(project, path, name, alice)

    return take


@pytest.fixture
def asked(api, alice):
    """A function that gives the answer of an item's `playback`, or of what is below it."""

    def ask(item, below: str = "", by=alice, **headers):
        return api(by).get(f"/api/v1/items/{item.pk}/playback{below}", headers=headers)

    return ask


def _row(item) -> Video:
    return Video.objects.select_related("asset").get(pk=item.asset_id)


def _decoded(row: Video) -> list[np.ndarray]:
    """Every frame, decoded from its packet by the index alone, from each key frame on anew as a browser does."""
    records = np.frombuffer(stored(row.packets), RECORD)
    data = stored(row.proxy or row.asset.file)
    facts, frames = row.proxy_index, []
    for start, stop in _groups(records):
        decoder = av.CodecContext.create("h264", "r")
        if facts["description"]:
            decoder.extradata = base64.b64decode(facts["description"])
        packets = [
            av.Packet(data[offset : offset + (size & ~KEY_BIT)]) for offset, size in records[start:stop].tolist()
        ]
        shown = [*chain.from_iterable(decoder.decode(packet) for packet in packets), *decoder.decode(None)]
        assert len(shown) == stop - start
        frames += [frame.to_ndarray(format="rgb24") for frame in shown]
    return frames


def _groups(records: np.ndarray) -> list[tuple[int, int]]:
    keys = np.flatnonzero(records["size_key"] & KEY_BIT).tolist()
    return list(zip(keys, [*keys[1:], len(records)], strict=True))


@pytest.mark.parametrize("name", COPIED)
def test_every_frame_has_its_packet(item_of, name):
    item = item_of(name, **CASES[name])
    assert playback.drain() == 1
    row = _row(item)
    assert row.playback_state == PlaybackState.READY
    assert row.proxy
    assert [number_in(pixels) for pixels in _decoded(row)] == list(range(row.frames))
    assert largest_group(np.frombuffer(stored(row.packets), RECORD)) == GROUP


def test_a_file_that_browsers_can_decode_is_used_as_it_lies(item_of, asked):
    item = item_of("plain.mp4", **DIRECT)
    playback.drain()
    row = _row(item)
    assert not row.proxy
    assert [number_in(pixels) for pixels in _decoded(row)] == list(range(60))
    said = asked(item).json()
    assert (said["codec"][:5], said["width"], said["height"]) == ("avc1.", WIDTH, HEIGHT)
    assert base64.b64decode(said["description"])[0] == 1


@pytest.mark.parametrize("degrees", [90, 180])
def test_a_turned_video_is_copied_upright(item_of, tmp_path, degrees):
    turned = _with_rotation(video(tmp_path / "a.mp4", **DIRECT), tmp_path / "turned.mp4", degrees)
    item = item_of("turned.mp4", path=turned)
    playback.drain()
    row = _row(item)
    assert (row.proxy_index["width"], row.proxy_index["height"]) == (row.asset.width, row.asset.height)
    back = [np.rot90(pixels, degrees // 90) for pixels in _decoded(row)]
    assert [number_in(pixels) for pixels in back] == list(range(60))


@pytest.mark.parametrize("name", ["variable.mkv", "ntsc.mov", "late-start.mp4", "mpeg4-b-frames.avi"])
def test_the_times_are_exact(item_of, asked, name):
    item = item_of(name, **CASES[name])
    said = asked(item, "/times").json()
    ticks = accumulate(chain.from_iterable(repeat(step, count) for step, count in said["steps"]), initial=said["start"])
    row = _row(item)
    base = Fraction(row.time_base_numerator, row.time_base_denominator)
    assert [tick * Fraction(*said["base"]) for tick in ticks] == [pts * base for pts in row.pts.tolist()]


def test_the_times_are_few_bytes_and_come_once(item_of, asked):
    item = item_of("steady.mp4", frames=700, **DIRECT)
    first = asked(item, "/times", **{"Accept-Encoding": "gzip"})
    assert len(first.json()["steps"]) == 1
    assert asked(item, "/times", **{"If-None-Match": first["ETag"]}).status_code == 304
    uneven = asked(item_of("v.mp4", **CASES["variable.mp4"]), "/times", **{"Accept-Encoding": "gzip"})
    assert uneven["Content-Encoding"] == "gzip"


def test_the_packets_come_by_ranges_of_signed_urls(item_of, asked, api, charlie):
    item = item_of("a.avi", **CASES["h264.avi"])
    assert asked(item).json()["state"] == "queued"
    playback.drain()
    said = asked(item).json()
    assert said["ready"]
    assert said["record_bytes"] == RECORD.itemsize
    part = api().get(said["index_url"], headers={"Range": f"bytes={12 * RECORD.itemsize}-{13 * RECORD.itemsize - 1}"})
    (offset, size_key), *rest = np.frombuffer(part.content, RECORD).tolist()
    assert (part.status_code, rest, size_key & KEY_BIT) == (206, [], KEY_BIT)
    end = offset + (size_key & ~KEY_BIT)
    packet = api().get(said["url"], headers={"Range": f"bytes={offset}-{end - 1}"})
    assert packet.content == stored(_row(item).proxy)[offset:end]
    assert asked(item, by=charlie).status_code == 404
    assert asked(item, "/times", by=charlie).status_code == 404


def test_an_upload_wakes_a_worker_once_it_is_committed(item_of, django_capture_on_commit_callbacks):
    task = "projects.tasks.make_playback"
    assert task in app.tasks
    with app.connection() as connection:
        queue = connection.default_channel.client
        queue.delete("default")
        with django_capture_on_commit_callbacks(execute=True):
            item_of("a.mp4", **DIRECT)
            assert queue.llen("default") == 0
        sent = [orjson.loads(message)["headers"]["task"] for message in queue.lrange("default", 0, -1)]
        queue.delete("default")
    assert sent == [task]


def test_an_image_has_no_playback(project, alice, asked):
    item = intake(project, ContentFile(encoded(pattern(), "PNG"), name="a.png"), "a.png", alice)
    assert asked(item).status_code == 404
    assert asked(item).json()["code"] == "no-video"


def test_a_video_that_cannot_be_made_says_why(item_of, asked):
    item = item_of("a.avi", **CASES["mpeg4-b-frames.avi"])
    path = Path(_row(item).asset.file.path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert playback.drain() == 0
    said = asked(item).json()
    assert (said["state"], said["ready"]) == ("failed", False)
    assert "cannot be decoded" in said["error"]
    assert "url" not in said


def test_what_was_stored_before_is_made_once_somebody_looks(item_of, asked):
    item = item_of("a.mp4", **DIRECT)
    Video.objects.update(playback_state=PlaybackState.NONE)
    assert playback.drain() == 0
    assert asked(item).json()["state"] == "queued"
    assert playback.drain() == 1


def test_one_at_a_time_and_another_when_its_maker_is_gone(item_of):
    item = item_of("a.mp4", **DIRECT)
    Video.objects.update(playback_state=PlaybackState.MAKING, playback_touched=timezone.now(), playback_attempts=1)
    other = item_of("b.mp4", frames=50, **DIRECT)
    assert playback.drain() == 0
    Video.objects.filter(pk=item.asset_id).update(playback_touched=timezone.now() - playback.SILENT * 2)
    assert playback.drain() == 2
    assert {_row(each).playback_state for each in (item, other)} == {PlaybackState.READY}


def test_a_video_that_kills_its_makers_is_given_up(item_of, asked):
    item = item_of("a.mp4", **DIRECT)
    Video.objects.update(
        playback_state=PlaybackState.MAKING,
        playback_touched=timezone.now() - timedelta(hours=1),
        playback_attempts=playback.MOST_ATTEMPTS,
    )
    assert playback.drain() == 0
    assert asked(item).json()["state"] == "failed"


def test_the_files_go_with_the_video_and_not_before(item_of, django_capture_on_commit_callbacks):
    item = item_of("a.avi", **CASES["h264.avi"])
    playback.drain()
    row = _row(item)
    names = [row.proxy.name, row.packets.name]
    sweep_orphans(older_than_s=-60)
    assert all(default_storage.exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        item.delete()
        row.asset.delete()
    assert not any(default_storage.exists(name) for name in names)
