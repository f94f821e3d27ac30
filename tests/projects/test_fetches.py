"""Files by their addresses: all that came become items at once, and of each address the report says what came of it."""

from __future__ import annotations

import json
import socket
from ipaddress import ip_network

import pytest

from projects import jobs
from projects.models import Asset, Item, Job
from projects.models.job import Status
from projects.tasks import run_fetch_job
from projects.uploads import by_address
from tests.projects.file_server import Files, serving
from tests.projects.files import bomb_png, encoded, pattern

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def files():
    with serving() as server:
        yield server


@pytest.fixture
def here(settings):
    """The operator allows this very machine."""
    settings.ALLOWED_PRIVATE_NETWORKS = (ip_network("127.0.0.1/32"),)


@pytest.fixture
def fetch(api, bob, project):
    """A function that asks for addresses, carries the job out, and gives its row."""

    def ask(*urls: str, **more: str) -> Job:
        answer = api(bob).post(f"/api/v1/projects/{project.pk}/fetches", {"urls": urls, **more})
        assert answer.status_code == 202, answer.json()
        run_fetch_job(answer.json()["id"])
        return Job.objects.get(pk=answer.json()["id"])

    return ask


def png(width: int) -> bytes:
    return encoded(pattern(width, 48), "PNG")


def test_what_is_there_becomes_items_and_the_rest_is_told(fetch, files, here, left_behind):
    first, second = files.put("/day%201/a.png", png(64)), files.put("/b.png", png(65))
    sent_on = files.put("/old.png", b"", 302, Location="/b2.png")
    files.put("/b2.png", png(66))
    wrong = [
        files.put("/text.png", b"no picture"),
        files.put("/bomb.png", bomb_png()),
        files.url("/none.png"),
        files.put("/login.png", b"", 401),
        files.put("/zipped.png", b"x", Content_Encoding="gzip"),
        files.put("/round.png", b"", 302, Location="/round.png"),
    ]
    job = fetch(f"{first}?key=hidden-key", second, sent_on, *wrong, path="from afar")
    assert job.status == Status.SUCCEEDED
    assert sorted(Item.objects.values_list("path", flat=True)) == [
        f"from afar/{name}.png" for name in ("a", "b", "old")
    ]
    assert [row["url"] for row in job.result["added"]] == [first, second, sent_on]
    refused = {row["url"]: row["code"] for row in job.result["refused"]}
    codes = ["unsupported-type", "too-many-pixels", "not-found", "forbidden", "encoded", "redirects"]
    assert refused == dict(zip(wrong, codes, strict=True))
    assert left_behind() == (3, 6)
    told = json.dumps([job.params, job.result, list(job.events.values_list("payload", flat=True))])
    assert "hidden-key" not in told, "a signed address is a key"
    assert "/text.png: text.png is not taken" in told


def test_a_second_carrier_adds_nothing_twice(fetch, files, here, project):
    job = fetch(files.put("/a.png", png(64)))
    Job.objects.filter(pk=job.pk).update(status=Status.QUEUED, attempt_token=None)
    Item.objects.all().delete()
    run_fetch_job(str(job.pk))
    assert (Item.objects.count(), Asset.objects.count()) == (1, 1)


def test_what_was_fetched_goes_when_the_job_is_cancelled(
    fetch, files, here, monkeypatch, left_behind, api, bob, project
):
    def cancelled(held, got):
        assert left_behind() == (1, 2)
        raise jobs.Interrupted("cancelled")

    monkeypatch.setattr(by_address, "_add", cancelled)
    assert fetch(files.put("/a.png", png(64))).status == Status.CANCELLED
    assert left_behind() == (0, 0) and not Item.objects.exists()


def test_this_machine_is_not_reached_unless_the_operator_says_so(fetch, files):
    url = files.put("/a.png", png(64))
    job = fetch(url, files.url("/a.png", "localhost"))
    assert [row["code"] for row in job.result["refused"]] == ["bad-address"] * 2
    assert files.asked == [] and job.result["items"] == 0


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://10.0.0.1/", "file:///etc/passwd"])
def test_a_redirect_is_checked_like_the_first_address(fetch, files, here, target):
    job = fetch(files.put("/a.png", b"", 307, Location=target))
    assert job.result["refused"][0]["code"] == "bad-address"
    assert len(files.asked) == 1


def test_a_file_that_is_too_large_is_broken_off(fetch, files, here, settings):
    settings.MAX_RESUMABLE_BYTES = 1000
    job = fetch(files.put("/a.png", bytes(5000)), files.put("/b.png", bytes(5000), Content_Length="5000"))
    assert [row["code"] for row in job.result["refused"]] == ["too-large"] * 2


def test_a_name_that_changes_its_address_cannot_lead_elsewhere(fetch, files: Files, here, monkeypatch):
    """Looked up once: the connection goes to the address that was checked, and the server hears the name."""
    truly, addresses = socket.getaddrinfo, ["127.0.0.1", "10.0.0.1"]

    def look_up(host, *args, **kwargs):
        return truly(addresses.pop(0) if host == "files.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    files.put("/a.png", png(64))
    assert fetch(files.url("/a.png?x=1", "files.example")).result["items"] == 1
    assert files.asked == [(f"files.example:{files.server_port}", "/a.png?x=1")] and addresses == ["10.0.0.1"]


@pytest.mark.parametrize(
    "url", ["ftp://h.org/a.jpg", "/etc/passwd", "http://u:p@h.org/a.jpg", "http://h.org/a b", "http://"]
)
def test_an_address_that_is_none_is_refused_at_once(api, bob, project, url):
    answer = api(bob).post(f"/api/v1/projects/{project.pk}/fetches", {"urls": ["http://h.org/a.jpg", url]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/urls/1")


def test_who_may(api, charlie, project):
    assert api(charlie).post(f"/api/v1/projects/{project.pk}/fetches", {"urls": ["http://h.org/"]}).status_code == 404
