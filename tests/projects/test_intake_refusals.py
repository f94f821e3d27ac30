"""Files that are refused: each says what is wrong and how to mend it, and leaves nothing behind."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from projects.intake import IntakeError, intake
from projects.models import Item
from projects.sandbox import Sandbox
from tests.projects.files import bomb_png, encoded, pattern, video


@pytest.fixture
def refused(project, alice, left_behind):
    """A function that expects a refusal and gives it, once it has seen that nothing is left."""

    def expect(source: bytes | Path, name: str = "a.jpg") -> IntakeError:
        upload = source if isinstance(source, Path) else ContentFile(source)
        with pytest.raises(IntakeError) as caught:
            intake(project, upload, name, alice)
        assert left_behind() == (0, 0)
        assert not Item.objects.exists()
        return caught.value

    return expect


def test_an_empty_file(refused):
    error = refused(b"")
    assert error.code == "empty-file"
    assert "0 bytes" in error.detail


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"GIF89a" + b"\0" * 40, "GIF"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04" + b"\0" * 40, "zip"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG"),
        (b"#!/bin/sh\necho hello\n", "no picture or video"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "no picture or video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "no picture or video"),
    ],
)
def test_no_image_and_no_video(refused, head, said):
    error = refused(head, "photo.jpg")
    assert error.code == "unsupported-type"
    assert said in error.detail
    assert "JPEG, PNG" in error.detail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_picture(refused, kind, share):
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    error = refused(data[: int(len(data) * share)])
    assert error.code in {"truncated", "broken"}
    assert "cut off" in error.detail or "damaged" in error.detail


def test_a_truncated_jpeg_is_called_so(refused):
    data = encoded(pattern(400, 300), "JPEG", quality=95)
    error = refused(data[: len(data) * 2 // 3])
    assert error.code == "truncated"
    assert "upload the whole of it" in error.detail


def test_a_damaged_png(refused):
    data = bytearray(encoded(pattern(), "PNG"))
    data[60:64] = b"\0\0\0\0"
    assert refused(bytes(data)).code in {"truncated", "broken"}


def test_a_bomb_is_refused_by_its_header(refused, settings):
    assert settings.MAX_IMAGE_PIXELS < 900_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(bomb_png())
    assert error.code == "too-many-pixels"
    assert "30000 x 30000" in error.detail
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "WEBP"])
def test_other_headers_that_promise_too_much(refused, settings, kind):
    settings.MAX_IMAGE_PIXELS = 64 * 48 - 1
    assert refused(encoded(pattern(), kind)).code == "too-many-pixels"


def test_a_bmp_that_claims_more_than_it_has(refused):
    data = bytearray(encoded(pattern(), "BMP"))
    data[18:26] = struct.pack("<ii", 30_000, 3_000)
    assert refused(bytes(data)).code in {"truncated", "broken"}


def test_a_file_above_the_cap(refused, settings):
    settings.MAX_UPLOAD_BYTES = 100
    assert refused(encoded(pattern(), "PNG")).code == "too-large"


def test_a_video_cut_off_before_its_index(refused, tmp_path):
    data = video(tmp_path / "a.mp4").read_bytes()
    assert refused(data[: len(data) // 2]).code in {"broken", "no-video"}


def test_sound_without_a_picture(refused, tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    error = refused(path)
    assert error.code == "no-video"
    assert "only sound" in error.detail


def _without_key_frames(source: Path, target: Path) -> Path:
    with av.open(str(source)) as given, av.open(str(target), "w") as output:
        track = given.streams.video[0]
        copy = output.add_stream_from_template(track)
        for packet in given.demux(track):
            if packet.size and not packet.is_keyframe:
                packet.stream = copy
                output.mux(packet)
    return target


@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi"])
def test_a_video_without_key_frames(refused, tmp_path, extension):
    whole = video(tmp_path / f"whole.{extension}", options={"g": "600", "bf": "0"})
    error = refused(_without_key_frames(whole, tmp_path / f"none.{extension}"))
    assert error.code in {"no-key-frames", "no-frames"}
    assert "ffmpeg -i" in error.detail


def test_a_video_that_is_too_large_a_picture(refused, settings, tmp_path):
    settings.MAX_IMAGE_PIXELS = 10_000
    assert refused(video(tmp_path / "a.mp4")).code == "too-many-pixels"


def test_a_decoder_that_never_ends_is_stopped(tmp_path):
    box = Sandbox(most=1)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(pattern(), "PNG"))
    request = {"kind": "image", "path": str(path), "decoder": "PNG", "folder": str(tmp_path), "max_pixels": 10**6}
    try:
        with pytest.raises(Exception, match="took too long") as caught:
            box.inspect(request, cpu_seconds=60, wall_seconds=0.0)
        assert caught.value.code == "too-costly"
        assert box.inspect(request, cpu_seconds=60, wall_seconds=60.0)["width"] == 64
    finally:
        box.close()


def test_a_child_that_dies_between_files_is_replaced(tmp_path):
    box = Sandbox(most=1)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(pattern(), "PNG"))
    request = {"kind": "image", "path": str(path), "decoder": "PNG", "folder": str(tmp_path), "max_pixels": 10**6}
    try:
        box.inspect(request, cpu_seconds=60, wall_seconds=60.0)
        box._free[0].process.kill()
        box._free[0].process.wait()
        assert box.inspect(request, cpu_seconds=60, wall_seconds=60.0)["height"] == 48
    finally:
        box.close()


def test_a_child_sees_no_secret(tmp_path):
    box = Sandbox(most=1)
    child = box._take()
    try:
        surroundings = Path(f"/proc/{child.process.pid}/environ").read_bytes()
        assert b"SECRET_KEY" not in surroundings
        assert b"DATABASE_URL" not in surroundings
    finally:
        child.stop()
