"""Each format that is taken, and what becomes of its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from projects import frames
from projects.intake import intake
from projects.models import Item
from tests.projects.files import corners, encoded, pattern, shown, stored, turned_jpeg

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "BMP": "image/bmp", "TIFF": "image/tiff"}


@pytest.fixture
def taken(project, alice):
    """A function that takes bytes in and gives the item."""

    def take(data: bytes, name: str = "picture") -> Item:
        return intake(project, ContentFile(data), name, alice)

    return take


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes(taken, kind):
    item = taken(encoded(pattern(), kind), f"a.{kind.lower()}")
    asset = item.asset
    assert (asset.kind, asset.content_type, asset.width, asset.height) == ("image", KINDS[kind], 64, 48)
    assert corners(frames.read_frame(asset)) == "rgwb"
    assert corners(np.asarray(shown(asset.thumbnail).convert("RGB"))) == "rgwb"
    assert stored(asset.file) == encoded(pattern(), kind)


def test_the_bytes_decide_not_the_name(taken):
    asset = taken(encoded(pattern(), "PNG"), "holiday.mp4").asset
    assert asset.content_type == "image/png"
    assert asset.file.name.endswith(".png")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_rotation_is_baked_and_the_original_kept(taken, orientation):
    expected = {2: "grbw", 3: "wbrg", 4: "bwgr", 5: "rbwg", 6: "brgw", 7: "wgrb", 8: "gwbr"}[orientation]
    data = turned_jpeg(orientation)
    asset = taken(data).asset
    assert (asset.width, asset.height) == ((64, 48) if orientation < 5 else (48, 64))
    assert corners(frames.read_frame(asset)) == expected
    assert corners(np.asarray(shown(asset.thumbnail).convert("RGB"))) == expected
    assert not shown(asset.upright).getexif()
    assert stored(asset.file) == data


def test_an_upright_jpeg_needs_no_copy(taken):
    assert not taken(encoded(pattern(), "JPEG")).asset.upright


def test_tiff_and_cmyk_get_a_copy_that_browsers_show(taken):
    assert taken(encoded(pattern(), "TIFF")).asset.upright.name.endswith(".png")
    cmyk = taken(encoded(pattern().convert("CMYK"), "JPEG", quality=95)).asset
    assert cmyk.upright.name.endswith(".jpg")
    assert corners(frames.read_frame(cmyk)) == "rgwb"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_stretched_not_clipped(taken, kind):
    deep = np.linspace(1000, 5000, 64 * 48).reshape(48, 64).astype(np.uint16)
    asset = taken(encoded(Image.fromarray(deep), kind)).asset
    pixels = frames.read_frame(asset)
    assert pixels.dtype == np.uint8
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert abs(int(pixels[24, 0, 0]) - 128) < 4
    assert "8 bits" in asset.notes[0]


def test_a_palette_is_resolved(taken):
    asset = taken(encoded(pattern().quantize(8), "PNG")).asset
    assert corners(frames.read_frame(asset)) == "rgwb"


def test_transparent_pixels_become_white(taken):
    image = pattern().convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.arange(64) < 32, 0, 255).astype(np.uint8)[None].repeat(48, 0)))
    asset = taken(encoded(image, "PNG")).asset
    assert corners(frames.read_frame(asset)) == "wgww"
    assert asset.upright


def test_of_several_pictures_the_first_is_taken(taken):
    frames_of_it = [pattern(), pattern().rotate(180)]
    for kind in ("TIFF", "WEBP", "PNG"):
        data = encoded(frames_of_it[0], kind, save_all=True, append_images=frames_of_it[1:])
        asset = taken(data, f"several.{kind}").asset
        assert corners(frames.read_frame(asset)) == "rgwb"
        assert "several pictures" in asset.notes[0]
        assert getattr(shown(asset.upright), "n_frames", 1) == 1


def test_a_large_picture_gets_a_small_thumbnail(taken):
    asset = taken(encoded(pattern(1000, 400), "JPEG")).asset
    thumbnail = shown(asset.thumbnail)
    assert thumbnail.size == (320, 128)


def test_a_picture_one_pixel_high(taken):
    asset = taken(encoded(Image.new("RGB", (2000, 1), "red"), "PNG")).asset
    assert (asset.width, asset.height) == (2000, 1)
    assert shown(asset.thumbnail).size == (320, 1)
