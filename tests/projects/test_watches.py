"""A watched place: a file is taken at the second look that finds it unchanged, once, and never through a link."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from projects.models import Asset, Item, Watch, WatchedFile
from projects.tasks import look_at_watches
from tests.projects.files import encoded, pattern
from tests.projects.s3_server import bucket


@pytest.fixture
def root(settings, tmp_path) -> Path:
    folder = tmp_path / "srv"
    (folder / "cameras").mkdir(parents=True)
    settings.WATCH_ROOTS = [folder]
    return folder


@pytest.fixture
def watch(api, alice, project):
    """A function that has a place watched, and gives the answer."""

    def ask(kind: str, config: dict, by=alice, **more):
        body = {"kind": kind, "config": config, **more}
        return api(by).post(f"/api/v1/projects/{project.pk}/watches", body)

    return ask


def png(number: int) -> bytes:
    return encoded(pattern(64 + number, 48), "PNG")


def paths() -> list[str]:
    return sorted(Item.objects.values_list("path", flat=True))


def test_a_file_is_taken_when_it_has_not_changed_since_the_last_look(watch, root, api, alice):
    (root / "cameras" / "day 1").mkdir()
    (root / "cameras" / "day 1" / "a.png").write_bytes(png(0))
    (root / "cameras" / "slow.png").write_bytes(png(1)[:100])
    answer = watch("folder", {"folder": str(root / "cameras"), "into": "gate"})
    assert answer.status_code == 201, answer.json()
    assert (look_at_watches(), paths()) == (0, [])
    (root / "cameras" / "slow.png").write_bytes(png(1))
    assert (look_at_watches(), paths()) == (1, ["gate/day 1/a.png"])
    assert (look_at_watches(), look_at_watches(), len(paths())) == (1, 0, 2)
    seen = api(alice).get(f"/api/v1/watches/{answer.json()['id']}").json()
    assert (seen["files"], seen["last_error"]) == ({"waiting": 0, "taken": 2, "refused": 0}, "")
    assert seen["looked_at"]


def test_once_by_content_and_not_again_after_somebody_deleted_it(watch, root):
    for name in ("a.png", "copy of a.png"):
        (root / "cameras" / name).write_bytes(png(0))
    watch("folder", {"folder": str(root / "cameras")})
    assert (look_at_watches(), look_at_watches()) == (0, 1)
    assert paths() == ["a.png"] and Asset.objects.count() == 1
    Item.objects.all().delete()
    assert (look_at_watches(), paths()) == (0, [])
    (root / "cameras" / "a.png").write_bytes(png(2))
    assert (look_at_watches(), look_at_watches(), paths()) == (0, 1, ["a.png"])


def test_what_is_no_picture_is_told_and_looked_at_once(watch, root, api, alice, left_behind):
    (root / "cameras" / "notes.txt").write_text("not a picture")
    (root / "cameras" / ".hidden.png").write_bytes(png(0))
    pk = watch("folder", {"folder": str(root / "cameras")}).json()["id"]
    assert (look_at_watches(), look_at_watches(), look_at_watches()) == (0, 0, 0)
    seen = api(alice).get(f"/api/v1/watches/{pk}").json()
    assert [(row["key"], row["code"]) for row in seen["refused"]] == [("notes.txt", "unsupported-type")]
    assert left_behind() == (0, 0)


def test_no_link_is_followed(watch, root, tmp_path):
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "a.png").write_bytes(png(0))
    (root / "cameras" / "a.png").symlink_to(outside / "a.png")
    (root / "cameras" / "folder").symlink_to(outside)
    os.mkfifo(root / "cameras" / "pipe.png")
    (root / "way").symlink_to(outside)
    watch("folder", {"folder": str(root / "cameras")})
    assert (look_at_watches(), look_at_watches(), WatchedFile.objects.count()) == (0, 0, 0)
    for folder in (root / "way", root / "cameras" / "folder", outside, root / "cameras" / ".." / "..", Path("/etc")):
        answer = watch("folder", {"folder": str(folder)})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/config/folder"), folder


def test_a_file_that_becomes_a_link_between_two_looks(watch, root, tmp_path):
    inside, outside = root / "cameras" / "sub", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        (folder / "a.png").write_bytes(png(0))
        os.utime(folder / "a.png", (1, 1))
    watch("folder", {"folder": str(root / "cameras")})
    look_at_watches()
    (inside / "a.png").unlink()
    inside.rmdir()
    inside.symlink_to(outside)
    assert (look_at_watches(), paths()) == (0, [])


def test_a_place_that_is_gone_says_so_until_it_is_back(watch, root):
    watch("folder", {"folder": str(root / "cameras")})
    (root / "cameras").rmdir()
    look_at_watches()
    assert "cannot be opened" in Watch.objects.get().last_error
    (root / "cameras").mkdir()
    look_at_watches()
    assert Watch.objects.get().last_error == ""


def test_switched_off_and_taken_away(watch, root, api, alice):
    (root / "cameras" / "a.png").write_bytes(png(0))
    url = f"/api/v1/watches/{watch('folder', {'folder': str(root / 'cameras')}).json()['id']}"
    assert api(alice).patch(url, {"enabled": False}).json()["enabled"] is False
    assert (look_at_watches(), look_at_watches()) == (0, 0)
    api(alice).patch(url, {"enabled": True})
    assert (look_at_watches(), look_at_watches()) == (0, 1)
    assert api(alice).delete(url).status_code == 204
    assert not Watch.objects.exists() and paths() == ["a.png"]


def test_managers_only(watch, root, api, bob, charlie, project):
    config = {"folder": str(root / "cameras")}
    assert (watch("folder", config, bob).status_code, watch("folder", config, charlie).status_code) == (403, 404)
    url = f"/api/v1/watches/{watch('folder', config).json()['id']}"
    assert (api(bob).get(url).status_code, api(charlie).get(url).status_code) == (403, 404)
    assert api(bob).get(f"/api/v1/projects/{project.pk}/watches").status_code == 403


def test_a_bucket_by_signed_addresses(watch, settings, api, alice):
    settings.ALLOWED_PRIVATE_NETWORKS = (ip_network("127.0.0.1/32"),)
    with bucket() as s3:
        s3.objects |= {f"in/{n}.png": png(n) for n in range(3)} | {"in/a b&c.png": png(5), "other/x.png": png(9)}
        config = {"endpoint": s3.url("").rstrip("/"), "bucket": "cameras", "prefix": "in/"}
        answer = watch("s3", config, keys={"access_key": "AKIDEXAMPLE", "secret_key": "hidden"})
        assert answer.status_code == 201 and answer.json()["has_keys"], answer.json()
        assert "hidden" not in answer.content.decode() + Watch.objects.get().secret
        assert (look_at_watches(), look_at_watches(), look_at_watches()) == (0, 4, 0)
        assert paths() == ["0.png", "1.png", "2.png", "a b&c.png"]
        assert {key for key, _ in s3.asked} == {"AKIDEXAMPLE"}
    look_at_watches()
    assert "cannot be read" in Watch.objects.get().last_error


def test_a_bucket_inside_is_refused(watch):
    answer = watch("s3", {"endpoint": "http://169.254.169.254", "bucket": "cameras"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/config/endpoint")
