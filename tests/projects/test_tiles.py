"""A picture above 40 megapixels comes with a preview and with tiles that show exactly their part of it."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from projects import pictures, tiles
from projects.models import Asset
from projects.tasks import sweep_orphans
from tests.projects.files import encoded, pattern


def gradient(width: int, height: int) -> Image.Image:
    """Red says the column, green the row, in 256 steps over the picture."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width, dtype=np.uint8)[None, :]
    pixels[..., 1] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    return Image.fromarray(pixels)


@pytest.fixture
def file(tmp_path) -> Path:
    tiles.write(gradient(1300, 700), tmp_path / "tiles.bin")
    return tmp_path / "tiles.bin"


def tile(file: Path, level: int, x: int, y: int) -> np.ndarray:
    with file.open("rb") as source:
        return np.asarray(Image.open(BytesIO(tiles.read(source, level, x, y))), int)


def test_each_tile_shows_its_part_on_each_level(file):
    layout = tiles.levels(1300, 700)
    assert [(level.width, level.height) for level in layout] == [(325, 175), (650, 350), (1300, 700)]
    for number, level in enumerate(layout):
        whole = np.asarray(gradient(level.width, level.height), int)
        for y in range(level.rows):
            for x in range(level.columns):
                part = whole[y * 512 : (y + 1) * 512, x * 512 : (x + 1) * 512]
                found = tile(file, number, x, y)
                assert found.shape == part.shape and abs(found - part).mean() < 4


@pytest.mark.parametrize("place", [(3, 0, 0), (-1, 0, 0), (2, 3, 0), (2, 0, 2), (0, 1, 0), (2, -1, 0)])
def test_there_is_nothing_beyond_the_edge(file, place):
    with pytest.raises(tiles.NoTile):
        tile(file, *place)


def test_a_file_that_is_none_of_tiles(tmp_path):
    (tmp_path / "a").write_bytes(b"something else altogether")
    with pytest.raises(tiles.NoTile):
        tile(tmp_path / "a", 0, 0, 0)


def test_only_a_huge_picture_is_cut(tmp_path, monkeypatch):
    gradient(1700, 600).save(tmp_path / "a.png")
    assert pictures.take_in(tmp_path / "a.png", "PNG", tmp_path, 10**8).tiles == ""
    monkeypatch.setattr(tiles, "HUGE_PIXELS", 1_000_000)
    found = pictures.take_in(tmp_path / "a.png", "PNG", tmp_path, 10**8)
    assert Image.open(BytesIO((tmp_path / found.preview).read_bytes())).size == (1600, 565)
    assert tile(tmp_path / found.tiles, 2, 3, 1).shape == (88, 164, 3)


def test_a_huge_picture_by_the_interface(upload, api, bob, charlie, client, django_capture_on_commit_callbacks):
    """The real thing: 41 megapixels through the sandbox."""
    item = upload(encoded(Image.new("L", (8200, 5001), 90), "PNG", compress_level=1), "huge.png").json()
    url = f"/api/v1/items/{item['id']}/tiles"
    said = api(bob).get(url).json()
    assert said["side"] == 512 and said["levels"][-1] == {"width": 8200, "height": 5001, "columns": 17, "rows": 10}
    assert said["preview"] == item["preview"] and client.get(said["preview"])["Content-Type"] == "image/webp"
    last = said["address"].format(level=len(said["levels"]) - 1, x=16, y=9)
    answer = client.get(last)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert Image.open(BytesIO(answer.content)).size == (8200 - 16 * 512, 5001 - 9 * 512)
    assert api(bob).get(f"{url}/5/16/9").content == answer.content
    assert client.get(re.sub("/16/9.webp", "/17/9.webp", last)).status_code == 404
    assert client.get(last.replace("media/", "media/x", 1)).status_code == 404
    assert (api(charlie).get(url).status_code, api(charlie).get(f"{url}/0/0/0").status_code) == (404, 404)
    asset = Asset.objects.get()
    paths = [Path(asset.preview.path), Path(asset.tiles.path)]
    sweep_orphans(-1)
    assert all(path.exists() for path in paths)
    asset.items.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        asset.delete()
    assert not any(path.exists() for path in paths)


def test_others_have_none(upload, api, bob):
    item = upload(encoded(pattern(), "PNG"), "a.png").json()
    assert item["preview"] is None
    assert api(bob).get(f"/api/v1/items/{item['id']}/tiles").json()["code"] == "no-tiles"
