"""POST projects/{id}/items: a file goes in, an item comes out."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from projects.intake import clean_path, store_file
from projects.models import Asset, Item, Membership, Project, ProjectMembership, Role, Team
from tests.projects.files import bomb_png, encoded, pattern, turned_jpeg, video

FIELDS = {"id", "kind", "path", "width", "height", "frames", "fps", "state", "rev", "split", "thumbnail"}
MORE = {"annotation_count", "created_at", "updated_at", "picture", "preview", "project", "asset"}


def test_it_works_for_an_image(upload, project):
    response = upload(encoded(pattern(), "JPEG"), "street.jpg")
    assert response.status_code == 201
    item = response.json()
    assert set(item) == FIELDS | MORE
    expected = {"kind": "image", "path": "street.jpg", "width": 64, "height": 48, "frames": 1, "fps": None}
    expected |= {"state": "to-do", "rev": 0, "split": "", "annotation_count": 0, "project": str(project.pk)}
    assert {name: item[name] for name in expected} == expected
    assert item["thumbnail"].startswith("/media/")


def test_it_works_for_a_video(upload, tmp_path):
    item = upload(video(tmp_path / "a.mp4").read_bytes(), "a.mp4").json()
    assert (item["kind"], item["frames"], item["fps"], item["picture"]) == ("video", 60, 25.0, None)


def test_a_path_of_its_own(upload):
    assert upload(encoded(pattern(), "PNG"), path="day 1/cam/a.png").json()["path"] == "day 1/cam/a.png"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute/a.png", "absolute/a.png"),
        ("C:\\pictures\\a.png", "pictures/a.png"),
        ("a/./b//c.png", "a/b/c.png"),
        ("cafe\u0301.png", "café.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("line\nbreak.png", "linebreak.png"),
        ("..", "unnamed"),
        ("x" * 600 + ".png", "x" * 496 + ".png"),
    ],
)
def test_paths_are_made_harmless(given, kept):
    assert clean_path(given) == kept


def test_two_uploads_with_one_name(upload):
    assert upload(encoded(pattern(), "PNG"), "a.png").json()["path"] == "a.png"
    second = upload(encoded(pattern(60), "PNG"), "a.png").json()
    assert second["path"] == "a (2).png"
    assert "a (2).png" in second["notice"]
    assert "duplicate_of" not in second
    assert upload(encoded(pattern(50), "PNG"), "a.png").json()["path"] == "a (3).png"


def test_one_name_in_two_folders(upload):
    assert upload(encoded(pattern(), "PNG"), path="x/a.png").json()["path"] == "x/a.png"
    assert upload(encoded(pattern(60), "PNG"), path="y/a.png").json()["path"] == "y/a.png"


def test_a_duplicate_is_stored_once_and_said(upload, left_behind):
    first = upload(encoded(pattern(), "PNG"), "a.png").json()
    before = left_behind()
    second = upload(encoded(pattern(), "PNG"), "b.png").json()
    assert left_behind() == before
    assert second["duplicate_of"] == first["id"]
    assert second["asset"] == first["asset"]
    assert "stored once" in second["notice"]


def test_each_team_has_its_own_copy(upload, alice):
    other = Team.objects.create(name="Elsewhere")
    Membership.objects.create(team=other, user=alice, role=Role.OWNER)
    elsewhere = Project.objects.create(team=other, name="P", created_by=alice)
    first = upload(encoded(pattern(), "PNG")).json()
    second = upload(encoded(pattern(), "PNG"), to=elsewhere).json()
    assert first["asset"] != second["asset"]
    assert "duplicate_of" not in second


def test_stored_names_cannot_be_guessed(upload):
    asset = Asset.objects.get(pk=upload(encoded(pattern(), "PNG"), "secret name.png").json()["asset"])
    folder, name = asset.file.name.rsplit("/", 1)
    assert folder == f"assets/{asset.team_id}/{asset.sha256[:2]}"
    assert len(Path(name).stem) == 32
    assert asset.sha256 not in name


def test_a_large_file_does_not_pass_through_memory(upload, settings, tmp_path):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    assert upload(video(tmp_path / "a.mp4").read_bytes(), "a.mp4").status_code == 201


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty-file"),
        (b"no picture", 415, "unsupported-type"),
        (encoded(pattern(300, 300), "JPEG", quality=95)[:3000], 422, "truncated"),
        (bomb_png(), 422, "too-many-pixels"),
    ],
    ids=["empty", "text", "truncated", "bomb"],
)
def test_a_refusal_is_a_problem_that_says_how_to_mend_it(upload, left_behind, data, status, code):
    response = upload(data, "a.jpg")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    problem = response.json()
    assert problem["code"] == code
    assert len(problem["detail"]) > 30
    assert left_behind() == (0, 0)
    assert not Item.objects.exists()


def test_a_body_above_the_limit_is_refused_before_it_is_read(api, alice, project, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    body = {"file": SimpleUploadedFile("a.jpg", b"x" * 3_000_000)}
    response = api(alice).post(f"/api/v1/projects/{project.pk}/items", body, format="multipart")
    assert response.status_code == 413
    assert response.json()["code"] == "too-large"


@pytest.mark.parametrize("files", [0, 2])
def test_exactly_one_file(api, alice, project, files):
    body = {"file": [SimpleUploadedFile("a.png", encoded(pattern(), "PNG"))] * files, "path": "x"}
    response = api(alice).post(f"/api/v1/projects/{project.pk}/items", body, format="multipart")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/file"


def test_a_note_about_what_was_changed(upload):
    first = pattern()
    data = encoded(first, "TIFF", save_all=True, append_images=[first])
    assert "first one was taken" in upload(data, "a.tif").json()["notice"]


def test_who_may_add(upload, project, bob, charlie, alice):
    data = encoded(pattern(), "PNG")
    assert upload(data, by=bob).status_code == 201
    assert upload(data, by=charlie).status_code == 404
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    assert upload(data, by=charlie).status_code == 403
    ProjectMembership.objects.update(role=Role.ANNOTATOR)
    assert upload(data, by=charlie).status_code == 201


def test_a_repeat_with_the_same_key_adds_nothing(api, alice, project):
    client, url = api(alice), f"/api/v1/projects/{project.pk}/items"
    data = turned_jpeg(6)
    answers = [
        client.post(url, {"file": SimpleUploadedFile("a.jpg", data)}, format="multipart", HTTP_IDEMPOTENCY_KEY="k1")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Item.objects.count() == 1


def _another(project: Project) -> Project:
    return Project.objects.create(team=project.team, name="Other", created_by=project.created_by)


@pytest.mark.parametrize("by", ["asset", "item"])
def test_a_video_in_two_projects(upload, api, alice, project, tmp_path, by, left_behind):
    first = upload(video(tmp_path / "a.mp4").read_bytes(), "a.mp4").json()
    before, other = left_behind(), _another(project)
    body = {by: first["asset"] if by == "asset" else first["id"]}
    response = api(alice).post(f"/api/v1/projects/{other.pk}/items", body)
    assert response.status_code == 201
    second = response.json()
    assert second["id"] != first["id"]
    assert (second["asset"], second["path"], second["rev"]) == (first["asset"], "a.mp4", 0)
    assert "duplicate_of" not in second
    assert left_behind() == before


def test_only_what_one_may_see_can_be_linked(upload, api, charlie, alice, project):
    item = upload(encoded(pattern(), "PNG")).json()
    mine = Project.objects.create(team=charlie.teams.get(), name="Mine", created_by=charlie)
    url = f"/api/v1/projects/{mine.pk}/items"
    assert api(charlie).post(url, {"asset": item["asset"]}).status_code == 404
    assert api(charlie).post(url, {"item": item["id"]}).status_code == 404
    # Seen, but of another team's library.
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.ANNOTATOR)
    assert api(charlie).post(url, {"item": item["id"]}).status_code == 404
    # A guest of one project does not see the team's library.
    response = api(charlie).post(f"/api/v1/projects/{project.pk}/items", {"asset": item["asset"]})
    assert response.status_code == 404


@pytest.mark.parametrize("body", [{}, {"asset": str(uuid.uuid4()), "item": str(uuid.uuid4())}, {"asset": "x"}])
def test_a_link_names_one_thing(api, alice, project, body):
    response = api(alice).post(f"/api/v1/projects/{project.pk}/items", body)
    assert response.status_code == 400


def test_the_same_bytes_at_once_are_one_asset(transactional_db, team, alice, tmp_path, left_behind):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(pattern(300, 200), "PNG"))
    found: list[tuple[Asset, bool]] = []
    gate = threading.Barrier(2)

    def store() -> None:
        gate.wait()
        try:
            found.append(store_file(team, path, "a.png", alice))
        finally:
            connection.close()

    threads = [threading.Thread(target=store) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({asset.pk for asset, _new in found}) == 1
    assert sorted(new for _asset, new in found) == [False, True]
    assert left_behind() == (1, 2)
