"""GET items/{id}/frames/{n}: the picture of exactly that frame."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from PIL import Image

from projects.models import ApiToken, Asset
from tests.conftest import PASSWORD
from tests.projects.files import WIDTH, corners, encoded, number_in, pattern, turned_jpeg, video


@pytest.fixture
def clip(upload, tmp_path) -> dict:
    return upload(video(tmp_path / "a.mp4", options={"g": "12", "bf": "3"}).read_bytes(), "a.mp4").json()


@pytest.fixture
def frame(api, alice):
    def get(item: dict, n: int, query: str = "", **headers: str):
        return api(alice).get(f"/api/v1/items/{item['id']}/frames/{n}{query}", headers=headers)

    return get


def _pixels(response) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(response.content)).convert("RGB"))


@pytest.mark.parametrize("n", [0, 1, 17, 59])
def test_it_is_that_frame(frame, clip, n):
    response = frame(clip, n)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert number_in(_pixels(response)) == n


@pytest.mark.parametrize("accept", ["image/jpeg", "image/webp", "image/png"])
def test_it_comes_as_asked(frame, clip, accept):
    response = frame(clip, 42, accept=accept)
    assert response["Content-Type"] == accept
    assert Image.open(BytesIO(response.content)).get_format_mimetype() == accept
    assert number_in(_pixels(response)) == 42
    assert "Accept" in response["Vary"]


@pytest.mark.parametrize(
    ("accept", "given"),
    [("*/*", "image/jpeg"), ("image/*", "image/jpeg"), ("image/avif,image/webp,*/*;q=0.8", "image/webp")],
)
def test_preferences_as_browsers_send_them(frame, clip, accept, given):
    assert frame(clip, 0, accept=accept)["Content-Type"] == given


def test_what_cannot_be_given_is_refused(frame, clip):
    response = frame(clip, 0, accept="application/pdf")
    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"


def test_beyond_the_end(frame, clip):
    response = frame(clip, 60, accept="image/png")
    assert response.status_code == 416
    problem = response.json()
    assert (problem["code"], problem["frames"]) == ("frame-out-of-range", 60)
    assert "59" in problem["detail"]


def test_an_etag_saves_the_second_answer(frame, clip):
    first = frame(clip, 7)
    assert first["ETag"].startswith('"')
    assert "private" in first["Cache-Control"]
    assert "max-age=" in first["Cache-Control"]
    again = frame(clip, 7, if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    others = [frame(clip, 8), frame(clip, 7, accept="image/webp"), frame(clip, 7, "?width=100")]
    assert len({first["ETag"], *(other["ETag"] for other in others)}) == 4


def test_an_unchanged_frame_is_not_decoded_again(frame, clip):
    first = frame(clip, 7)
    asset = Asset.objects.get(pk=clip["asset"])
    asset.file.storage.delete(asset.file.name)
    assert frame(clip, 7, if_none_match=first["ETag"]).status_code == 304


def test_a_file_that_is_gone_is_said_so(frame, upload, tmp_path):
    clip = upload(video(tmp_path / "gone.mp4", frames=33).read_bytes(), "gone.mp4").json()
    asset = Asset.objects.get(pk=clip["asset"])
    asset.file.storage.delete(asset.file.name)
    response = frame(clip, 7)
    assert response.status_code == 500
    assert response.json()["code"] == "frame-unreadable"


def test_a_smaller_preview(frame, clip):
    assert _pixels(frame(clip, 5, "?width=160")).shape[1] == 160
    assert _pixels(frame(clip, 5, "?width=8000")).shape[1] == WIDTH
    for width in ("0", "-1", "abc", "99999", "1" * 400):
        assert frame(clip, 5, f"?width={width}").status_code == 400


def test_an_image_is_its_own_frame_0(frame, upload):
    item = upload(turned_jpeg(6), "a.jpg").json()
    response = frame(item, 0)
    assert corners(_pixels(response)) == "brgw"
    assert frame(item, 1).status_code == 416


def test_an_image_is_given_as_it_is_stored(frame, upload):
    data = encoded(pattern(), "PNG")
    item = upload(data, "a.png").json()
    assert frame(item, 0, accept="image/png").content == data
    assert corners(_pixels(frame(item, 0, accept="image/jpeg"))) == "rgwb"


def test_by_session_jwt_and_api_token(clip, alice):
    url = f"/api/v1/items/{clip['id']}/frames/3"
    browser = Client()
    assert browser.get(url).status_code == 401
    browser.force_login(get_user_model().objects.get(pk=alice.pk))
    assert browser.get(url).status_code == 200
    login = Client().post(
        "/api/v1/auth/login", {"email": alice.email, "password": PASSWORD}, content_type="application/json"
    )
    jwt = login.json()["access"]
    assert Client().get(url, headers={"authorization": f"Bearer {jwt}"}).status_code == 200
    made = Client().post(
        "/api/v1/auth/tokens",
        {"name": "script"},
        content_type="application/json",
        headers={"authorization": f"Bearer {jwt}"},
    )
    assert ApiToken.objects.filter(user=alice).count() == 1
    assert Client().get(url, headers={"authorization": f"Bearer {made.json()['token']}"}).status_code == 200


def test_two_projects_show_the_same_frame(frame, clip, api, alice, project):
    again = api(alice).post(f"/api/v1/projects/{project.pk}/items", {"item": clip["id"]}).json()
    assert frame(again, 9).content == frame(clip, 9).content
