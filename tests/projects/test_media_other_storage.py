"""A storage without paths on this machine, as S3 is: all works the same through a bounded local cache."""

from __future__ import annotations

import random

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.test import Client

from projects import files, frames
from projects.intake import intake
from projects.media import signed_url
from tests.projects.files import corners, encoded, number_in, pattern, video


class Elsewhere(Storage):
    """Keeps files and gives no paths."""

    def __init__(self, location: str) -> None:
        self.kept = FileSystemStorage(location)

    def _open(self, name: str, mode: str = "rb"):
        return self.kept.open(name, mode)

    def _save(self, name: str, content) -> str:
        return self.kept.save(name, content)

    def __getattribute__(self, name: str):
        if name in {"exists", "size", "delete", "listdir"}:
            return getattr(self.kept, name)
        return super().__getattribute__(name)


@pytest.fixture(autouse=True)
def elsewhere(settings, tmp_path):
    far = {"BACKEND": f"{__name__}.Elsewhere", "OPTIONS": {"location": str(tmp_path / "far")}}
    settings.STORAGES = settings.STORAGES | {"default": far}
    settings.DATA_DIR = tmp_path / "data"


def test_images_and_their_media(project, alice):
    data = encoded(pattern(), "TIFF")
    asset = intake(project, ContentFile(data), "a.tif", alice).asset
    assert corners(frames.read_frame(asset)) == "rgwb"
    assert Client().get(signed_url(asset.upright)).content[:4] == b"\x89PNG"
    assert Client().get(signed_url(asset.file), headers={"range": "bytes=2-5"}).content == data[2:6]


def test_videos_are_fetched_once(project, alice, tmp_path):
    asset = intake(project, video(tmp_path / "a.mp4"), "a.mp4", alice).asset
    for n in random.Random(1).sample(range(60), 20):
        assert number_in(frames.read_frame(asset, n)) == n
    assert len(list((tmp_path / "data" / "cache" / "files").iterdir())) == 1


def test_the_cache_is_bounded(project, alice, tmp_path, monkeypatch):
    assets = [intake(project, video(tmp_path / f"{n}.mp4", frames=20 + n), f"{n}.mp4", alice).asset for n in range(3)]
    monkeypatch.setattr(files, "CACHE_BYTES", assets[0].size * 2)
    for asset in assets:
        assert files.local_path(asset.file).read_bytes()[4:8] == b"ftyp"
    kept = list((tmp_path / "data" / "cache" / "files").iterdir())
    assert 1 <= len(kept) <= 2
