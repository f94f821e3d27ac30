"""Signed, expiring addresses of stored files."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.test import AsyncClient, Client

from projects.intake import intake
from projects.media import signed_url
from tests.projects.files import encoded, pattern, stored, video


@pytest.fixture
def asset(project, alice):
    return intake(project, ContentFile(encoded(pattern(), "PNG")), 'a "b" é.png', alice).asset


@pytest.fixture
def clip(project, alice, tmp_path):
    """A video of more than one chunk."""
    path = video(tmp_path / "a.avi", codec="rawvideo", frames=30)
    return intake(project, path, "a.avi", alice).asset


def _body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_whoever_has_the_address_may_read(asset):
    response = Client().get(signed_url(asset.file))
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert _body(response) == stored(asset.file)
    assert "Vary" not in response or "Cookie" not in response["Vary"]


def test_it_tells_nothing_of_the_storage(asset):
    url = signed_url(asset.file)
    assert asset.sha256[:8] not in url
    assert asset.file.name.rsplit("/", 1)[1].split(".")[0] not in url


def test_it_expires(asset):
    response = Client().get(signed_url(asset.file, expires_s=-10))
    assert response.status_code == 404


def test_it_cannot_be_made_up(asset, clip):
    url = signed_url(asset.file)
    assert Client().get(url.replace(str(asset.pk), str(clip.pk))).status_code == 404
    assert Client().get(url.replace("asset.file.", "asset.thumbnail.")).status_code == 404
    for made_up in ("x", "x~y", "projects.user.password.1.ffffffffff~abc"):
        assert Client().get(f"/media/{made_up}/file.png").status_code == 404


def test_it_stays_the_same_for_a_while(asset):
    assert signed_url(asset.file, 6 * 3600) == signed_url(asset.file, 6 * 3600)


def test_a_deleted_row_is_gone_at_once(asset):
    url = signed_url(asset.file)
    asset.items.all().delete()
    asset.delete()
    assert Client().get(url).status_code == 404


def test_nothing_in_it_can_run(asset):
    response = Client().get(signed_url(asset.file))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]
    assert response["Content-Disposition"].startswith("inline; filename")
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-999999999", 5, None)],
)
def test_a_range(clip, header, start, stop):
    whole = stored(clip.file)
    response = Client().get(signed_url(clip.file), headers={"range": header})
    assert response.status_code == 206
    body = _body(response)
    assert body == whole[start:stop]
    assert response["Content-Length"] == str(len(body))
    first = start % len(whole)
    assert response["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"


@pytest.mark.parametrize("header", ["bytes=999999999-", "bytes=9-3"])
def test_a_range_that_cannot_be_had(clip, header):
    response = Client().get(signed_url(clip.file), headers={"range": header})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{clip.size}"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=a-b"])
def test_a_range_that_is_not_understood_gives_the_whole(asset, header):
    response = Client().get(signed_url(asset.file), headers={"range": header})
    assert response.status_code == 200
    assert _body(response) == stored(asset.file)


def test_conditional_requests(asset):
    url = signed_url(asset.file)
    etag = Client().get(url)["ETag"]
    assert Client().get(url, headers={"if-none-match": etag}).status_code == 304
    assert Client().get(url, headers={"range": "bytes=0-3", "if-range": etag}).status_code == 206
    assert Client().get(url, headers={"range": "bytes=0-3", "if-range": '"other"'}).status_code == 200


def test_head_has_the_headers_alone(clip):
    response = Client().head(signed_url(clip.file))
    assert (response.status_code, response.content, response["Content-Length"]) == (200, b"", str(clip.size))
    assert Client().post(signed_url(clip.file)).status_code == 405


def test_under_asgi_a_large_file_comes_in_pieces(clip):
    async def read() -> list[bytes]:
        response = await AsyncClient().get(signed_url(clip.file))
        return [piece async for piece in response.streaming_content]

    pieces = async_to_sync(read)()
    assert b"".join(pieces) == stored(clip.file)
    assert len(pieces) > 3
