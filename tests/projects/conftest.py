"""What the library's tests share: uploads, and a look at what is left in the storage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from projects import frames
from projects.models import Asset, Project, Team, User
from projects.sandbox import sandbox


@pytest.fixture(scope="session", autouse=True)
def _no_child_outlives_the_tests():
    yield
    frames.readers.close_idle(older_than=-1)
    sandbox.close()


@pytest.fixture
def signed_in():
    """A function that gives a signed-in visitor of the pages."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def upload(api, project: Project, alice: User):
    """A function that posts bytes as a file and gives the response."""

    def send(data: bytes, name: str = "a.jpg", to: Project = project, by: User = alice, **fields: str):
        body = {"file": SimpleUploadedFile(name, data), **fields}
        return api(by).post(f"/api/v1/projects/{to.pk}/items", body, format="multipart")

    return send


@pytest.fixture
def left_behind(team: Team):
    """A function that counts the rows and the stored files of the team's library."""

    def count() -> tuple[int, int]:
        folder = Path(settings.MEDIA_ROOT) / "assets" / str(team.pk)
        return Asset.objects.filter(team=team).count(), sum(path.is_file() for path in folder.rglob("*"))

    return count


@pytest.fixture
def vtest() -> Path:
    """A real street video; tests that need it are skipped where it is not."""
    path = Path(os.environ.get("FRAMELOOP_VTEST", settings.BASE_DIR.parent / "shared" / "data" / "vtest.avi"))
    if not path.is_file():
        pytest.skip("vtest.avi is not here: name it in FRAMELOOP_VTEST")
    return path
