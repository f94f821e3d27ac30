"""Jobs: reading them, following their story, and asking them to end."""

from __future__ import annotations

import pytest

from projects.models import Job, JobEvent


@pytest.fixture
def job(project, alice):
    return Job.objects.create(project=project, kind="train", title="YOLO", created_by=alice)


def url(job, tail="") -> str:
    return f"/api/v1/jobs/{job.pk}{tail}"


def test_it_works(job, bob, api):
    answer = api(bob).get(url(job))
    assert answer.status_code == 200
    expected = {"id": str(job.pk), "kind": "train", "status": "queued", "progress": 0.0, "result": None, "error": None}
    assert {name: answer.json()[name] for name in expected} == expected
    listed = api(bob).get(f"/api/v1/projects/{job.project_id}/jobs").data["results"]
    assert [row["id"] for row in listed] == [str(job.pk)]


def test_the_list_is_filtered(job, alice, api):
    base = f"/api/v1/projects/{job.project_id}/jobs"
    Job.objects.create(project=job.project, kind="export", status="failed")
    assert [row["kind"] for row in api(alice).get(f"{base}?kind=export").data["results"]] == ["export"]
    assert [row["kind"] for row in api(alice).get(f"{base}?status=queued").data["results"]] == ["train"]
    assert api(alice).get(f"{base}?status=odd").status_code == 400


def test_it_validates_ownership(job, bob, charlie, api):
    for tail in ("", "/log", "/events"):
        assert api(charlie).get(url(job, tail)).status_code == 404
        assert api().get(url(job, tail)).status_code == 401
    assert api(charlie).post(url(job, "/cancel")).status_code == 404
    assert api(charlie).get(f"/api/v1/projects/{job.project_id}/jobs").status_code == 404
    refused = api(bob).post(url(job, "/cancel"))
    assert refused.status_code == 403 and "yours is annotator" in refused.data["detail"]


def test_whoever_started_a_job_may_cancel_it(project, bob, api):
    mine = Job.objects.create(project=project, kind="import", created_by=bob)
    assert api(bob).post(url(mine, "/cancel")).status_code == 202


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("queued", "cancelled"),
        ("paused", "cancelled"),
        ("lost", "cancelled"),
        ("starting", "cancelling"),
        ("running", "cancelling"),
        ("pausing", "cancelling"),
    ],
)
def test_cancelling(job, alice, api, before, after):
    Job.objects.filter(pk=job.pk).update(status=before)
    answer = api(alice).post(url(job, "/cancel"))
    assert answer.status_code == 202 and answer.data["status"] == after
    assert (answer.data["ended_at"] is not None) == (after == "cancelled")
    assert JobEvent.objects.get(job=job).payload == {"status": after}
    assert api(alice).post(url(job, "/cancel")).status_code == 202, "asking twice is no error"
    assert JobEvent.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_an_ended_job_cannot_be_cancelled(job, alice, api, status):
    Job.objects.filter(pk=job.pk).update(status=status)
    answer = api(alice).post(url(job, "/cancel"))
    assert answer.status_code == 409 and answer.data["code"] == "job-ended"
    assert status in answer.data["detail"]


def test_a_cancelled_job_is_never_claimed(job, alice, api):
    api(alice).post(url(job, "/cancel"))
    assert Job.claim(job.pk) is None


def test_the_holder_sees_that_it_should_stop(job, alice, api):
    held = Job.claim(job.pk)
    api(alice).post(url(job, "/cancel"))
    assert not held.move("running", expect=("starting",)), "it cannot go on as if nothing were"
    assert held.move("cancelled", expect=("cancelling",))


def test_events_are_read_in_pages_without_a_hole(job, alice, api):
    for n in range(5):
        job.record("log" if n % 2 else "progress", {"line": f"line {n}"})
    seen, at = [], url(job, "/events?limit=2")
    while at:
        page = api(alice).get(at).data
        seen += [(event["seq"], event["kind"], event["line"]) for event in page["results"]]
        at = page["next"]
    assert seen == [(n + 1, "log" if n % 2 else "progress", f"line {n}") for n in range(5)]
    assert [event["seq"] for event in api(alice).get(url(job, "/events?after=3")).data["results"]] == [4, 5]
    log = api(alice).get(url(job, "/log")).data
    assert [event["line"] for event in log["results"]] == ["line 1", "line 3"] and log["next"] is None


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=1.5", "after=" + "9" * 30])
def test_bad_numbers_are_refused(job, alice, api, query):
    assert api(alice).get(url(job, f"/events?{query}")).status_code == 400
